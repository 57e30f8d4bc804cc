"""Which sound files a folder holds, those in the folders below it included."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.audio.reading import is_audio_path


def sounds_within(folder: Path, on_error: Callable[[OSError], None] = lambda _: None) -> Iterator[Path]:
    """Yield the sound files of a folder, sorted; links to folders are not followed, for they may circle.

    Args:
        folder: Where.
        on_error: Told of each folder that cannot be opened.
    """
    for place, folders, names in os.walk(folder, onerror=on_error):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if is_audio_path(name))
