"""Small stems as sound: loops of one part, rendered with the SoundFont that ships."""

from pathlib import Path

from engine.live.synth import DEFAULT_SAMPLE_RATE, render_loop, write_wav
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

BEAT = 480
LINE = (33, 33, 45, 40, 36, 36, 43, 40, 38, 38, 45, 41, 31, 31, 43, 35)
CHORDS = ((57, 60, 64), (53, 57, 60), (60, 64, 67), (55, 59, 62))


def bass() -> Loop:
    notes = tuple(Note(i * BEAT, pitch, BEAT - 60, 100) for i, pitch in enumerate(LINE))
    return Loop(tempo_bpm=104, bars=4, tracks=(Track(Role.BASS, notes, program=33),))


def keys() -> Loop:
    notes = [Note(4 * BEAT * bar, p, 4 * BEAT - 60, 90) for bar, chord in enumerate(CHORDS) for p in chord]
    return Loop(tempo_bpm=104, bars=4, tracks=(Track(Role.KEYS, tuple(sorted(notes)), program=0),))


def drums() -> Loop:
    hits = [(36, beat * BEAT) for beat in range(0, 16, 2)] + [(38, beat * BEAT) for beat in range(1, 16, 2)]
    return Loop(
        tempo_bpm=104, bars=4, tracks=(Track(Role.DRUMS, tuple(sorted(Note(t, k, 120, 110) for k, t in hits))),)
    )


def drum_kit() -> Loop:
    """Return a beat with a crash on the first of every other bar, an open hat before the third and a fill of toms."""
    hits = {(36, bar * 16 + at) for bar in range(4) for at in (0, 8, 10)}
    hits |= {(38, bar * 16 + at) for bar in range(4) for at in (4, 12)}
    hits |= {(42, at) for at in range(0, 56, 2) if at % 16 not in (0, 6)} | {(46, bar * 16 + 6) for bar in range(4)}
    hits |= {(49, 0), (49, 32)} | {(45, at) for at in (56, 58, 59, 61, 62, 63)}
    notes = sorted(Note(at * BEAT // 4, key, 100, 105) for key, at in hits)
    return Loop(tempo_bpm=104, bars=4, tracks=(Track(Role.DRUMS, tuple(notes)),))


def written(loop: Loop, path: Path) -> Path:
    write_wav(str(path), render_loop(loop, passes=1), DEFAULT_SAMPLE_RATE)
    return path
