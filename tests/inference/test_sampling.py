"""Noise depends on nothing but its counters; draws keep to the tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inference.sampling import BLOCK_ROWS, GumbelNoise, field_slices, sample_reference
from engine.inference.tables import SamplingTables, Tables
from engine.representation.vocabulary import DRUM_OFFSET, DURATION_STEPS, PITCHES, SAMPLED_SIZE, Field
from tests.helpers.random_tables import random_tables

BIG = (1 << 64) - 1


def test_noise_of_a_row_does_not_depend_on_how_it_was_asked_for() -> None:
    noise = GumbelNoise(7, 3)
    whole = noise.rows(0, 3 * BLOCK_ROWS)
    assert np.array_equal(GumbelNoise(7, 3).rows(5, 20), whole[5:25])
    assert np.array_equal(GumbelNoise(7, 3).row(2 * BLOCK_ROWS), whole[2 * BLOCK_ROWS])


def test_noise_differs_between_seeds_takes_and_rows() -> None:
    drawn = [GumbelNoise(seed, take).row(row) for seed in (0, 1, BIG) for take in (0, 1) for row in (0, 1, BLOCK_ROWS)]
    assert len({values.tobytes() for values in drawn}) == len(drawn)


def test_noise_is_standard_gumbel() -> None:
    values = GumbelNoise(1, 0).rows(0, 400)
    assert np.isfinite(values).all()
    assert values.mean() == pytest.approx(0.57722, abs=0.01)
    assert values.var() == pytest.approx(np.pi**2 / 6, abs=0.03)


def test_noise_stream_is_pinned() -> None:
    # A take's seed is kept for good: these numbers may never change.
    expected = np.array([-1.7375207, -0.00361789, 1.2571783, 4.422891], np.float32)
    assert GumbelNoise(7, 2).row(0)[:2] == pytest.approx(expected[:2], rel=1e-5)
    assert GumbelNoise(7, 2).row(100)[-2:] == pytest.approx(expected[2:], rel=1e-5)


@pytest.mark.parametrize(("seed", "take"), [(-1, 0), (0, -1), (BIG + 1, 0)])
def test_seeds_out_of_range_are_refused(seed: int, take: int) -> None:
    with pytest.raises(ValueError, match="2\\*\\*64"):
        GumbelNoise(seed, take)


def _draw_is_legal(tables: Tables, ids: np.ndarray) -> None:
    for b, (kind, position, pitch, duration, velocity, micro) in enumerate(ids):
        assert tables.kind[b, kind]
        assert tables.position[b, position]
        assert (pitch >= DRUM_OFFSET) == tables.drums[b]
        assert tables.limit[b, position, pitch % PITCHES] >= DURATION_STEPS[duration]
        assert tables.duration[b, duration]
        assert tables.velocity[b, velocity]
        assert tables.micro[b, micro]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), batch=st.integers(1, 4), positions=st.sampled_from([12, 96, 192]))
def test_every_draw_is_legal_whatever_the_logits_and_cuts(seed: int, batch: int, positions: int) -> None:
    rng = np.random.default_rng(seed)
    tables = random_tables(rng, batch, positions)
    shape = (batch, len(Field))
    sampling = SamplingTables(
        temperature=rng.uniform(0.001, 2, shape).astype(np.float32),
        min_p=rng.uniform(0, 1, shape).astype(np.float32),
        top_p=rng.uniform(0, 1, shape).astype(np.float32),
        top_k=rng.integers(0, 5, shape),
    )
    logits = rng.normal(0, 20, (batch, SAMPLED_SIZE)).astype(np.float32)
    noise = np.stack([GumbelNoise(seed, b).row(0) for b in range(batch)])
    sampled = sample_reference(logits, tables, sampling, noise)
    _draw_is_legal(tables, sampled.ids)
    assert np.isfinite(sampled.log_prob).all()
    assert (sampled.log_prob <= 1e-6).all()


def test_cold_draw_without_noise_is_the_likeliest_legal_value() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, SAMPLED_SIZE)).astype(np.float32)
    sampled = sample_reference(
        logits, Tables.unconstrained(3), SamplingTables.constant(3, temperature=0.001), np.zeros_like(logits)
    )
    for field, part in field_slices().items():
        expected = (
            logits[:, part].argmax(axis=1) if field is not Field.PITCH else logits[:, part][:, :128].argmax(axis=1)
        )
        assert np.array_equal(sampled.ids[:, field], expected)


def test_cuts_leave_what_they_say() -> None:
    share = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    logits = np.zeros((1, SAMPLED_SIZE), np.float32)
    logits[0, field_slices()[Field.MICRO]] = np.log(share)

    def survivors(*, min_p: float = 0.0, top_p: float = 1.0, top_k: int = 0) -> set[int]:
        sampling = SamplingTables.constant(1, min_p=min_p, top_p=top_p, top_k=top_k)
        noise = (GumbelNoise(3, 0).row(row)[None] for row in range(200))
        return {int(sample_reference(logits, Tables.unconstrained(1), sampling, n).ids[0, Field.MICRO]) for n in noise}

    assert survivors() == {0, 1, 2, 3, 4}
    assert survivors(top_k=2) == {0, 1}
    assert survivors(top_p=0.75) == {0, 1, 2}
    assert survivors(min_p=0.2) == {0, 1, 2, 3}
    assert survivors(top_p=0.0) == {0}


def test_a_cut_looks_only_at_what_is_legal() -> None:
    logits = np.zeros((1, SAMPLED_SIZE), np.float32)
    logits[0, field_slices()[Field.VELOCITY].start] = 50.0  # the favourite is illegal
    tables = Tables.unconstrained(1)
    tables.velocity[0, 0] = False
    sampled = sample_reference(logits, tables, SamplingTables.constant(1, min_p=0.9, top_k=1), np.zeros_like(logits))
    assert sampled.ids[0, Field.VELOCITY] != 0
    assert sampled.log_prob[0, Field.VELOCITY] == pytest.approx(-np.log(31), rel=1e-5)


def test_draws_follow_the_distribution() -> None:
    share = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    batch = 4000
    logits = np.zeros((batch, SAMPLED_SIZE), np.float32)
    logits[:, field_slices()[Field.MICRO]] = np.log(share)
    noise = GumbelNoise(11, 0).rows(0, batch)
    tables = Tables.unconstrained(batch, positions=12)
    ids = sample_reference(logits, tables, SamplingTables.constant(batch), noise).ids[:, Field.MICRO]
    assert np.bincount(ids, minlength=5) / batch == pytest.approx(share, abs=0.025)


def test_tables_of_unequal_shapes_are_refused() -> None:
    tables = Tables.unconstrained(2, positions=24)
    with pytest.raises(ValueError, match="limit"):
        Tables(
            kind=tables.kind,
            position=tables.position[:, :12],
            limit=tables.limit,
            duration=tables.duration,
            velocity=tables.velocity,
            micro=tables.micro,
            drums=tables.drums,
        )
