"""A folder of packed songs of our own making, as `prepare` would write it."""

from pathlib import Path

import numpy as np

from engine.music.general_midi import ROLES
from engine.representation.sheet import DURATION_TABLE
from engine.representation.vocabulary import DRUM_OFFSET
from tests.helpers.sheets import made_loop
from training.songs import PackedSong, SongInfo, write_shard


def made_song(seed: int, *, split: str = "train", passes: int = 3) -> PackedSong:
    """Return a song that plays one made loop again and again, and says where it lies."""
    sheet = made_loop(seed, root=43 + seed % 12)
    notes, length = sheet.notes, sheet.total_steps
    step = notes.bar * 96 + notes.position
    start = np.concatenate([step + turn * length for turn in range(passes)])
    pitch = np.tile(notes.pitch % DRUM_OFFSET, passes)
    track = np.tile(notes.track, passes)
    order = np.lexsort((track, pitch, start))
    bars = sheet.bars * passes
    drums = np.tile(notes.pitch >= DRUM_OFFSET, passes)
    duration = np.where(drums, 120, np.tile(DURATION_TABLE[notes.duration] * 20, passes))
    return PackedSong(
        info=SongInfo(f"song {seed}", source="ours", split=split, genre="rock", song_group=f"group {seed}"),
        numerators=np.full(bars, 4, np.int32),
        denominators=np.full(bars, 4, np.int32),
        bar_starts=np.arange(bars + 1, dtype=np.int32) * 1920,
        tempo_bpm=np.full(bars, 90.0 + seed % 60, np.float32),
        roles=np.array([ROLES.index(role) for role in sheet.roles], np.int32),
        programs=np.array(sheet.programs, np.int32),
        track=track[order].astype(np.int32),
        onset=(start[order] * 20).astype(np.int32),
        duration=duration[order].astype(np.int32),
        pitch=pitch[order].astype(np.int32),
        velocity=(np.tile(notes.velocity, passes)[order] * 4 + 2).astype(np.int32),
        chords=np.zeros((bars, 2), np.int32),
        loop_starts=np.array([0], np.int32),
        loop_bars=np.array([4], np.int32),
        loop_scores=np.array([1.0], np.float32),
    )


def made_songs(folder: Path, *, train: int = 8, valid: int = 4, test: int = 12) -> Path:
    """Write shards of made songs and return their folder; no two songs are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    first = 0
    for split, count in (("train", train), ("valid", valid), ("test", test)):
        songs = (made_song(seed, split=split) for seed in range(first, first + count))
        write_shard(folder / f"{split}-000.songs", songs)
        first += count
    return folder
