"""Where things lie: ticks to pixels, pitches to rows, and the grid notes snap to. Pure values.

Time runs right from `gutter_px` (the keyboard's width); rows run down. Both axes are values: zooming gives a
new one, so a widget's whole view is what it holds.
"""

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from engine.music.general_midi import DRUM_NAMES
from engine.music.loop import Loop
from engine.music.timing import PPQ

GUTTER_PX = 92.0
MIN_PX_PER_TICK, MAX_PX_PER_TICK = 0.004, 1.2
MIN_ROW_PX, MAX_ROW_PX = 6.0, 32.0
ROWS_BESIDE = 2  # seen above and below where the cursor is
CORE_KIT = (49, 51, 46, 42, 39, 38, 36)  # always there to click on, even in an empty part


class Snap(Enum):
    """Grids to which notes snap: label and ticks."""

    QUARTER = ("1/4", PPQ)
    EIGHTH = ("1/8", PPQ // 2)
    EIGHTH_TRIPLET = ("1/8 T", PPQ // 3)
    SIXTEENTH = ("1/16", PPQ // 4)
    SIXTEENTH_TRIPLET = ("1/16 T", PPQ // 6)
    THIRTY_SECOND = ("1/32", PPQ // 8)
    OFF = ("Off", 1)

    @property
    def label(self) -> str:
        return self.value[0]

    @property
    def ticks(self) -> int:
        return self.value[1]

    def nearest(self, tick: float) -> int:
        """Return the grid line nearest to a tick, never negative."""
        return max(0, int(tick / self.ticks + 0.5) * self.ticks)

    def before(self, tick: float) -> int:
        """Return the grid line at or before a tick, never negative."""
        return max(0, int(tick // self.ticks) * self.ticks)


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Ticks to pixels and back.

    Attributes:
        px_per_tick: Zoom.
        left_tick: The tick at the gutter's right edge; may be fractional.
        gutter_px: Pixels left of it.
    """

    px_per_tick: float = 0.12
    left_tick: float = 0.0
    gutter_px: float = GUTTER_PX

    def x_of(self, tick: float) -> float:
        return self.gutter_px + (tick - self.left_tick) * self.px_per_tick

    def tick_of(self, x_px: float) -> float:
        return self.left_tick + (x_px - self.gutter_px) / self.px_per_tick

    def zoomed(self, factor: float, *, at_x_px: float) -> "TimeAxis":
        """Return the axis zoomed so that the tick under the pointer stays there."""
        tick = self.tick_of(at_x_px)
        px_per_tick = min(max(self.px_per_tick * factor, MIN_PX_PER_TICK), MAX_PX_PER_TICK)
        return replace(self, px_per_tick=px_per_tick, left_tick=tick - (at_x_px - self.gutter_px) / px_per_tick)

    def panned(self, dx_px: float) -> "TimeAxis":
        """Return the axis with its content moved right by some pixels."""
        return replace(self, left_tick=self.left_tick - dx_px / self.px_per_tick)

    def clamped(self, *, end_tick: float, width_px: float) -> "TimeAxis":
        """Return the axis with no emptiness before tick 0 nor, where there is enough, after `end_tick`."""
        visible = (width_px - self.gutter_px) / self.px_per_tick
        return replace(self, left_tick=max(0.0, min(self.left_tick, end_tick - visible)))

    def showing(self, start_tick: float, end_tick: float, *, width_px: float) -> "TimeAxis":
        """Return the axis scrolled as little as it takes to show a span, its start before all."""
        visible = (width_px - self.gutter_px) / self.px_per_tick
        return replace(self, left_tick=min(max(self.left_tick, end_tick - visible), start_tick))

    def fitted(self, *, end_tick: float, width_px: float) -> "TimeAxis":
        """Return the axis that shows everything up to `end_tick`."""
        room = max(1.0, width_px - self.gutter_px)
        scale = min(max(room / max(1.0, end_tick), MIN_PX_PER_TICK), MAX_PX_PER_TICK)
        return replace(self, px_per_tick=scale, left_tick=0.0)


@dataclass(frozen=True)
class RowMap:
    """Which pitch each row shows, from the top.

    Attributes:
        pitches: Pitches, highest row first; drums in lane order.
        is_drums: Whether the rows are drum lanes.
    """

    pitches: tuple[int, ...]
    is_drums: bool = False

    @cached_property
    def rows(self) -> dict[int, int]:
        return {pitch: row for row, pitch in enumerate(self.pitches)}

    def row_of(self, pitch: int) -> int | None:
        return self.rows.get(pitch)

    def pitch_of(self, row: int) -> int | None:
        return self.pitches[row] if 0 <= row < len(self.pitches) else None

    def shifted(self, pitch: int, rows_down: int) -> int | None:
        """Return the pitch some rows below another, or None past the edge."""
        row = self.row_of(pitch)
        return None if row is None else self.pitch_of(row + rows_down)


@dataclass(frozen=True, slots=True)
class RowAxis:
    """Rows to pixels and back.

    Attributes:
        row_px: Height of a row.
        top_row: The row at the top edge; may be fractional.
    """

    row_px: float = 14.0
    top_row: float = 0.0

    def y_of(self, row: float) -> float:
        return (row - self.top_row) * self.row_px

    def row_of(self, y_px: float) -> int:
        return int((y_px / self.row_px + self.top_row) // 1)

    def zoomed(self, factor: float, *, at_y_px: float) -> "RowAxis":
        """Return the axis zoomed so that the row under the pointer stays there."""
        row = at_y_px / self.row_px + self.top_row
        row_px = min(max(self.row_px * factor, MIN_ROW_PX), MAX_ROW_PX)
        return RowAxis(row_px, row - at_y_px / row_px)

    def panned(self, dy_px: float) -> "RowAxis":
        return replace(self, top_row=self.top_row - dy_px / self.row_px)

    def showing(self, row: int, *, height_px: float) -> "RowAxis":
        """Return the axis scrolled as little as it takes to show a row and its neighbours."""
        lowest_top = row + 1 + ROWS_BESIDE - height_px / self.row_px
        return replace(self, top_row=min(max(self.top_row, lowest_top), float(row - ROWS_BESIDE)))

    def clamped(self, *, rows: int, height_px: float) -> "RowAxis":
        """Return the axis with no emptiness above the first row nor, where there are enough, below the last."""
        return replace(self, top_row=max(0.0, min(self.top_row, rows - height_px / self.row_px)))


class Fold(Enum):
    """Which pitches have a row."""

    ALL = "All notes"
    SCALE = "Scale only"
    USED = "Used only"


def pitch_rows(loop: Loop, fold: Fold = Fold.ALL) -> RowMap:
    """Return the rows of the pitched parts, highest pitch on top; used pitches always have one."""
    used = {note.pitch for track in loop.tracks if not track.is_drums for note in track.notes}
    if fold is Fold.USED and used:
        shown = used
    elif fold is Fold.SCALE and loop.key is not None:
        shown = used | {pitch for pitch in range(128) if pitch % 12 in loop.key.pitch_classes}
    else:
        shown = set(range(128))
    return RowMap(tuple(sorted(shown, reverse=True)))


def drum_rows(loop: Loop) -> RowMap:
    """Return a lane for every drum that is used, and for the core kit: cymbals on top, kick at the bottom."""
    used = {note.pitch for track in loop.tracks if track.is_drums for note in track.notes}
    lanes = list(CORE_KIT)
    others = sorted(used - set(CORE_KIT), reverse=True)
    return RowMap((*others, *lanes), is_drums=True)


def drum_name(pitch: int) -> str:
    return DRUM_NAMES.get(pitch, f"Drum {pitch}")
