"""What is selected: notes by their part and value, and bars by their part. Pure values.

Notes are values, and within a part onset and pitch make one unique; so a selection survives edits elsewhere,
and an edit hands back the selection of what it made.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from engine.music.loop import Loop, Note


@dataclass(frozen=True, slots=True, order=True)
class NoteRef:
    """One note of one part."""

    part: int
    note: Note


Selection = frozenset[NoteRef]
NOTHING: Selection = frozenset()


def selected_all(loop: Loop, parts: Iterable[int]) -> Selection:
    """Return all notes of some parts."""
    return frozenset(NoteRef(part, note) for part in parts for note in loop.tracks[part].notes)


def still_there(loop: Loop, selection: Selection) -> Selection:
    """Return what of a selection the loop still holds."""
    kept: set[NoteRef] = set()
    for part in {ref.part for ref in selection}:
        if part < len(loop.tracks):
            notes = set(loop.tracks[part].notes)
            kept |= {ref for ref in selection if ref.part == part and ref.note in notes}
    return frozenset(kept)


def notes_by_part(selection: Selection) -> dict[int, set[Note]]:
    """Return the selected notes of each part that has any."""
    parts: dict[int, set[Note]] = {}
    for ref in selection:
        parts.setdefault(ref.part, set()).add(ref.note)
    return parts


def narrowing(selection: Selection) -> Selection:
    """Return what of a selection says what is rewritten and what leaves: a single note is only taken hold of."""
    return selection if len(selection) > 1 else NOTHING


@dataclass(frozen=True, slots=True)
class BarSelection:
    """Bars of parts, chosen to be rewritten.

    Attributes:
        cells: (part, bar) pairs.
    """

    cells: frozenset[tuple[int, int]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.cells)

    def bars_of(self, part: int) -> tuple[int, ...]:
        return tuple(sorted(bar for p, bar in self.cells if p == part))

    def with_range(self, part: int, first: int, last: int, *, extend: bool = False) -> "BarSelection":
        """Return the bars from `first` to `last` (in any order) of a part, alone or added to what there is."""
        low, high = sorted((first, last))
        cells = frozenset((part, bar) for bar in range(low, high + 1))
        return BarSelection(self.cells | cells if extend else cells)

    def toggled(self, part: int, bar: int) -> "BarSelection":
        return BarSelection(self.cells ^ {(part, bar)})

    def within(self, loop: Loop) -> "BarSelection":
        """Return what of it lies in the loop."""
        inside = ((p, b) for p, b in self.cells if p < len(loop.tracks) and b < loop.bars)
        return BarSelection(frozenset(inside))


def bars_of_notes(selection: Selection, loop: Loop) -> BarSelection:
    """Return the bars in which selected notes begin."""
    bar_ticks = loop.meter.ticks_per_bar
    return BarSelection(frozenset((ref.part, ref.note.onset // bar_ticks) for ref in selection))
