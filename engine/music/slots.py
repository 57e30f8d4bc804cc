"""What falls on each sixteenth of music whose tempo is known: how strongly notes begin there, how harmony changes.

The sixteenths are counted from that of the first note. Rows over all of them can be laid over each other bar by bar,
whatever the meter; `Slots.bars` does.
"""

from dataclasses import dataclass

import numpy as np

from engine.music.played import CHANNELS, FloatArray, IntArray, PlayedNotes

SLOTS = 4  # a quarter
ROWS = CHANNELS + 7
WHOLES = CHANNELS + 5  # the row of changes from whole to whole, which bars of four quarters have
MOST_SLOTS = 1 << 15  # over an hour at 120 BPM; what a file places days later costs neither time nor memory
_SPREAD_SLOTS = 0.32
_MOST_SLOTS_LONG = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """Rows over sixteenths.

    Attributes:
        origin_seconds: When the first of them is.
        seconds: How long each lasts.
        rows: float64 [`ROWS`, sixteenths]: notes of each channel; changes of the bass; how long low and high notes
            last; changes of harmony from quarter to quarter, half to half and whole to whole; the first note.
        chroma: float64 [sixteenths, 12]: how much of each pitch class begins.
    """

    origin_seconds: float
    seconds: float
    rows: FloatArray
    chroma: FloatArray

    def bars(self, slots_a_bar: int, bars_a_window: int) -> FloatArray:
        """Return what falls on each sixteenth of a bar, shares of each row, window by window.

        Returns:
            float64 [windows, `ROWS`, sixteenths a bar]; a last window of less than half belongs to the one before.
        """
        return _shares([bars.sum(axis=1) for bars in self._windows(slots_a_bar, bars_a_window)])

    def departures(self, slots_a_bar: int, bars_a_window: int) -> FloatArray:
        """Return where in a bar a channel has what most bars do not have, shares of each, window by window.

        Fills lead to a bar line and crashes stand on one, and neither is in every bar.

        Returns:
            float64 [windows, `CHANNELS`, sixteenths a bar]; 0 where all bars are alike.
        """
        windows = [bars[:CHANNELS] for bars in self._windows(slots_a_bar, bars_a_window)]
        return _shares([np.abs(bars - np.median(bars, axis=1, keepdims=True)).sum(axis=1) for bars in windows])

    def _windows(self, slots_a_bar: int, bars_a_window: int) -> list[FloatArray]:
        """Return the bars of each window, [`ROWS`, bars, sixteenths a bar]."""
        size = self.rows.shape[1]
        count = max(1, round(size / (slots_a_bar * bars_a_window)))
        bars = -(-size // slots_a_bar)
        padded = np.pad(self.rows, ((0, 0), (0, bars * slots_a_bar - size)))
        return np.split(padded.reshape(ROWS, bars, slots_a_bar), bars_a_window * np.arange(1, count), axis=1)


def turns(times: FloatArray, weights: FloatArray, hertz: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.complex128]]:
    """Return the mean of the onsets' phases at each frequency, as complex numbers of length 0 to 1."""
    return np.exp(2j * np.pi * np.outer(hertz, times)) @ weights / weights.sum()


def slots_of(notes: PlayedNotes, bpm: float) -> Slots:
    """Lay notes on the sixteenths of a tempo; those beside them count the less the further off they are.

    Notes later than `MOST_SLOTS` sixteenths are left out.
    """
    seconds = 60 / bpm / SLOTS
    notes = notes.first((MOST_SLOTS - 1) * seconds)
    channels = notes.channels()
    turn = turns(notes.onset, channels[0], np.array([1 / seconds]))[0]
    phase = float(np.angle(turn)) / (2 * np.pi) * seconds
    place = (notes.onset - phase) / seconds
    nearest = np.rint(place).astype(np.int64)
    first = int(nearest[0])
    exact = np.exp(-0.5 * ((place - nearest) / _SPREAD_SLOTS) ** 2)
    slot = np.maximum(nearest - first, 0)
    size = int(slot.max()) + 1
    rows = np.zeros((ROWS, size))
    rows[:CHANNELS] = _summed(channels * exact, slot, size)
    chroma = _chroma(notes, slot, size)
    low = _one_a_slot(notes, slot, np.flatnonzero(notes.is_low), lowest=True)
    high = _one_a_slot(notes, slot, np.flatnonzero(~notes.is_drum), lowest=False)
    changed = low[1:][np.diff(notes.pitch[low] % 12) != 0]
    rows[CHANNELS, slot[changed]] = exact[changed]
    for row, voice in ((1, low), (2, high)):
        rows[CHANNELS + row, slot[voice]] = _lasting(slot[voice]) * exact[voice]
    for row, quarters in enumerate((1, 2, 4), WHOLES - 2):
        rows[row] = _changes(chroma, quarters * SLOTS)
    rows[-1, 0] = 1
    return Slots(phase + first * seconds, seconds, rows, chroma)


def _one_a_slot(notes: PlayedNotes, slot: IntArray, among: IntArray, *, lowest: bool) -> IntArray:
    """Return the lowest or highest of some notes on each sixteenth that has any, in order."""
    pitch = notes.pitch[among] if lowest else -notes.pitch[among]
    order = among[np.lexsort((pitch, slot[among]))]
    return order[np.diff(slot[order], prepend=-1) > 0]


def _lasting(slot: IntArray) -> FloatArray:
    """Return how long each note of a voice stands until the next, in sixteenths up to a limit."""
    return np.minimum(np.diff(slot, append=slot[-1:] + SLOTS), _MOST_SLOTS_LONG).astype(np.float64)


def _chroma(notes: PlayedNotes, slot: IntArray, size: int) -> FloatArray:
    pitched = ~notes.is_drum
    place = slot[pitched] * 12 + notes.pitch[pitched] % 12
    weights = np.minimum(notes.duration[pitched], 1.0)
    return np.bincount(place, weights=weights, minlength=size * 12).reshape(size, 12).astype(np.float64)


def _shares(sums: list[FloatArray]) -> FloatArray:
    stacked = np.stack(sums)
    return stacked / np.maximum(stacked.sum(axis=2, keepdims=True), 1e-9)


def _summed(rows: FloatArray, place: IntArray, size: int) -> FloatArray:
    """Return the sums of what each row has at each place, [rows, size]."""
    return np.array([np.bincount(place, weights=row, minlength=size) for row in rows], np.float64)


def _changes(chroma: FloatArray, reach: int) -> FloatArray:
    """Return how much pitch classes change from `reach` sixteenths before to as many after each, 0 to 2."""
    padded = np.pad(chroma, ((reach, reach), (0, 0)))
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(padded, axis=0)])
    parts = sums[reach:] - sums[:-reach]
    parts /= np.maximum(parts.sum(axis=1, keepdims=True), 1e-9)
    return np.abs(parts[reach:] - parts[:-reach]).sum(axis=1)[: len(chroma)]
