"""What single sets of the corpus need before they are like any other song.

* POP909's meters are wrong: bars and beats come from `NNN.beat_midi.txt` (seconds, -, downbeat), chords from
  `NNN.chord_midi.txt` (start, end, label). Its parts are told by their names.
* Groove MIDI was recorded with a Roland TD-11, whose map has zones that General MIDI does not know.
* Patterns of drum machines are loops already.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.errors import CorpusError
from engine.midi.song import Column, Song, SongTrack
from engine.music.analysis import NO_CHORD_ID, chord_id
from engine.music.general_midi import Role
from engine.music.harmony import Chord, ChordQuality
from engine.music.timing import PPQ, microseconds_per_quarter
from training.packing import seconds_at, with_notes
from training.songs import IntArray

BEATS_TEXT, CHORDS_TEXT = "beat_midi.txt", "chord_midi.txt"

# TD-11 zone: General MIDI key. Rims become their drum, edges their cymbal; the side stick stays.
TD11_TO_GENERAL_MIDI = {22: 42, 26: 46, 40: 38, 58: 43, 50: 48, 47: 45, 55: 49, 52: 57, 59: 51}

_POP909_ROLES = {"MELODY": Role.VOICE, "BRIDGE": Role.LEAD, "PIANO": Role.KEYS}
_TEMPO_CHANGE = 0.005  # smaller changes of the beat are the annotation's noise
_ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_QUALITIES: tuple[tuple[str, ChordQuality], ...] = (
    ("maj7", ChordQuality.MAJOR_SEVENTH),
    ("maj9", ChordQuality.MAJOR_SEVENTH),
    ("min7", ChordQuality.MINOR_SEVENTH),
    ("min9", ChordQuality.MINOR_SEVENTH),
    ("minmaj7", ChordQuality.MINOR),
    ("hdim7", ChordQuality.DIMINISHED),
    ("dim", ChordQuality.DIMINISHED),
    ("aug", ChordQuality.AUGMENTED),
    ("sus", ChordQuality.SUSPENDED),
    ("min", ChordQuality.MINOR),
    ("maj", ChordQuality.MAJOR),
    ("7", ChordQuality.DOMINANT_SEVENTH),
    ("9", ChordQuality.DOMINANT_SEVENTH),
    ("11", ChordQuality.DOMINANT_SEVENTH),
    ("13", ChordQuality.DOMINANT_SEVENTH),
)


def with_general_midi_drums(song: Song) -> Song:
    """Return a TD-11 recording with the keys of General MIDI, its parts all drums."""
    table = np.arange(128, dtype=np.int32)
    table[list(TD11_TO_GENERAL_MIDI)] = list(TD11_TO_GENERAL_MIDI.values())
    notes = song.notes.copy()
    notes[:, Column.PITCH] = table[notes[:, Column.PITCH]]
    tracks = tuple(SongTrack(Role.DRUMS, 0, track.name) for track in song.tracks)
    return with_notes(replace(song, tracks=tracks), notes)


def with_pop909_roles(song: Song) -> Song:
    """Return a POP909 song with the roles of its parts: the sung melody, the second line and the piano."""
    tracks = tuple(
        replace(track, role=_POP909_ROLES.get(track.name.strip().upper(), Role.KEYS)) for track in song.tracks
    )
    return replace(song, tracks=tracks)


def with_beats(song: Song, text: str) -> Song:
    """Return the song with its beats, bars and tempo taken from a beat annotation.

    Args:
        song: As read.
        text: Lines of "seconds any downbeat", downbeat 1.0 on the first beat of a bar.

    Raises:
        CorpusError: The annotation has fewer than two bars.
    """
    beats = read_beats(text)
    notes = song.notes.copy()
    onset = notes[:, Column.ONSET]
    ticks = beats.ticks_at(seconds_at(song, onset))
    ends = beats.ticks_at(seconds_at(song, onset + notes[:, Column.DURATION]))
    notes[:, Column.ONSET] = ticks
    notes[:, Column.DURATION] = np.maximum(ends - ticks, 1)
    return with_notes(replace(song, meters=beats.meters(), tempos=beats.tempos()), notes)


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """A beat annotation.

    Attributes:
        times: float64 [beats], seconds.
        downbeats: Indices of the beats that begin a bar, two or more.
    """

    times: npt.NDArray[np.float64]
    downbeats: npt.NDArray[np.int64]

    @property
    def usual(self) -> int:
        """How many beats most bars have."""
        return int(np.median(np.diff(self.downbeats)))

    @property
    def pickup(self) -> int:
        """How many beats of the first bar come before the annotation."""
        return int(-self.downbeats[0] % self.usual)

    def ticks_at(self, seconds: npt.NDArray[np.float64]) -> IntArray:
        """Return ticks from the first bar line, going on at the outer tempos before and after the beats."""
        times = self.times
        beats = np.interp(seconds, times, np.arange(len(times)))
        early, late = seconds < times[0], seconds > times[-1]
        beats[early] = (seconds[early] - times[0]) / (times[1] - times[0])
        beats[late] = len(times) - 1 + (seconds[late] - times[-1]) / (times[-1] - times[-2])
        return np.maximum(np.round((beats + self.pickup) * PPQ), 0).astype(np.int32)

    def meters(self) -> IntArray:
        """Return the changes of meter, int32 [M, 3]: tick, beats a bar, 4."""
        rows = [(0, self.usual)]
        bars = zip(
            (self.downbeats + self.pickup).tolist(), [*np.diff(self.downbeats).tolist(), self.usual], strict=True
        )
        for beat, beats in bars:
            if beats != rows[-1][1]:
                rows.append((beat * PPQ, beats))
        return np.array([(tick, beats, 4) for tick, beats in rows if beats <= 8], np.int32)

    def tempos(self) -> IntArray:
        """Return the changes of tempo, int32 [K, 2]: tick, microseconds a quarter."""
        rows: list[tuple[int, int]] = []
        for beat, seconds in enumerate(np.diff(self.times).tolist()):
            micros = max(microseconds_per_quarter(60 / max(seconds, 0.1)), 1)
            if not rows or abs(micros / rows[-1][1] - 1) > _TEMPO_CHANGE:
                rows.append(((beat + self.pickup) * PPQ if rows else 0, micros))
        return np.array(rows, np.int32)


def read_beats(text: str) -> Beats:
    """Read a beat annotation: lines of "seconds any downbeat".

    Raises:
        CorpusError: It is no such text, or has fewer than two bars.
    """
    try:
        table = np.array([[float(word) for word in line.split()] for line in text.splitlines() if line.strip()])
        beats = Beats(table[:, 0], np.flatnonzero(table[:, 2] > 0))
    except (ValueError, IndexError) as error:
        raise CorpusError("the beat annotation cannot be read") from error
    if len(beats.downbeats) < 2:
        raise CorpusError("the beat annotation has no bars")
    return beats


def annotated_chords(chords: str, beats: str, bar_starts: IntArray) -> IntArray:
    """Return the chord ids, int32 [bars, 2], of a chord annotation on the bars that `with_beats` made.

    Args:
        chords: Lines of "start end label" in seconds, such as "3.97 5.82 Ab:min7/b7".
        beats: The song's beat annotation.
        bar_starts: Ticks, [bars + 1].
    """
    rows = [line.split() for line in chords.splitlines() if len(line.split()) == 3]
    starts = read_beats(beats).ticks_at(np.array([float(row[0]) for row in rows]))
    ids = np.array([NO_CHORD_ID, *(chord_id(chord_of_label(row[2])) for row in rows)], np.int32)
    firsts, lengths = bar_starts[:-1], np.diff(bar_starts)
    # The chord that rules a half bar is the one sounding in its middle.
    middles = np.stack([firsts + lengths / 4, firsts + lengths * 3 / 4], axis=1)
    return ids[np.searchsorted(starts, middles, side="right")]


def chord_of_label(label: str) -> Chord:
    """Return the nearest chord we know to a label such as "F#:sus2", "Bb:maj(9)/3" or "N"."""
    root, _, rest = label.partition(":")
    if not root or root[0] not in _ROOTS:
        return Chord(None)
    pitch_class = (_ROOTS[root[0]] + root.count("#") - root.count("b")) % 12
    quality = rest.partition("/")[0]
    plain = quality.partition("(")[0]
    for text, known in _QUALITIES:
        if plain.startswith(text):
            return Chord(pitch_class, known)
    return Chord(pitch_class)
