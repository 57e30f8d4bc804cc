"""Which MIDI files a producer means: the files named, and those in the folders named, each once."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.errors import MidiFileError

SUFFIXES = (".mid", ".midi", ".smf", ".kar", ".rmi")


def is_midi_path(path: Path) -> bool:
    """Tell whether a file is called like a MIDI file."""
    return path.suffix.casefold() in SUFFIXES


def midi_files(paths: Iterable[str | Path]) -> tuple[tuple[Path, ...], tuple[MidiFileError, ...]]:
    """Return the MIDI files that are meant, in the order named, and what cannot be used.

    Args:
        paths: Files, taken whatever they are called, and folders, searched with the folders in them. A file or folder
            that links lead to a second time is left out.

    Returns:
        Files that exist (reading them may still fail), and an error for each path that is missing, each folder that
        cannot be opened and each that holds no MIDI file.
    """
    found: dict[tuple[int, int], Path] = {}
    problems: list[MidiFileError] = []
    for named in paths:
        path = Path(named).expanduser()
        try:
            state = path.stat()
        except OSError as error:
            problems.append(_unusable(path, error))
            continue
        if not path.is_dir():
            found.setdefault((state.st_dev, state.st_ino), path)
            continue
        told = len(problems)
        inside = list(_inside(path, set(), problems))
        if not inside and len(problems) == told:
            problems.append(MidiFileError(f"{path} holds no MIDI files.", "Give .mid files, or a folder of them."))
        for file, identity in inside:
            found.setdefault(identity, file)
    return tuple(found.values()), tuple(problems)


def _inside(
    folder: Path, visited: set[tuple[int, int]], problems: list[MidiFileError]
) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Yield the MIDI files in a folder and those below it, with what identifies them."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entries, key=lambda entry: entry.name)
        state = folder.stat()
    except OSError as error:
        problems.append(_unusable(folder, error))
        return
    identity = (state.st_dev, state.st_ino)
    if identity in visited:  # a link that leads back
        return
    visited.add(identity)
    for entry in names:
        path = Path(entry.path)
        try:
            if entry.is_dir():
                yield from _inside(path, visited, problems)
            elif is_midi_path(path):
                state = path.stat()
                yield path, (state.st_dev, state.st_ino)
        except OSError as error:
            problems.append(_unusable(path, error))


def _unusable(path: Path, error: OSError) -> MidiFileError:
    return MidiFileError(f"{path} cannot be read: {error.strerror or error}.", "Check its name and who may read it.")
