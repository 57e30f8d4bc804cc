"""Attribute controls: what a producer may ask for, measured and coded in one registry.

A control has one name, one unit and one row of `vocabulary.CONTROLS`. `measure` reads the value off music
(for training, and for "got" beside "asked"); `to_bin` codes it. The window builds its panel from
`TRACK_CONTROLS` and `LOOP_CONTROLS`; training computes them for every window; the same functions serve both.

Definitions follow MIDI-GPT and the LG AI loop system where they agree; densities are relative to what
the role usually plays, so that "busy" means the same for a hi-hat and a pad.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.music.feel import nomml
from engine.music.general_midi import Role
from engine.music.harmony import Key, Mode
from engine.music.timing import PPQ, STEPS_PER_QUARTER, TICKS_PER_STEP, Meter
from engine.representation.sheet import DURATION_TABLE, Sheet, SheetNotes, velocity_of_bin
from engine.representation.vocabulary import BAR_DENSITIES, CONTROLS, DRUM_OFFSET, MICRO_TICKS

# Notes a bar (of four quarters) that a part of each role usually plays, about the corpus's medians.
USUAL_DENSITY: dict[Role, float] = {
    Role.DRUMS: 20.0,
    Role.BASS: 7.0,
    Role.KEYS: 11.0,
    Role.ORGAN: 7.0,
    Role.MALLETS: 7.0,
    Role.GUITAR: 11.0,
    Role.STRINGS: 5.0,
    Role.VOICE: 5.0,
    Role.BRASS: 6.0,
    Role.WINDS: 5.5,
    Role.LEAD: 6.0,
    Role.PAD: 5.0,
    Role.OTHER: 6.0,
}
DENSITY_LABELS = ("barest", "bare", "sparse", "light", "usual −", "usual +", "busy", "dense", "denser", "densest")
DURATION_CLASSES = ("whole", "half", "quarter", "8th", "16th", "32nd")
GENRES = (
    "rock",
    "pop",
    "italian pop",
    "funk & soul",
    "electronic",
    "oldies",
    "schlager",
    "jazz & blues",
    "metal & punk",
    "country & folk",
    "latin & reggae",
    "hip-hop",
    "chinese pop",
    "game",
    "live drums",
    "drum machine",
)
LOOP_LENGTHS = (0, 1, 2, 3, 4, 6, 8, 12)  # bars; 0: nothing inside repeats
MIN_MODEL_TEMPO, MAX_MODEL_TEMPO = 40.0, 240.0
MODES = tuple(Mode)
BINS_OF_A_SEMITONE_RANGE = 4


@dataclass(frozen=True, slots=True)
class PartView:
    """What a track control is measured on: the notes of one part in the bars concerned.

    Attributes:
        role: The part's role.
        notes: Its notes, at least one.
        bars: Indices of the bars concerned.
        meter: Their meter.
    """

    role: Role
    notes: SheetNotes
    bars: tuple[int, ...]
    meter: Meter

    @property
    def steps(self) -> np.ndarray:
        """Grid steps of the onsets from the loop's start, int32 [N]."""
        return self.notes.bar * self.meter.steps_per_bar + self.notes.position

    @property
    def pitches(self) -> np.ndarray:
        return self.notes.pitch % DRUM_OFFSET


def part_view(sheet: Sheet, part: int, bars: tuple[int, ...]) -> PartView:
    """Return the notes of one part in some bars, ready to be measured."""
    where = (sheet.notes.track == part) & np.isin(sheet.notes.bar, bars)
    return PartView(sheet.roles[part], sheet.notes.take(where), bars, sheet.meter)


@dataclass(frozen=True, slots=True)
class TrackControl:
    """One attribute of one part.

    Attributes:
        name: As in `vocabulary.CONTROLS`, in requests and in files.
        label, help, unit: For people.
        low, high: The usable values.
        is_hard: Whether decoding guarantees it; else the model aims at it.
        for_drums: Whether it means anything for drums.
        measure: Its value on music.
        to_bin: Its id offset, from a value.
        whole: Whether values are whole numbers.
    """

    name: str
    label: str
    help: str
    unit: str
    low: float
    high: float
    measure: Callable[[PartView], float]
    to_bin: Callable[[float, Role], int]
    is_hard: bool = False
    for_drums: bool = False
    whole: bool = True

    @property
    def bins(self) -> int:
        return CONTROLS[self.name].bins

    def identity(self, value: float, role: Role) -> int:
        """Return the id of the CONTROL column that asks a part for `value`."""
        return CONTROLS[self.name].first + self.bin(value, role)

    def bin(self, value: float, role: Role) -> int:
        """Return the bin of a value, 0 to `bins - 1`."""
        return min(max(self.to_bin(value, role), 0), self.bins - 1)


def density_bin(notes_per_bar: float, role: Role) -> int:
    """Return 0 to 9, half an octave a bin around what the role usually plays in a 4/4 bar."""
    ratio = max(notes_per_bar, 1e-3) / USUAL_DENSITY[role]
    return min(max(math.floor(5 + 2 * math.log2(ratio)), 0), BAR_DENSITIES - 1)


def density_of_bin(index: int, role: Role) -> float:
    """Return notes a 4/4 bar in the middle of a density bin."""
    return USUAL_DENSITY[role] * 2 ** ((index + 0.5 - 5) / 2)


def polyphony(notes: SheetNotes, steps: np.ndarray) -> np.ndarray:
    """Return how many notes sound right after each onset, int [N]; ends count as silent."""
    ends = np.sort(steps + DURATION_TABLE[notes.duration])
    started = np.searchsorted(np.sort(steps), steps, side="right")
    return started - np.searchsorted(ends, steps, side="right")


def _density(view: PartView) -> float:
    quarters = len(view.bars) * view.meter.ticks_per_bar / PPQ
    return len(view.notes) * 4.0 / quarters


def _mean_duration(view: PartView) -> float:
    return float(DURATION_TABLE[view.notes.duration].mean()) / STEPS_PER_QUARTER


def _duration_class(view: PartView) -> float:
    median = float(np.median(DURATION_TABLE[view.notes.duration])) / STEPS_PER_QUARTER
    return float(min(max(round(2 - math.log2(median)), 0), len(DURATION_CLASSES) - 1))


def _repetition(view: PartView) -> float:
    """Mean over bars of the Jaccard similarity to the most similar other bar, notes as (position, pitch)."""
    keys = view.notes.position.astype(np.int64) * 256 + view.notes.pitch
    sets = [set(keys[view.notes.bar == bar].tolist()) for bar in view.bars]
    if len(sets) < 2:
        return 0.0
    best = [
        max(len(a & b) / len(a | b) if a or b else 1.0 for j, b in enumerate(sets) if i != j)
        for i, a in enumerate(sets)
    ]
    return sum(best) / len(best)


def _feel(view: PartView) -> float:
    onsets = view.steps * TICKS_PER_STEP + np.array(MICRO_TICKS)[view.notes.micro]
    return float(nomml(onsets))


def _log_bin(value: float, low: float, high: float, bins: int) -> int:
    return round((bins - 1) * math.log(max(value, 1e-6) / low) / math.log(high / low))


def _pitch_bin(value: float, role: Role) -> int:
    return int(value) // BINS_OF_A_SEMITONE_RANGE


_TRACK: tuple[TrackControl, ...] = (
    TrackControl(
        "density",
        "Density",
        "How many notes a bar of four quarters.",
        "notes a 4/4 bar",
        0.5,
        64,
        _density,
        density_bin,
        for_drums=True,
        whole=False,
    ),
    TrackControl(
        "polyphony_min",
        "Voices, at least",
        "The fewest notes that sound at once.",
        "notes",
        1,
        6,
        lambda v: float(polyphony(v.notes, v.steps).min()),
        lambda x, role: round(x) - 1,
    ),
    TrackControl(
        "polyphony_max",
        "Voices, at most",
        "The most notes that may sound at once.",
        "notes",
        1,
        6,
        lambda v: float(polyphony(v.notes, v.steps).max()),
        lambda x, role: round(x) - 1,
        is_hard=True,
    ),
    TrackControl(
        "duration_class",
        "Note length",
        "The note value that prevails: 0 whole, 1 half, 2 quarter, 3 8th, 4 16th, 5 32nd.",
        "",
        0,
        5,
        _duration_class,
        lambda x, role: round(x),
    ),
    TrackControl(
        "mean_duration",
        "Mean length",
        "The mean length of the notes.",
        "quarters",
        0.05,
        16,
        _mean_duration,
        lambda x, role: _log_bin(x, 0.0625, 16, 16),
        whole=False,
    ),
    TrackControl(
        "lowest_pitch",
        "Lowest note",
        "No note below this one.",
        "MIDI pitch",
        0,
        127,
        lambda v: float(v.pitches.min()),
        _pitch_bin,
        is_hard=True,
    ),
    TrackControl(
        "highest_pitch",
        "Highest note",
        "No note above this one.",
        "MIDI pitch",
        0,
        127,
        lambda v: float(v.pitches.max()),
        _pitch_bin,
        is_hard=True,
    ),
    TrackControl(
        "mean_pitch",
        "Register",
        "Where the notes lie on the average.",
        "MIDI pitch",
        0,
        127,
        lambda v: float(v.pitches.mean()),
        _pitch_bin,
        whole=False,
    ),
    TrackControl(
        "mean_velocity",
        "Velocity",
        "How hard notes are played on the average.",
        "1–127",
        1,
        127,
        lambda v: float(velocity_of_bin(v.notes.velocity).mean()),
        lambda x, role: int(x) // 8,
        for_drums=True,
        whole=False,
    ),
    TrackControl(
        "velocity_spread",
        "Dynamics",
        "How much velocities differ (standard deviation).",
        "1–127",
        0,
        32,
        lambda v: float(velocity_of_bin(v.notes.velocity).std()),
        lambda x, role: int(x) // 4,
        for_drums=True,
        whole=False,
    ),
    TrackControl(
        "repetition",
        "Repetition",
        "How alike the bars are: 0 all different, 1 all the same.",
        "",
        0,
        1,
        _repetition,
        lambda x, role: math.floor(x * 10),
        for_drums=True,
        whole=False,
    ),
    TrackControl(
        "feel",
        "Feel",
        "The grid the notes lie on: 0 quarters, 2 8ths, 4 16ths, odd numbers triplets, 12 played by a person.",
        "NOMML",
        0,
        12,
        _feel,
        lambda x, role: round(x),
        is_hard=True,
        for_drums=True,
    ),
)
TRACK_CONTROLS: Mapping[str, TrackControl] = {control.name: control for control in _TRACK}


def track_control_ids(view: PartView) -> dict[str, int]:
    """Return the id of every control that has a meaning for the part, measured on it; {} without notes."""
    if not len(view.notes):
        return {}
    drums = view.role is Role.DRUMS
    return {
        name: control.identity(control.measure(view), view.role)
        for name, control in TRACK_CONTROLS.items()
        if control.for_drums or not drums
    }


def loop_control_id(name: str, value: float) -> int:
    """Return the id of a loop control's bin; out-of-range values take the nearest bin."""
    control = CONTROLS[name]
    return control.first + min(max(int(value), 0), control.bins - 1)


def tempo_bin(tempo_bpm: float) -> int:
    """Return 0 to 47, logarithmic from 40 to 240 BPM."""
    return min(max(_log_bin(tempo_bpm, MIN_MODEL_TEMPO, MAX_MODEL_TEMPO, CONTROLS["tempo"].bins), 0), 47)


def exact_loop_ids(meter: Meter, tempo_bpm: float, bars: int) -> dict[str, int]:
    """Return the loop controls that are always known: meter, tempo and length."""
    return {
        "meter_numerator": loop_control_id("meter_numerator", meter.numerator - 1),
        "meter_denominator": loop_control_id("meter_denominator", meter.denominator.bit_length() - 1),
        "tempo": loop_control_id("tempo", tempo_bin(tempo_bpm)),
        "bars": loop_control_id("bars", bars - 1),
    }


def key_ids(key: Key) -> dict[str, int]:
    """Return the two loop controls that name a key."""
    return {
        "key_tonic": loop_control_id("key_tonic", key.tonic),
        "key_mode": loop_control_id("key_mode", MODES.index(key.mode)),
    }


def bar_density_ids(view: PartView) -> dict[int, int]:
    """Return the BAR_DENSITY column (1 to 10) of every bar of the view."""
    counts = np.bincount(view.notes.bar, minlength=max(view.bars) + 1)
    scale = 4.0 * PPQ / view.meter.ticks_per_bar
    return {bar: 1 + density_bin(float(counts[bar]) * scale, view.role) for bar in view.bars}
