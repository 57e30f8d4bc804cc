"""Sound to notes: how many notes of rendered stems are heard again, by mir_eval, and how fast.

    python -m benchmarks.transcription --corpus FOLDER [--split valid] [--count 50] [--roles bass keys drums] [--json]

FOLDER holds MIDI files and a manifest.csv with their split. From `count` songs a part of each role is taken, eight
bars of it are rendered with the default SoundFont, and what is transcribed is compared with what was written: note
F1, onsets within 50 ms, pitch exact, ends not compared. Drums are compared by what they strike. The rules were set
on the train split; the figures are the valid split's.
"""

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import mir_eval
import numpy as np
import soxr

from engine.audio.reading import MODEL_RATE, Samples
from engine.errors import EngineError
from engine.live.synth import DEFAULT_SAMPLE_RATE, render_loop
from engine.midi import smf
from engine.midi.song import cut_window
from engine.music.general_midi import Role
from engine.music.loop import Loop
from engine.music.timing import seconds_from_ticks

BARS = 8
FEWEST_NOTES = 24
PIANOS = range(0, 8)
SETS = ("lakh_clean", "pop909")


@dataclass(frozen=True, slots=True)
class RenderedStem:
    """A part that was written, and its sound at `MODEL_RATE`; notes as (onset s, end s, pitch)."""

    name: str
    loop: Loop
    samples: Samples

    @property
    def notes(self) -> list[tuple[float, float, int]]:
        tempo = self.loop.tempo_bpm
        return [
            (seconds_from_ticks(n.onset, tempo), seconds_from_ticks(n.end, tempo), n.pitch)
            for n in self.loop.tracks[0].notes
        ]


def rendered_stems(corpus: Path, role: Role, *, split: str, count: int, seed: int = 5) -> Iterator[RenderedStem]:
    """Yield `count` parts of a role, one a song, in an order that the seed gives."""
    with (corpus / "manifest.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == split and row["set"] in SETS]
    found = 0
    for index in np.random.default_rng(seed).permutation(len(rows)).tolist():
        loop = _part(corpus / rows[index]["path"], role)
        if loop is None:
            continue
        sound = render_loop(loop).mean(axis=1)
        yield RenderedStem(rows[index]["path"], loop, soxr.resample(sound, DEFAULT_SAMPLE_RATE, MODEL_RATE))
        found += 1
        if found == count:
            return


def _part(path: Path, role: Role) -> Loop | None:
    """Return eight bars from a third into the song of its first part of a role that plays enough there."""
    try:
        song = smf.read_song(path)
        loop = cut_window(song, first_bar=song.bars // 3, bars=BARS).loop
    except (EngineError, ValueError):
        return None
    for track in loop.tracks:
        is_wanted = track.role is role and (role is not Role.KEYS or track.program in PIANOS)
        if is_wanted and len(track.notes) >= FEWEST_NOTES and loop.seconds < 60:
            return loop.with_tracks([track])
    return None
