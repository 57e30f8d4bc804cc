"""The internal sound: messages become samples at their exact times; levels, clicks, and what is too loud."""

from pathlib import Path

import numpy as np
import pytest

from engine.jobs.sound import Levels
from engine.live import sound
from engine.live.part_synth import BANK, DRUM_KIT, LOUDEST_GAIN
from engine.live.sound import ASIDE, BAR_CLICK_PITCH, CLICK_CHANNEL, SOUND, SynthSound, volume
from engine.live.synth import SOUNDFONT_VARIABLE, default_soundfont
from engine.midi.wire import ALL_SOUND_OFF, VOLUME, control, note_off, note_on, program

RATE = 8_000


class Desk:
    """A sound whose time a test moves, block by block."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sound = SynthSound(RATE, lambda: self.seconds)

    def heard(self, frames: int, block: int = 64) -> np.ndarray:
        pieces: list[np.ndarray] = []
        for start in range(0, frames, block):
            out = np.zeros((min(block, frames - start), 2), dtype=np.float32)
            self.sound.read(out, 0.0)
            self.seconds += len(out) / RATE
            pieces.append(out)
        return np.concatenate(pieces)


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    for data in (control(0, BANK, DRUM_KIT), program(0, 0), control(0, VOLUME, volume(1.0))):
        desk.sound.hand(0.0, SOUND, data)
    return desk


def first_audible(audio: np.ndarray) -> int:
    return int(np.flatnonzero(np.abs(audio).max(axis=1) > 1e-4)[0])


def test_a_note_begins_at_its_sample_however_long_the_blocks_are(desk: Desk) -> None:
    desk.sound.hand(0.05, SOUND, note_on(0, 36, 110))
    desk.sound.hand(0.0625, SOUND, note_off(0, 36))
    first = first_audible(desk.heard(2_000, block=64))
    other = Desk()
    for data in (control(0, BANK, DRUM_KIT), program(0, 0)):
        other.sound.hand(0.0, SOUND, data)
    other.sound.hand(0.05, SOUND, note_on(0, 36, 110))
    assert first == first_audible(other.heard(2_000, block=999))
    assert abs(first - 0.05 * RATE) <= 2


def test_the_time_of_a_block_is_not_taken_from_a_late_thread(desk: Desk) -> None:
    desk.heard(640)
    desk.seconds += 0.004  # woken late once
    desk.heard(64)
    desk.seconds -= 0.004
    desk.sound.hand(0.2, SOUND, note_on(0, 36, 110))
    begin = round(desk.seconds * RATE)
    assert abs(begin + first_audible(desk.heard(2_000)) - 0.2 * RATE) <= 2


def test_what_was_taken_back_is_not_heard(desk: Desk) -> None:
    desk.sound.hand(0.05, SOUND, note_on(0, 36, 110))
    desk.sound.cancel_from(0.04)
    assert not desk.heard(2_000).any()


def test_levels_are_linear_and_change_what_sounds_already(desk: Desk) -> None:
    full, half = Desk(), Desk()
    for each, gain in ((full, 1.0), (half, 0.5)):
        for data in (program(0, 0), control(0, VOLUME, volume(gain)), note_on(0, 60, 80)):
            each.sound.hand(0.0, SOUND, data)
    loud, soft = full.heard(2_000), half.heard(2_000)
    assert soft == pytest.approx(loud / 2, abs=0.02 * float(np.abs(loud).max()))
    full.sound.hand(full.seconds, SOUND, control(0, VOLUME, volume(0.0)))
    full.heard(256)
    assert float(np.abs(full.heard(2_000)).max()) < 1e-3
    assert volume(LOUDEST_GAIN) == volume(99.0) == 127


def test_silence_follows_all_sound_off(desk: Desk) -> None:
    desk.sound.hand(0.0, SOUND, note_on(0, 49, 127))
    assert desk.heard(800).any()
    desk.sound.hand(desk.seconds, SOUND, control(0, ALL_SOUND_OFF, 0))
    desk.heard(800)
    assert float(np.abs(desk.heard(800)).max()) < 1e-3


def test_clicks_are_heard_over_a_block_s_end(desk: Desk) -> None:
    desk.sound.hand(0.05, ASIDE, note_on(CLICK_CHANNEL, BAR_CLICK_PITCH, 100))
    audio = desk.heard(1_000, block=50)
    assert abs(first_audible(audio) - 400) <= 2
    assert float(np.abs(audio[420:600]).max()) > 0.05
    assert float(np.abs(audio[700:]).max()) == 0.0


def test_a_mix_that_is_too_loud_is_turned_down(desk: Desk) -> None:
    for pitch in range(35, 60):
        desk.sound.hand(0.0, SOUND, note_on(0, pitch, 127))
    desk.sound.hand(0.0, SOUND, control(0, VOLUME, volume(2.0)))
    assert 0.5 < float(np.abs(desk.heard(4_000)).max()) <= 1.0


def sounding(parts: int) -> Desk:
    """Return a sound with room for so many parts, at full level."""
    desk = Desk()
    desk.sound.make_room(parts)
    for channel in range(2):
        desk.sound.hand(0.0, SOUND, program(channel, 0))
        desk.sound.hand(0.0, SOUND, control(channel, VOLUME, volume(1.0)))
    return desk


def test_parts_with_a_synthesizer_each_sound_as_they_do_with_one_for_all() -> None:
    heard: list[np.ndarray] = []
    for parts in (0, 2):
        desk = sounding(parts)
        desk.sound.hand(0.01, SOUND, note_on(0, 60, 90))
        desk.sound.hand(0.02, SOUND, note_on(1, 67, 70))
        desk.sound.hand(0.1, SOUND, note_off(0, 60))
        heard.append(desk.heard(3_000))
    assert heard[1] == pytest.approx(heard[0], abs=0.02 * float(np.abs(heard[0]).max()))


def test_each_part_s_level_is_its_own_peak_and_is_told_once() -> None:
    alone = sounding(2)
    alone.sound.hand(0.01, SOUND, note_on(1, 60, 100))
    peak = float(np.abs(alone.heard(2_000)).max())
    levels = alone.sound.levels()
    assert levels.parts == (0.0, pytest.approx(peak))
    assert levels.whole == pytest.approx(peak)
    assert alone.sound.levels().whole == 0.0, "it was told already"
    both = sounding(2)
    for channel in range(2):
        both.sound.hand(0.01, SOUND, note_on(channel, 60, 100))
    whole = float(np.abs(both.heard(2_000)).max())
    levels = both.sound.levels()
    assert levels.parts == pytest.approx((peak, peak), rel=1e-3)
    assert levels.whole == pytest.approx(whole)
    assert levels.whole == pytest.approx(2 * peak, rel=1e-3)


def test_the_level_tells_of_what_had_to_be_turned_down(desk: Desk) -> None:
    for pitch in range(35, 60):
        desk.sound.hand(0.0, SOUND, note_on(0, pitch, 127))
    assert float(np.abs(desk.heard(4_000)).max()) <= 1.0
    assert desk.sound.levels().whole > 1.0


def test_a_large_soundfont_is_in_memory_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "LARGEST_OWN_BYTES", 1000)
    desk = sounding(2)
    desk.sound.hand(0.01, SOUND, note_on(1, 60, 100))
    assert desk.heard(2_000).any()
    levels = desk.sound.levels()
    assert levels.parts == ()
    assert levels.whole > 0.0


def test_a_part_shares_when_the_soundfont_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    font = tmp_path / "font.sf2"
    font.write_bytes(default_soundfont().read_bytes())
    monkeypatch.setenv(SOUNDFONT_VARIABLE, str(font))
    desk = sounding(1)
    font.unlink()
    desk.sound.make_room(2)
    desk.sound.hand(0.01, SOUND, note_on(1, 60, 100))
    assert desk.heard(2_000).any()
    assert desk.sound.levels().parts == (0.0,)
    assert "font.sf2" in caplog.text


def test_levels_of_different_parts_add_up_to_the_louder() -> None:
    assert Levels(0.5, (0.1, 0.4)).louder(Levels(0.2, (0.3,))) == Levels(0.5, (0.3, 0.4))
    assert Levels().louder(Levels(0.2, (0.3,))) == Levels(0.2, (0.3,))
