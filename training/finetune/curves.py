"""The curve of a fine-tuning: validations, when it has come far enough, and what is to be said of it in the end."""

import csv
from dataclasses import dataclass
from pathlib import Path

NOTHING_GAIN, LITTLE_GAIN = 0.01, 0.03
NO_PATTERN = 0.03  # noise reaches 0.01, music 0.2 and more
_OVERFIT = 1.01
_NO_POINT = float("nan")


@dataclass(frozen=True, slots=True)
class Point:
    """One validation.

    Attributes:
        step: After how many steps.
        own: Bits a note of own files that were kept aside.
        base: Bits a note of loops that the base wrote; NaN where none were.
    """

    step: int
    own: float
    base: float = _NO_POINT


@dataclass(frozen=True, slots=True)
class Curve:
    """Validations in order of their steps; the first is the base, before anything was learned."""

    points: tuple[Point, ...] = ()

    @property
    def start(self) -> Point:
        """The base."""
        return self.points[0]

    @property
    def best(self) -> Point:
        """The validation that found own files likeliest."""
        return min(self.points, key=lambda point: point.own)

    @property
    def gain(self) -> float:
        """By which share own files became likelier, at the best."""
        return 1 - self.best.own / self.start.own

    def with_point(self, point: Point) -> "Curve":
        """Return the curve with a validation, in place of what was drawn from its step on."""
        return Curve((*(p for p in self.points if p.step < point.step), point))

    def is_far_enough(self, *, patience: int, least_gain: float) -> bool:
        """Tell whether the last `patience` validations brought nothing better, to speak of."""
        if len(self.points) <= patience:
            return False
        before = min(point.own for point in self.points[:-patience])
        return min(point.own for point in self.points[-patience:]) > before * (1 - least_gain)

    def write(self, path: Path) -> None:
        """Keep it as CSV, whole or not at all."""
        temporary = path.with_name(path.name + ".part")
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("step", "own", "base"))
            writer.writerows((point.step, repr(point.own), repr(point.base)) for point in self.points)
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> "Curve":
        """Return a curve that was kept, an empty one if there is none."""
        if not path.exists():
            return cls()
        with path.open(newline="", encoding="utf-8") as file:
            return cls(tuple(Point(int(p["step"]), float(p["own"]), float(p["base"])) for p in csv.DictReader(file)))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it.

    Attributes:
        has_learned: Whether there is anything worth keeping.
        text: In words.
    """

    has_learned: bool
    text: str


def verdict_on(curve: Curve, *, pattern: float) -> Verdict:
    """Judge a fine-tuning by files it has not seen.

    Args:
        curve: Its validations.
        pattern: By which share the notes before a note help to foretell it in those files.
    """
    start, best, last = curve.start, curve.best, curve.points[-1]
    if pattern < NO_PATTERN:
        return Verdict(
            False,
            "It learned nothing. In your files a note does not depend on the notes before it: they follow no pattern, "
            "or no two of them the same one.",
        )
    if curve.gain < NOTHING_GAIN:
        return Verdict(
            False,
            f"It learned nothing: files of yours that it had not seen are as unlikely as before ({start.own:.2f} bits "
            "a note). They may be too few, or too different from each other, or what the base already plays.",
        )
    told = [
        f"Files of yours that it had not seen cost {best.own:.2f} bits a note instead of {start.own:.2f}: "
        f"{curve.gain:.0%} less."
    ]
    if curve.gain < LITTLE_GAIN:
        told.append("That is little; more files would help.")
    if last.own > best.own * _OVERFIT:
        told.append(f"From step {best.step} on it learned files by heart; what came after was thrown away.")
    if best.base == best.base:
        change = best.base / start.base - 1
        told.append(
            f"What the base writes became {change:.0%} less likely." if change > 0.005 else "The base forgot nothing."
        )
    return Verdict(True, " ".join(told))
