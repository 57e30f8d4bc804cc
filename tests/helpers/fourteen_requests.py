"""The fourteen requests of ARCHITECTURE.md: what a producer asks for, as rows and masks.

`python -m tests.helpers.fourteen_requests` prints the chapter; a test holds the document to it.
"""

import sys
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from engine.inference.masks import TakeMasks
from engine.inference.tables import Tables
from engine.inference.take_plan import TakePlan, plan_take
from engine.messages import GenerationRequest, Keep, PartRequest, PartUse, WriteOrder
from engine.music.general_midi import DEFAULT_PROGRAMS, Role
from engine.music.harmony import PITCH_CLASS_NAMES, Key, parse_chords
from engine.music.loop import Loop, Note, Track
from engine.music.timing import PPQ, Meter
from engine.representation.layout import describe_rows
from engine.representation.vocabulary import DURATION_STEPS, MICRO_TICKS, Column, Field, Kind, RowState, RowType

CONTEXT, REPLACE = PartRequest(PartUse.CONTEXT), PartRequest(PartUse.REPLACE)
CHORDS = "Am|F|C|G"
_ROOTS = (45, 41, 48, 43)
_TRIADS = ((57, 60, 64), (57, 60, 65), (55, 60, 64), (55, 59, 62))


@dataclass(frozen=True, slots=True)
class Example:
    """One request with what is worth looking at.

    Attributes:
        title, story: For the chapter.
        request: What is asked.
        cells: Cells at whose beginning the masks are shown.
        answers: Ids, in `Field` order, given to the first step of the first cell shown; then its masks are shown again.
    """

    title: str
    story: str
    request: GenerationRequest
    cells: tuple[int, ...] = (0,)
    answers: tuple[int, ...] = ()


def demo_canvas(meter: str = "4/4", *, bars: int = 4, empty: tuple[Role, ...] = ()) -> Loop:
    """Return a small loop of drums, bass and keys in A minor; the parts in `empty` have no notes."""
    kind = Meter.parse(meter)
    parts = {Role.DRUMS: _drums(kind, bars), Role.BASS: _bass(kind, bars), Role.KEYS: _keys(kind, bars)}
    tracks = (
        Track(role, () if role in empty else notes, None if role is Role.DRUMS else DEFAULT_PROGRAMS[role])
        for role, notes in parts.items()
    )
    chords = tuple(parse_chords(CHORDS)[bar % 4] for bar in range(bars))
    return Loop(kind, 120.0, bars, tuple(tracks), Key.parse("A minor"), chords)


def _drums(meter: Meter, bars: int) -> tuple[Note, ...]:
    beat = meter.ticks_per_beat
    starts = [
        (bar * meter.ticks_per_bar + at, at // beat)
        for bar in range(bars)
        for at in range(0, meter.ticks_per_bar, beat)
    ]
    return tuple(Note(start, (36, 38)[index % 2], 120, 100) for start, index in starts)


def _bass(meter: Meter, bars: int) -> tuple[Note, ...]:
    return tuple(
        Note(bar * meter.ticks_per_bar + at, _ROOTS[bar % 4], 360, 96)
        for bar in range(bars)
        for at in (0, meter.ticks_per_bar // 2)
    )


def _keys(meter: Meter, bars: int) -> tuple[Note, ...]:
    length = meter.ticks_per_bar - PPQ // 2
    return tuple(
        Note(bar * meter.ticks_per_bar, pitch, length, 80) for bar in range(bars) for pitch in _TRIADS[bar % 4]
    )


def _request(canvas: Loop, *parts: PartRequest, **wishes: Any) -> GenerationRequest:
    return GenerationRequest(canvas, parts, seed=1, takes=2, **wishes)


def _on(part: PartRequest, *bars: int) -> PartRequest:
    return replace(part, bars=tuple(bar - 1 for bar in bars))


def examples() -> tuple[Example, ...]:
    """Return the fourteen, in the order of the chapter."""
    full, no_keys = demo_canvas(), demo_canvas(empty=(Role.KEYS,))
    blank = demo_canvas(empty=(Role.DRUMS, Role.BASS, Role.KEYS))
    scratch = replace(blank, key=None, chords=())
    roles = (Role.DRUMS, Role.BASS, Role.KEYS, Role.GUITAR, Role.STRINGS, Role.BRASS, Role.LEAD, Role.PAD)
    large = Loop(bars=16, tracks=tuple(Track(role) for role in roles))
    busy = PartRequest(PartUse.REPLACE, controls=(("density", 6.0), ("lowest_pitch", 28.0), ("highest_pitch", 48.0)))
    odd = PartRequest(PartUse.REPLACE, controls=(("feel", 2.0),))
    line = PartRequest(
        PartUse.REPLACE,
        controls=(("polyphony_max", 1.0), ("lowest_pitch", 57.0), ("highest_pitch", 72.0)),
        rhythm="x..x..x.x..x..x.",
    )
    return (
        Example(
            "Scratch",
            "Three empty parts, nothing given but meter, tempo, length and genre. The bass is to have six notes a bar "
            "from E1 to C3.",
            _request(scratch, REPLACE, busy, REPLACE, genre="funk & soul"),
            cells=(0, 4),
        ),
        Example(
            "Stems → keys",
            "Drums and bass are context, the keys are new. Chords stand on every row.",
            _request(no_keys, CONTEXT, CONTEXT, REPLACE),
        ),
        Example(
            "Drums as the new part",
            "Bass and keys are context. Drums have their own half of the pitch field and one duration.",
            _request(demo_canvas(empty=(Role.DRUMS,)), REPLACE, CONTEXT, CONTEXT),
        ),
        Example(
            "One bar infilled",
            "Bar 3 of the keys is rewritten; what comes before *and after* it is context. New notes may ring into "
            "bar 4 until their pitch sounds again there: at step 96 for the three pitches of its chord.",
            _request(full, CONTEXT, CONTEXT, _on(REPLACE, 3)),
        ),
        Example(
            "Two tracks × three bars at once",
            "Bars 2 to 4 of bass and keys. Part by part: all of the bass first.",
            _request(full, CONTEXT, _on(REPLACE, 2, 3, 4), _on(REPLACE, 2, 3, 4)),
        ),
        Example(
            "An ending",
            "The last bar of everything anew, and the model is told that the music does not go round.",
            _request(full, _on(REPLACE, 4), _on(REPLACE, 4), _on(REPLACE, 4), loopable=False),
        ),
        Example(
            "A continuation",
            "Two bars are there, two are to follow, in all parts, bar by bar.",
            _request(
                _first_bars(full, 2), *(_on(REPLACE, 3, 4) for _ in range(3)), loopable=None, order=WriteOrder.BARS
            ),
        ),
        Example(
            "Note locks",
            "The lowest note of each chord stays, the rest is free. LOCKED rows tell the model beforehand; when its "
            "turn comes a locked note is the only way on, and notes past it are not legal before it is there.",
            _request(full, CONTEXT, CONTEXT, replace(REPLACE, locked=(0, 3, 6, 9))),
            answers=(Kind.NOTE, 0, 45, 5, 20, 2),
        ),
        Example(
            "Remix 30 %",
            "A seeded choice of 30 % of the notes of bass and keys is rewritten, the others are locked; every take "
            "chooses anew.",
            _request(full, CONTEXT, REPLACE, REPLACE, remix_percent=30.0),
        ),
        Example(
            "Bar-major, live",
            "Bass and keys over given drums, bar 1 of both, then bar 2: each bar can sound while the next is written. "
            "The kept rhythm of the bass: only its onsets, its lengths, with new pitches.",
            _request(full, CONTEXT, replace(REPLACE, keep=Keep.RHYTHM), REPLACE, order=WriteOrder.BARS),
        ),
        Example(
            "16 bars × 8 tracks",
            "The largest request: 128 cells. Rows are spent as they come; when the model's memory is nearly full "
            "cells are ended (`forced_ends`), but every part keeps a row for the one note that it must have.",
            _request(large, *(REPLACE for _ in roles)),
            cells=(0, 127),
        ),
        Example(
            "7/8",
            "84 steps a bar. The keys on the grid of 8ths: no microtiming, and only every twelfth step.",
            _request(demo_canvas("7/8", empty=(Role.KEYS,)), CONTEXT, CONTEXT, odd),
        ),
        Example(
            "6/8",
            "72 steps a bar, two felt beats. The chords are locked: on beats only chord tones, the bass only roots.",
            _request(demo_canvas("6/8", empty=(Role.BASS, Role.KEYS)), CONTEXT, REPLACE, REPLACE, chords_locked=True),
            cells=(0, 4),
        ),
        Example(
            "Scale + rhythm mask + one voice",
            "A line in A minor from A3 to C5, only on the marked 16ths, one note at a time: after one of 24 steps at 0 "
            "the voice is free again at 24, so the next onset is the mark at 36.",
            _request(no_keys, CONTEXT, CONTEXT, line, key_locked=True),
            answers=(Kind.NOTE, 0, 57, 19, 20, 2),
        ),
    )


def _first_bars(loop: Loop, bars: int) -> Loop:
    end = bars * loop.meter.ticks_per_bar
    return loop.with_tracks(replace(track, notes=track.notes_between(0, end)) for track in loop.tracks)


# -- the chapter ---------------------------------------------------------------------------------------------


def chapter() -> str:
    """Return the whole chapter as Markdown."""
    blocks: list[str] = []
    for number, example in enumerate(examples(), 1):
        plan = plan_take(example.request, 0)
        lines = [*_prompt_lines(plan), *_start_lines(plan), *_mask_lines(example, plan)]
        blocks.append(f"### {number}. {example.title}\n\n{example.story}\n\n```text\n" + "\n".join(lines) + "\n```\n")
    return "\n".join(blocks)


def _prompt_lines(plan: TakePlan) -> list[str]:
    lines: list[str] = []
    rows = plan.prompt
    controls = rows[rows[:, Column.TYPE] == RowType.CONTROL]
    text = [line.removeprefix("control").split() for line in describe_rows(controls)]
    for where, group in groupby(text, key=lambda words: " ".join(words[:-1])):
        lines.append(f"control   {where}: " + "  ".join(words[-1] for words in group))
    for state in (RowState.CONTEXT, RowState.LOCKED):
        of_state = rows[rows[:, Column.STATE] == state]
        for _, part in groupby(of_state, key=lambda row: int(row[Column.SLOT])):
            lines += _abridged(describe_rows(np.array(list(part))), 2 if state is RowState.CONTEXT else 4)
    return lines


def _start_lines(plan: TakePlan) -> list[str]:
    return _abridged(describe_rows(plan.starts), 4)


def _abridged(lines: list[str], shown: int) -> list[str]:
    if len(lines) <= shown + 1:
        return lines
    return [*lines[:shown], f"          … {len(lines) - shown} more"]


def _mask_lines(example: Example, plan: TakePlan) -> list[str]:
    masks = TakeMasks(plan, 4096)
    tables = Tables.unconstrained(1, positions=plan.sheet.meter.steps_per_bar)
    lines: list[str] = []
    for cell in example.cells:
        while masks.cells_done < cell:
            masks.fill(tables, 0)
            masks.accept((Kind.END, 0, 0, 0, 0, 0))
        masks.fill(tables, 0)
        part, bar = plan.cells[cell]
        lines += ["", f"masks of part {part + 1}, bar {bar + 1}, first step", *_table_lines(tables)]
        if example.answers:
            position, duration = (example.answers[field] for field in (Field.POSITION, Field.DURATION))
            pitch = _pitch_name(example.answers[Field.PITCH], is_drums=False)
            masks.accept(example.answers)
            masks.fill(tables, 0)
            lines += [f"… after {pitch} at {position} for {DURATION_STEPS[duration]} steps", *_table_lines(tables)]
    return lines


def _table_lines(tables: Tables) -> list[str]:
    kinds = [kind.name for kind in Kind if tables.kind[0, kind]]
    is_drums = bool(tables.drums[0])
    positions = np.flatnonzero(tables.position[0])
    lines = [
        f"  kind      {' or '.join(kinds)}",
        f"  position  {_series(positions.tolist(), tables.position.shape[1])}",
    ]
    limit = tables.limit[0]
    alike = [list(group) for _, group in groupby(positions.tolist(), key=lambda at: (limit[at] > 0).tobytes())]
    for group in alike[:3]:
        pitches = np.flatnonzero(limit[group[0]])
        where = str(group[0]) if len(group) == 1 else f"{group[0]}…{group[-1]}"
        longest = limit[group[0]][pitches]
        room = f"{longest.min()}" if longest.min() == longest.max() else f"{longest.min()} to {longest.max()}"
        names = _series(pitches.tolist(), 128, is_drums=is_drums, as_pitches=True)
        lines.append(f"  pitch     at {where}: {names}; room at {group[0]}: {room} steps")
    if len(alike) > 3:
        lines.append(f"            … {len(alike) - 3} more groups of positions")
    if not tables.micro.all():
        lines.append(f"  micro     {[t for t, legal in zip(MICRO_TICKS, tables.micro[0], strict=True) if legal]} ticks")
    return lines


def _series(values: list[int], size: int, *, is_drums: bool = False, as_pitches: bool = False) -> str:
    def name(value: int) -> str:
        return _pitch_name(value, is_drums=is_drums) if as_pitches else str(value)

    gaps = {b - a for a, b in pairwise(values)}
    if len(values) == size:
        return f"all {size}"
    if len(values) > 3 and gaps == {1}:
        return f"{name(values[0])}…{name(values[-1])}"
    if len(values) > 3 and len(gaps) == 1:
        return f"{name(values[0])}…{name(values[-1])}, every {gaps.pop()}"
    text = " ".join(name(value) for value in values[:14])
    return text if len(values) <= 14 else f"{text} … {len(values)} in all"


def _pitch_name(pitch: int, *, is_drums: bool) -> str:
    return f"key {pitch}" if is_drums else f"{PITCH_CLASS_NAMES[pitch % 12]}{pitch // 12 - 1}"


if __name__ == "__main__":
    sys.stdout.write(chapter())
