"""The bar encoder: padding and order change nothing, and each mode pulls together what it names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.representation.bars import MAX_NOTES, TEMPO_UNKNOWN, BarColumn, bar_tokens, stacked
from tests.helpers.sheets import made_loop

torch = pytest.importorskip("torch")

from training.encoder.bars import augmented_view, drawn_masks  # noqa: E402
from training.encoder.losses import Mode, apart_pairs, contrast_loss  # noqa: E402
from training.encoder.network import BarNetwork, EncoderShape  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]
TINY = EncoderShape(width=32, layers=2, heads=2, ffn=48)


def test_bars_hold_all_notes_and_a_header() -> None:
    sheet = made_loop(0)
    tokens = bar_tokens(sheet)
    assert len(tokens) == 4
    assert ((tokens > 0).any(-1).sum(1) - 1).tolist() == np.bincount(sheet.notes.bar).tolist()
    assert (tokens[:, 0, BarColumn.TEMPO] == TEMPO_UNKNOWN).all()
    assert (tokens[:, 0, BarColumn.POSITION] == 96).all()
    assert (bar_tokens(sheet, with_tempo=True)[:, 0, BarColumn.TEMPO] > TEMPO_UNKNOWN).all()


def test_a_crowded_bar_is_thinned_over_its_length() -> None:
    sheet = made_loop(0, bars=1)
    parts = np.arange(12) % len(sheet.roles)
    notes = sheet.notes.take(np.tile(np.arange(len(sheet.notes)), 6))
    tokens = bar_tokens(replace(sheet, notes=notes))
    assert tokens.shape == (1, 1 + MAX_NOTES, len(BarColumn))
    assert tokens[0, -1, BarColumn.POSITION] > 80
    assert parts.max() == 3


def test_padding_and_order_change_nothing() -> None:
    network = BarNetwork(TINY).eval()
    tokens = bar_tokens(made_loop(1))
    padded = np.concatenate([tokens, np.zeros_like(tokens)], axis=1)
    turned = tokens[:, ::-1].copy()
    with torch.no_grad():
        one, two, three = (network(torch.from_numpy(t)).numpy() for t in (tokens, padded, turned))
    assert np.allclose(one, two, atol=1e-5)
    assert np.allclose(one, three, atol=1e-5)


def test_every_layer_gives_a_vector() -> None:
    with torch.no_grad():
        vectors = BarNetwork(TINY).layer_vectors(torch.from_numpy(bar_tokens(made_loop(1))))
    assert [tuple(v.shape) for v in vectors] == [(4, 32)] * 3


def test_a_view_moves_pitched_notes_together_and_leaves_drums() -> None:
    tokens = bar_tokens(made_loop(2))
    view = augmented_view(tokens, np.random.default_rng(3))
    pitch, seen = tokens[..., BarColumn.PITCH], view[..., BarColumn.PITCH]
    drums = pitch > 128
    assert (pitch[drums] == seen[drums]).all()
    for bar in range(4):
        pitched = (pitch[bar] > 0) & ~drums[bar]
        assert len(set((seen[bar] - pitch[bar])[pitched].tolist())) == 1
    assert ((view > 0) == (tokens > 0)).all()


def test_headers_roles_and_padding_are_never_hidden() -> None:
    tokens = stacked([bar_tokens(made_loop(seed)) for seed in range(8)])
    hidden = drawn_masks(tokens, np.random.default_rng(0))
    assert hidden.any()
    assert not hidden[:, 0].any()
    assert not hidden[..., BarColumn.ROLE].any()
    assert not (hidden & (tokens == 0)).any()


def test_contrast_is_least_where_views_agree() -> None:
    vectors = torch.eye(6)
    right, wrong = contrast_loss(vectors, vectors), contrast_loss(vectors, vectors.roll(1, 0))
    assert float(right) < 0.01
    assert float(wrong) > 9


def test_apart_compares_other_bars_of_the_song_that_are_not_the_same() -> None:
    tokens = torch.tensor([[[1]], [[1]], [[2]], [[3]]])
    pairs = apart_pairs(torch.tensor([0, 0, 0, 1]), tokens)
    assert pairs.int().tolist() == [[0, 0, 1, 0], [0, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_trains_and_goes_on_where_it_stopped(mode: Mode, tmp_path: Path) -> None:
    from training.encoder.train import EncoderConfig, load_encoder, train_encoder

    songs = made_pool(tmp_path)
    config = EncoderConfig(mode=mode, steps=3, songs=2, bars_a_song=3, shape=TINY)
    whole = train_encoder(songs, config, tmp_path / "whole")
    again = load_encoder(tmp_path / "whole" / "last.ckpt")
    assert (tmp_path / "whole" / "log.jsonl").read_text().count("masked") == 2
    tokens = torch.from_numpy(bar_tokens(made_loop(0)))
    with torch.no_grad():
        assert torch.equal(whole(tokens), again(tokens))


def made_pool(folder: Path):
    from tests.helpers.packed_songs import made_songs
    from training.dataset import SongPool

    return SongPool(made_songs(folder / "packed"), "train")
