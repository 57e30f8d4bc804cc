"""The seam, heard by the model: how naturally the last bar leads to the first.

For every pair of neighbouring bars, the pair (last, first) included, the model is asked how likely the second
bar is after the first. The seam's score is the likelihood a note of (last → first) less the mean of the
inner pairs: near 0 is a join like any other, far below is a stumble.
"""

from collections.abc import Sequence

import numpy as np

from engine.inference.model import LoopModel
from engine.music.loop import Loop
from engine.representation.controls import exact_loop_ids, loop_control_id
from engine.representation.layout import Order, Plan, Use, labels_of, training_rows
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import ROW_WIDTH, Field, Kind, Rows

MAX_PAIRS = 4  # inner pairs scored beside the seam


def rank_seams(model: LoopModel, loops: Sequence[Loop]) -> list[float | None]:
    """Return each loop's seam score in nats a note, None for one bar or an empty first bar."""
    scores: list[float | None] = []
    for loop in loops:
        scores.append(_seam(model, loop) if loop.bars > 1 else None)
    return scores


def _seam(model: LoopModel, loop: Loop) -> float | None:
    sheet = Sheet.from_loop(loop)
    inner = np.linspace(0, loop.bars - 2, min(MAX_PAIRS, loop.bars - 1)).round().astype(int).tolist()
    pairs = [(loop.bars - 1, 0)] + [(bar, bar + 1) for bar in sorted(set(inner))]
    sequences = [_pair_rows(sheet, first, second) for first, second in pairs]
    length = max(len(rows) for rows in sequences)
    rows = np.zeros((len(pairs), length, ROW_WIDTH), dtype=np.int16)
    labels = np.full((len(pairs), length, len(Field)), -1, dtype=np.int64)
    for index, sequence in enumerate(sequences):
        rows[index, : len(sequence)] = sequence
        labels[index, : len(sequence)] = labels_of(sequence)
    nll = model.score(rows, labels).sum(axis=(1, 2))
    notes = (labels[:, :, Field.KIND] == Kind.NOTE).sum(axis=1)
    if not notes[0] or not notes[1:].any():
        return None
    seam = nll[0] / notes[0]
    others = nll[1:][notes[1:] > 0].sum() / notes[1:].sum()
    return float(others - seam)


def _pair_rows(sheet: Sheet, first: int, second: int) -> Rows:
    """Return rows in which bar `second` is written, all parts, after bar `first` as a two-bar loop."""
    columns = sheet.notes
    where = (columns.bar == first) | (columns.bar == second)
    notes = columns.take(where)
    bar = np.where(notes.bar == first, 0, 1).astype(np.int32)
    order = np.lexsort((notes.pitch, notes.position, bar, notes.track))
    moved = type(notes)(notes.track, bar, *notes.columns()[2:]).take(order)
    pair = Sheet(
        meter=sheet.meter,
        bars=2,
        tempo_bpm=sheet.tempo_bpm,
        roles=sheet.roles,
        programs=sheet.programs,
        chords=sheet.chords[[first, second]],
        notes=moved,
    )
    use = np.full((len(sheet.roles), 2), Use.CONTEXT, dtype=np.int8)
    use[:, 1] = Use.TARGET
    slots = tuple(range(1, len(sheet.roles) + 1))
    ids = exact_loop_ids(sheet.meter, sheet.tempo_bpm, 2) | {"order": loop_control_id("order", Order.TRACK_MAJOR)}
    return training_rows(pair, Plan(use=use, slots=slots, loop_ids=tuple(sorted(ids.values()))))
