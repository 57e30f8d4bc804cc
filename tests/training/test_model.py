"""The network: causal, chained, indifferent to padding, the same folded and unfolded, able to learn."""

from dataclasses import replace

import numpy as np
import pytest

from engine.representation.vocabulary import DRUM_OFFSET, FIELD_SIZES, Column, Field, RowType
from tests.helpers.random_windows import RandomSource

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402 - torch may be missing

from training.config import ModelConfig  # noqa: E402
from training.embedding import factors_of  # noqa: E402
from training.feed import tensor_batches  # noqa: E402
from training.model import FORBIDDEN, LoopTransformer  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

TINY = ModelConfig(d_model=32, layers=2, heads=2, kv_heads=1, head_dim=16, ffn=48, head_hidden=24)


def batch(seed: int = 0) -> tuple[Tensor, Tensor]:
    found = RandomSource(seed=seed).chunk(0)[0]
    return torch.from_numpy(found.rows), torch.from_numpy(found.labels)


def shaken(shape: ModelConfig = TINY) -> LoopTransformer:
    """Return a network whose zero-initialised outputs are random too, so that everything matters."""
    torch.manual_seed(0)
    model = LoopTransformer(shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def test_a_tiny_network_learns_one_batch_by_heart() -> None:
    torch.manual_seed(0)
    model, (rows, labels) = LoopTransformer(TINY), batch()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses: list[float] = []
    for _ in range(120):
        loss = model(rows, labels).per_note
        losses.append(loss.item())
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    assert losses[-1] < 0.1 * losses[0]


def test_a_new_network_is_nearly_uniform_over_what_is_legal() -> None:
    rows, labels = batch()
    losses = LoopTransformer(TINY)(rows, labels)
    velocity = (losses.nats[Field.VELOCITY] / losses.counts[Field.VELOCITY]).item()
    assert velocity == pytest.approx(np.log(FIELD_SIZES[Field.VELOCITY]), abs=1e-4)


def test_a_later_row_changes_no_earlier_answer() -> None:
    model, (rows, labels) = shaken(), batch()
    length = int((rows[0, :, Column.TYPE] != RowType.PAD).sum())
    changed = rows.clone()
    changed[0, length - 1, Column.VELOCITY] = 1 + changed[0, length - 1, Column.VELOCITY] % 30
    before, after = model.logits(rows, labels), model.logits(changed, labels)
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one[0, : length - 1], other[0, : length - 1])
    assert not torch.allclose(before[0][0, length - 1], after[0][0, length - 1])


def test_padding_changes_no_loss() -> None:
    model, (rows, labels) = shaken(), batch()
    more_rows = torch.cat([rows, torch.zeros_like(rows)], dim=1)
    more_labels = torch.cat([labels, torch.full_like(labels, -1)], dim=1)
    torch.testing.assert_close(model(rows, labels).nats, model(more_rows, more_labels).nats)


def test_only_counted_labels_are_counted() -> None:
    model, (rows, labels) = shaken(), batch()
    losses = model(rows, labels)
    assert losses.counts.tolist() == (labels >= 0).sum((0, 1)).tolist()
    assert int(losses.notes) == int(((rows[:, :, Column.TYPE] == RowType.NOTE) & (rows[:, :, Column.STATE] == 2)).sum())


def test_given_notes_are_learned_beside_and_not_mixed_into_the_score() -> None:
    source = RandomSource()
    model = shaken()
    plain = tensor_batches(source.chunk(0), rows_per_batch=9999, seed=0)[0]
    both = tensor_batches(source.chunk(0), rows_per_batch=9999, seed=0, counts_context=True)[0]
    one, other = model(plain.rows, plain.labels), model(both.rows, both.labels)
    torch.testing.assert_close(one.nats, other.nats)
    assert one.counts.tolist() == other.counts.tolist()
    assert int(one.given_notes) == 0 < int(other.given_notes)
    torch.testing.assert_close(one.objective(0.5), one.per_note)
    torch.testing.assert_close(other.objective(0.0), one.per_note)
    mixed = (other.nats.sum() + other.given_nats) / (other.notes + other.given_notes)
    torch.testing.assert_close(other.objective(1.0), mixed)


@pytest.mark.parametrize("is_chained", [True, False])
def test_pitch_depends_on_position_only_through_the_chain(is_chained: bool) -> None:
    model, (rows, labels) = shaken(replace(TINY, chained=is_chained)), batch()
    moved = labels.clone()
    # A later onset than any note of the bar: no mask of the same onset is involved.
    moved[labels[:, :, Field.POSITION] >= 0, Field.POSITION] = 95
    is_legal = model.logits(rows, moved)[Field.PITCH] > FORBIDDEN / 2
    is_legal &= model.logits(rows, labels)[Field.PITCH] > FORBIDDEN / 2
    one, other = model.logits(rows, labels), model.logits(rows, moved)
    same_pitch = torch.allclose(one[Field.PITCH][is_legal], other[Field.PITCH][is_legal])
    assert same_pitch is not is_chained
    torch.testing.assert_close(one[Field.KIND], other[Field.KIND])


def test_no_weight_is_given_to_what_the_grammar_forbids() -> None:
    model, (rows, labels) = shaken(), batch()
    logits = model.logits(rows, labels)
    counted = labels[:, :, Field.PITCH] >= 0
    assert (logits[Field.PITCH][counted][:, DRUM_OFFSET:] < FORBIDDEN / 2).all()
    is_note = counted & (rows[:, :, Column.TYPE] == RowType.NOTE)
    previous = rows[is_note][:, Column.POSITION].long() - 1
    steps = torch.arange(FIELD_SIZES[Field.POSITION])
    is_forbidden = logits[Field.POSITION][is_note] < FORBIDDEN / 2
    assert (is_forbidden == (steps < previous[:, None])).all()


def test_folded_weights_say_the_same_and_come_back_unchanged() -> None:
    model, (rows, labels) = shaken(), batch()
    weights = model.folded_weights()
    other = LoopTransformer(TINY)
    other.load_weights(weights)
    torch.testing.assert_close(other(rows, labels).nats, model(rows, labels).nats, rtol=1e-5, atol=1e-3)
    for name, value in other.folded_weights().items():
        np.testing.assert_allclose(value, weights[name], rtol=1e-6, atol=1e-6, err_msg=name)


def test_the_folded_row_of_id_zero_is_zero() -> None:
    weights = shaken().folded_weights()
    assert all(not weights[f"embed.{column.name.lower()}"][0].any() for column in Column)


def test_every_factored_table_has_one_factor_id_a_value() -> None:
    for column in Column:
        for factor in factors_of(column.name.lower()):
            assert factor.min() >= 0
    sizes = {"position": FIELD_SIZES[Field.POSITION], "pitch": FIELD_SIZES[Field.PITCH]}
    for name, size in sizes.items():
        assert all(len(factor) == size for factor in factors_of(name))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # the compiler's own
def test_compiled_parts_give_the_losses_of_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing alone is checked: code generation is left out, as it needs a C++ compiler and a minute."""
    compile_eagerly = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **keys: compile_eagerly(f, backend="eager", **keys))
    model, (rows, labels) = shaken(), batch()
    plain = model(rows, labels).nats
    model.compile_parts()
    torch.testing.assert_close(model(rows, labels).nats, plain)
