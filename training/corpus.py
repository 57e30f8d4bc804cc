"""What there is to train on: the manifest, where files come from, what genre they are, how often to draw them.

Inputs are archives (`.tar`, `.tar.xz` …), folders or single files. A manifest, a CSV with one row a file, says
which files belong, their licence, split, genre and song group; without one every MIDI file belongs, and its
split is a hash of its song group. Texts that lie beside a file (`001.mid`, `001.chord_midi.txt`) travel with it.
"""

import csv
import hashlib
import lzma
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from engine.errors import CorpusError
from training.songs import SongInfo

Wanted = Callable[[str], bool]
SPLITS = ("train", "valid", "test")
UNKNOWN_GENRE = "unknown"
_MIDI_SUFFIXES = (".mid", ".midi", ".kar")
_VERSION_SUFFIX = re.compile(r"\.\d+$")

# Words of the corpus's genre and style names, and the genre that the model knows; the first that fits counts.
_GENRE_WORDS: tuple[tuple[str, str], ...] = (
    ("mandarin", "chinese pop"),
    ("game", "game"),
    ("italian", "italian pop"),
    ("latin", "latin & reggae"),
    ("reggae", "latin & reggae"),
    ("afro", "latin & reggae"),
    ("samba", "latin & reggae"),
    ("bossa", "latin & reggae"),
    ("chacha", "latin & reggae"),
    ("cha-cha", "latin & reggae"),
    ("ska", "latin & reggae"),
    ("paso", "latin & reggae"),
    ("tango", "latin & reggae"),
    ("hiphop", "hip-hop"),
    ("electronic", "electronic"),
    ("dance", "electronic"),
    ("schlager", "schlager"),
    ("metal", "metal & punk"),
    ("punk", "metal & punk"),
    ("jazz", "jazz & blues"),
    ("swing", "jazz & blues"),
    ("charleston", "jazz & blues"),
    ("shuffle", "jazz & blues"),
    ("rnb", "funk & soul"),
    ("rhythm&blues", "funk & soul"),
    ("funk", "funk & soul"),
    ("soul", "funk & soul"),
    ("disco", "funk & soul"),
    ("gospel", "funk & soul"),
    ("country", "country & folk"),
    ("oldies", "oldies"),
    ("twist", "oldies"),
    ("boogie", "oldies"),
    ("rock", "rock"),
    ("pop", "pop"),
)
_GENRE_OF_SOURCE = {"gmd": "live drums", "dmp_patterns": "drum machine"}

# How much more often than others a genre is drawn: producers make these, and they are rare in the corpus.
GENRE_WEIGHTS: Mapping[str, float] = {
    "electronic": 4.0,
    "hip-hop": 4.0,
    "funk & soul": 2.0,
    "latin & reggae": 3.0,
}


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """What the manifest says of one file.

    Attributes:
        info: Name, provenance, split, genre, group.
        grid: Share of onsets on the 16th grid, 0 to 1, or None.
        is_downbeat_right: Whether kick and bass fall on the bar lines; None when not measured.
    """

    info: SongInfo
    grid: float | None = None
    is_downbeat_right: bool | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A MIDI file's bytes, and the texts that lie beside it by the rest of their names."""

    name: str
    data: bytes
    texts: dict[str, bytes] = field(default_factory=dict)


def genre_of(name: str, source: str = "") -> str:
    """Return the model's genre for a genre or style name of the corpus, `UNKNOWN_GENRE` if there is none."""
    plain = name.lower().replace("euro_schlager_chanson", "schlager")
    for word, genre in _GENRE_WORDS:
        if word in plain:
            return genre
    return _GENRE_OF_SOURCE.get(source, UNKNOWN_GENRE)


def read_manifest(path: Path) -> dict[str, ManifestRow]:
    """Read a manifest, a CSV that may be compressed with xz.

    Returns:
        Rows by the path of their file.

    Raises:
        CorpusError: The file cannot be read, or lacks a column.
    """
    try:
        with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as file:
            rows = [_manifest_row(row) for row in csv.DictReader(file)]
    except (OSError, lzma.LZMAError, UnicodeDecodeError, KeyError, ValueError) as error:
        raise CorpusError(
            f"{path.name} is no manifest that can be read.", f"It lacks or holds a wrong {error}."
        ) from error
    return {row.info.name: row for row in rows}


def _manifest_row(row: Mapping[str, str]) -> ManifestRow:
    if row["split"] not in SPLITS:
        raise ValueError(f'split "{row["split"]}"')
    downbeat = row.get("downbeat_ok", "")
    grid = row.get("grid16", "")
    info = SongInfo(
        name=row["path"],
        source=row["set"],
        licence=row["licence"],
        split=row["split"],
        genre=genre_of(row.get("genre", ""), row["set"]),
        song_group=row.get("song_group") or row["path"],
    )
    return ManifestRow(info, float(grid) if grid else None, downbeat == "1" if downbeat else None)


def row_without_manifest(name: str, ratios: Sequence[float]) -> ManifestRow:
    """Describe a file of which nothing is known but its name."""
    group = song_group_of(name)
    return ManifestRow(SongInfo(name=name, split=split_of_group(group, ratios), song_group=group))


def song_group_of(name: str) -> str:
    """Return what versions of one song share: the path without its suffix and version number ("Song.2.mid")."""
    path = PurePosixPath(name)
    return str(path.parent / _VERSION_SUFFIX.sub("", path.stem)).lower()


def split_of_group(group: str, ratios: Sequence[float]) -> str:
    """Return the split of a song group: a hash of its name, so that it is the same every time, anywhere.

    Args:
        group: The group's name.
        ratios: Shares of train, valid and test; they need not sum to 1.
    """
    point = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64 * sum(ratios)
    for split, ratio in zip(SPLITS, ratios, strict=True):
        if point < ratio:
            return split
        point -= ratio
    return SPLITS[0]


def weighted(infos: Sequence[SongInfo]) -> tuple[SongInfo, ...]:
    """Give every song its weight: its genre's, shared by the songs of its group."""
    sizes: dict[str, int] = {}
    for info in infos:
        sizes[info.song_group] = sizes.get(info.song_group, 0) + 1
    return tuple(
        replace(info, weight=round(GENRE_WEIGHTS.get(info.genre, 1.0) / sizes[info.song_group], 4)) for info in infos
    )


def list_names(paths: Iterable[Path]) -> list[str]:
    """Return the names of all MIDI files in the inputs, in the order in which `read_files` gives them."""
    return [name for path in paths for name, _ in _entries(path, is_midi, read=False)]


def read_files(paths: Iterable[Path], only: frozenset[str] | None = None) -> Iterator[SourceFile]:
    """Read the MIDI files of archives, folders and single files, one at a time.

    Args:
        paths: The inputs.
        only: Names of those that are wanted; the others are passed over unread. None: all.

    Raises:
        CorpusError: An input is missing or is no archive that can be read.
    """
    for path in paths:
        texts: dict[str, dict[str, bytes]] = {}
        for name, data in _entries(path, lambda name: name.endswith(".txt")):
            stem, _, rest = PurePosixPath(name).name.partition(".")
            texts.setdefault(str(PurePosixPath(name).parent / stem), {})[rest] = data
        for name, data in _entries(path, lambda name: is_midi(name) and (only is None or name in only)):
            stem = str(PurePosixPath(name).with_suffix(""))
            yield SourceFile(name, data, texts.get(stem, {}))


def is_midi(name: str) -> bool:
    """Tell a MIDI file by its name."""
    return name.lower().endswith(_MIDI_SUFFIXES)


def _entries(path: Path, wanted: Wanted, *, read: bool = True) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            name = file.relative_to(path).as_posix()
            if file.is_file() and wanted(name):
                yield name, file.read_bytes() if read else b""
    elif path.is_file() and is_midi(path.name):
        if wanted(path.name):
            yield path.name, path.read_bytes() if read else b""
    else:
        yield from _archive_entries(path, wanted, read=read)


def _archive_entries(path: Path, wanted: Wanted, *, read: bool) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and wanted(member.name):
                    content = archive.extractfile(member) if read else None
                    yield member.name, content.read() if content else b""
    except (OSError, tarfile.TarError, lzma.LZMAError, EOFError) as error:
        raise CorpusError(f"{path.name} cannot be read.", "Give archives (.tar.xz), folders or MIDI files.") from error
