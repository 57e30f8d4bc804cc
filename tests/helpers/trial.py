"""The whole program on a desktop of its own, and what it keeps there."""

import os
from pathlib import Path

from engine.jobs.library import TakeRow
from engine.library.store import TakeStore
from gui.journal import History, read_journal
from tests.helpers.desktop import Desktop

WINDOW = "Turnaround"


class Trial:
    """The program on a desktop, and what it keeps."""

    def __init__(self, desktop: Desktop) -> None:
        self.desktop = desktop
        self.data = desktop.home / ".local" / "share" / "Turnaround"
        self.pictures = os.environ.get("TURNAROUND_PICTURES")
        self.start()

    def start(self) -> None:
        self.process = self.desktop.start("-m", "gui")
        self.desktop.wait_for_window(WINDOW)
        self.desktop.focus(WINDOW)

    def history(self) -> History:
        history = read_journal(self.data / "journal.jsonl")
        assert history is not None
        return history

    def done(self) -> list[str]:
        """Return the names of the steps that are done."""
        history = self.history()
        return [text for text, _ in history.steps[: history.index]]

    def takes(self) -> tuple[TakeRow, ...]:
        if not (self.data / "takes.sqlite").exists():
            return ()
        store = TakeStore(self.data / "takes.sqlite")
        rows = store.find()
        store.close()
        return rows

    def picture(self, name: str) -> None:
        if self.pictures:
            self.desktop.picture(Path(self.pictures) / f"{name}.png")

    def at(self, place: tuple[int, int]) -> tuple[int, int]:
        """Return a place in the window as a place on the screen."""
        x, y = self.desktop.origin(WINDOW)
        return x + place[0], y + place[1]
