"""What single sets of the corpus need before they are like any other song.

* POP909's meters are wrong: bars and beats come from `NNN.beat_midi.txt` (seconds, -, downbeat), chords from
  `NNN.chord_midi.txt` (start, end, label). Its parts are told by their names.
* Groove MIDI was recorded with a Roland TD-11, whose map has zones that General MIDI does not know.
* Patterns of drum machines are loops already.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.errors import CorpusError
from engine.music.analysis import NO_CHORD_ID, chord_id
from engine.music.general_midi import Role
from engine.music.harmony import Chord, ChordQuality
from engine.music.timing import PPQ
from training.packing import RawPart, RawSong, ticks_to_seconds
from training.songs import IntArray

BEATS_TEXT, CHORDS_TEXT = "beat_midi.txt", "chord_midi.txt"

# TD-11 zone: General MIDI key. Rims become their drum, edges their cymbal; the side stick stays.
TD11_TO_GENERAL_MIDI = {22: 42, 26: 46, 40: 38, 58: 43, 50: 48, 47: 45, 55: 49, 52: 57, 59: 51}

POP909_ROLES = {"MELODY": Role.VOICE, "BRIDGE": Role.LEAD, "PIANO": Role.KEYS}
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


def with_general_midi_drums(song: RawSong) -> RawSong:
    """Return a TD-11 recording with the keys of General MIDI, all its parts on the drum channel."""
    table = np.arange(128, dtype=np.int32)
    table[list(TD11_TO_GENERAL_MIDI)] = list(TD11_TO_GENERAL_MIDI.values())
    return replace(
        song, parts=tuple(replace(part, pitch=table[part.pitch], is_drums=True, program=0) for part in song.parts)
    )


def with_beats(song: RawSong, text: str) -> RawSong:
    """Return the song with its beats, bars and tempo taken from a beat annotation.

    Args:
        song: As read.
        text: Lines of "seconds any downbeat", downbeat 1.0 on the first beat of a bar.

    Raises:
        CorpusError: The annotation has fewer than two bars.
    """
    rows = [[float(word) for word in line.split()] for line in text.splitlines() if line.strip()]
    table = np.array(rows, np.float64).reshape(-1, 3)
    times = table[:, 0]
    downbeats = np.flatnonzero(table[:, 2] > 0)
    if len(downbeats) < 2:
        raise CorpusError("the beat annotation has no bars")
    gaps = np.diff(downbeats)
    usual = int(np.median(gaps))
    pickup = int(-downbeats[0] % usual)  # beats of the first bar that the annotation leaves out
    parts = tuple(_on_beats(part, song, times, pickup) for part in song.parts)
    return RawSong(parts=parts, meters=_meters(downbeats + pickup, gaps, usual), tempos=_tempos(times, pickup))


def _on_beats(part: RawPart, song: RawSong, times: npt.NDArray[np.float64], pickup: int) -> RawPart:
    onset = _beats_at(ticks_to_seconds(song, part.onset), times) + pickup
    end = _beats_at(ticks_to_seconds(song, part.onset + part.duration), times) + pickup
    onset = np.maximum(np.round(onset * PPQ), 0).astype(np.int32)
    end = np.round(end * PPQ).astype(np.int32)
    return replace(part, onset=onset, duration=np.maximum(end - onset, 1))


def _beats_at(seconds: npt.NDArray[np.float64], times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return beats, going on before the first and after the last at the tempo found there."""
    beats = np.interp(seconds, times, np.arange(len(times)))
    early, late = seconds < times[0], seconds > times[-1]
    beats[early] = (seconds[early] - times[0]) / (times[1] - times[0])
    beats[late] = len(times) - 1 + (seconds[late] - times[-1]) / (times[-1] - times[-2])
    return beats


def _meters(downbeats: IntArray, gaps: IntArray, usual: int) -> tuple[tuple[int, int, int], ...]:
    meters = [(0, usual, 4)]
    for beat, gap in zip(downbeats.tolist(), gaps.tolist(), strict=False):
        if gap != meters[-1][1]:
            meters.append((beat * PPQ, gap, 4))
    if len(gaps) and gaps[-1] != usual:
        meters.append((int(downbeats[-1]) * PPQ, usual, 4))
    return tuple(meters)


def _tempos(times: npt.NDArray[np.float64], pickup: int) -> tuple[tuple[int, float], ...]:
    tempos: list[tuple[int, float]] = []
    for beat, seconds in enumerate(np.diff(times).tolist()):
        bpm = 60 / max(seconds, 0.1)
        if not tempos or abs(bpm / tempos[-1][1] - 1) > _TEMPO_CHANGE:
            tempos.append(((beat + pickup) * PPQ if tempos else 0, bpm))
    return tuple(tempos)


def annotated_chords(chords: str, beats: str, bar_starts: IntArray) -> IntArray:
    """Return the chord ids, int32 [bars, 2], of a chord annotation on the bars that `with_beats` made.

    Args:
        chords: Lines of "start end label" in seconds, such as "3.97 5.82 Ab:min7/b7".
        beats: The song's beat annotation.
        bar_starts: Ticks, [bars + 1].
    """
    times = np.array([float(line.split()[0]) for line in beats.splitlines() if line.strip()])
    downbeats = np.flatnonzero([float(line.split()[2]) > 0 for line in beats.splitlines() if line.strip()])
    pickup = int(-downbeats[0] % int(np.median(np.diff(downbeats))))
    rows = [line.split() for line in chords.splitlines() if len(line.split()) == 3]
    starts = _beats_at(np.array([float(row[0]) for row in rows]), times) + pickup
    ids = np.array([NO_CHORD_ID, *(chord_id(chord_of_label(row[2])) for row in rows)], np.int32)
    firsts, lengths = bar_starts[:-1], np.diff(bar_starts)
    # The chord that rules a half bar is the one sounding in its middle.
    middles = np.stack([firsts + lengths / 4, firsts + lengths * 3 / 4], axis=1) / PPQ
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


def pop909_roles(parts: Sequence[RawPart]) -> list[Role]:
    """Return the roles of POP909's parts: the sung melody, the second line and the piano."""
    return [POP909_ROLES.get(part.name.strip().upper(), Role.KEYS) for part in parts]
