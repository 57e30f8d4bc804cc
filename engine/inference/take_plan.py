"""From a request to one take's plan: the prompt, the cells to write, and the rules for each part.

Everything that can be wrong with a request is found here, before the model runs, and said in one sentence.
Takes of a request differ only where chance decides what stays (remix); the rest is the same for all.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import RequestError
from engine.messages import GenerationRequest, Keep, PartUse, WriteOrder
from engine.music.feel import GRID_LEVELS, HUMAN, steps_on_level
from engine.music.general_midi import DRUM_NAMES, Role
from engine.music.loop import Loop, Note
from engine.music.timing import STEPS_PER_QUARTER, TICKS_PER_STEP, Meter
from engine.representation.controls import (
    GENRES,
    LOOP_LENGTHS,
    TRACK_CONTROLS,
    density_bin,
    exact_loop_ids,
    key_ids,
    loop_control_id,
)
from engine.representation.layout import Order, Plan, Use, prompt_rows, start_rows, target_cells
from engine.representation.sheet import Sheet, chord_of_id
from engine.representation.vocabulary import DRUM_OFFSET, MICRO_ON_GRID, MICRO_TICKS, PITCHES, Rows

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A note of a target cell that has to come; `pitch` None leaves the pitch open."""

    position: int
    pitch: int | None
    duration: int
    velocity: int
    micro: int


@dataclass(frozen=True, slots=True)
class Known:
    """A given note of a part, in grid steps of the loop, rounded so that nothing new can touch it."""

    start: int
    end: int
    pitch: int


@dataclass(frozen=True, slots=True)
class PartRules:
    """What may be written into one part.

    Attributes:
        role: The part's role.
        pitches: bool [bars, 128] or [bars, P, 128]: legal pitches, position by position where chords are locked.
        positions: bool [bars, P]: where notes may begin.
        max_polyphony: Most notes sounding at once; None is open.
        micro: bool [microtimings].
        keep: What of the old notes stays; NOTHING where there are none.
        is_closed: Whether no notes may come but the anchors.
        anchors: Notes that must come, by bar, in order.
        known: Given notes, by start.
    """

    role: Role
    pitches: Bools
    positions: Bools
    max_polyphony: int | None
    micro: Bools
    keep: Keep
    is_closed: bool
    anchors: dict[int, tuple[Anchor, ...]]
    known: tuple[Known, ...]

    @property
    def is_drums(self) -> bool:
        return self.role is Role.DRUMS

    def pitch_table(self, bar: int) -> Bools:
        """Return bool [P, 128] (or [1, 128], the same at every position)."""
        table = self.pitches[bar]
        return table if table.ndim == 2 else table[None, :]


@dataclass(frozen=True, slots=True)
class TakePlan:
    """One take, ready to be written.

    Attributes:
        sheet: The canvas in canonical form.
        plan: The layout's plan.
        cells: (part, bar) in writing order.
        prompt: Rows before the first cell.
        starts: One START row a cell.
        rules: By part; parts that are not written have none.
        kept: Indices of the canvas's notes that stay, by part that is written.
    """

    sheet: Sheet
    plan: Plan
    cells: tuple[tuple[int, int], ...]
    prompt: Rows
    starts: Rows
    rules: dict[int, PartRules]
    kept: dict[int, frozenset[int]]


def plan_take(request: GenerationRequest, take: int) -> TakePlan:
    """Plan one take of a request.

    Raises:
        RequestError: The request asks for what cannot be.
    """
    _check_locks(request)
    sheet = Sheet.from_loop(request.canvas)
    use = _uses(request)
    kept = {part: _kept_notes(request, part, take) for part in np.flatnonzero((use == Use.TARGET).any(1)).tolist()}
    plan = Plan(
        use=use,
        slots=tuple(range(1, len(request.parts) + 1)),
        order=Order.BAR_MAJOR if request.order is WriteOrder.BARS else Order.TRACK_MAJOR,
        loop_ids=_loop_ids(request),
        track_ids=tuple(_track_ids(request, part) for part in range(len(request.parts))),
        bar_density=_bar_densities(request, use),
        locked=_locked_mask(request, sheet, use, kept),
    )
    rules = {part: _rules(request, sheet, plan, part, kept[part]) for part in kept}
    prompt = prompt_rows(sheet, plan)
    return TakePlan(sheet, plan, tuple(target_cells(plan)), prompt, start_rows(sheet, plan), rules, kept)


def _check_locks(request: GenerationRequest) -> None:
    if not any(part.use is PartUse.REPLACE for part in request.parts):
        raise RequestError("Nothing is to be written.", "Set a part to replace, or add a part.")
    if request.key_locked and request.canvas.key is None:
        raise RequestError("The key is locked, but no key is set.", "Choose a key, or unlock it.")
    if request.chords_locked and not request.canvas.chords:
        raise RequestError("The chords are locked, but there are none.", "Write chords, or unlock them.")


def _uses(request: GenerationRequest) -> npt.NDArray[np.int8]:
    use = np.full((len(request.parts), request.canvas.bars), Use.OUT, dtype=np.int8)
    for index, part in enumerate(request.parts):
        bars = list(request.bars_of(index))
        if part.use is PartUse.CONTEXT:
            use[index, bars] = Use.CONTEXT
        elif part.use is PartUse.REPLACE:
            use[index] = Use.CONTEXT if part.shown is None else Use.OUT
            use[index, list(part.shown or ())] = Use.CONTEXT
            use[index, bars] = Use.TARGET
    use[:, [bar for bar, _ in request.repeats]] = Use.OUT
    return use


def _loop_ids(request: GenerationRequest) -> tuple[int, ...]:
    canvas = request.canvas
    ids = exact_loop_ids(canvas.meter, canvas.tempo_bpm, canvas.bars)
    ids["order"] = loop_control_id("order", request.order is WriteOrder.BARS)
    if canvas.key is not None:
        ids |= key_ids(canvas.key)
    if request.genre is not None:
        if request.genre not in GENRES:
            raise RequestError(f'There is no genre "{request.genre}".', f"Genres are {', '.join(GENRES)}.")
        ids["genre"] = loop_control_id("genre", GENRES.index(request.genre))
    if request.loopable is not None:
        ids["loopable"] = loop_control_id("loopable", request.loopable)
    if request.loop_length is not None:
        if request.loop_length not in LOOP_LENGTHS:
            raise RequestError(f"A loop length of {request.loop_length} bars is not offered.", f"Use {LOOP_LENGTHS}.")
        ids["loop_length"] = loop_control_id("loop_length", LOOP_LENGTHS.index(request.loop_length))
    if request.loop_count is not None:
        ids["loop_count"] = loop_control_id("loop_count", request.loop_count)
    return tuple(sorted(ids.values()))


def _track_ids(request: GenerationRequest, part: int) -> tuple[int, ...]:
    wanted = request.parts[part]
    if wanted.use is not PartUse.REPLACE:
        return ()
    role = request.canvas.tracks[part].role
    ids: list[int] = []
    for name, value in wanted.controls:
        control = TRACK_CONTROLS.get(name)
        if control is None:
            raise RequestError(f'There is no control "{name}".', f"Controls are {', '.join(TRACK_CONTROLS)}.")
        if not control.low <= value <= control.high:
            title = f"{role.value}: {control.label.lower()} {value:g} is out of range."
            raise RequestError(title, f"It lies between {control.low:g} and {control.high:g} {control.unit}.")
        if control.for_drums or role is not Role.DRUMS:
            ids.append(control.identity(value, role))
    return tuple(ids)


def _bar_densities(request: GenerationRequest, use: npt.NDArray[np.int8]) -> npt.NDArray[np.int16] | None:
    if not any(part.bar_density for part in request.parts):
        return None
    scale = 4.0 * STEPS_PER_QUARTER / request.canvas.meter.steps_per_bar
    densities = np.zeros(use.shape, dtype=np.int16)
    for index, part in enumerate(request.parts):
        role = request.canvas.tracks[index].role
        for bar, asked in enumerate(part.bar_density[: request.canvas.bars]):
            densities[index, bar] = 0 if asked is None else 1 + density_bin(asked * scale, role)
    return densities


def grid_step(onset: int, canvas: Loop) -> int:
    """Return the grid step of an onset; a note just before a bar line belongs after it, at the end before it."""
    return min((onset + TICKS_PER_STEP // 2) // TICKS_PER_STEP, canvas.length // TICKS_PER_STEP - 1)


def _in_target_bars(request: GenerationRequest, part: int, note: Note) -> bool:
    return grid_step(note.onset, request.canvas) // request.canvas.meter.steps_per_bar in request.bars_of(part)


def _kept_notes(request: GenerationRequest, part: int, take: int) -> frozenset[int]:
    """Return the indices of a written part's notes that stay: outside the bars, locked, or spared by remix."""
    wanted, notes = request.parts[part], request.canvas.tracks[part].notes
    if any(not 0 <= index < len(notes) for index in wanted.locked):
        raise RequestError(f"{request.canvas.tracks[part].label}: a locked note does not exist.")
    inside = [index for index, note in enumerate(notes) if _in_target_bars(request, part, note)]
    locked = set(wanted.locked) | {i for i in inside if wanted.drums and notes[i].pitch not in wanted.drums}
    if wanted.keep is Keep.PITCHES and set(inside) & locked:
        label = request.canvas.tracks[part].label
        raise RequestError(f"{label}: notes cannot be locked while all pitches are kept.", "Unlock them.")
    stay = (set(range(len(notes))) - set(inside)) | locked
    if request.remix_percent < 100 and wanted.keep is not Keep.PITCHES:
        rng = np.random.Generator(np.random.Philox(key=np.array([request.seed, take * 64 + part], dtype=np.uint64)))
        open_notes = [index for index in inside if index not in stay]
        spared = round(len(open_notes) * (1 - request.remix_percent / 100))
        stay |= {open_notes[i] for i in rng.permutation(len(open_notes))[:spared].tolist()}
    return frozenset(stay)


def _locked_mask(
    request: GenerationRequest, sheet: Sheet, use: npt.NDArray[np.int8], kept: dict[int, frozenset[int]]
) -> Bools | None:
    """Return which notes of the sheet are locked notes of target cells, or None if none is."""
    steps = request.canvas.meter.steps_per_bar
    locked = np.zeros(len(sheet.notes), dtype=bool)
    for part, indices in kept.items():
        notes = request.canvas.tracks[part].notes
        places = {(grid_step(notes[i].onset, request.canvas), notes[i].pitch) for i in indices}
        of_part = sheet.notes.track == part
        for at in np.flatnonzero(of_part).tolist():
            step = int(sheet.notes.bar[at]) * steps + int(sheet.notes.position[at])
            locked[at] = (step, int(sheet.notes.pitch[at]) % DRUM_OFFSET) in places
    locked &= use[sheet.notes.track, sheet.notes.bar] == Use.TARGET
    return locked if locked.any() else None


def _rules(request: GenerationRequest, sheet: Sheet, plan: Plan, part: int, kept: frozenset[int]) -> PartRules:
    wanted, track = request.parts[part], request.canvas.tracks[part]
    feel = wanted.control("feel")
    micro = np.ones(len(MICRO_TICKS), dtype=bool)
    if feel is not None and round(feel) != HUMAN:
        micro[:] = False
        micro[MICRO_ON_GRID] = True
    voices = wanted.control("polyphony_max")
    known = tuple(
        sorted(
            (
                Known(note.onset // TICKS_PER_STEP, -(-note.end // TICKS_PER_STEP), note.pitch)
                for note in (track.notes[index] for index in kept)
            ),
            key=lambda note: note.start,
        )
    )
    anchors = _anchors(request, sheet, plan, part)
    return PartRules(
        role=track.role,
        pitches=_legal_pitches(request, sheet, part),
        positions=_legal_positions(request, part),
        max_polyphony=None if voices is None or track.is_drums else round(voices),
        micro=micro,
        keep=wanted.keep if anchors else Keep.NOTHING,
        is_closed=bool(anchors) and (wanted.keep is not Keep.NOTHING or request.remix_percent == 0),
        anchors=anchors,
        known=known,
    )


def _legal_pitches(request: GenerationRequest, sheet: Sheet, part: int) -> Bools:
    wanted, track, bars = request.parts[part], request.canvas.tracks[part], request.canvas.bars
    legal = np.zeros(PITCHES, dtype=bool)
    if track.is_drums:
        unknown = [key for key in wanted.drums if key not in DRUM_NAMES]
        if unknown:
            raise RequestError(f"{track.label}: key {unknown[0]} is no drum.", "Drums have the keys 35 to 81.")
        legal[list(wanted.drums or DRUM_NAMES)] = True
        return np.broadcast_to(legal, (bars, PITCHES))
    lowest, highest = wanted.control("lowest_pitch"), wanted.control("highest_pitch")
    low, high = 0 if lowest is None else round(lowest), 127 if highest is None else round(highest)
    legal[low : high + 1] = True
    key = request.canvas.key
    if request.key_locked and key is not None:
        legal &= np.isin(np.arange(PITCHES) % 12, list(key.pitch_classes))
    if not legal.any():
        scale = f" of {key}" if request.key_locked and key else ""
        raise RequestError(f"{track.label}: no note{scale} lies from {low} to {high}.", "Widen the range.")
    if not request.chords_locked:
        return np.broadcast_to(legal, (bars, PITCHES))
    steps, beat = request.canvas.meter.steps_per_bar, request.canvas.meter.ticks_per_beat // TICKS_PER_STEP
    table = np.broadcast_to(legal, (bars, steps, PITCHES)).copy()
    for bar in range(bars):
        for half, first in enumerate((0, steps // 2)):
            tones = _chord_tones(int(sheet.chords[bar, half]), is_bass=track.role is Role.BASS)
            inside = legal & np.isin(np.arange(PITCHES) % 12, tones)
            if not inside.any():
                continue  # the chord has no tone in the range: the range wins
            positions = np.arange(first, steps // 2 if half == 0 else steps)
            if track.role is not Role.BASS:
                positions = positions[positions % beat == 0]
            table[bar, positions] = inside
    return table


def _chord_tones(identity: int, *, is_bass: bool) -> list[int]:
    chord = chord_of_id(identity)
    if is_bass and chord.root is not None:
        return [chord.root]
    return sorted(chord.pitch_classes)


def rhythm_steps(request: GenerationRequest, part: int) -> Bools:
    """Return where a part's rhythm mask lets notes begin, bool [bars, steps]; everywhere where there is none.

    Raises:
        RequestError: The mask does not fit the meter.
    """
    text, label = request.parts[part].rhythm, request.canvas.tracks[part].label
    meter, bars = request.canvas.meter, request.canvas.bars
    if not text:
        return np.ones((bars, meter.steps_per_bar), dtype=bool)
    patterns = [_pattern_steps(bar, meter.steps_per_bar, label, meter) for bar in text.split("|")]
    return np.stack([patterns[bar % len(patterns)] for bar in range(bars)])


def _legal_positions(request: GenerationRequest, part: int) -> Bools:
    wanted, label = request.parts[part], request.canvas.tracks[part].label
    bars, steps = request.canvas.bars, request.canvas.meter.steps_per_bar
    legal = rhythm_steps(request, part)
    feel = wanted.control("feel")
    if feel is not None:
        if round(feel) not in (*GRID_LEVELS, HUMAN):
            levels = ", ".join(map(str, GRID_LEVELS))
            raise RequestError(
                f"{label}: feel {feel:g} is finer than the grid.", f"Use {levels}, or {HUMAN} for played."
            )
        # Counted from the loop's start, as feel is measured: in 7/8 a quarter may fall between two bars' beats.
        legal = legal & steps_on_level(round(feel), bars * steps).reshape(bars, steps)
    if not legal[list(request.bars_of(part))].any():
        raise RequestError(f"{label}: no step is left to play on.", "Change the rhythm mask or the feel.")
    return legal


def _pattern_steps(text: str, steps: int, label: str, meter: Meter) -> Bools:
    marks = text.strip()
    if not marks or set(marks) - set("xX1.-_0"):
        raise RequestError(f'{label}: "{text}" is no rhythm.', "Write x where a note may begin and . elsewhere.")
    if steps % len(marks):
        raise RequestError(
            f"{label}: {len(marks)} marks do not divide a bar of {meter}.",
            f"Use a number of marks that divides {steps}, such as {max(1, meter.numerator * 16 // meter.denominator)}.",
        )
    pattern = np.zeros(steps, dtype=bool)
    pattern[:: steps // len(marks)] = [mark in "xX1" for mark in marks]
    return pattern


def _anchors(request: GenerationRequest, sheet: Sheet, plan: Plan, part: int) -> dict[int, tuple[Anchor, ...]]:
    """Return the notes that must come: locked ones, or all of them when rhythm or pitches are kept."""
    keep = request.parts[part].keep
    notes = sheet.notes
    chosen = (notes.track == part) & (plan.use[notes.track, notes.bar] == Use.TARGET)
    locked = plan.locked if plan.locked is not None else np.zeros(len(notes), dtype=bool)
    if keep is Keep.NOTHING:
        chosen &= locked
    anchors: dict[int, list[Anchor]] = {}
    for at in np.flatnonzero(chosen).tolist():
        is_free = keep is Keep.RHYTHM and not locked[at]
        pitch = None if is_free else int(notes.pitch[at]) % DRUM_OFFSET
        values = (int(notes.duration[at]), int(notes.velocity[at]), int(notes.micro[at]))
        anchors.setdefault(int(notes.bar[at]), []).append(Anchor(int(notes.position[at]), pitch, *values))
    return {bar: tuple(sorted(inside, key=_anchor_order)) for bar, inside in anchors.items()}


def _anchor_order(anchor: Anchor) -> tuple[int, int]:
    return anchor.position, -1 if anchor.pitch is None else anchor.pitch
