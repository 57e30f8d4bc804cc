"""Loops rendered to files: mix and stems, passes, count-in, levels; all files or none."""

import wave
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from engine.errors import SoundError
from engine.jobs.files import RenderWav
from engine.live.render import render_now, render_steps
from engine.live.synth import render_loop
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

RATE = 22_050
LOOP = Loop(
    bars=1,
    tempo_bpm=240,
    tracks=(
        Track(Role.DRUMS, (Note(0, 36, 60), Note(960, 38, 60))),
        Track(Role.BASS, (Note(0, 40, 960),)),
        Track(Role.BASS, (Note(480, 52, 960),)),
        Track(Role.PAD),
    ),
)
SECOND = RATE  # a bar of four beats at 240 BPM


def sound(path: str | Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2) / 32767


def rendered(path: Path, loop: Loop = LOOP, **wishes: object) -> tuple[str, ...]:
    return render_now(replace(RenderWav(str(path), loop), **wishes), sample_rate=RATE)


def test_the_mix_is_what_is_heard(tmp_path: Path) -> None:
    (path,) = rendered(tmp_path / "mix.wav", passes=3)
    heard = render_loop(LOOP, passes=3, sample_rate=RATE)
    assert sound(path) == pytest.approx(np.pad(heard, ((0, len(sound(path)) - len(heard)), (0, 0))), abs=1e-4)


def test_stems_have_names_and_add_up_to_the_mix(tmp_path: Path) -> None:
    mix, *stems = rendered(tmp_path / "a.wav", passes=2, has_stems=True, count_in_bars=1)
    assert [Path(path).name for path in stems] == ["a_count-in.wav", "a_drums.wav", "a_bass1.wav", "a_bass2.wav"]
    assert len({len(sound(path)) for path in (mix, *stems)}) == 1
    assert sum(sound(path) for path in stems) == pytest.approx(sound(mix), abs=4 / 32767)


def test_a_count_in_is_exactly_its_bars_and_then_the_loop_begins(tmp_path: Path) -> None:
    plain, counted = (sound(*rendered(tmp_path / f"{bars}.wav", count_in_bars=bars)) for bars in (0, 2))
    assert len(counted) == len(plain) + 2 * SECOND
    scale = np.abs(counted[2 * SECOND :]).max() / np.abs(plain).max()
    assert counted[2 * SECOND :] == pytest.approx(plain * scale, abs=2 / 32767)
    beats = [np.abs(counted[beat * SECOND // 4 :][:400]).max() for beat in range(8)]
    assert min(beats) > 0.1
    assert np.abs(counted[SECOND // 8 : SECOND // 4]).max() < 0.001


def test_levels_hold_and_what_is_muted_is_left_out(tmp_path: Path) -> None:
    loud = sound(*rendered(tmp_path / "loud.wav", gains=(1, 0, 0, 0)))
    soft = sound(*rendered(tmp_path / "soft.wav", gains=(0.5, 0, 0, 0)))
    assert soft == pytest.approx(loud / 2, abs=2 / 32767)
    stems = rendered(tmp_path / "b.wav", gains=(1, 0, 1, 1), has_mix=False, has_stems=True)
    assert [Path(path).name for path in stems] == ["b_drums.wav", "b_bass2.wav"]


def test_progress_grows_to_one_and_nothing_is_there_before_the_end(tmp_path: Path) -> None:
    steps = render_steps(RenderWav(str(tmp_path / "c.wav"), LOOP, passes=4, has_stems=True), sample_rate=RATE)
    done = list(islice(steps, 6))
    assert not any(tmp_path.iterdir())
    done += list(steps)
    assert done == sorted(done)
    assert done[-1] == 1
    assert len(list(tmp_path.iterdir())) == 4


def test_silence_is_told(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="nothing to be heard"):
        rendered(tmp_path / "d.wav", gains=(0, 0, 0, 1))


def test_what_is_stopped_while_files_are_written_leaves_none(tmp_path: Path) -> None:
    steps = render_steps(RenderWav(str(tmp_path / "e.wav"), LOOP, has_stems=True), sample_rate=RATE)
    while not any(tmp_path.iterdir()):
        next(steps)
    steps.close()
    assert not any(tmp_path.iterdir())
