"""Writes the demo stems beside this file: four bars in A minor, Am | F | C | G, 100 BPM.

Run from the repository's root: `python -m assets.demo.make_demo`. Everything in them was composed for
Turnaround in the tables below, one character a sixteenth; they are MIT like the rest. `keys.mid` is what a
person wrote to the other two, to compare a take with.
"""

from pathlib import Path

from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from engine.music.timing import PPQ

TEMPO_BPM = 100.0
BARS = 4
SIXTEENTH = PPQ // 4

# Velocities: X loud, x normal, o soft, g ghost.
LOUDNESS = {"X": 112, "x": 96, "o": 72, "g": 42}

# General MIDI key: one line of sixteenths a bar. The snare sits a little late, the ghosts later.
DRUMS: dict[int, tuple[str, ...]] = {
    36: ("X......x..X.....", "X......x..X..x..", "X......x..X.....", "X..x...x..X....."),
    38: ("....X..g.g..X..g", "....X..g....X..g", "....X..g.g..X..g", "....X..g.g..X.xX"),
    42: ("x.o.x.oox.o.x.oo", "x.o.x.oox.o.x...", "x.o.x.oox.o.x.oo", "x.o.x.oox.o.x..."),
    46: ("................", "..............x.", "................", "................"),
    49: ("o...............", "................", "................", "................"),
}
LATE_TICKS = {38: 8, 46: 4}

# Sixteenth, length in sixteenths, pitch, velocity.
BASS: tuple[tuple[tuple[int, int, int, int], ...], ...] = (
    ((0, 3, 33, 108), (3, 1, 33, 70), (7, 2, 45, 92), (10, 2, 33, 104), (13, 1, 40, 82), (14, 2, 43, 90)),
    (
        (0, 3, 41, 106),
        (3, 1, 41, 70),
        (7, 2, 36, 90),
        (10, 2, 41, 104),
        (13, 1, 36, 84),
        (14, 1, 40, 80),
        (15, 1, 38, 76),
    ),
    ((0, 3, 36, 108), (3, 1, 36, 70), (7, 2, 48, 92), (10, 2, 36, 102), (13, 1, 43, 84), (14, 2, 40, 88)),
    (
        (0, 3, 43, 106),
        (3, 1, 43, 72),
        (7, 2, 38, 90),
        (10, 2, 43, 102),
        (12, 1, 47, 84),
        (13, 1, 43, 80),
        (14, 2, 32, 94),
    ),
)
STACCATO_TICKS = 18  # taken off each bass note, so that the line breathes

# Am9, Fmaj7, Cmaj9 and G6/9, voiced so that every hand movement is a step; sixteenth, length, velocity.
CHORDS = ((60, 64, 67, 71), (60, 64, 65, 69), (59, 62, 64, 67), (59, 62, 64, 69))
COMPING: tuple[tuple[tuple[int, int, int], ...], ...] = (
    ((0, 5, 84), (6, 1, 66), (10, 4, 78)),
    ((0, 5, 82), (6, 1, 64), (10, 2, 76), (13, 3, 70)),
    ((0, 5, 84), (6, 1, 66), (10, 4, 78)),
    ((0, 3, 82), (3, 3, 70), (10, 2, 78), (14, 2, 74)),
)
TOP_LINE = (
    (0, 14, 2, 76, 80),
    (1, 8, 2, 72, 76),
    (2, 14, 2, 74, 80),
    (3, 12, 2, 71, 76),
)  # bar, sixteenth, length, pitch, velocity


def tick(bar: int, sixteenth: int) -> int:
    return (bar * 16 + sixteenth) * SIXTEENTH


def drums() -> Track:
    notes = [
        Note(tick(bar, step) + LATE_TICKS.get(key, 0) * (2 if mark == "g" else 1), key, SIXTEENTH // 2, LOUDNESS[mark])
        for key, lines in DRUMS.items()
        for bar, line in enumerate(lines)
        for step, mark in enumerate(line)
        if mark != "."
    ]
    return Track(Role.DRUMS).with_notes(notes)


def bass() -> Track:
    notes = [
        Note(tick(bar, step), pitch, length * SIXTEENTH - STACCATO_TICKS, velocity)
        for bar, line in enumerate(BASS)
        for step, length, pitch, velocity in line
    ]
    return Track(Role.BASS).with_notes(notes)


def keys() -> Track:
    notes = [
        Note(tick(bar, step), pitch, length * SIXTEENTH - 2 * index, velocity - 3 * index)
        for bar, stabs in enumerate(COMPING)
        for step, length, velocity in stabs
        for index, pitch in enumerate(CHORDS[bar])
    ]
    notes += [
        Note(tick(bar, step), pitch, length * SIXTEENTH, velocity) for bar, step, length, pitch, velocity in TOP_LINE
    ]
    return Track(Role.KEYS).with_notes(notes)


def demo() -> Loop:
    """Return the demo as one loop: drums, bass, keys."""
    return Loop(tempo_bpm=TEMPO_BPM, bars=BARS, tracks=(drums(), bass(), keys()), key=Key.parse("A minor"))


def main() -> None:
    loop = demo()
    for index, track in enumerate(loop.tracks):
        smf.write(loop, Path(__file__).with_name(f"{track.role.value}.mid"), part=index)


if __name__ == "__main__":
    main()
