"""Attribute controls: measured on music written by hand, and binned."""

import numpy as np
import pytest

from engine.music.general_midi import ROLES, Role
from engine.music.harmony import Key, Mode
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.representation.controls import (
    DURATION_CLASSES,
    GENRES,
    LOOP_LENGTHS,
    MODES,
    TRACK_CONTROLS,
    USUAL_DENSITY,
    bar_density_ids,
    density_bin,
    density_of_bin,
    exact_loop_ids,
    key_ids,
    loop_control_id,
    part_view,
    polyphony,
    tempo_bin,
    track_control_ids,
)
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import BAR_DENSITIES, CONTROLS

# Two bars of 4/4. Bar 1: a C major triad of a half note, then E alone for a quarter on 3. Bar 2: the same triad, then
# two 8ths on 3. Velocities 50 (bin 12, its middle 50) and 90 (bin 22, 90).
MUSIC = tuple(
    sorted(
        [
            *(Note(bar, pitch, 960, 50) for bar in (0, 1920) for pitch in (60, 64, 67)),
            Note(960, 64, 480, 90),
            Note(2880, 64, 240, 90),
            Note(3120, 65, 240, 90),
        ]
    )
)
EXPECTED = {
    "density": 4.5,
    "polyphony_min": 1.0,
    "polyphony_max": 3.0,
    "duration_class": 1.0,
    "mean_duration": (6 * 2 + 1 + 0.5 + 0.5) / 9,
    "lowest_pitch": 60.0,
    "highest_pitch": 67.0,
    "mean_pitch": (2 * (60 + 64 + 67) + 64 + 64 + 65) / 9,
    "mean_velocity": (6 * 50 + 3 * 90) / 9,
    "velocity_spread": float(np.std([50] * 6 + [90] * 3)),
    "repetition": 4 / 5,
    "feel": 0.0,
}
BINS = {
    "density": 2,  # 11 is usual for keys: 5 + 2 log2(4.5 / 11) = 2.4
    "polyphony_min": 0,
    "polyphony_max": 2,
    "duration_class": 1,
    "mean_duration": 9,  # 15 log(1.56 / 0.0625) / log 256 = 8.7
    "lowest_pitch": 15,
    "highest_pitch": 16,
    "mean_pitch": 15,
    "mean_velocity": 7,
    "velocity_spread": 4,
    "repetition": 8,
    "feel": 0,
}


def view(*notes: Note, role: Role = Role.KEYS, bars: int = 2, meter: str = "4/4"):
    loop = Loop(Meter.parse(meter), bars=bars, tracks=(Track(role, tuple(sorted(notes))),))
    return part_view(Sheet.from_loop(loop), 0, tuple(range(bars)))


@pytest.mark.parametrize("name", TRACK_CONTROLS)
def test_each_control_is_measured_and_binned(name: str) -> None:
    control = TRACK_CONTROLS[name]
    value = control.measure(view(*MUSIC))
    assert value == pytest.approx(EXPECTED[name])
    assert control.bin(value, Role.KEYS) == BINS[name]
    assert control.identity(value, Role.KEYS) == CONTROLS[name].first + BINS[name]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", TRACK_CONTROLS)
def test_bins_rise_with_the_value_and_stay_inside(name: str, role: Role) -> None:
    control = TRACK_CONTROLS[name]
    bins = [control.bin(float(value), role) for value in np.linspace(control.low, control.high, 200)]
    assert bins == sorted(bins)
    assert bins[0] >= 0
    assert bins[-1] < control.bins == CONTROLS[name].bins
    assert control.bin(-1e6, role) == 0
    assert control.bin(1e6, role) == control.bins - 1


def test_density_is_told_apart_around_what_is_usual() -> None:
    for role in ROLES:
        usual = USUAL_DENSITY[role]
        assert [density_bin(usual * 2 ** (i / 2 + 0.01), role) for i in range(-5, 5)] == list(range(BAR_DENSITIES))
        assert [density_bin(density_of_bin(i, role), role) for i in range(BAR_DENSITIES)] == list(range(BAR_DENSITIES))
    assert density_bin(0, Role.BASS) == 0


def test_density_counts_bars_of_four_quarters_in_any_meter() -> None:
    notes = [Note(beat * 240, 60, 100) for beat in range(6)]
    assert TRACK_CONTROLS["density"].measure(view(*notes, bars=1, meter="6/8")) == pytest.approx(8)
    densities = bar_density_ids(view(*notes, Note(1440, 60, 100), bars=2, meter="6/8"))
    assert densities == {0: 1 + density_bin(8, Role.KEYS), 1: 1 + density_bin(4 / 3, Role.KEYS)}


@pytest.mark.parametrize(
    ("ticks", "name"),
    [(1920, "whole"), (960, "half"), (480, "quarter"), (240, "8th"), (120, "16th"), (60, "32nd"), (20, "32nd")],
)
def test_the_prevailing_note_value_is_named(ticks: int, name: str) -> None:
    value = TRACK_CONTROLS["duration_class"].measure(view(Note(0, 60, ticks)))
    assert DURATION_CLASSES[int(value)] == name


def test_repetition_is_one_of_equal_bars_and_zero_of_different_ones() -> None:
    measure = TRACK_CONTROLS["repetition"].measure
    bar = [Note(0, 60, 100), Note(480, 62, 100)]
    again = [Note(1920, 60, 100), Note(2400, 62, 100)]
    assert measure(view(*bar, *again)) == 1.0
    assert measure(view(*bar, Note(1940, 60, 100))) == 0.0
    assert measure(view(*bar, bars=1)) == 0.0


@pytest.mark.parametrize(("unit", "feel"), [(480, 0), (240, 2), (120, 4), (160, 3), (80, 5), (60, 6)])
def test_feel_is_the_grid_the_notes_lie_on(unit: int, feel: int) -> None:
    off = [Note(at, 60, 10) for at in range(unit, 1920, 2 * unit)]
    assert TRACK_CONTROLS["feel"].measure(view(*off, bars=1)) == feel


def test_a_part_that_is_played_feels_human() -> None:
    assert TRACK_CONTROLS["feel"].measure(view(*(Note(beat * 240 + 7, 60, 100) for beat in range(8)))) == 12


def test_voices_are_counted_after_ends_and_across_bars() -> None:
    part = view(Note(0, 60, 1920), Note(1440, 62, 960), Note(1920, 64, 480))
    assert polyphony(part.notes, part.steps).tolist() == [1, 2, 2]


def test_only_the_bars_concerned_are_measured() -> None:
    sheet = Sheet.from_loop(Loop(bars=2, tracks=(Track(Role.KEYS, MUSIC),)))
    assert TRACK_CONTROLS["polyphony_max"].measure(part_view(sheet, 0, (1,))) == 3
    assert len(part_view(sheet, 0, (1,)).notes) == 5


def test_drums_have_only_controls_that_mean_something() -> None:
    ids = track_control_ids(view(Note(0, 36, 60), Note(480, 38, 60), role=Role.DRUMS))
    assert set(ids) == {"density", "mean_velocity", "velocity_spread", "repetition", "feel"}
    assert set(track_control_ids(view(*MUSIC))) == set(TRACK_CONTROLS)
    assert track_control_ids(view(role=Role.BASS)) == {}


def test_loop_controls_have_their_places() -> None:
    ids = exact_loop_ids(Meter(7, 8), 120.0, 16)
    at = {name: identity - CONTROLS[name].first for name, identity in ids.items()}
    assert at == {"meter_numerator": 6, "meter_denominator": 3, "tempo": tempo_bin(120), "bars": 15}
    key = key_ids(Key(11, Mode.BLUES))
    assert {name: key[name] - CONTROLS[name].first for name in key} == {"key_tonic": 11, "key_mode": 10}
    assert loop_control_id("loop_count", 99) == CONTROLS["loop_count"].first + 5


def test_tempo_is_told_apart_from_40_to_240_bpm() -> None:
    bins = [tempo_bin(bpm) for bpm in range(20, 401)]
    assert bins == sorted(bins)
    assert (bins[0], bins[-1]) == (0, 47)
    assert set(bins) == set(range(48))


def test_every_named_value_has_a_bin() -> None:
    assert len(GENRES) <= CONTROLS["genre"].bins
    assert len(LOOP_LENGTHS) == CONTROLS["loop_length"].bins
    assert len(MODES) == CONTROLS["key_mode"].bins
    assert {name for name, c in CONTROLS.items() if c.scope == "track"} == set(TRACK_CONTROLS)
