"""A corpus of our own making, small enough for tests."""

import csv
import io
from pathlib import Path

import mido

HEADER = ("set", "path", "licence", "split", "genre", "song_group", "grid16", "downbeat_ok")


def midi_bytes(*, bars: int = 8, root: int = 48, off_grid: int = 0, tracks: int = 2) -> bytes:
    """Return a song of two bars that come again and again: drums, bass, and a chord a bar."""
    file = mido.MidiFile(ticks_per_beat=480)
    conductor = mido.MidiTrack()
    conductor.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    conductor.append(mido.MetaMessage("time_signature", numerator=4, denominator=4, time=0))
    file.tracks.append(conductor)
    drums = [(bar * 1920 + beat * 480, 36 if beat % 2 == 0 else 38) for bar in range(bars) for beat in range(4)]
    steps = (0, 7, 5, 7)
    bass = [(bar * 1920 + n * 240, root - 12 + steps[n % 4] + 5 * (bar % 2)) for bar in range(bars) for n in range(8)]
    file.tracks.append(_track(drums, channel=9, off_grid=off_grid))
    if tracks > 1:
        file.tracks.append(_track(bass, channel=1, program=33, off_grid=off_grid))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _track(notes: list[tuple[int, int]], *, channel: int, off_grid: int, program: int = 0) -> mido.MidiTrack:
    events: list[tuple[int, int, mido.Message]] = []
    for onset, pitch in notes:
        on = mido.Message("note_on", channel=channel, note=pitch, velocity=90)
        off = mido.Message("note_off", channel=channel, note=pitch)
        events += [(onset + off_grid, 1, on), (onset + off_grid + 200, 0, off)]
    track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program, time=0)])
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def write_corpus(folder: Path, names: list[str]) -> None:
    """Write one song a name, each in another key."""
    for index, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(midi_bytes(root=41 + index % 12))


def write_manifest(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a manifest; columns that a row lacks get plain values."""
    plain = {"set": "ours", "licence": "MIT", "split": "train", "genre": "rock", "grid16": "1.0", "downbeat_ok": "1"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list[str](HEADER))
        writer.writeheader()
        writer.writerows(plain | {"song_group": row["path"]} | row for row in rows)
