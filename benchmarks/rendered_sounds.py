"""Music of the corpus as sound, of which tempo and bar lines are known.

Sixteen bars a song, or as many as a minute holds, are rendered with the default SoundFont: whole mixes, the drums, bass
and keys of other songs by themselves, and POP909.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from benchmarks.timing_detection import steady_files, timed_songs
from engine.audio.reading import MODEL_RATE, Samples
from engine.errors import EngineError
from engine.live.synth import DEFAULT_SAMPLE_RATE, render_loop
from engine.midi import smf
from engine.midi.song import Song, cut_window
from engine.music.general_midi import Role
from engine.music.loop import MAX_BARS, Loop
from engine.music.timing import PPQ, Meter

MOST_SECONDS, FEWEST_NOTES = 60.0, 24
LEAD_SECONDS = 0.002
SINGLE = (Role.DRUMS, Role.BASS, Role.KEYS)
KINDS = (*(f"{role.value} alone" for role in SINGLE), "mixes", "POP909")


@dataclass(frozen=True, slots=True, eq=False)
class TimedSound:
    """A sound at `MODEL_RATE`, what it plays, and what is true of it; seconds count from its begin."""

    samples: Samples
    loop: Loop
    role: Role | None
    bpm: float
    meter: Meter
    bar_lines: npt.NDArray[np.float64]
    name: str
    begin: float = 0.0  # within the rendered loop

    @property
    def bar_seconds(self) -> float:
        return self.meter.ticks_per_bar / PPQ * 60 / self.bpm

    def cut(self, seconds: float) -> "TimedSound":
        """Return the sound without its first seconds."""
        samples = self.samples[round(seconds * MODEL_RATE) :]
        return replace(self, samples=samples, bar_lines=self.bar_lines - seconds, begin=self.begin + seconds)

    def begun_within(self, seed: int) -> "TimedSound":
        """Return the sound from a moment within its first bar on."""
        return self.cut(float(np.random.default_rng([seed, 3]).uniform(0.05, 0.95)) * self.bar_seconds)

    def begun_with_a_bar(self) -> "TimedSound":
        """Return the sound from its first bar line on, as a DAW exports a stem."""
        return self.cut(max(float(self.bar_lines[0]) - LEAD_SECONDS, 0.0))


def rendered_sounds(corpus: Path, split: str, count: int, kind: str) -> Iterator[TimedSound]:
    """Yield up to `count` sounds of one of `KINDS`, in an order that is the same each time."""
    if kind == KINDS[-1]:
        return _pop909(corpus, split, count)
    return _lakh(corpus, split, count, dict(zip(KINDS, SINGLE, strict=False)).get(kind))


def _lakh(corpus: Path, split: str, count: int, role: Role | None) -> Iterator[TimedSound]:
    """Yield mixes, or parts of one role, from a third into songs of one tempo whose bar lines are as they say."""
    found = 0
    for path, offset_16ths in steady_files(corpus, split, seed=5 if role is None else 6 + SINGLE.index(role)):
        try:
            song = smf.read_song(path)
            loop = cut_window(song, first_bar=song.bars // 3, bars=_bars(song)).loop
        except (EngineError, ValueError):
            continue
        if len(song.tempos) > 1 or len(song.meters) > 1:
            continue
        tracks = [track for track in loop.tracks if role is None or track.role is role]
        if role is not None:
            tracks = tracks[:1]
        if sum(len(track.notes) for track in tracks) < FEWEST_NOTES:
            continue
        lines = np.asarray((np.arange(loop.bars + 1) * 4 + offset_16ths / 4) * 60 / loop.tempo_bpm, np.float64)
        yield _rendered(loop.with_tracks(tracks), role, loop.tempo_bpm, loop.meter, lines, path)
        found += 1
        if found == count:
            return


def _pop909(corpus: Path, split: str, count: int) -> Iterator[TimedSound]:
    """Yield songs from a third into each on, with the beats that go with them."""
    found = 0
    for timed in timed_songs(corpus, split, ["pop909"], begun_elsewhere=False):
        song = timed.song
        if song is None or len(song.tempos) > 1:
            continue
        whole = smf.read_whole(timed.name, meter=Meter()).song  # its file's bars are of one beat
        first = whole.bars // 3
        loop = cut_window(whole, first_bar=first, bars=_bars(whole)).loop
        begin = first * Meter().ticks_per_bar / PPQ * song.tempo_at(0) / 1e6
        lines = timed.bar_lines - begin
        near = lines[(lines > -1e-6) & (lines < loop.seconds)]
        if len(near):
            yield _rendered(loop, None, timed.bpm, timed.meter, near, Path(timed.name))
            found += 1
        if found == count:
            return


def _rendered(
    loop: Loop, role: Role | None, bpm: float, meter: Meter, bar_lines: npt.NDArray[np.float64], path: Path
) -> TimedSound:
    """Render a loop; its true tempo and bar lines may be others than those that its ticks say."""
    samples = soxr.resample(render_loop(loop).mean(axis=1), DEFAULT_SAMPLE_RATE, MODEL_RATE)
    return TimedSound(samples, loop, role, bpm, meter, bar_lines, path.stem)


def _bars(song: Song) -> int:
    bar_seconds = song.meter_of_bar(0).ticks_per_bar / PPQ * song.tempo_at(0) / 1e6
    return max(1, min(MAX_BARS, int(MOST_SECONDS / bar_seconds)))
