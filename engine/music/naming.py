"""Words for file names, in letters that every system, DAW and URL takes as they are."""

import re
import unicodedata
from collections.abc import Sequence

from engine.music.harmony import Key
from engine.music.loop import Loop

_FLATS = {"C#": "Db", "D#": "Eb", "F#": "Gb", "G#": "Ab", "A#": "Bb"}
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_MAX_WORD = 40


def key_word(key: Key) -> str:
    """Return a key for a file name: "Am", "Bb", "Gbdorian"; sharps are written as flats."""
    name = key.short_name
    return _FLATS[name[:2]] + name[2:] if name[:2] in _FLATS else name


def safe_word(text: str) -> str:
    """Return a text in the letters that every file system and URL takes; "x" if nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNSAFE.sub("-", plain).strip("-.")[:_MAX_WORD] or "x"


def loop_file_name(loop: Loop, *, name: str, part: str, last: str) -> str:
    """Return `NAME_PART_120bpm_Am_4bars_LAST.mid`; the key is left out where it is unknown."""
    bars = "1bar" if loop.bars == 1 else f"{loop.bars}bars"
    words = [safe_word(name), safe_word(part), f"{loop.tempo_bpm:g}bpm"]
    words += [key_word(loop.key)] if loop.key else []
    return "_".join([*words, bars, last]) + ".mid"


def part_labels(loop: Loop, indices: Sequence[int] | None = None) -> list[str]:
    """Return a name for each part, or for some, numbered where several share one."""
    labels: list[str] = []
    for index in range(len(loop.tracks)) if indices is None else indices:
        track = loop.tracks[index]
        same = [other for other in range(len(loop.tracks)) if loop.tracks[other].label == track.label]
        label = (track.name or track.role.value).strip()
        labels.append(label if len(same) == 1 else f"{label}{same.index(index) + 1}")
    return labels
