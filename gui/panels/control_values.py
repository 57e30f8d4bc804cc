"""How a control's values are shown and spread over a slider. Pure; made from the controls registry."""

import math
from dataclasses import dataclass

from engine.music.feel import FEEL_NAMES, GRID_LEVELS, HUMAN
from engine.music.general_midi import Role
from engine.representation.controls import DENSITY_LABELS, DURATION_CLASSES, TRACK_CONTROLS, TrackControl, density_bin
from gui.piano_roll.painting import pitch_name

SLIDER_STEPS = 240
_LOGARITHMIC = frozenset({"density", "mean_duration"})
# What a producer reaches for first; the rest is one click away.
MAIN_CONTROLS = ("density", "mean_pitch", "polyphony_max", "duration_class", "repetition", "feel")


@dataclass(frozen=True, slots=True)
class Scale:
    """A control's values along a slider.

    Attributes:
        control: Which.
        values: The only values there are, or () for all between the control's limits.
    """

    control: TrackControl
    values: tuple[float, ...] = ()

    @property
    def steps(self) -> int:
        """The slider's highest position."""
        if self.values:
            return len(self.values) - 1
        if self.control.whole:
            return int(self.control.high - self.control.low)
        return SLIDER_STEPS

    def value_at(self, step: int) -> float:
        """Return the value at a slider position."""
        low, high = self.control.low, self.control.high
        if self.values:
            return self.values[step]
        if self.control.whole:
            return low + step
        share = step / SLIDER_STEPS
        if self.control.name in _LOGARITHMIC:
            return low * (high / low) ** share
        return low + share * (high - low)

    def step_of(self, value: float) -> int:
        """Return the slider position nearest to a value."""
        low, high = self.control.low, self.control.high
        value = min(max(value, low), high)
        if self.values:
            return min(range(len(self.values)), key=lambda step: abs(self.values[step] - value))
        if self.control.whole:
            return round(value - low)
        if self.control.name in _LOGARITHMIC:
            return round(SLIDER_STEPS * math.log(value / low) / math.log(high / low))
        return round(SLIDER_STEPS * (value - low) / (high - low))


def scale_of(name: str) -> Scale:
    """Return the scale of a control of the registry."""
    values = tuple(float(level) for level in (*GRID_LEVELS, HUMAN)) if name == "feel" else ()
    return Scale(TRACK_CONTROLS[name], values)


def shown_value(name: str, value: float, role: Role, middle_c_octave: int = 3) -> str:
    """Return a value as people say it: a pitch by its name, a grid by its note value."""
    control = TRACK_CONTROLS[name]
    if name == "density":
        return f"{value:.0f} a bar · {DENSITY_LABELS[density_bin(value, role)]}"
    if name == "duration_class":
        return DURATION_CLASSES[min(max(round(value), 0), len(DURATION_CLASSES) - 1)]
    if name == "feel":
        return FEEL_NAMES[min(max(round(value), 0), len(FEEL_NAMES) - 1)]
    if control.unit == "MIDI pitch":
        return pitch_name(round(value), middle_c_octave)
    if name == "repetition":
        return f"{value:.0%}"
    return f"{value:.0f}" if control.whole or control.high > 20 else f"{value:.2f}"


def controls_of(role: Role, *, main: bool) -> tuple[str, ...]:
    """Return the names of the controls that mean something for a role."""
    usable = [name for name, control in TRACK_CONTROLS.items() if control.for_drums or role is not Role.DRUMS]
    if main:
        return tuple(name for name in MAIN_CONTROLS if name in usable)
    return tuple(name for name in usable if name not in MAIN_CONTROLS)
