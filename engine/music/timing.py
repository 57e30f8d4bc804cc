"""Ticks, steps, beats, bars and seconds, each conversion named by its units.

All musical time inside the engine is integer ticks at `PPQ` ticks per *quarter note*. The model's grid
has `STEPS_PER_QUARTER` steps a quarter: it holds 32nd notes and 16th triplets exactly.
"""

from dataclasses import dataclass

PPQ = 480
STEPS_PER_QUARTER = 24
TICKS_PER_STEP = PPQ // STEPS_PER_QUARTER
MICROSECONDS_PER_MINUTE = 60_000_000
MIN_TEMPO_BPM, MAX_TEMPO_BPM = 20.0, 400.0
MAX_QUARTERS_PER_BAR = 8


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature, such as 7/8.

    Attributes:
        numerator: Beats a bar, 1 to 32.
        denominator: The note value of a beat: 1, 2, 4, 8, 16 or 32.
    """

    numerator: int = 4
    denominator: int = 4

    def __post_init__(self) -> None:
        if self.denominator not in (1, 2, 4, 8, 16, 32) or not 1 <= self.numerator <= 32:
            raise ValueError(f"{self.numerator}/{self.denominator} is not a meter")
        if self.ticks_per_bar > MAX_QUARTERS_PER_BAR * PPQ:
            raise ValueError(f"a bar of {self} is longer than {MAX_QUARTERS_PER_BAR} quarter notes")

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    @classmethod
    def parse(cls, text: str) -> "Meter":
        """Read a meter written as "7/8".

        Raises:
            ValueError: The text is not two numbers that make a meter.
        """
        upper, slash, lower = text.strip().partition("/")
        if not (slash and upper.strip().isdecimal() and lower.strip().isdecimal()):
            raise ValueError(f'"{text}" is not a meter; write it like 4/4 or 7/8')
        return cls(int(upper), int(lower))

    @property
    def ticks_per_bar(self) -> int:
        return self.numerator * 4 * PPQ // self.denominator

    @property
    def steps_per_bar(self) -> int:
        return self.ticks_per_bar // TICKS_PER_STEP

    @property
    def is_compound(self) -> bool:
        """Whether three written beats make one felt beat (6/8, 9/8, 12/8)."""
        return self.denominator >= 8 and self.numerator % 3 == 0 and self.numerator > 3

    @property
    def ticks_per_beat(self) -> int:
        """Ticks of the *felt* beat: the written one, or three of them in a compound meter."""
        return (4 * PPQ // self.denominator) * (3 if self.is_compound else 1)


def microseconds_per_quarter(tempo_bpm: float) -> int:
    """Return the tempo as MIDI files store it, rounded (truncating would make 124 BPM slower)."""
    return round(MICROSECONDS_PER_MINUTE / tempo_bpm)


def bpm_from_microseconds(microseconds: int) -> float:
    """Return BPM to two decimals from microseconds per quarter note."""
    return round(MICROSECONDS_PER_MINUTE / microseconds, 2)


def seconds_from_ticks(ticks: float, tempo_bpm: float) -> float:
    """Return the duration in seconds of `ticks` at `tempo_bpm` quarter notes a minute."""
    return ticks * 60.0 / (PPQ * tempo_bpm)


def ticks_from_seconds(seconds: float, tempo_bpm: float) -> float:
    """Return the (unrounded) number of ticks in `seconds` at `tempo_bpm` quarter notes a minute."""
    return seconds * PPQ * tempo_bpm / 60.0
