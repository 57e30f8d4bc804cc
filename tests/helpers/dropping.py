"""Files for the window to take, and a drop of them that another process gives: a hand drags them across the screen."""

from pathlib import Path

from engine.midi import smf
from engine.midi.smf_write import encode
from gui import loop_edits
from gui.app import first_loop
from tests.helpers.desktop import Desktop, until
from tests.helpers.trial import WINDOW, Trial

PANEL, SOURCE = "Import", "Drag source"
SCREEN = (1480, 1100)  # the source is below the window
TARGET = (700, 300)  # in the window


def drop(desktop: Desktop, *paths: Path) -> Trial:
    """Open the window and drop files on it."""
    trial = Trial(desktop)
    until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
    desktop.move(WINDOW, 0, 0)
    desktop.start("-m", "tests.helpers.drag_source", *map(str, paths))
    desktop.wait_for_window(SOURCE)
    desktop.move(SOURCE, 600, 960)
    desktop.keep_above(SOURCE)
    until(lambda: desktop.origin(SOURCE)[1] >= 960, "the source in its place")
    x, y = desktop.origin(SOURCE)
    desktop.drag((x + 60, y + 60), trial.at(TARGET), hold_seconds=0.3)
    desktop.wait_for_window(PANEL)
    desktop.focus(PANEL)
    return trial


def stems(folder: Path) -> list[Path]:
    """Write the parts of the first loop as files of their own."""
    folder.mkdir(exist_ok=True)
    loop = first_loop()
    paths = [folder / f"{track.label}.mid" for track in loop.tracks]
    for track, path in zip(loop.tracks, paths, strict=True):
        smf.write(loop.with_tracks([track]), path)
    return paths


def song(path: Path) -> Path:
    """Write a song: the first loop four times, and then other music four times."""
    loop = loop_edits.repeated(first_loop(), 4)
    other = loop_edits.repeated(first_loop().transposed(5), 4)
    whole = encode(loop)
    for track, more in zip(whole.tracks, encode(other).tracks, strict=True):
        end = track.pop()
        first = next((i for i, message in enumerate(more) if not message.is_meta), len(more) - 1)
        more[first].time += end.time
        track.extend(more[first:])
    whole.save(path)
    return path
