"""Hypothesis strategies for musical values, shared by all tests.

`loops()` draws any valid loop; `plain_loops()` only what a MIDI file can carry whole (parts with notes, names
that tell their role, no key, no chords), so that a file read back must be equal.
"""

from hypothesis import strategies as st

from engine.music.general_midi import ROLES, Role
from engine.music.loop import Loop, Note, Track, without_overlaps
from engine.music.timing import Meter

METERS = tuple(Meter.parse(text) for text in ("4/4", "3/4", "2/4", "6/8", "12/8", "5/4", "7/8", "9/8", "1/4", "4/2"))


def meters() -> st.SearchStrategy[Meter]:
    return st.sampled_from(METERS)


def tempos() -> st.SearchStrategy[float]:
    """Tempi in BPM, to two decimals."""
    return st.integers(2_000, 40_000).map(lambda hundredths: hundredths / 100)


@st.composite
def notes(draw: st.DrawFn, *, length: int, max_notes: int = 24, min_notes: int = 0) -> tuple[Note, ...]:
    """Sorted notes inside `length` ticks, no two of one pitch overlapping."""
    tuples = draw(
        st.lists(
            st.tuples(st.integers(0, length - 1), st.integers(0, 127), st.integers(1, length), st.integers(1, 127)),
            min_size=min_notes,
            max_size=max_notes,
        )
    )
    return without_overlaps(
        Note(onset, pitch, min(duration, length - onset), velocity) for onset, pitch, duration, velocity in tuples
    )


@st.composite
def tracks(draw: st.DrawFn, *, length: int, min_notes: int = 0, role: Role | None = None) -> Track:
    """One part; its name is empty or begins with its role."""
    role = role or draw(st.sampled_from(ROLES))
    name = draw(st.sampled_from(("", f"{role.value} 2", f"My {role.value.upper()}")))
    program = draw(st.none() | st.integers(0, 127))
    return Track(role, draw(notes(length=length, min_notes=min_notes)), program, name)


@st.composite
def plain_loops(draw: st.DrawFn, *, max_bars: int = 16, max_tracks: int = 5) -> Loop:
    """Loops that a MIDI file can carry whole."""
    meter = draw(meters())
    bars = draw(st.integers(1, max_bars))
    length = bars * meter.ticks_per_bar
    parts = draw(st.lists(tracks(length=length, min_notes=1), max_size=max_tracks))
    name = draw(st.sampled_from(("", "Night drive"))) if len(parts) > 1 else ""
    return Loop(meter, draw(tempos()), bars, tuple(parts), name=name)


@st.composite
def loops(draw: st.DrawFn, *, max_bars: int = 16, max_tracks: int = 5) -> Loop:
    """Any loop, empty parts, key and chords included."""
    meter = draw(meters())
    bars = draw(st.integers(1, max_bars))
    length = bars * meter.ticks_per_bar
    parts = draw(st.lists(tracks(length=length), max_size=max_tracks))
    return Loop(meter, draw(tempos()), bars, tuple(parts))
