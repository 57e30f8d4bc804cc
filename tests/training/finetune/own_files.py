"""Folders of a producer's own, small enough for tests."""

import io
from pathlib import Path

import mido
import numpy as np

from tests.training.corpus_files import midi_bytes


def write_style(folder: Path, count: int, *, bars: int = 8) -> Path:
    """Write songs of drums and bass that are alike, each in its own key and length."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        (folder / f"song {index:02d}.mid").write_bytes(midi_bytes(bars=bars + index, root=41 + index % 12))
    return folder


def melody_bytes(onsets: list[int], pitches: list[int], *, channel: int = 0, length: int = 200) -> bytes:
    """Return a file of one part; onsets in ticks at 480 a quarter."""
    track = mido.MidiTrack()
    events = [(onset, 1, pitch) for onset, pitch in zip(onsets, pitches, strict=True)]
    events += [(onset + length, 0, pitch) for onset, pitch in zip(onsets, pitches, strict=True)]
    now = 0
    for tick, is_on, pitch in sorted(events):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, channel=channel, note=pitch, velocity=90, time=tick - now))
        now = tick
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def write_noise(folder: Path, count: int, *, notes: int = 400, seed: int = 0) -> Path:
    """Write files of random pitches at random 16ths: on the grid, and otherwise without any pattern."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for index in range(count):
        onsets = np.sort(rng.integers(0, notes, notes)) * 120
        (folder / f"noise {index:02d}.mid").write_bytes(
            melody_bytes(onsets.tolist(), rng.integers(30, 100, notes).tolist(), length=110)
        )
    return folder
