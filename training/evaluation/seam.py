"""How well the last bar leads to the first: what rings over the end, and the model's surprise.

*Seam ratio* (after LoopGen's seam perplexity): how unlikely a model finds the first bar when the loop is turned so that
it comes last, over the same at the inner bar lines; 1 is a join like any other. Whether a loop is cut in the right
place is what `cut.py` measures.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.inference.model import LoopModel
from engine.representation.controls import exact_loop_ids, loop_control_id
from engine.representation.layout import Order, Plan, Use, labels_of, training_rows
from engine.representation.sheet import DURATION_TABLE, Sheet
from engine.representation.vocabulary import DRUM_OFFSET, ROW_WIDTH, Field, Kind

FloatArray = npt.NDArray[np.float64]
MAX_ROWS = 2048


@dataclass(frozen=True, slots=True)
class SeamSurprise:
    """What a model says of a loop's bar lines.

    Attributes:
        seam: Nats a note of the first bar after the last.
        inner: Nats a note of the other bars after those before them, mean over notes.
        bars: Of the loop.
    """

    seam: float
    inner: float
    bars: int = 2

    @property
    def over_all(self) -> float:
        """Nats a note at all bar lines, the seam among them: what a wrong cut raises everywhere."""
        return (self.seam + self.inner * (self.bars - 1)) / self.bars

    @property
    def ratio(self) -> float:
        return self.seam / max(self.inner, 1e-9)


def turned(sheet: Sheet, bars: int) -> Sheet:
    """Begin `bars` bars later, whatever rings: only what is read is turned, nothing is written."""
    notes = replace(sheet.notes, bar=((sheet.notes.bar - bars) % sheet.bars).astype(np.int32))
    order = np.lexsort((notes.pitch, notes.position, notes.bar, notes.track))
    return replace(sheet, notes=notes.take(order), chords=np.roll(sheet.chords, -bars, axis=0))


def seam_surprise(model: LoopModel, sheet: Sheet) -> SeamSurprise | None:
    """Ask a model how unlikely each bar is after all the others, the loop turned so that it comes last.

    Returns:
        None of one bar, of a loop too long to be read, or where the first bar or all others are empty.
    """
    if sheet.bars < 2:
        return None
    blind = replace(sheet, chords=np.zeros_like(sheet.chords), key=None)
    sequences = [_last_bar_rows(turned(blind, bar + 1)) for bar in range(sheet.bars)]
    longest = max(len(rows) for rows in sequences)
    if longest > MAX_ROWS:
        return None
    rows = np.zeros((sheet.bars, longest, ROW_WIDTH), np.int16)
    labels = np.full((sheet.bars, longest, len(Field)), -1, np.int64)
    for index, sequence in enumerate(sequences):
        rows[index, : len(sequence)] = sequence
        labels[index, : len(sequence)] = labels_of(sequence)
    nats = model.score(rows, labels).sum(axis=(1, 2), dtype=np.float64)
    notes = (labels[:, :, Field.KIND] == Kind.NOTE).sum(axis=1)
    if not notes[0] or not notes[1:].sum():
        return None
    return SeamSurprise(float(nats[0] / notes[0]), float(nats[1:].sum() / notes[1:].sum()), sheet.bars)


def _last_bar_rows(sheet: Sheet) -> npt.NDArray[np.int16]:
    use = np.full((len(sheet.roles), sheet.bars), Use.CONTEXT, np.int8)
    use[:, -1] = Use.TARGET
    ids = exact_loop_ids(sheet.meter, sheet.tempo_bpm, sheet.bars)
    ids |= {"order": loop_control_id("order", Order.TRACK_MAJOR), "loopable": loop_control_id("loopable", 1)}
    slots = tuple(range(1, len(sheet.roles) + 1))
    return training_rows(sheet, Plan(use=use, slots=slots, loop_ids=tuple(sorted(ids.values()))))


def ringing_share(sheet: Sheet) -> float:
    """Return the share of the last bar's pitched notes that sound to the very end: what a wrong cut raises."""
    notes = sheet.notes
    mine = notes.take((notes.bar == sheet.bars - 1) & (notes.pitch < DRUM_OFFSET))
    if not len(mine):
        return 0.0
    end = mine.bar * sheet.meter.steps_per_bar + mine.position + DURATION_TABLE[mine.duration]
    return float((end >= sheet.total_steps).mean())
