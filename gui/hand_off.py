"""How a loop leaves for a DAW: what of it, in which files, under which names. Pure but for the clock.

A real file exists before a drag begins, under the user's Music folder: some hosts keep referring to it. A file that is
there already, the same to the byte, is taken again, unless a host took it: some hosts take the same one only once.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from pathlib import Path
from string import Formatter

from PySide6.QtCore import QByteArray, QMimeData, QUrl

from engine.jobs.files import FileToWrite
from engine.music.drum_maps import GENERAL_MIDI, DrumMap
from engine.music.general_midi import DRUM_NAMES
from engine.music.loop import Loop, Note, Track
from engine.music.part_groove import PartGroove, with_part_grooves
from gui.piano_roll.selection import NOTHING, BarSelection, Selection, notes_by_part

LMMS_MIME = "application/x-lmms-stringpair"  # LMMS ignores file URLs from outside but takes its own kind
MAX_NAME = 60
FILE_NAME = "{name}_{part}_{tempo}_{key}_{bars}"
NAME_FIELDS = ("name", "part", "tempo", "key", "meter", "bars", "seed")
_SAFE = frozenset(" -()+")


class HandOffAs(Enum):
    """The files that a loop becomes."""

    FILE = "One MIDI file"
    PARTS = "One file a part"
    PIECES = "One file a part and a drum piece"
    PROJECT = "DAWproject"


@dataclass(frozen=True, slots=True)
class HandOffOptions:
    """How files are made.

    Attributes:
        form: Which files, unless a key held down says otherwise.
        drums: The layout that drums are written in.
        file_name: Template of names, with fields of `NAME_FIELDS` in braces.
        has_tempo: Whether files tell their tempo.
        is_padded: Whether a silent event stands at the end of every part.
    """

    form: HandOffAs = HandOffAs.FILE
    drums: DrumMap = GENERAL_MIDI
    file_name: str = FILE_NAME
    has_tempo: bool = True
    is_padded: bool = False


def check_file_name(template: str) -> None:
    """Refuse a template of file names that says nothing or asks for a field that there is not.

    Raises:
        ValueError: Says so in one sentence.
    """
    fields = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    unknown = [name for name in fields if name not in NAME_FIELDS]
    if unknown or not fields:
        known = ", ".join(f"{{{name}}}" for name in NAME_FIELDS)
        wrong = f"{{{unknown[0]}}} is not known in file names" if unknown else "a file name needs a field"
        raise ValueError(f"{wrong}; there are {known}")


def file_stem(loop: Loop, part: str = "", *, template: str = FILE_NAME, seed: str = "") -> str:
    """Return a name such as "Loop_Bass_100bpm_Am_4bars"; hosts that name tracks after files show the part.

    What is not known is left out, and what stands before it in the template with it.

    Args:
        loop: What the file holds.
        part: The part's label, "" for all parts.
        template: See `HandOffOptions`.
        seed: Of the take that it was, "" when it was none.
    """
    words = {
        "name": _word(loop.name) or "Loop",
        "part": part,
        "tempo": f"{loop.tempo_bpm:g}bpm",
        "key": loop.key.short_name.replace("#", "s") if loop.key else "",
        "meter": str(loop.meter),
        "bars": f"{loop.bars}bar{'s' if loop.bars > 1 else ''}",
        "seed": seed,
    }
    stem = ""
    for literal, field, _, _ in Formatter().parse(template):
        word = _word(words[field]) if field else ""
        if word or field is None:
            stem += _safe(literal, "_") + word
    return stem.strip(" -_") or "Loop"


def _word(text: str) -> str:
    return _safe(text)[:MAX_NAME].strip(" -")


def _safe(text: str, also: str = "") -> str:
    """Return a text that every file system takes."""
    return "".join(letter if letter.isalnum() or letter in _SAFE or letter in also else "-" for letter in text)


def fresh_path(
    folder: Path, stem: str, suffix: str = ".mid", *, is_taken: Callable[[Path], bool] = Path.exists
) -> Path:
    """Return a path in a folder that no file has yet."""
    path = folder / f"{stem}{suffix}"
    number = 2
    while is_taken(path):
        path = folder / f"{stem} ({number}){suffix}"
        number += 1
    return path


def namesakes(folder: Path, stem: str, suffix: str, fresh: Path) -> tuple[str, ...]:
    """Return the files that have a name already for which `fresh_path` found another."""
    paths = [folder / f"{stem}{suffix}"]
    while paths[-1] != fresh:
        paths.append(folder / f"{stem} ({len(paths) + 1}){suffix}")
    return tuple(map(str, paths[:-1]))


def day_folder(root: Path, today: date) -> Path:
    """Return the folder of a day's hand-offs."""
    return root / today.isoformat()


def only_selected(loop: Loop, selection: Selection) -> Loop:
    """Return the loop with only the selected notes, and only the parts that have any; all of it without a selection."""
    chosen = notes_by_part(selection)
    if not chosen:
        return loop
    return loop.with_tracks(
        replace(track, notes=tuple(note for note in track.notes if note in chosen[part]))
        for part, track in enumerate(loop.tracks)
        if part in chosen
    )


def only_bars(loop: Loop, first: int, last: int) -> Loop:
    """Return some bars as a loop of their own: notes that begin in them, cut where the last one ends."""
    start, end = (bar * loop.meter.ticks_per_bar for bar in (first, last + 1))

    def moved(note: Note) -> Note:
        return replace(note, onset=note.onset - start, duration=min(note.duration, end - note.onset))

    tracks = tuple(replace(t, notes=tuple(moved(note) for note in t.notes_between(start, end))) for t in loop.tracks)
    return replace(loop, bars=last - first + 1, tracks=tracks, chords=loop.chords[first : last + 1])


def bar_range(bars: BarSelection, part: int | None = None) -> tuple[int, int] | None:
    """Return the first and the last selected bar, of one part or of any; None when none is."""
    chosen = [bar for p, bar in bars.cells if part in (None, p)]
    return (min(chosen), max(chosen)) if chosen else None


def outgoing(
    loop: Loop,
    selection: Selection = NOTHING,
    bars: tuple[int, int] | None = None,
    grooves: Sequence[PartGroove] = (),
) -> Loop:
    """Return what of a loop leaves: the selected notes, else the selected bars, else all, with the parts' grooves.

    Parts without notes stay.
    """
    start = 0
    if selection:
        grooves = [grooves[part] for part in sorted(notes_by_part(selection)) if part < len(grooves)]
        loop = only_selected(loop, selection)
    elif bars is not None:
        start = bars[0] * loop.meter.ticks_per_bar
        loop = only_bars(loop, *bars)
    loop = with_part_grooves(loop, grooves, start=start)
    return loop.with_tracks(track for track in loop.tracks if track.notes)


def outgoing_text(loop: Loop, selection: Selection, bars: tuple[int, int] | None) -> str:
    """Return what `outgoing` returns, in words for a button."""
    if selection:
        return f"Drag {len(selection)} note{'s' if len(selection) > 1 else ''}"
    if bars is None or bars == (0, loop.bars - 1):
        return "Drag to DAW"
    first, last = bars
    return f"Drag bar {first + 1}" if first == last else f"Drag bars {first + 1}–{last + 1}"


def pieces_of(track: Track) -> tuple[Track, ...]:
    """Return a drum part as one part a drum."""
    keys = sorted({note.pitch for note in track.notes})
    return tuple(
        replace(
            track,
            name=DRUM_NAMES.get(key, f"Drum {key}"),
            notes=tuple(note for note in track.notes if note.pitch == key),
        )
        for key in keys
    )


@dataclass(frozen=True, slots=True)
class HandOff:
    """What is to be written for one hand-off.

    Attributes:
        files: The files, in the order of the parts.
        missing: Drums that the layout has no place for, so that they are left out.
    """

    files: tuple[FileToWrite, ...]
    missing: tuple[str, ...] = ()


def hand_off(
    loop: Loop,
    folder: Path,
    options: HandOffOptions,
    *,
    is_part: bool = False,
    seed: str = "",
    is_taken: Callable[[Path], bool] = Path.exists,
    gone: Collection[str] | None = None,
) -> HandOff:
    """Say what to write for a loop; parts without notes are left out.

    Args:
        loop: What leaves; see `outgoing`.
        folder: Where to.
        options: How.
        is_part: Whether it is one part of more, so that its name belongs in the file's.
        seed: See `file_stem`.
        is_taken: Whether a path has a file already.
        gone: Files that are not to be taken again though they be the same; None for all.
    """
    tracks = [track for track in loop.tracks if track.notes]
    if options.form is HandOffAs.PIECES:
        tracks = [piece for track in tracks for piece in (pieces_of(track) if track.is_drums else (track,))]
    remapped = [options.drums.remapped(track) if track.is_drums else (track, ()) for track in tracks]
    missing = tuple(dict.fromkeys(name for _, names in remapped for name in names))
    tracks = [track for track, _ in remapped if track.notes]
    is_split = options.form in (HandOffAs.PARTS, HandOffAs.PIECES)
    suffix = ".dawproject" if options.form is HandOffAs.PROJECT else ".mid"
    given: set[Path] = set()
    files: list[FileToWrite] = []
    for group in [[track] for track in tracks] if is_split else [tracks] if tracks else []:
        part = group[0].label if is_split or is_part else ""
        stem = file_stem(loop, part, template=options.file_name, seed=seed)
        path = fresh_path(folder, stem, suffix, is_taken=lambda path: path in given or is_taken(path))
        given.add(path)
        same = () if gone is None else namesakes(folder, stem, suffix, path)
        files.append(
            FileToWrite(
                str(path),
                loop.with_tracks(group),
                include_tempo=options.has_tempo,
                is_padded=options.is_padded,
                instead=tuple(name for name in same if name not in (gone or ()) and Path(name) not in given),
            )
        )
    return HandOff(tuple(files), missing)


def mime_of_files(paths: Iterable[str]) -> QMimeData:
    """Return what a drag or the clipboard carries: the files' URLs, and LMMS's own kind beside them."""
    mime = QMimeData()
    paths = list(paths)
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    if paths and paths[0].endswith(".mid"):
        mime.setData(LMMS_MIME, QByteArray(f"importedproject:{paths[0]}".encode()))
    return mime


def chip_text(loop: Loop, files: int, *, is_part: bool) -> str:
    """Return what is dragged, in words for the chip under the pointer."""
    what = loop.tracks[0].label if is_part and loop.tracks else loop.name or "Loop"
    bars = f"{loop.bars} bar{'s' if loop.bars > 1 else ''}"
    return f"♪ {what}, {bars}" + (f", {files} files" if files > 1 else "")
