"""Rhythm masks as steps to be drawn, and as taps to be gathered. Pure.

A mask is text, as in `PartRequest.rhythm`: "x..x..x." fills a bar, bars parted by "|" take turns. Here it is rows of
steps on one grid; a row is one bar.
"""

from dataclasses import dataclass, replace
from enum import Enum

from engine.music.timing import STEPS_PER_QUARTER, TICKS_PER_STEP, Meter

MAX_ROWS = 8
_ON = "xX1"


class StepGrid(Enum):
    """The grids that a mask can be drawn on; the value is steps of the model's grid."""

    QUARTER = STEPS_PER_QUARTER
    EIGHTH = STEPS_PER_QUARTER // 2
    SIXTEENTH = STEPS_PER_QUARTER // 4
    THIRTY_SECOND = STEPS_PER_QUARTER // 8
    EIGHTH_TRIPLET = STEPS_PER_QUARTER // 3
    SIXTEENTH_TRIPLET = STEPS_PER_QUARTER // 6

    @property
    def label(self) -> str:
        return _GRID_LABELS[self]

    def steps_of(self, meter: Meter) -> int:
        """Return how many steps a bar has, 0 where the grid does not fill it."""
        return 0 if meter.steps_per_bar % self.value else meter.steps_per_bar // self.value


_GRID_LABELS = {
    StepGrid.QUARTER: "1/4",
    StepGrid.EIGHTH: "1/8",
    StepGrid.SIXTEENTH: "1/16",
    StepGrid.THIRTY_SECOND: "1/32",
    StepGrid.EIGHTH_TRIPLET: "1/8 triplets",
    StepGrid.SIXTEENTH_TRIPLET: "1/16 triplets",
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps to play on.

    Attributes:
        grid: Of all rows.
        rows: One a bar, True where a note may begin; () is an open mask.
    """

    grid: StepGrid = StepGrid.SIXTEENTH
    rows: tuple[tuple[bool, ...], ...] = ()

    @classmethod
    def of_text(cls, text: str, meter: Meter, grid: StepGrid = StepGrid.SIXTEENTH) -> "Pattern":
        """Read a mask: on the coarsest grid that holds it, `grid` if that does.

        Raises:
            ValueError: It does not fit the meter or the grids that can be drawn on.
        """
        if not text:
            return cls(grid)
        onsets: list[frozenset[int]] = []
        for marks in (row.strip() for row in text.split("|")):
            if not marks or meter.steps_per_bar % len(marks):
                raise ValueError(f"{len(marks)} marks do not divide a bar of {meter}")
            unit = meter.steps_per_bar // len(marks)
            onsets.append(frozenset(unit * i for i, mark in enumerate(marks) if mark in _ON))
        grids = [grid, *sorted(StepGrid, key=lambda each: -each.value)]
        for each in grids:
            if each.steps_of(meter) and all(onset % each.value == 0 for row in onsets for onset in row):
                rows = tuple(tuple(s * each.value in row for s in range(each.steps_of(meter))) for row in onsets)
                return cls(each, rows)
        raise ValueError("this rhythm lies on several grids")

    @property
    def text(self) -> str:
        """The mask as text; "" for an open one, and for one without a single step."""
        if not any(any(row) for row in self.rows):
            return ""
        return "|".join("".join("x" if is_on else "." for is_on in row) for row in self.rows)

    def toggled(self, row: int, step: int, *, is_on: bool | None = None) -> "Pattern":
        """Return the pattern with one step set, cleared or (None) turned over."""
        rows = [list(each) for each in self.rows]
        rows[row][step] = not rows[row][step] if is_on is None else is_on
        return replace(self, rows=tuple(map(tuple, rows)))

    def with_row_count(self, count: int, meter: Meter) -> "Pattern":
        """Return the pattern with more bars (copies of those there are) or fewer."""
        count = min(max(1, count), MAX_ROWS)
        rows = self.rows or ((False,) * self.grid.steps_of(meter),)
        return replace(self, rows=tuple(rows[i % len(rows)] for i in range(count)))

    def with_grid(self, grid: StepGrid, meter: Meter) -> "Pattern":
        """Return the pattern on another grid: each step that is on goes to the nearest one."""
        steps = grid.steps_of(meter)
        if not steps:
            return self
        rows = []
        for row in self.rows:
            onsets = {round(i * self.grid.value / grid.value) % steps for i, is_on in enumerate(row) if is_on}
            rows.append(tuple(i in onsets for i in range(steps)))
        return Pattern(grid, tuple(rows))


@dataclass(frozen=True, slots=True)
class Taps:
    """Taps of one go, in ticks of the loop.

    Attributes:
        ticks: Where they fell, from 0 up to the loop's length.
    """

    ticks: tuple[int, ...] = ()

    def with_tap(self, tick: float) -> "Taps":
        return Taps((*self.ticks, round(tick)))

    def pattern(self, meter: Meter, bars: int, grid: StepGrid) -> Pattern:
        """Return the rhythm that was tapped: on the grid, in as few bars as tell it.

        Bars in which nothing was tapped do not count; bars that come again are kept once.
        """
        steps, unit = grid.steps_of(meter), grid.value * TICKS_PER_STEP
        if not steps or not self.ticks:
            return Pattern(grid)
        onsets: set[int] = {round(tick / unit) % (steps * bars) for tick in self.ticks}
        rows = [tuple(bar * steps + i in onsets for i in range(steps)) for bar in range(bars)]
        rows = [row for row in rows if any(row)][:MAX_ROWS]
        for period in range(1, len(rows)):
            if len(rows) % period == 0 and all(row == rows[i % period] for i, row in enumerate(rows)):
                rows = rows[:period]
                break
        return Pattern(grid, tuple(rows))
