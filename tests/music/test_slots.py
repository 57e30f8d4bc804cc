"""What falls on the sixteenths of bars, and what falls there in few of them."""

import numpy as np

from engine.music.bar_lines import WINDOW_BARS
from engine.music.played import CHANNELS, PlayedNotes
from engine.music.slots import MOST_SLOTS, ROWS, slots_of

BPM, BAR = 120.0, 16


def beat(bars: int, *, fill_bars: tuple[int, ...] = ()) -> PlayedNotes:
    """Play kicks and snares in quarters, and a tom on the last sixteenths of some bars."""
    strokes = [(bar * BAR + at, key) for bar in range(bars) for at, key in ((0, 36), (4, 38), (8, 36), (12, 38))]
    strokes += [(bar * BAR + at, 45) for bar in fill_bars for at in (14, 15)]
    return PlayedNotes.of_rows((at * 15 / BPM, 0.1, key, 100, True) for at, key in strokes)


def test_what_is_in_every_bar_is_no_departure() -> None:
    slots = slots_of(beat(8), BPM)
    assert slots.bars(BAR, WINDOW_BARS).shape == (1, ROWS, BAR)
    assert not slots.departures(BAR, WINDOW_BARS)[:, :, 0:12].any()


def test_a_fill_stands_where_it_is_played() -> None:
    toms = slots_of(beat(16, fill_bars=(3, 11)), BPM).departures(BAR, WINDOW_BARS)[:, CHANNELS - 1]
    assert toms.shape == (2, BAR)
    np.testing.assert_allclose(toms[:, 14:], 0.5)


def test_a_short_rest_belongs_to_the_window_before() -> None:
    assert len(slots_of(beat(11), BPM).bars(BAR, WINDOW_BARS)) == 1
    assert len(slots_of(beat(13), BPM).bars(BAR, WINDOW_BARS)) == 2


def test_a_note_days_later_costs_nothing() -> None:
    strokes = [(0.5 * at, 0.1, 36, 100, True) for at in range(64)]
    slots = slots_of(PlayedNotes.of_rows([*strokes, (1e6, 0.1, 36, 100, True)]), BPM)
    np.testing.assert_array_equal(slots.rows, slots_of(PlayedNotes.of_rows(strokes), BPM).rows)
    long = slots_of(PlayedNotes.of_rows((0.5 * at, 0.1, 36, 100, True) for at in range(MOST_SLOTS)), BPM)
    assert long.rows.shape[1] <= MOST_SLOTS
