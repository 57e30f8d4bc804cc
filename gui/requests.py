"""From what is on the screen to a `GenerationRequest`, and to the words on the Write button. Pure.

What `G` writes, in this order: the selected bars; else the bars and parts of the selected notes, if several; else every
part set to *replace*; else the part in front. The button always says which.
"""

from dataclasses import dataclass

from engine.messages import GenerationRequest, PartRequest, PartUse, candidates_for
from engine.music.loop import Loop
from gui.drum_words import drums_text
from gui.piano_roll.selection import BarSelection, Selection, bars_of_notes
from gui.session import LoopWishes, PartSettings


@dataclass(frozen=True, slots=True)
class Target:
    """What will be written.

    Attributes:
        bars: For each part to be written, its bars; all of them where the whole part is meant.
    """

    bars: tuple[tuple[int, tuple[int, ...]], ...]

    @property
    def parts(self) -> tuple[int, ...]:
        return tuple(part for part, _ in self.bars)


def target_of(
    loop: Loop, parts: tuple[PartSettings, ...], *, bars: BarSelection, notes: Selection, front: int
) -> Target:
    """Return what `G` would write now; no part at all for a loop without parts."""
    chosen = bars or bars_of_notes(notes, loop)
    if chosen:
        touched = sorted({part for part, _ in chosen.cells})
        return Target(tuple((part, chosen.bars_of(part)) for part in touched))
    replaced = [part for part, settings in enumerate(parts) if settings.use is PartUse.REPLACE]
    if not replaced and front < len(loop.tracks):
        replaced = [front]
    return Target(tuple((part, tuple(range(loop.bars))) for part in replaced))


def target_text(loop: Loop, target: Target, parts: tuple[PartSettings, ...] = ()) -> str:
    """Return what the Write button says; of drums of which only some are written, it names these."""
    if not target.bars:
        return "Write"
    names = [_name(loop, part, parts[part].drums if part < len(parts) else ()) for part in target.parts]
    all_bars = tuple(range(loop.bars))
    spans = {bars for _, bars in target.bars}
    where = "" if spans == {all_bars} else bars_text(spans)
    verb = "Rewrite" if any(_has_notes(loop, part, bars) for part, bars in target.bars) else "Write"
    what = names[0] if len(names) == 1 else f"{len(names)} parts" if len(names) > 2 else " and ".join(names)
    return f"{verb} {what}{where}"


def _name(loop: Loop, part: int, drums: tuple[int, ...]) -> str:
    track = loop.tracks[part]
    return drums_text(drums) if drums and track.is_drums else track.label


def bars_text(spans: set[tuple[int, ...]]) -> str:
    """Return which bars of parts are meant, to be put after these; they are numbered from 0."""
    if len(spans) > 1:
        return ", selected bars"
    bars = next(iter(spans))
    if len(bars) == 1:
        return f", bar {bars[0] + 1}"
    is_run = bars == tuple(range(bars[0], bars[-1] + 1))
    return f", bars {bars[0] + 1}–{bars[-1] + 1}" if is_run else f", {len(bars)} bars"


def _has_notes(loop: Loop, part: int, bars: tuple[int, ...]) -> bool:
    bar_ticks = loop.meter.ticks_per_bar
    return any(note.onset // bar_ticks in bars for note in loop.tracks[part].notes)


def request_of(loop: Loop, parts: tuple[PartSettings, ...], wishes: LoopWishes, target: Target) -> GenerationRequest:
    """Return the request for a target.

    Args:
        loop: The canvas.
        parts: Settings of its parts; wishes of parts that are only heard do not matter.
        wishes: For the whole loop.
        target: What to write; all other parts are context, unless ignored.
    """
    written = dict(target.bars)
    all_bars = tuple(range(loop.bars))

    def part_request(part: int, settings: PartSettings) -> PartRequest:
        if part not in written:
            use = PartUse.IGNORE if settings.use is PartUse.IGNORE else PartUse.CONTEXT
            # A part without notes is no context: it would tell the model that silence is meant.
            return PartRequest(use=use if loop.tracks[part].notes else PartUse.IGNORE)
        bars = written[part]
        return PartRequest(
            use=PartUse.REPLACE,
            bars=() if bars == all_bars else bars,
            controls=settings.controls,
            rhythm=settings.rhythm,
            bar_density=settings.bar_density[: loop.bars],
            locked=tuple(
                index
                for index, note in enumerate(loop.tracks[part].notes)
                if (note.onset, note.pitch) in settings.locked
            ),
            keep=settings.keep,
            drums=settings.drums if loop.tracks[part].is_drums else (),
        )

    asked = tuple(part_request(part, settings) for part, settings in enumerate(parts))
    return GenerationRequest(
        canvas=loop,
        parts=asked,
        genre=wishes.genre,
        key_locked=wishes.is_key_locked and loop.key is not None,
        chords_locked=wishes.are_chords_locked and bool(loop.chords),
        remix_percent=wishes.remix_percent,
        loop_length=wishes.loop_length,
        sampling=wishes.sampling,
        seed=wishes.seed,
        takes=wishes.takes,
        candidates=candidates_for(asked, wishes.takes),
        style_percent=wishes.style_percent,
    )
