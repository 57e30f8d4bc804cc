"""Sound rendered from known notes is heard as those notes; what cannot be heard is said in one sentence."""

from pathlib import Path

import mir_eval
import numpy as np
import pytest

from engine.audio.extra import is_installed
from engine.audio.onsets import begins_amid
from engine.audio.reading import MODEL_RATE, read_sound
from engine.audio.transcribing import as_track, common_tempo, transcribe
from engine.cli.app import main
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.heard import HeardNote, HeardStem, TempoGuess
from engine.music.loop import Loop
from tests.helpers.sounding_stems import BEAT, LINE, bass, drum_kit, drums, keys, written

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs the audio extra")


def f1(loop: Loop, path: Path, role: Role) -> float:
    """Return the F1 of onsets within 50 ms and pitches, by mir_eval."""
    seconds = 60 / loop.tempo_bpm / BEAT
    expected = loop.tracks[0].notes
    found = transcribe(path, role=role).notes

    def hertz(pitches: list[int]) -> np.ndarray:
        return 440.0 * 2 ** ((np.array(pitches) - 69) / 12)

    spans = np.array([(n.onset * seconds, n.end * seconds) for n in expected])
    others = np.array([(n.onset_seconds, n.end_seconds) for n in found])
    _, _, score, _ = mir_eval.transcription.precision_recall_f1_overlap(
        spans,
        hertz([n.pitch for n in expected]),
        others,
        hertz([n.pitch for n in found]),
        offset_ratio=None,  # pyright: ignore[reportArgumentType] its documentation allows None
    )
    return float(score)


@pytest.mark.parametrize(
    ("loop", "role", "least"), [(bass(), Role.BASS, 0.85), (keys(), Role.KEYS, 0.75), (drums(), Role.DRUMS, 0.8)]
)
def test_rendered_notes_are_heard(tmp_path: Path, loop: Loop, role: Role, least: float) -> None:
    assert f1(loop, written(loop, tmp_path / "stem.wav"), role) >= least


def test_kinds_of_drums_are_told_apart(tmp_path: Path) -> None:
    loop = drum_kit()
    found = transcribe(written(loop, tmp_path / "kit.wav"), role=Role.DRUMS).notes
    for key in (36, 38, 42, 46, 49, 45):
        expected = sum(note.pitch == key for note in loop.tracks[0].notes)
        assert sum(note.pitch == key for note in found) == pytest.approx(expected, abs=max(2, expected // 5)), key
    assert {note.pitch for note in found} <= {36, 38, 42, 46, 49, 45}


def test_tempo_is_found_and_notes_keep_their_place(tmp_path: Path) -> None:
    heard = transcribe(written(bass(), tmp_path / "bass.wav"))
    assert heard.role is Role.BASS
    assert heard.tempo.bpm == pytest.approx(104, rel=0.04)
    first, second = as_track(heard).notes[:2]
    assert second.onset - first.onset == pytest.approx(BEAT, abs=30)


def test_a_sound_that_was_cut_out_of_more_is_known_by_its_first_samples(tmp_path: Path) -> None:
    sound = read_sound(written(bass(), tmp_path / "bass.wav")).samples
    silence = np.zeros(MODEL_RATE // 10, np.float32)
    assert not any(map(begins_amid, (sound, np.concatenate([silence, sound]), silence, silence[:0])))
    cuts = [begins_amid(sound[round(seconds * MODEL_RATE) :]) for seconds in np.linspace(0.1, 8, 40)]
    assert sum(cuts) > len(cuts) / 2


def beat_cut(seconds: float, *, first_at: float | None = None, begins_amid: bool = False) -> HeardStem:
    """Hear a beat of 120 BPM that begins so many seconds after its bar 1; its first stroke is cut off, or elsewhere."""
    quarters = (0.0, 0.5, 1.0, 1.25, 1.5)
    strokes = [(bar * 2 + at, 36 + 2 * (at in (0.5, 1.5))) for bar in range(8) for at in quarters]
    strokes += [(bar * 2 + eighth / 4, 42) for bar in range(8) for eighth in range(8)]
    begins = [(at - seconds, key) for at, key in strokes if at >= seconds]
    begins += [(first_at, 36)] if first_at is not None else []
    notes = tuple(sorted(HeardNote(at, key, at + 0.1) for at, key in begins))
    untimed = TempoGuess(120.0, 0.0, 0.0)
    return HeardStem(
        "beat", Role.DRUMS, notes, 16.0, untimed, None, np.zeros((1, 2), np.float32), begins_amid=begins_amid
    )


@pytest.mark.parametrize("seconds", [0.02, 0.055])
def test_a_sound_cut_just_after_bar_one_stays_on_the_grid(seconds: float) -> None:
    for stem in (beat_cut(seconds), beat_cut(seconds, first_at=0.0, begins_amid=True)):
        tempo = common_tempo([stem])
        assert tempo.bar_one_seconds == pytest.approx(-seconds, abs=0.01)
        onsets = [note.onset for note in as_track(stem, tempo=tempo).notes if note.onset]
        assert all(abs((onset + 60) % 120 - 60) <= 5 for onset in onsets[1:])


def test_what_begins_with_the_file_begins_with_bar_one() -> None:
    assert common_tempo([beat_cut(0.02, first_at=0.0)]).bar_one_seconds == 0


def test_the_command_writes_what_it_heard_and_names_what_it_could_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(bass(), tmp_path / "bass.wav")
    (tmp_path / "broken.wav").write_bytes(b"RIFF nothing more")
    arguments = ["transcribe", str(tmp_path / "bass.wav"), str(tmp_path / "broken.wav"), "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    assert "broken.wav" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["bass.mid"]
    assert smf.read(tmp_path / "out" / "bass.mid").loop.tracks[0].role is Role.BASS


def test_an_empty_folder_or_a_second_file_of_a_name_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "again").mkdir()
    first = written(bass(), tmp_path / "bass.wav")
    second = written(keys(), tmp_path / "again" / "bass.wav")
    arguments = ["transcribe", str(tmp_path / "empty"), str(first), str(second), "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert "empty holds no sound files" in told
    assert "would overwrite bass.mid" in told
    part = smf.read(tmp_path / "out" / "bass.mid").loop.tracks[0]
    assert part.role is Role.BASS
    assert len(part.notes) >= len(LINE) // 2
