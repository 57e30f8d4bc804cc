"""The meter of music whose quarter note is known, told from what comes again bar by bar and what falls where.

A meter fits if onsets, drums, bass and harmony are alike a bar later, and if some sixteenths of its bars and beats hold
much more than others. A small network weighs this for each meter. Most music is in 4/4, so that another meter has to be
much the likelier to be told.
"""

import numpy as np

from engine.music.bar_lines import WINDOW_BARS, slots_a_bar
from engine.music.judging import judged
from engine.music.loop import COMMON_TIME
from engine.music.played import FloatArray, PlayedNotes
from engine.music.slots import ROWS, SLOTS, WHOLES, Slots, slots_of
from engine.music.timing import PPQ, Meter

METERS = (COMMON_TIME, Meter(3, 4), Meter(6, 8), Meter(5, 4), Meter(7, 8))
FEWEST_BARS = 4
_BARS_LATER = (1, 2, 4)
_SURE_NATS = 2.5


def find_meter(notes: PlayedNotes, bpm: float) -> Meter:
    """Tell the meter, 4/4 where nothing speaks clearly for another or there are less than four bars.

    Args:
        notes: What was played.
        bpm: Its quarter notes a minute.
    """
    if not len(notes.onset) or np.ptp(notes.onset) * bpm / 60 < FEWEST_BARS * 4:
        return COMMON_TIME
    scores = judged("meter", meter_features(slots_of(notes, bpm)))
    scores[0] += _SURE_NATS
    return METERS[int(scores.argmax())]


def meter_features(slots: Slots) -> FloatArray:
    """Return what each meter is judged by, [`METERS`, features]."""
    lags = [
        lag for meter in METERS for lag in (slots_a_beat(meter), *(slots_a_bar(meter) * bars for bars in _BARS_LATER))
    ]
    alike = _alike(slots, lags).reshape(len(METERS), -1)
    own = np.array([_uneven(slots, meter) for meter in METERS])
    return np.concatenate([alike, own, np.eye(len(METERS))], axis=1)


def slots_a_beat(meter: Meter) -> int:
    return meter.ticks_per_beat * SLOTS // PPQ


def _alike(slots: Slots, lags: list[int]) -> FloatArray:
    """Return how like each row and the harmony are to themselves some sixteenths later, -1 to 1, [lags, rows + 1]."""
    rows = np.delete(slots.rows, (WHOLES, ROWS - 1), axis=0)  # without the first note
    rows = rows - rows.mean(axis=1, keepdims=True)
    chroma = slots.chroma - slots.chroma.mean(axis=0)
    size = rows.shape[1]
    power = np.maximum((rows**2).mean(axis=1), 1e-9)
    chroma_power = max(float((chroma**2).sum(axis=1).mean()), 1e-9)
    found: list[FloatArray] = []
    for lag in lags:
        if lag >= size - SLOTS:
            found.append(np.zeros(len(rows) + 1))
            continue
        same = (rows[:, lag:] * rows[:, :-lag]).mean(axis=1) / power
        found.append(np.append(same, (chroma[lag:] * chroma[:-lag]).sum(axis=1).mean() / chroma_power))
    return np.array(found)


def _uneven(slots: Slots, meter: Meter) -> FloatArray:
    """Return how unevenly each row is spread over a bar and over its beats, [2 · rows]."""
    parts = [slots.bars(slots_a_bar(meter), WINDOW_BARS), slots.bars(slots_a_beat(meter), WINDOW_BARS * 4)]
    uneven = [np.log1p((part**2).sum(axis=2) * part.shape[2]).mean(axis=0) for part in parts]
    return np.concatenate([np.delete(rows, WHOLES) for rows in uneven])
