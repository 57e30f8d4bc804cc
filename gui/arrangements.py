"""Requests that arrange: forms such as A A' B A, and fills at the end of every Nth pass. Pure.

Both make a longer loop out of the one there is and have only the new bars written, so that what comes out is a loop
like any other: seen, edited, handed off whole.
"""

import re
from dataclasses import dataclass, replace

from engine.messages import MAX_WRITTEN, GenerationRequest, PartRequest, PartUse
from engine.music.loop import MAX_BARS, Loop
from gui import loop_edits
from gui.requests import Target, request_of
from gui.session import LoopWishes, PartSettings

# A fill is written hotter than a beat, and the nearest of several is offered; what is asked of it are the quartiles of
# real fills (`benchmarks/fills.py`), which have no more strokes than the beat.
FILL_HEAT = 1.25
FILL_CANDIDATES = 8
FILL_DRUMS = (41, 43, 45, 47, 48, 50)  # toms: a fifth of a fill's strokes, hardly any of a beat's
FORMS = ("A A' B A", "A A B A", "A A' A B", "A B", "A A'", "A B A B")
_LABEL = re.compile(r"([A-Z])('*)")


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a form.

    Attributes:
        letter: "A" is the loop there is; others are new.
        primes: How many times it is marked as a variation.
    """

    letter: str
    primes: int = 0


def parse_form(text: str) -> tuple[Section, ...]:
    """Read a form such as "A A' B A".

    Raises:
        ValueError: It is none, or does not begin with A.
    """
    words = text.upper().replace("’", "'").replace("-", " ").replace(",", " ").split()
    matches = [_LABEL.fullmatch(word) for word in words]
    if not words or any(match is None for match in matches):
        raise ValueError("write sections as letters, such as A A' B A")
    sections = tuple(Section(match[1], len(match[2])) for match in matches if match is not None)
    if sections[0] != Section("A"):
        raise ValueError("a form begins with A, the loop there is")
    return sections


def form_request(
    loop: Loop, parts: tuple[PartSettings, ...], wishes: LoopWishes, form: tuple[Section, ...], variation: float
) -> GenerationRequest:
    """Return the request that writes a form out of a loop.

    A is the loop as it is; A' is A with a share of its notes written anew; B and further letters are written fresh to
    fit. A section that comes again is the same again.

    Args:
        loop: The first section.
        parts: Settings of its parts; ignored parts play A throughout.
        wishes: For the whole loop.
        form: What to make.
        variation: Share of A's notes that A' changes, in percent.

    Raises:
        ValueError: It would be longer than a loop can be, or has nothing new.
    """
    if len(form) * loop.bars > MAX_BARS:
        raise ValueError(f"{len(form)} sections of {loop.bars} bars are more than {MAX_BARS} bars")
    if all(section == form[0] for section in form):
        raise ValueError("this form has no new section")
    canvas = loop_edits.repeated(loop, len(form))
    first = {section: form.index(section) for section in form}
    new = [i for i, section in enumerate(form) if section != form[0] and first[section] == i]
    bars = tuple(_bars_of(i, loop.bars) for i in new)
    target_bars = tuple(bar for run in bars for bar in run)
    fresh = {i for i in new if form[i].letter != "A"}
    written = [i for i, each in enumerate(parts) if each.use is not PartUse.IGNORE and loop.tracks[i].notes]
    if not written:
        raise ValueError("there is no part with notes to vary")
    for part in written:
        canvas = canvas.with_track(part, canvas.tracks[part].with_notes(_kept(canvas, loop, part, fresh)))
    repeats = tuple(
        (i * loop.bars + bar, first[section] * loop.bars + bar)
        for i, section in enumerate(form)
        if section != form[0] and first[section] < i
        for bar in range(loop.bars)
    )
    target = Target(tuple((part, target_bars) for part in written))
    request = request_of(canvas, parts, replace(wishes, remix_percent=variation), target)
    return replace(request, repeats=repeats)


def _bars_of(section: int, bars: int) -> range:
    return range(section * bars, (section + 1) * bars)


def _kept(canvas: Loop, loop: Loop, part: int, fresh: set[int]) -> list:
    """Return a part's notes outside the sections that are written fresh."""
    return [note for note in canvas.tracks[part].notes if note.onset // loop.length not in fresh]


def fill_request(
    loop: Loop,
    parts: tuple[PartSettings, ...],
    wishes: LoopWishes,
    *,
    passes: int,
    filling: tuple[int, ...],
    departure: float,
) -> GenerationRequest:
    """Return the request that writes a fill into the last bar of the last of several passes.

    Args:
        loop: What is played.
        parts: Settings of its parts.
        wishes: For the whole loop.
        passes: The fill comes at the end of every so many.
        filling: The parts that play it.
        departure: Share of the fill's notes that the beat does not have.

    Raises:
        ValueError: The passes are longer than a loop can be, or no part fills.
    """
    if not filling:
        raise ValueError("choose a part that plays the fill")
    canvas = loop_edits.repeated(loop, passes)
    last = canvas.bars - 1
    request = request_of(
        canvas, parts, replace(wishes, remix_percent=100.0), Target(tuple((p, (last,)) for p in filling))
    )
    asked = list(request.parts)
    for part in filling:
        # Beside all of its own bars a model would rather repeat them than fill.
        others = tuple((n, v) for n, v in asked[part].controls if n not in ("density", "repetition"))
        asked[part] = PartRequest(
            PartUse.REPLACE,
            (last,),
            others,
            rhythm=asked[part].rhythm,
            shown=(0,),
            favoured=FILL_DRUMS if canvas.tracks[part].is_drums else (),
            departure=departure,
        )
    sampling = request.sampling
    hotter = replace(sampling.default, temperature=min(sampling.default.temperature * FILL_HEAT, 5.0))
    return replace(
        request,
        parts=tuple(asked),
        sampling=replace(sampling, default=hotter),
        candidates=max(1, min(FILL_CANDIDATES, MAX_WRITTEN // request.takes)),
    )
