"""How far a bar departs from the one before it: what makes a fill a fill."""

from engine.music.loop import Loop
from engine.music.timing import PPQ

SLOT_TICKS = PPQ // 4


def departure(loop: Loop, part: int, bar: int) -> float:
    """Return the share of a bar's notes, by 16th and pitch, that the bar before it does not have; 1 if it is empty.

    In real songs the drums' bar that breaks a steady beat has 0.53 of this on the average, as many strokes as the beat
    and eight times its toms (`benchmarks/fills.py`).
    """
    now, before = bar_strokes(loop, part, bar), bar_strokes(loop, part, bar - 1)
    return len(now - before) / len(now) if now else float(bool(before))


def bar_strokes(loop: Loop, part: int, bar: int) -> frozenset[tuple[int, int]]:
    """Return (16th, pitch) of the notes that begin in a bar."""
    length = loop.meter.ticks_per_bar
    start = bar * length
    notes = loop.tracks[part].notes_between(start, start + length)
    return frozenset(((note.onset - start) // SLOT_TICKS, note.pitch) for note in notes)
