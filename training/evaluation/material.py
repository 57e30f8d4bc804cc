"""Real loops to measure with, at most one a song, and what is asked of a model for each of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.messages import GenerationRequest, PartRequest, PartUse
from engine.music.feel import GRID_LEVELS, HUMAN
from engine.music.general_midi import Role
from engine.music.loop import Loop
from engine.representation.controls import GENRES, TRACK_CONTROLS, part_view
from engine.representation.sheet import Sheet
from training.dataset import SongPool, WindowConfig, window_at

MAX_PARTS, MAX_NOTES, MIN_NOTES = 8, 600, 16
SHORTEST, LONGEST = 2, 8  # bars
_CUT = WindowConfig(augment=False, max_rows=100_000)


@dataclass(frozen=True, slots=True)
class RealLoop:
    """A loop that was mined from a song.

    Attributes:
        sheet: The loop, its `MAX_PARTS` fullest parts.
        genre: Of its song; "" where the model has no such genre.
        song: The song's name, for lists; never for shipping.
    """

    sheet: Sheet
    genre: str
    song: str


def real_loops(songs: SongPool, count: int, *, seed: int) -> list[RealLoop]:
    """Draw loops of 2 to 8 bars, at most one a song, in a random order that the seed fixes."""
    rng = np.random.default_rng(seed)
    drawn = (found for index in rng.permutation(len(songs)).tolist() if (found := _loop_of(songs, index, rng)))
    return [loop for loop, _ in zip(drawn, range(count), strict=False)]


def _loop_of(songs: SongPool, index: int, rng: np.random.Generator) -> RealLoop | None:
    song = songs[index]
    fitting = np.flatnonzero((song.loop_bars >= SHORTEST) & (song.loop_bars <= LONGEST))
    if not len(fitting):
        return None
    chosen = int(rng.choice(fitting))
    start, bars = int(song.loop_starts[chosen]), int(song.loop_bars[chosen])
    window = window_at(song, start, bars, _CUT, rng, is_loop=True, all_parts=True)
    if window is None:
        return None
    sheet = fullest_parts(window.sheet)
    if not MIN_NOTES <= len(sheet.notes) <= MAX_NOTES:
        return None
    genre = song.info.genre if song.info.genre in GENRES else ""
    return RealLoop(sheet, genre, song.info.name)


def fullest_parts(sheet: Sheet, count: int = MAX_PARTS) -> Sheet:
    """Keep the parts with the most notes, in their order."""
    notes = np.bincount(sheet.notes.track, minlength=len(sheet.roles))
    kept = np.sort(np.argsort(-notes, kind="stable")[:count])
    return only_parts(sheet, tuple(part for part in kept.tolist() if notes[part]))


def only_parts(sheet: Sheet, parts: tuple[int, ...]) -> Sheet:
    """Return a sheet of some of its parts."""
    renumber = np.full(len(sheet.roles), -1, np.int32)
    renumber[list(parts)] = np.arange(len(parts))
    notes = sheet.notes.take(np.isin(sheet.notes.track, parts))
    return replace(
        sheet,
        roles=tuple(sheet.roles[part] for part in parts),
        programs=tuple(sheet.programs[part] for part in parts),
        notes=replace(notes, track=renumber[notes.track]),
        names=(),
    )


def request_like(real: RealLoop, *, share: float, takes: int, seed: int) -> GenerationRequest:
    """Ask for a loop like a real one.

    Meter, tempo, bars, parts, programs and genre are told; of each part's controls, measured on the real loop, a
    random share; key and chords if `share` is 1.
    """
    rng = np.random.default_rng((seed, 77))
    loop = real.sheet.to_loop()
    is_full = share >= 1
    canvas = Loop(
        meter=loop.meter,
        tempo_bpm=loop.tempo_bpm,
        bars=loop.bars,
        tracks=tuple(replace(track, notes=()) for track in loop.tracks),
        key=loop.key if is_full else None,
        chords=loop.chords if is_full else (),
    )
    parts = tuple(
        PartRequest(PartUse.REPLACE, controls=tuple(drawn_controls(real.sheet, part, share, rng)))
        for part in range(len(loop.tracks))
    )
    return GenerationRequest(canvas, parts, genre=real.genre or None, takes=takes, seed=seed)


def request_for_part(real: RealLoop, part: int, *, takes: int, seed: int) -> GenerationRequest:
    """Ask for one part of a real loop, all the others given."""
    canvas = real.sheet.to_loop()
    canvas = canvas.with_track(part, replace(canvas.tracks[part], notes=()))
    parts = tuple(
        PartRequest(PartUse.REPLACE if index == part else PartUse.CONTEXT) for index in range(len(canvas.tracks))
    )
    return GenerationRequest(canvas, parts, genre=real.genre or None, takes=takes, seed=seed)


def answered_part(sheet: Sheet) -> int | None:
    """Return which part a stems question asks for: the fullest that is neither drums nor bass, if there is a rhythm."""
    if len(sheet.roles) < 2:
        return None
    counts = np.bincount(sheet.notes.track, minlength=len(sheet.roles))
    pitched = [part for part, role in enumerate(sheet.roles) if role not in (Role.DRUMS, Role.BASS)]
    return max(pitched, key=lambda part: int(counts[part])) if pitched else None


def drawn_controls(sheet: Sheet, part: int, share: float, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Yield a random share of a part's controls, by name, with the values that are measured on it."""
    view = part_view(sheet, part, tuple(range(sheet.bars)))
    for name, control in TRACK_CONTROLS.items():
        if len(view.notes) and (control.for_drums or view.role is not Role.DRUMS) and rng.random() < share:
            value = control.measure(view)
            if name == "feel" and value not in (*GRID_LEVELS, HUMAN):
                continue  # finer than the model's grid: cannot be asked for
            yield name, float(min(max(round(value) if control.whole else value, control.low), control.high))
