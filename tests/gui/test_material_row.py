"""A part that came in has the bars that the engine makes of it, in whatever time it is laid."""

from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from engine.midi import smf
from engine.music.timing import Meter
from engine.stems.describe import described
from engine.stems.timing import retimed
from gui.material import Material
from gui.material_row import rows_of_file
from tests.gui.test_material import BEAT, midi
from tests.helpers.strategies import METERS


@pytest.mark.parametrize(("bars", "last_beat", "counted"), [(4, 15.5, 6), (5, 16, 6), (4, 15, 6), (4, 14.9, 5)])
def test_a_file_that_keeps_its_time_has_as_many_bars_in_another_meter_as_its_notes_need(
    bars: int, last_beat: float, counted: int
) -> None:
    row = replace(midi(bars=bars), last_onset=round(last_beat * BEAT))
    assert Material().with_rows((row,)).with_meter(Meter(3, 4)).rows[0].bars == counted


CHANGES = {
    "nothing": lambda material, _: material,
    "meter": lambda material, rng: material.with_meter(METERS[rng.integers(len(METERS))]),
    "tempo": lambda material, rng: material.with_tempo(float(rng.integers(40, 200))),
    "twice": lambda material, rng: material.scaled(2.0),
    "half": lambda material, rng: material.scaled(0.5),
    "bar one": lambda material, rng: material.with_bar_one(0, round(float(rng.uniform(-1, 9)), 3)),
    "bar one on a bar": lambda material, rng: material.with_bar_one(0, float(rng.integers(-1, 4))),
}


def write_song(path: Path, rng: np.random.Generator) -> None:
    """Write a few notes, some of them on bars, under one to three tempi and up to two meters."""
    track = mido.MidiTrack()
    events = [(int(rng.integers(0, 40)) * BEAT, "set_tempo") for _ in range(rng.integers(0, 3))]
    events += [(int(rng.integers(0, 40)) * BEAT + rng.choice((0, -1, -30, 200)), "note") for _ in range(9)]
    if rng.random() < 0.7:
        track.append(mido.MetaMessage("time_signature", numerator=int(rng.integers(2, 6)), denominator=4))
        events += [(int(rng.integers(1, 20)) * BEAT, "time_signature") for _ in range(rng.integers(0, 2))]
    track.append(mido.MetaMessage("set_tempo", tempo=int(rng.integers(300_000, 1_200_000))))
    now = 0
    for tick, kind in sorted((max(int(tick), 0), kind) for tick, kind in events):
        if kind == "set_tempo":
            track.append(mido.MetaMessage(kind, tempo=int(rng.integers(300_000, 1_200_000)), time=tick - now))
        elif kind == "time_signature":
            track.append(mido.MetaMessage(kind, numerator=int(rng.integers(2, 6)), denominator=4, time=tick - now))
        else:
            track.append(mido.Message("note_on", note=60, velocity=80, time=tick - now))
            track.append(mido.Message("note_off", note=60, time=0))
        now = tick
    mido.MidiFile(type=0, ticks_per_beat=BEAT, tracks=[track]).save(path)


@pytest.mark.parametrize("seed", range(40))
def test_a_midi_row_has_the_bars_that_the_desk_makes_whatever_is_corrected(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = tmp_path / "song.mid"
    write_song(path, rng)
    material = Material().with_rows(rows_of_file(described(path)))
    for name in ("nothing", *rng.choice(list(CHANGES), 4)):
        material = CHANGES[name](material, rng)
        row = material.rows[0]
        assert row.bars == retimed(smf.read_whole(path, meter=row.timing.meter).song, row.timing).bars, name
