"""The encoder at work: the graph says what the network says, and what does not fit is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ModelBundleError
from engine.representation.bars import bar_tokens
from engine.similarity.bar_encoder import CARD, GRAPH, MANIFEST, BarEncoder
from tests.helpers.sheets import made_loop

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


def test_every_bar_of_a_loop_gets_a_vector(folder: Path) -> None:
    encoder = BarEncoder(folder)
    assert [v.shape for v in encoder.vectors_of([made_loop(0), made_loop(1, bars=2)])] == [(4, 32), (2, 32)]
    assert encoder.vectors_of([]) == []


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
def test_what_does_not_fit_is_refused(folder: Path, damage: Callable[[Path], object], said: str) -> None:
    damage(folder)
    with pytest.raises(ModelBundleError, match=said):
        BarEncoder(folder)


def _change(folder: Path, name: str, value: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {name: value}))
