"""The encoder at work: the graph says what the network says, and what does not fit is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ModelBundleError
from engine.representation.bars import bar_tokens
from engine.similarity.encoder import CARD, GRAPH, MANIFEST, BarEncoder, plain
from tests.helpers.sheets import made_loop
from training.augment import rotated, transposed

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from training.encoder.export import export_encoder
    from training.encoder.network import BarNetwork, EncoderShape

    torch.manual_seed(0)
    network = BarNetwork(EncoderShape(width=32, layers=2, heads=2, ffn=48)).eval()
    tokens = bar_tokens(made_loop(3))
    encoder = export_encoder(
        network, tmp_path / "tiny", name="tiny", purpose="tests", card="# Random weights\n", provenance={}
    )
    with torch.no_grad():
        wanted = network(torch.from_numpy(tokens)).numpy()
    assert np.allclose(encoder.bar_vectors(tokens), wanted, atol=1e-5)
    return tmp_path / "tiny"


def test_loops_of_any_length_get_one_unit_vector(folder: Path) -> None:
    encoder = BarEncoder(folder)
    vectors = encoder.loop_vectors([made_loop(0), made_loop(1, bars=2)])
    assert vectors.shape == (2, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert [v.shape for v in encoder.vectors_of([made_loop(0), made_loop(1, bars=2)])] == [(4, 32), (2, 32)]
    assert encoder.loop_vectors([]).shape == (0, 32)


def test_a_loop_turned_or_transposed_is_the_same_loop(folder: Path) -> None:
    encoder = BarEncoder(folder)
    loop = made_loop(4)
    others = [rotated(loop, 2), transposed(loop, 3), transposed(loop, -5), made_loop(7)]
    vectors = encoder.loop_vectors([loop, *others])
    likeness = vectors[1:] @ vectors[0]
    assert (likeness[:3] > 0.9999).all()
    assert likeness[3] < likeness[:3].min()


def test_the_plain_form_of_a_plain_form_is_itself() -> None:
    once = plain(transposed(made_loop(2), 5))
    assert plain(once).notes.pitch.tolist() == once.notes.pitch.tolist()
    assert once.notes.pitch.tolist() == plain(made_loop(2)).notes.pitch.tolist()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / GRAPH).write_bytes(b"no"), "damaged or was changed"),
        (lambda folder: (folder / CARD).unlink(), "no encoder"),
        (lambda folder: (folder / MANIFEST).write_text("{"), "is damaged"),
        (lambda folder: _change(folder, "schema", 99), "format 99"),
        (lambda folder: _change(folder, "rows", {"version": 0}), "reads other rows"),
    ],
)
def test_what_does_not_fit_is_refused(folder: Path, damage: object, said: str) -> None:
    damage(folder)  # pyright: ignore[reportCallIssue] one of the functions above
    with pytest.raises(ModelBundleError, match=said):
        BarEncoder(folder)


def _change(folder: Path, name: str, value: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {name: value}))
