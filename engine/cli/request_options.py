"""From the options of `generate` to a request: which parts there are, which of them are written, and where.

The stems make the canvas. A `--part` is a new part beside them, unless the options say that notes which are
there shall change (`--infill`, `--continue`, `--remix`, `keep=`): then the stem of its role is rewritten. Mistakes
in the options raise `ValueError`; what is wrong with the music itself is the engine's to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.cli.part_options import PartOption, parse_bounds, parse_role
from engine.messages import MAX_WRITTEN, GenerationRequest, Keep, PartRequest, PartUse, Sampling, WriteOrder
from engine.music.general_midi import Role
from engine.music.harmony import Chord, Key
from engine.music.loop import COMMON_TIME, Loop, Track
from engine.music.timing import Meter
from engine.representation.controls import GENRES

DEFAULT_BARS = 4
DEFAULT_TEMPO_BPM = 120.0


@dataclass(frozen=True, slots=True)
class InfillOption:
    """One `--infill`: the stem of a role, and the bars to write anew, from 0; () for all."""

    role: Role
    bars: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MusicOptions:
    """What `generate` was asked, apart from files, sampling and machinery; None and () where it was not said.

    Attributes:
        bars: Bars of the loop; of the stems where it is continued.
        meter, tempo_bpm, key, chords, genre: Of the loop.
        parts: Every `--part`.
        prompt_bars: Bars of the stems that the model is shown, from 0.
        infill: Every `--infill`.
        continue_bars: Bars to add after the stems.
        remix_percent: Share of the notes to rewrite.
        is_key_locked: None locks a key that was given.
        are_chords_locked: Whether chords are a rule rather than a wish.
        loopable: Whether the last bar leads to the first; False asks for an ending, None leaves it open.
        loop_length, loop_count: See `messages.GenerationRequest`.
        order: Of writing.
    """

    bars: int | None = None
    meter: Meter | None = None
    tempo_bpm: float | None = None
    key: Key | None = None
    chords: tuple[tuple[Chord, ...], ...] = ()
    genre: str | None = None
    parts: tuple[PartOption, ...] = ()
    prompt_bars: tuple[int, ...] = ()
    infill: tuple[InfillOption, ...] = ()
    continue_bars: int = 0
    remix_percent: float | None = None
    is_key_locked: bool | None = None
    are_chords_locked: bool = False
    loopable: bool | None = True
    loop_length: int | None = None
    loop_count: int | None = None
    order: WriteOrder = WriteOrder.PARTS

    @property
    def changes_stems(self) -> bool:
        """Whether notes that are there are to be rewritten."""
        return bool(self.infill or self.continue_bars or self.remix_percent is not None)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a request is drawn, which a recipe leaves open to be changed.

    Attributes:
        seed, takes, candidates, max_attempts, sampling, style_percent: See `messages.GenerationRequest`; None keeps the
            default or the recipe's, as many candidates as there is room for.
    """

    seed: int | None = None
    takes: int | None = None
    candidates: int | None = None
    max_attempts: int | None = None
    sampling: Sampling | None = None
    style_percent: float | None = None

    def apply(self, request: GenerationRequest) -> GenerationRequest:
        """Return the request drawn in this way."""
        takes = request.takes if self.takes is None else self.takes
        room = max(1, MAX_WRITTEN // takes)
        return replace(
            request,
            seed=request.seed if self.seed is None else self.seed,
            takes=takes,
            candidates=min(request.candidates, room) if self.candidates is None else self.candidates,
            max_attempts=request.max_attempts if self.max_attempts is None else self.max_attempts,
            sampling=request.sampling if self.sampling is None else self.sampling,
            style_percent=request.style_percent if self.style_percent is None else self.style_percent,
        )


@dataclass(slots=True)
class _Parts:
    """Tracks and their requests while they are gathered, side by side."""

    tracks: list[Track] = field(default_factory=list[Track])
    requests: list[PartRequest] = field(default_factory=list[PartRequest])

    def stem_of(self, role: Role) -> int | None:
        """Return the first part of a role that is not written yet."""
        for index, (track, wanted) in enumerate(zip(self.tracks, self.requests, strict=True)):
            if track.role is role and wanted.use is PartUse.CONTEXT:
                return index
        return None

    def add(self, track: Track, wanted: PartRequest) -> None:
        self.tracks.append(track)
        self.requests.append(wanted)

    def is_any_written(self) -> bool:
        return any(wanted.use is PartUse.REPLACE for wanted in self.requests)


def parse_bars(text: str) -> tuple[int, ...]:
    """Read "3-4" or "3", counted from 1, as bars counted from 0."""
    low, high = parse_bounds(text)
    if low is None or high is None or low < 1:
        raise ValueError(f'"{text}" names no bars; write them like 3-4')
    return tuple(range(low - 1, high))


def parse_infill(text: str) -> InfillOption:
    """Read `ROLE[:BARS]`."""
    role, _, bars = text.partition(":")
    return InfillOption(parse_role(role), parse_bars(bars) if bars else ())


def build_request(options: MusicOptions, stems: Loop | None) -> GenerationRequest:
    """Return what the options ask for.

    Args:
        options: What was asked.
        stems: The context as one loop, of the length, meter and tempo asked, or None.

    Raises:
        ValueError: The options do not fit together.
    """
    if options.changes_stems and stems is None:
        raise ValueError("--infill, --continue and --remix change stems: give one with --stem ROLE=FILE")
    if options.genre is not None and options.genre not in GENRES:
        raise ValueError(f'there is no genre "{options.genre}"; genres are {", ".join(GENRES)}')
    given = stems.bars if stems else options.bars or DEFAULT_BARS
    parts = _written_parts(options, stems, given)
    canvas = _canvas(options, stems, given + options.continue_bars, parts.tracks)
    is_locked = options.key is not None if options.is_key_locked is None else options.is_key_locked
    if is_locked and canvas.key is None:
        raise ValueError("--lock-key needs a key: give one with --key")
    if options.are_chords_locked and not canvas.chords:
        raise ValueError("--lock-chords needs chords: give them with --chords")
    return GenerationRequest(
        canvas=canvas,
        parts=tuple(parts.requests),
        genre=options.genre,
        key_locked=is_locked,
        chords_locked=options.are_chords_locked,
        loopable=options.loopable,
        loop_length=options.loop_length,
        loop_count=options.loop_count,
        remix_percent=100.0 if options.remix_percent is None else options.remix_percent,
        order=options.order,
    )


def _canvas(options: MusicOptions, stems: Loop | None, bars: int, tracks: Sequence[Track]) -> Loop:
    base = stems or Loop(options.meter or COMMON_TIME, options.tempo_bpm or DEFAULT_TEMPO_BPM, DEFAULT_BARS)
    chords = options.chords or base.chords
    return Loop(
        meter=base.meter,
        tempo_bpm=base.tempo_bpm,
        bars=bars,
        tracks=tuple(tracks),
        key=options.key or base.key,
        chords=tuple(chords[bar % len(chords)] for bar in range(bars)) if chords else (),
        name=base.name,
    )


def _written_parts(options: MusicOptions, stems: Loop | None, given: int) -> _Parts:
    """Return all parts of the canvas: the stems, then the new ones, and what is asked of each."""
    if any(bar >= given for bar in options.prompt_bars):
        raise ValueError(f"--prompt-bars lie between 1 and {given}")
    shown = options.prompt_bars or (tuple(range(given)) if options.continue_bars else ())
    parts = _Parts()
    for track in stems.tracks if stems else ():
        parts.add(track, PartRequest(PartUse.CONTEXT, bars=shown))
    rewritten = _infilled_bars(options.infill, given)
    added = tuple(range(given, given + options.continue_bars))
    for option in options.parts:
        is_rewritten = bool(added) or options.remix_percent is not None or option.keep is not Keep.NOTHING
        index = parts.stem_of(option.role) if is_rewritten or option.role in rewritten else None
        if index is None and option.role not in rewritten and option.keep is Keep.NOTHING:
            parts.add(Track(option.role, program=option.program, name=option.name), _written(option, ()))
        elif index is not None:
            _rewrite(parts, index, option, (*rewritten.pop(option.role, ()), *added))
        else:
            raise ValueError(f"there is no stem of {option.role} to change; give it with --stem {option.role}=FILE")
    for role, bars in rewritten.items():
        index = parts.stem_of(role)
        if index is None:
            raise ValueError(f"--infill {role}: there is no stem of that role")
        parts.requests[index] = PartRequest(PartUse.REPLACE, bars=(*bars, *added))
    if options.changes_stems and not parts.is_any_written():
        parts.requests = [PartRequest(PartUse.REPLACE, bars=added) for _ in parts.requests]
    if not parts.is_any_written():
        raise ValueError("nothing is to be written: ask for a part with --part ROLE")
    return parts


def _infilled_bars(infill: Sequence[InfillOption], given: int) -> dict[Role, tuple[int, ...]]:
    """Return the bars to write anew by role; several options of a role add up."""
    bars: dict[Role, tuple[int, ...]] = {}
    for option in infill:
        if any(bar >= given for bar in option.bars):
            raise ValueError(f"--infill {option.role}: bars lie between 1 and {given}")
        wanted = {*bars.get(option.role, ()), *(option.bars or range(given))}
        bars[option.role] = tuple(sorted(wanted))
    return bars


def _written(option: PartOption, bars: tuple[int, ...]) -> PartRequest:
    return PartRequest(
        PartUse.REPLACE,
        bars=bars,
        controls=option.controls,
        bar_density=option.bar_density,
        rhythm=option.rhythm,
        keep=option.keep,
    )


def _rewrite(parts: _Parts, index: int, option: PartOption, bars: tuple[int, ...]) -> None:
    """Turn a stem into a part that is written."""
    track = parts.tracks[index]
    program = track.program if option.program is None else option.program
    parts.tracks[index] = replace(track, program=program, name=option.name or track.name)
    parts.requests[index] = _written(option, bars)
