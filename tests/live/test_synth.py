"""Rendered loops: exact to the sample, tight at the seam, never above full scale."""

import wave
from pathlib import Path

import numpy as np
import pytest

from engine.errors import SoundError
from engine.live import synth
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

KICK = Track(Role.DRUMS, (Note(0, 36, 120, 110), Note(960, 36, 120, 110)))
PAD = Track(Role.PAD, (Note(480, 60, 1440, 100),))
BAR_SAMPLES = 88_200  # one bar of 4/4 at 120 BPM and 44.1 kHz


def loop(*tracks: Track, tempo_bpm: float = 120.0) -> Loop:
    return Loop(tempo_bpm=tempo_bpm, bars=1, tracks=tracks)


def first_audible(audio: synth.Audio) -> int:
    return int(np.flatnonzero(np.abs(audio).max(axis=1) > 1e-4)[0])


def test_a_note_starts_at_its_exact_sample() -> None:
    at_start = first_audible(synth.render_loop(loop(Track(Role.DRUMS, (Note(0, 36, 120),)))))
    later = synth.render_loop(loop(Track(Role.DRUMS, (Note(700, 36, 120),))))
    assert first_audible(later) - at_start == synth.sample_of_tick(700, 120.0, 44_100)


def test_every_pass_sounds_like_the_first_where_nothing_rings_over() -> None:
    once, thrice = synth.render_loop(loop(KICK)), synth.render_loop(loop(KICK), passes=3)
    for index in range(3):
        start = index * BAR_SAMPLES
        np.testing.assert_allclose(thrice[start : start + BAR_SAMPLES], once[:BAR_SAMPLES], atol=2e-3)


def test_passes_keep_the_tempo_where_a_bar_is_no_whole_number_of_samples() -> None:
    odd = loop(KICK, tempo_bpm=97.31)
    audio = synth.render_loop(odd, passes=16)
    expected = synth.sample_of_tick(15 * odd.length + 960, 97.31, 44_100)
    assert abs(audio[:expected]).max() > 0.01
    late = audio[expected - 200 :]
    assert first_audible(late[150:]) == 50


def test_the_last_tail_is_kept_and_rings_into_the_next_pass() -> None:
    once, twice = synth.render_loop(loop(PAD)), synth.render_loop(loop(PAD), passes=2)
    assert len(once) > BAR_SAMPLES
    assert abs(once[BAR_SAMPLES : BAR_SAMPLES + 2_000]).max() > 0.005
    seam = twice[BAR_SAMPLES : BAR_SAMPLES + 2_000]
    np.testing.assert_allclose(seam, once[BAR_SAMPLES : BAR_SAMPLES + 2_000], atol=5e-3)
    assert abs(once[-100:]).max() < 1e-2


def test_the_seam_has_no_click() -> None:
    twice = synth.render_loop(loop(PAD), passes=2)
    steps = np.abs(np.diff(twice, axis=0)).max(axis=1)
    assert steps[BAR_SAMPLES - 100 : BAR_SAMPLES + 100].max() <= steps.max()
    assert steps[BAR_SAMPLES - 100 : BAR_SAMPLES + 100].max() < 0.05


def test_stems_add_up_to_the_mix() -> None:
    both = loop(KICK, PAD)
    parts = synth.render_parts(both)
    assert [len(part) for part in parts] == [len(parts[0])] * 2
    np.testing.assert_allclose(np.sum(parts, axis=0), synth.render_loop(both), atol=1e-6)


def test_a_loud_mix_is_turned_down_below_full_scale() -> None:
    wall = Track(Role.BRASS, tuple(Note(0, pitch, 1920, 127) for pitch in range(48, 84)))
    parts = synth.render_parts(loop(wall, wall, wall))
    mix = np.sum(parts, axis=0)
    assert 0.9 < abs(mix).max() <= 1.0


def test_a_loop_without_parts_is_silent() -> None:
    audio = synth.render_loop(loop(), passes=2)
    assert audio.shape == (2 * BAR_SAMPLES, 2)
    assert not audio.any()


def test_rendering_the_same_loop_twice_gives_the_same_samples() -> None:
    assert np.array_equal(synth.render_loop(loop(KICK, PAD)), synth.render_loop(loop(KICK, PAD)))


def test_a_missing_or_broken_soundfont_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SoundError, match=r"gone\.sf2 cannot be read"):
        synth.render_loop(loop(KICK), soundfont=tmp_path / "gone.sf2")
    (tmp_path / "text.sf2").write_text("no sounds here")
    with pytest.raises(SoundError, match=r"text\.sf2 is not a SoundFont"):
        synth.render_loop(loop(KICK), soundfont=tmp_path / "text.sf2")
    monkeypatch.setenv(synth.SOUNDFONT_VARIABLE, str(tmp_path / "text.sf2"))
    assert synth.default_soundfont() == tmp_path / "text.sf2"
    monkeypatch.delenv(synth.SOUNDFONT_VARIABLE)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SoundError, match="No SoundFont was found"):
        synth.default_soundfont()


@pytest.mark.parametrize(("bits", "tolerance"), [(16, 2**-15), (24, 2**-22)])
def test_wav_files_hold_what_was_rendered(bits: int, tolerance: float, tmp_path: Path) -> None:
    audio = np.array([[0.0, 1.0], [-1.0, 0.25], [1.5, -0.1]], dtype=np.float32)
    synth.write_wav(tmp_path / "x.wav", audio, 48_000, bits=bits)
    with wave.open(str(tmp_path / "x.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 48_000, 3)
        raw = file.readframes(3)
    size = bits // 8
    values = [int.from_bytes(raw[i : i + size], "little", signed=True) for i in range(0, len(raw), size)]
    found = np.array(values).reshape(-1, 2) / (1 << (bits - 1))
    np.testing.assert_allclose(found, np.clip(audio, -1, 1), atol=tolerance)
    assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]


def test_wav_errors_are_clear(tmp_path: Path) -> None:
    silence = np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(SoundError, match=r"x\.wav cannot be written"):
        synth.write_wav(tmp_path / "missing" / "x.wav", silence, 44_100)
    with pytest.raises(ValueError, match="16 or 24"):
        synth.write_wav(tmp_path / "x.wav", silence, 44_100, bits=8)
