"""What crosses process borders: requests in, events out; frozen, picklable, free of engine machinery.

A `GenerationRequest` is the whole of what a producer asks. Its canvas is a Loop: what stands in it is the
context, what is to be written is told part by part and bar by bar. As JSON it is a *recipe* (`recipe.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.music.loop import MAX_BARS, Loop


class PartUse(StrEnum):
    """The three states of a part, and of a stem."""

    CONTEXT = "context"
    REPLACE = "replace"
    IGNORE = "ignore"


class Keep(StrEnum):
    """What a rewrite of existing notes leaves alone."""

    NOTHING = "nothing"
    RHYTHM = "rhythm"  # onsets and lengths stay, pitches are new
    PITCHES = "pitches"  # the pitches stay in their order, the rhythm is new


class WriteOrder(StrEnum):
    """The order in which targets are written."""

    PARTS = "parts"  # one part after the other
    BARS = "bars"  # all parts of a bar, then the next bar: for playing while it is written


@dataclass(frozen=True, slots=True)
class PartRequest:
    """What is asked of one part of the canvas.

    Attributes:
        use: Context, to be (re)written, or not shown to the model at all.
        bars: Bars concerned, from 0; () means all. Of a context part: the bars that are shown.
        controls: (name, value) pairs of `representation.controls.TRACK_CONTROLS`, each at most once.
        bar_density: Notes a bar asked of each bar, None where open; () means open throughout.
        rhythm: Steps at which notes may begin: a pattern such as "x..x..x." that fills a bar (several
            bars parted by "|" take turns); "" means anywhere.
        locked: Indices of notes that stay as they are, in the track's order.
        keep: What of the other notes in the bars concerned stays.
        shown: Of a part to be written: its other bars that the model is shown; None means all. A model that sees much
            of a part repeats it; one that sees little goes its own way.
        drums: Of drums: the General MIDI keys that are written, all other strokes stay; () means the whole kit.
        favoured: MIDI pitches or drum keys that are written more often than the model would.
        departure: Share of a written bar's notes that the bar before it shall not have, as in a fill; None is open. The
            model does not see it: it chooses between candidates.

    What is kept goes before what is asked of new notes: a locked note may lie outside the range, kept onsets
    outside the rhythm mask, kept pitches outside the key.
    """

    use: PartUse = PartUse.CONTEXT
    bars: tuple[int, ...] = ()
    controls: tuple[tuple[str, float], ...] = ()
    bar_density: tuple[float | None, ...] = ()
    rhythm: str = ""
    locked: tuple[int, ...] = ()
    keep: Keep = Keep.NOTHING
    shown: tuple[int, ...] | None = None
    drums: tuple[int, ...] = ()
    favoured: tuple[int, ...] = ()
    departure: float | None = None

    def control(self, name: str) -> float | None:
        """Return the value asked of a control, or None when it is open."""
        return dict(self.controls).get(name)


@dataclass(frozen=True, slots=True)
class FieldSampling:
    """How one field of a note is drawn.

    Attributes:
        temperature: 0 takes the likeliest value; 1 samples as learned.
        min_p: Drop values less likely than this share of the likeliest; 0 is off.
        top_p: Keep the likeliest values up to this mass; 1 is off.
        top_k: Keep this many; 0 is off.
    """

    temperature: float = 1.0
    min_p: float = 0.02
    top_p: float = 1.0
    top_k: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.temperature <= 5 and 0 <= self.min_p <= 1 and 0 < self.top_p <= 1 and self.top_k >= 0):
            raise ValueError(f"{self} is out of range")


SAMPLED_FIELD_NAMES = ("kind", "position", "pitch", "duration", "velocity", "micro")


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling settings of a request.

    Attributes:
        default: For every field not named in `fields`.
        fields: (field name, settings) pairs; names as in `SAMPLED_FIELD_NAMES`.
        repetition_penalty: Above 1 makes a part's recent pitches rarer; 1 is off.
    """

    default: FieldSampling = FieldSampling(temperature=0.95)
    fields: tuple[tuple[str, FieldSampling], ...] = ()
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        unknown = [name for name, _ in self.fields if name not in SAMPLED_FIELD_NAMES]
        if unknown:
            raise ValueError(f"{unknown[0]} is no sampled field; they are {', '.join(SAMPLED_FIELD_NAMES)}")
        if not 0.5 <= self.repetition_penalty <= 4:
            raise ValueError("the repetition penalty lies between 0.5 and 4")

    def of(self, name: str) -> FieldSampling:
        return dict(self.fields).get(name, self.default)


MAX_WRITTEN = 64  # loops that are decoded together
WISHED_CANDIDATES = 3


def candidates_for(parts: Sequence[PartRequest], takes: int) -> int:
    """Return how many to write for a take: several where the model is asked for what it leans to, not obeys."""
    has_wishes = any(part.use is PartUse.REPLACE and (part.controls or any(part.bar_density)) for part in parts)
    return max(1, min(WISHED_CANDIDATES, MAX_WRITTEN // takes)) if has_wishes else 1


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """All that a producer asks for at once.

    Attributes:
        canvas: Meter, tempo, bars, key, chords, and every part: given notes or an empty part to fill.
        parts: One per part of the canvas.
        genre: One of `representation.controls.GENRES`, or None.
        key_locked: No pitched note outside the canvas's key.
        chords_locked: Bass on chord roots, other parts on chord tones at beats.
        loopable: Whether the model is told that the music is a loop; None leaves it open.
        loop_length: Bars after which the music itself repeats; None leaves it open.
        loop_count: How often; None leaves it open.
        repeats: (bar, earlier bar) pairs: once all is written, the one becomes a copy of the other in every part; the
            model does not see it.
        remix_percent: Share of the notes in the bars concerned that is rewritten, the rest stays; 100 is all.
        order: Part by part or bar by bar.
        sampling: Temperatures and friends.
        seed: Every take's randomness follows from the seed and the take's number.
        takes: How many loops at once.
        candidates: How many are written for each take; the one nearest to what is asked is offered.
        max_attempts: How often a take that had to drop a wish is tried again.
        style_percent: How much the model leans on the style it learned from own files; without one: nothing.
    """

    canvas: Loop
    parts: tuple[PartRequest, ...]
    genre: str | None = None
    key_locked: bool = False
    chords_locked: bool = False
    loopable: bool | None = True
    loop_length: int | None = None
    loop_count: int | None = None
    repeats: tuple[tuple[int, int], ...] = ()
    remix_percent: float = 100.0
    order: WriteOrder = WriteOrder.PARTS
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    takes: int = 4
    candidates: int = 1
    max_attempts: int = 1
    style_percent: float = 100.0

    def __post_init__(self) -> None:
        if len(self.parts) != len(self.canvas.tracks):
            raise ValueError(f"{len(self.parts)} part requests do not fit {len(self.canvas.tracks)} parts")
        if not 1 <= self.takes <= MAX_WRITTEN:
            raise ValueError(f"1 to {MAX_WRITTEN} takes, not {self.takes}")
        if not 1 <= self.candidates <= MAX_WRITTEN // self.takes:
            raise ValueError(f"{self.takes} takes of {self.candidates} candidates are not 1 to {MAX_WRITTEN} loops")
        if not 0 <= self.remix_percent <= 100:
            raise ValueError(f"the remix amount lies between 0 and 100 %, not {self.remix_percent:g}")
        if not 0 <= self.style_percent <= 100:
            raise ValueError(f"the share of style lies between 0 and 100 %, not at {self.style_percent:g}")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"a seed lies between 0 and 2**64 - 1; {self.seed} does not")
        for part in self.parts:
            bars = (*part.bars, *(part.shown or ()))
            if any(not 0 <= bar < self.canvas.bars for bar in bars) or len(part.bar_density) > MAX_BARS:
                raise ValueError(f"bars are 1 to {self.canvas.bars}")
        if any(not 0 <= source < bar < self.canvas.bars for bar, source in self.repeats):
            raise ValueError("a bar repeats an earlier one")

    def bars_of(self, part: int) -> tuple[int, ...]:
        """Return the bars that the request of a part concerns."""
        return self.parts[part].bars or tuple(range(self.canvas.bars))


@dataclass(frozen=True, slots=True)
class ControlReport:
    """Asked beside got, for one control of one part.

    Attributes:
        part: Index of the part, or -1 for the whole loop.
        name: The control; beside those of the registry "rhythm", "key", "chords" and "departure" (shares of 1) and
            "bar_density".
        asked: The value asked.
        got: The value measured on the take.
        is_met: Whether both fall into the same bin.
        bin_error: Bins between them.
        bar: Which bar it is about, or -1 for all.
    """

    part: int
    name: str
    asked: float
    got: float
    is_met: bool
    bin_error: int
    bar: int = -1


@dataclass(frozen=True, slots=True)
class TakeScores:
    """How good a take is thought to be.

    Attributes:
        log_likelihood: Mean log-probability a note, nats; higher is more usual.
        seam: Log-likelihood a note of the first bar after the last, less that of the inner bar lines; higher is
            smoother; None if it was not measured.
    """

    log_likelihood: float
    seam: float | None = None


# What hardly any real held-out loop reaches: set on loops of the valid split (`benchmarks/originality.py`).
FLAGGED_LIKENESS = 0.7


@dataclass(frozen=True, slots=True)
class Originality:
    """What a take shares with the songs of training.

    Attributes:
        similarity: Share of its phrases, the rarer the weightier, that the group of songs nearest to it has, less the
            share that the fourth nearest has, 0 to 1: a copy stands out, a manner of playing does not.
        shared: Bits that these say: log2 of one over the share of groups that have a phrase, summed over phrases.
        phrases: Different phrases that were looked for.
        longest_run: Notes of the longest stretch of a part's upper line that a group has as well; 0 if none.
    """

    similarity: float
    shared: float
    phrases: int
    longest_run: int

    @property
    def likeness(self) -> float:
        """How like a song it is: much of it, and much in all; 1 is what real music by others hardly ever reaches."""
        return self.similarity * self.shared**0.5 / FLAGGED_LIKENESS

    @property
    def is_flagged(self) -> bool:
        """Whether it shares more than real music by others does."""
        return self.likeness >= 1


@dataclass(frozen=True, slots=True)
class Take:
    """A generated loop with all that is needed to make it again.

    Attributes:
        number: Which of the request's takes, from 0.
        loop: The music: canvas and new notes.
        seed: The request's seed.
        attempt: Which attempt it is, from 0.
        reports: Asked and got.
        scores: See `TakeScores`.
        forced_ends: Bars that were ended because they were full.
        relaxed: Locks or wishes that could not be kept.
        merged: Given notes that share a grid step with another of their pitch.
        missing: Bars of parts that were asked but not written, because writing was stopped; 0 for a whole take.
        batch: Number of takes decoded together, on which the last bits of arithmetic depend.
        originality: What its written parts share with the songs of training; None if it was not looked for.
    """

    number: int
    loop: Loop
    seed: int
    attempt: int
    reports: tuple[ControlReport, ...]
    scores: TakeScores
    forced_ends: int = 0
    relaxed: int = 0
    merged: int = 0
    missing: int = 0
    batch: int = 1
    originality: Originality | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Some notes were written.

    Attributes:
        take: Which take.
        cells_done, cells_total: Bars of parts.
        notes: New notes so far.
        seconds: Since the request came in.
    """

    take: int
    cells_done: int
    cells_total: int
    notes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BarWritten:
    """One bar of one part of a take is complete: its notes in ticks, kept ones included, to be shown or played.

    The notes of the finished take may be a few ticks shorter where the next ones need it.
    """

    take: int
    part: int
    bar: int
    notes: tuple[tuple[int, int, int, int], ...]  # onset, pitch, duration, velocity


@dataclass(frozen=True, slots=True)
class TakeReady:
    """A take is complete."""

    take: Take


@dataclass(frozen=True, slots=True)
class Finished:
    """All takes are there.

    Attributes:
        seconds: From request to last take.
        first_note_seconds: From request to the first new note.
        notes: New notes in all takes.
        provider: What the model ran on.
        model: Name of the model bundle.
    """

    seconds: float
    first_note_seconds: float
    notes: int
    provider: str
    model: str
    was_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The request could not be met; a title and what to do."""

    title: str
    message: str


GenerationEvent = Progress | BarWritten | TakeReady | Finished | Failed
