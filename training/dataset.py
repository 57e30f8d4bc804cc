"""Packed songs to windows to rows: what the model is trained on, built on the fly.

A *window* is a run of bars of one song in canonical form; a *task* decides which of its cells are context
and which are targets, which controls are told and which notes are locked. Both are drawn at random, so
that any subset of conditions is met in training. Everything is a function of (seed, chunk), so that a
resumed run continues with the batches that an uninterrupted one would have seen.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import CorpusError
from engine.music.general_midi import ROLES
from engine.music.harmony import Key
from engine.music.loop import MAX_TRACKS
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, TICKS_PER_STEP, Meter
from engine.representation.controls import (
    GENRES,
    LOOP_LENGTHS,
    MODES,
    bar_density_ids,
    exact_loop_ids,
    key_ids,
    loop_control_id,
    part_view,
    track_control_ids,
)
from engine.representation.layout import Order, Plan, Use, labels_of, training_rows
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import ROW_WIDTH, Rows
from training.augment import augmented
from training.songs import PackedSong, Shard, find_shards, read_shard

Labels = npt.NDArray[np.int16]  # int16 [B, T, 6]


@dataclass(frozen=True, slots=True)
class WindowConfig:
    """How windows and tasks are drawn.

    Attributes:
        lengths: (bars, probability) pairs.
        loop_share: Share of windows taken from mined loops, where a song has any.
        max_rows: Longest sequence; parts are left out until a window fits.
        bucket_rows: Sequence lengths that batches are padded to.
        windows_a_song: Windows cut from each song that is decoded.
        songs_a_chunk: Songs between two shuffles.
        augment: Whether to transpose, rotate and vary.
    """

    lengths: tuple[tuple[int, float], ...] = ((1, 0.06), (2, 0.16), (4, 0.52), (8, 0.22), (16, 0.04))
    loop_share: float = 0.35
    max_rows: int = 768
    bucket_rows: tuple[int, ...] = (192, 256, 384, 512, 768)
    windows_a_song: int = 4
    songs_a_chunk: int = 192
    augment: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a song, and what is known of it beside its notes."""

    sheet: Sheet
    genre: str
    is_loop: bool
    loop_length: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows [B, T, ROW_WIDTH] padded with PAD rows, and their labels [B, T, 6]."""

    rows: npt.NDArray[np.int16]
    labels: Labels


class SongPool(Sequence[PackedSong]):
    """All songs of a split over its shards, with their draw probabilities."""

    def __init__(self, folder: Path, split: str) -> None:
        self._shards: list[Shard] = [read_shard(path) for path in find_shards(folder, split)]
        if not self._shards:
            raise CorpusError(f"{folder} holds no {split} shards.", "Run `turnaround prepare` first.")
        self._where = [(shard, i) for shard in self._shards for i in range(len(shard))]
        infos = [info for shard in self._shards for info in shard.infos]
        weights = np.array([info.weight * min(info.bars, 64) for info in infos], dtype=np.float64)
        self.probabilities = weights / weights.sum()

    def __len__(self) -> int:
        return len(self._where)

    def __getitem__(self, index: int) -> PackedSong:  # pyright: ignore[reportIncompatibleMethodOverride]
        shard, i = self._where[index]
        return shard[i]


def batches(
    songs: SongPool,
    config: WindowConfig,
    *,
    rows_a_batch: int,
    seed: int,
    chunk: int = 0,
    rank: int = 0,
    ranks: int = 1,
) -> Iterator[tuple[int, int, Batch]]:
    """Yield (chunk, index in the chunk, batch) for ever.

    Args:
        songs: Where windows come from.
        config: How they are drawn.
        rows_a_batch: About how many rows, padding included, make a batch.
        seed: Of the whole run.
        chunk: Where to begin; a run that stopped in a chunk begins it again and skips what it has seen.
        rank, ranks: Which share of the chunks is this process's own.
    """
    while True:
        if chunk % ranks == rank:
            for index, batch in enumerate(
                chunk_batches(songs, config, rows_a_batch=rows_a_batch, seed=seed, chunk=chunk)
            ):
                yield chunk, index, batch
        chunk += 1


def chunk_batches(
    songs: SongPool, config: WindowConfig, *, rows_a_batch: int, seed: int, chunk: int
) -> Iterator[Batch]:
    """Yield the batches of one chunk: its songs' windows, sorted by length into buckets, shuffled."""
    rng = np.random.default_rng((seed, chunk))
    sequences: list[Rows] = []
    for index in rng.choice(len(songs), size=config.songs_a_chunk, p=songs.probabilities):
        song = songs[int(index)]
        for _ in range(config.windows_a_song):
            rows = example(song, config, rng)
            if rows is not None:
                sequences.append(rows)
    plans: list[tuple[int, list[int]]] = []
    for low, high in zip((0, *config.bucket_rows), config.bucket_rows, strict=False):
        members = [i for i, rows in enumerate(sequences) if low < len(rows) <= high]
        size = max(1, rows_a_batch // high)
        plans += [(high, members[at : at + size]) for at in range(0, len(members), size)]
    for plan in rng.permutation(len(plans)):
        length, members = plans[plan]
        yield padded([sequences[i] for i in members], length, count=max(1, rows_a_batch // length))


def padded(sequences: Sequence[Rows], length: int, *, count: int | None = None) -> Batch:
    """Return sequences as one batch of `count` (or as many as there are) sequences of `length` rows."""
    size = count or len(sequences)
    rows = np.zeros((size, length, ROW_WIDTH), dtype=np.int16)
    labels = np.full((size, length, 6), -1, dtype=np.int16)
    for i, sequence in enumerate(sequences):
        rows[i, : len(sequence)] = sequence
        labels[i, : len(sequence)] = labels_of(sequence)
    return Batch(rows, labels)


def example(song: PackedSong, config: WindowConfig, rng: np.random.Generator) -> Rows | None:
    """Return the rows of one random task on one random window, or None when the window is no use."""
    window = cut_window(song, config, rng)
    if window is None:
        return None
    if config.augment:
        window = replace(window, sheet=augmented(window.sheet, rng, is_loop=window.is_loop))
    if rng.random() < 0.5:  # chords are a condition like any other
        window = replace(window, sheet=replace(window.sheet, chords=np.zeros_like(window.sheet.chords)))
    rows = training_rows(window.sheet, draw_plan(window, rng))
    return rows if len(rows) <= config.max_rows else None


def cut_window(song: PackedSong, config: WindowConfig, rng: np.random.Generator) -> Window | None:
    """Cut random bars out of a song: a mined loop or any run of bars of one meter."""
    if len(song.loop_starts) and rng.random() < config.loop_share:
        chosen = int(rng.integers(len(song.loop_starts)))
        start, bars = int(song.loop_starts[chosen]), int(song.loop_bars[chosen])
        if bars not in (1, 2) or rng.random() < 0.5:
            return window_at(song, start, bars, config, rng, is_loop=True)
        repeats = 2 if bars == 2 else 4  # a short loop said several times is a longer one
        if start + repeats * bars <= song.bars:
            return window_at(song, start, repeats * bars, config, rng, is_loop=False)
    lengths, odds = zip(*config.lengths, strict=True)
    bars = min(int(rng.choice(lengths, p=odds)), song.bars)
    start = int(rng.integers(song.bars - bars + 1))
    return window_at(song, start, bars, config, rng, is_loop=False)


def window_at(
    song: PackedSong,
    start: int,
    bars: int,
    config: WindowConfig,
    rng: np.random.Generator,
    *,
    is_loop: bool,
    all_parts: bool = False,
) -> Window | None:
    """Return the window of `bars` bars from bar `start`; None if its meter changes or it is nearly empty.

    Parts are chosen at random within the row budget, unless `all_parts` asks for every part that sounds.
    """
    numerators, denominators = song.numerators[start : start + bars], song.denominators[start : start + bars]
    meters = np.stack([numerators, denominators])
    if len(numerators) < bars or not numerators[0] or (meters != meters[:, :1]).any():
        return None
    meter = Meter(int(numerators[0]), int(denominators[0]))
    first, end = int(song.bar_starts[start]), int(song.bar_starts[start + bars])
    if end - first != bars * meter.ticks_per_bar:
        return None
    # What is played a little before the bar line belongs to the bar.
    low, high = np.searchsorted(song.onset, (first - TICKS_PER_STEP // 2, end - TICKS_PER_STEP // 2))
    part = slice(int(low), int(high))
    kept = np.unique(song.track[part]) if all_parts else _chosen_parts(song.track[part], config, rng, bars=bars)
    if not len(kept):
        return None
    renumber = np.full(len(song.roles), -1, dtype=np.int32)
    renumber[kept] = np.arange(len(kept))
    track = renumber[song.track[part]]
    inside = track >= 0
    onset = np.maximum(song.onset[part][inside] - first, 0)
    duration = np.minimum(song.duration[part][inside], end - first - onset)
    sheet = Sheet.from_ticks(
        track=track[inside],
        onset=onset,
        duration=duration,
        pitch=song.pitch[part][inside],
        velocity=song.velocity[part][inside],
        roles=tuple(ROLES[song.roles[i]] for i in kept),
        programs=tuple(int(song.programs[i]) for i in kept),
        meter=meter,
        bars=bars,
        tempo_bpm=float(np.clip(song.tempo_bpm[start], MIN_TEMPO_BPM, MAX_TEMPO_BPM)),
        chords=song.chords[start : start + bars].astype(np.int32),
        key=Key(song.info.key[0], MODES[song.info.key[1]]) if song.info.key[0] >= 0 else None,
    )
    found = {(int(s), int(b)) for s, b in zip(song.loop_starts, song.loop_bars, strict=True)}
    inner = [int(b) for s, b in found if start <= s < start + bars and b < bars]
    return Window(sheet, song.info.genre, is_loop or (start, bars) in found, min(inner) if inner else None)


def _chosen_parts(
    track: npt.NDArray[np.int32], config: WindowConfig, rng: np.random.Generator, *, bars: int
) -> npt.NDArray[np.intp]:
    """Choose random parts that sound and together fit into the row budget."""
    if len(track) < 2:
        return np.zeros(0, dtype=np.intp)
    counts = np.bincount(track)
    parts = rng.permutation(np.flatnonzero(counts))
    budget = config.max_rows - 48
    fits = np.cumsum(counts[parts] + bars) <= budget
    wanted = MAX_TRACKS if rng.random() < 0.5 else int(rng.integers(1, 7))
    return parts[fits][:wanted]


def draw_plan(window: Window, rng: np.random.Generator) -> Plan:
    """Draw a task: which cells are given and written, in which order, with which controls and locks."""
    sheet = window.sheet
    use = _draw_use(len(sheet.roles), sheet.bars, rng)
    order = Order.BAR_MAJOR if rng.random() < 0.3 else Order.TRACK_MAJOR
    locked = None
    if rng.random() < 0.12:
        locked = rng.random(len(sheet.notes)) < rng.random()
    track_ids, bar_density = _draw_track_controls(sheet, use, rng)
    return Plan(
        use=use,
        slots=tuple(int(slot) + 1 for slot in rng.permutation(len(sheet.roles))),
        order=order,
        loop_ids=_draw_loop_controls(window, order, rng),
        track_ids=track_ids,
        bar_density=bar_density,
        locked=locked,
    )


def _draw_use(parts: int, bars: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
    use = np.full((parts, bars), Use.TARGET, dtype=np.int8)
    task = rng.random()
    if task < 0.3 or (parts == 1 and bars == 1):
        return use
    if task < 0.72 and parts > 1:  # some parts given, the others written
        given = rng.permutation(parts)[: int(rng.integers(1, parts))]
        use[given] = Use.CONTEXT
        if rng.random() < 0.15:  # only some bars of what is given are shown
            use[given, int(rng.integers(1, bars + 1)) :] = Use.OUT
    elif task < 0.9 or bars == 1:  # some bars of some parts
        written = rng.random(parts) < 0.5
        written[rng.integers(parts)] = True
        first = int(rng.integers(bars))
        last = int(rng.integers(first, bars)) + 1
        use[:] = Use.CONTEXT
        use[written, first:last] = Use.TARGET
    else:  # the rest of everything
        use[:, : int(rng.integers(1, bars))] = Use.CONTEXT
    return use


def _draw_loop_controls(window: Window, order: Order, rng: np.random.Generator) -> tuple[int, ...]:
    sheet = window.sheet
    ids = exact_loop_ids(sheet.meter, sheet.tempo_bpm, sheet.bars)
    if rng.random() < 0.1:
        del ids["tempo"]
    ids["order"] = loop_control_id("order", order)
    if sheet.key is not None and rng.random() < 0.5:
        ids |= key_ids(sheet.key)
    if window.genre in GENRES and rng.random() < 0.6:
        ids["genre"] = loop_control_id("genre", GENRES.index(window.genre))
    if rng.random() < 0.7:
        ids["loopable"] = loop_control_id("loopable", int(window.is_loop))
    if rng.random() < 0.3:
        length = window.loop_length
        nearest = min(LOOP_LENGTHS, key=lambda bars: abs(bars - (length or 0)))
        ids["loop_length"] = loop_control_id("loop_length", LOOP_LENGTHS.index(nearest))
        ids["loop_count"] = loop_control_id("loop_count", sheet.bars // length if length else 0)
    return tuple(sorted(ids.values()))


def _draw_track_controls(
    sheet: Sheet, use: npt.NDArray[np.int8], rng: np.random.Generator
) -> tuple[tuple[tuple[int, ...], ...], npt.NDArray[np.int16] | None]:
    ids: list[tuple[int, ...]] = []
    densities = np.zeros(use.shape, dtype=np.int16)
    tells_density = rng.random() < 0.15
    for part in range(len(sheet.roles)):
        bars = tuple(np.flatnonzero(use[part] == Use.TARGET).tolist())
        share = rng.random() if rng.random() < 0.6 else 0.0
        if not bars or not (share or tells_density):
            ids.append(())
            continue
        view = part_view(sheet, part, bars)
        known = track_control_ids(view) if share else {}
        ids.append(tuple(identity for identity in known.values() if rng.random() < share))
        if tells_density and len(view.notes):
            for bar, density in bar_density_ids(view).items():
                densities[part, bar] = density
    return tuple(ids), densities if tells_density else None
