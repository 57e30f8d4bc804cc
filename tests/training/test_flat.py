"""The flat baseline sees and decides exactly what the row model does."""

import numpy as np
import pytest

from engine.representation.layout import labels_of
from engine.representation.vocabulary import Field, Kind
from tests.helpers.random_windows import RandomSource, random_rows

torch = pytest.importorskip("torch")

from training.baselines.flat import FlatTransformer, _allowed_after  # noqa: E402
from training.baselines.flat_stream import END_TOKEN, FlatSource, Label, answer_field, answer_range, flattened  # noqa: E402
from training.config import ModelConfig  # noqa: E402
from training.feed import tensor_batches  # noqa: E402
from training.model import FORBIDDEN  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

TINY = ModelConfig(d_model=32, layers=1, heads=2, kv_heads=1, head_dim=16, ffn=32, head_hidden=16)


@pytest.mark.parametrize("seed", range(5))
def test_every_decision_of_the_rows_is_one_of_the_stream(seed: int) -> None:
    rows = random_rows(np.random.default_rng(seed), notes=30)
    expected = labels_of(rows)
    _, labels = flattened(rows)
    answers = labels[labels[:, Label.TOKEN] >= 0]
    for field in (Field.PITCH, Field.DURATION, Field.VELOCITY):
        first, _ = answer_range(field)
        said = answers[answers[:, Label.FIELD] == field, Label.TOKEN] - first
        assert said.tolist() == expected[expected[:, field] >= 0, field].tolist()
    ends = answers[:, Label.TOKEN] == END_TOKEN
    assert ends.sum() == (expected[:, Field.KIND] == Kind.END).sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_label_is_the_next_token_and_legal(seed: int) -> None:
    rows = random_rows(np.random.default_rng(seed), notes=30)
    tokens, labels = flattened(rows)
    counted = np.flatnonzero(labels[:, Label.TOKEN] >= 0)
    assert (tokens[counted + 1, 0] - 1 == labels[counted, Label.TOKEN]).all()
    allowed = _allowed_after().numpy()
    for label in labels[counted]:
        assert answer_field(int(label[Label.TOKEN])) == label[Label.FIELD]
        assert allowed[label[Label.IS_DRUM], label[Label.STATE], label[Label.TOKEN]]


def test_the_flat_network_counts_the_same_notes_and_forbids_no_answer() -> None:
    source = RandomSource()
    batches = tensor_batches(FlatSource(source).chunk(0), rows_per_batch=4096, seed=0)
    torch.manual_seed(0)
    model = FlatTransformer(TINY)
    losses = [model(batch.rows, batch.labels) for batch in batches]
    notes = sum(int((batch.labels[:, :, Field.POSITION] >= 0).sum()) for batch in source.chunk(0))
    assert sum(int(loss.notes) for loss in losses) == notes
    assert all(loss.per_note.item() < -FORBIDDEN / 100 for loss in losses)
