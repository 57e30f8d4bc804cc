"""The encoder that ships: it counts as the library does, its graph says what it says, and it learns songs."""

from pathlib import Path

import numpy as np
import pytest

from engine.representation.bars import bar_tokens
from engine.resources import asset
from engine.similarity.bar_encoder import BarEncoder
from engine.similarity.loops import COUNTS, ENCODER, loop_counts
from tests.helpers.sheets import made_loop
from training.augment import transposed
from training.evaluation.damage import with_changed_notes

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


def test_a_bar_is_counted_as_a_loop_of_one_bar() -> None:
    from training.encoder.song_network import counts_of

    loop = made_loop(3, bars=1)
    assert counts_of(torch.from_numpy(bar_tokens(loop)))[0].numpy() == pytest.approx(loop_counts(loop), abs=1e-6)


def test_counts_in_another_key_are_those_of_the_transposed_loop() -> None:
    from training.encoder.song_network import counts_of, in_another_key

    loop = made_loop(5)
    moved = counts_of(torch.from_numpy(bar_tokens(transposed(loop, 4))))
    assert torch.allclose(in_another_key(counts_of(torch.from_numpy(bar_tokens(loop))), 4), moved, atol=1e-6)


def test_the_graph_says_what_the_network_says_of_any_rows(tmp_path: Path) -> None:
    from training.encoder.export import export_encoder, random_tokens
    from training.encoder.song_network import SongNetwork

    torch.manual_seed(0)
    network = SongNetwork(torch.rand(COUNTS), hidden=16, width=8).eval()
    encoder = export_encoder(network, tmp_path / "tiny", name="tiny", purpose="tests", card="# Tiny\n", provenance={})
    tokens = random_tokens(np.random.default_rng(1))
    with torch.no_grad():
        assert np.allclose(encoder.bar_vectors(tokens), network(torch.from_numpy(tokens)).numpy(), atol=1e-5)


def test_trained_it_finds_the_other_loop_of_a_song() -> None:
    from training.encoder.train_song import SongBars, trained

    rng = np.random.default_rng(0)
    songs = [[made_loop(seed), with_changed_notes(made_loop(seed), 0.3, rng)] for seed in range(40)]
    network = trained(SongBars.of(songs[:30]), steps=60, rate=1e-3, seed=1, hidden=32)
    with torch.no_grad():
        loops = [network(torch.from_numpy(bar_tokens(sheet))).mean(0) for pair in songs[30:] for sheet in pair]
    vectors = torch.nn.functional.normalize(torch.stack(loops), dim=-1)
    likeness = (vectors @ vectors.T).fill_diagonal_(-2)
    assert (likeness.argmax(1) == torch.arange(20) ^ 1).float().mean() >= 0.8


def test_what_ships_is_small_and_has_a_card() -> None:
    folder = asset("similarity", ENCODER)
    assert BarEncoder(folder).info.name == "songs"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 10_000_000
    assert (folder / "card.md").read_text(encoding="utf-8").startswith("# ")
