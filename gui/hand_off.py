"""How a loop leaves for a DAW: names of files, folders that last, and what a drag carries. Pure but for the clock.

A real file exists before a drag begins, under the user's Music folder: some hosts keep referring to it. Every drag
has a fresh name, because some hosts take the same one only once.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QUrl

from engine.jobs.files import FileToWrite
from engine.music.loop import Loop
from gui.piano_roll.selection import Selection, notes_by_part

LMMS_MIME = "application/x-lmms-stringpair"  # LMMS ignores file URLs from outside but takes its own kind
MAX_NAME = 60
_SAFE = frozenset(" -()+")


def file_stem(loop: Loop, part: int | None = None) -> str:
    """Return a name such as "Loop_Bass_100bpm_Am_4bars"; hosts that name tracks after files show the part."""
    fields = [loop.name or "Loop"]
    if part is not None:
        fields.append(loop.tracks[part].label)
    fields.append(f"{loop.tempo_bpm:g}bpm")
    if loop.key is not None:
        fields.append(loop.key.short_name.replace("#", "s"))
    fields.append(f"{loop.bars}bar{'s' if loop.bars > 1 else ''}")
    return "_".join(_safe(field) for field in fields)


def _safe(text: str) -> str:
    """Return a text that every file system takes."""
    kept = "".join(letter if letter.isalnum() or letter in _SAFE else "-" for letter in text)
    return kept.strip(" -")[:MAX_NAME] or "Loop"


def fresh_path(folder: Path, stem: str, *, is_taken: Callable[[Path], bool] = Path.exists) -> Path:
    """Return a path in a folder that no file has yet."""
    path = folder / f"{stem}.mid"
    number = 2
    while is_taken(path):
        path = folder / f"{stem} ({number}).mid"
        number += 1
    return path


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


def files_of_loop(loop: Loop, folder: Path, *, as_parts: bool, include_tempo: bool = True) -> tuple[FileToWrite, ...]:
    """Return what to write for a loop: one file, or one a part; parts without notes are left out."""
    loop = loop.with_tracks(track for track in loop.tracks if track.notes)
    if not as_parts:
        return (FileToWrite(str(fresh_path(folder, file_stem(loop))), loop, include_tempo=include_tempo),)
    return tuple(file_of_part(loop, part, folder, include_tempo=include_tempo) for part in range(len(loop.tracks)))


def file_of_part(loop: Loop, part: int, folder: Path, *, include_tempo: bool = True) -> FileToWrite:
    """Return what to write for one part."""
    path = fresh_path(folder, file_stem(loop, part))
    return FileToWrite(str(path), loop, part=part, include_tempo=include_tempo)


def mime_of_files(paths: Iterable[str]) -> QMimeData:
    """Return what a drag or the clipboard carries: the files' URLs, and LMMS's own kind beside them."""
    mime = QMimeData()
    paths = list(paths)
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    if paths:
        mime.setData(LMMS_MIME, QByteArray(f"importedproject:{paths[0]}".encode()))
    return mime
