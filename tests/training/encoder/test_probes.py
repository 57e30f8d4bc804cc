"""The probes: areas and spreads by hand, best and worst; and that they find what vectors hold."""

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

from training.encoder.probes import Bars, mean_auc, probed, raw_vectors, same_song_first, song_spread

pytestmark = pytest.mark.torch


def test_area_by_hand() -> None:
    truth = np.array([[True], [False], [True], [False]])
    assert mean_auc(np.array([[4.0], [1.0], [3.0], [2.0]]), truth) == 1
    assert mean_auc(np.array([[1.0], [4.0], [2.0], [3.0]]), truth) == 0
    assert mean_auc(np.zeros((4, 1)), truth) == 0.5
    assert mean_auc(np.array([[4.0], [3.0], [2.0], [1.0]]), truth) == 0.75


def test_songs_that_lie_apart_do_not_spread_and_noise_does() -> None:
    rng = np.random.default_rng(0)
    song = np.repeat(np.arange(6), 10)
    apart = np.eye(6)[song] * 100 + rng.normal(size=(60, 6))
    assert song_spread(apart, song, seed=1) < 0.2 < song_spread(rng.normal(size=(60, 6)), song, seed=1)


def test_probes_find_what_is_there_and_nothing_in_noise() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(800, 40))
    labels: dict[str, NDArray[np.generic]] = {
        "chords": vectors[:, :5] > 0,
        "groove": vectors[:, 5:9] > 0,
        "instruments": vectors[:, 9:12] > 0,
        "tempo": np.digitize(vectors[:, 12], [-0.5, 0.5]).astype(np.int64),
        "velocity": 60 + 10 * vectors[:, 13],
        "duration": vectors[:, 14],
    }
    bars = Bars(np.zeros((800, 2, 7), np.int16), np.repeat(np.arange(80), 10), labels)
    known, noise = (probed(bars, bars, x, x) for x in (vectors, rng.normal(size=(800, 40))))
    for name in ("chords", "groove", "instruments"):
        assert known[name] > 0.95
        assert 0.4 < noise[name] < 0.7
    assert known["tempo"] > noise["tempo"]
    assert known["velocity"] < 3 < 8 < noise["velocity"]
    assert known["duration"] < 0.3 < 0.8 < noise["duration"]


def test_raw_features_are_means_over_the_notes_that_are_there() -> None:
    tokens = np.zeros((1, 4, 7), np.int16)
    tokens[0, 1:3, 0] = 1, 2
    assert raw_vectors(tokens)[0, :2].tolist() == [0.5, 0.5]


def test_loops_of_one_song_are_found_where_they_lie_together_and_not_by_chance() -> None:
    rng = np.random.default_rng(0)
    songs = rng.normal(size=(40, 16))
    assert same_song_first(np.repeat(songs, 2, axis=0) + rng.normal(scale=0.05, size=(80, 16))) == 1
    assert same_song_first(rng.normal(size=(80, 16))) < 0.15
