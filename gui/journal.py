"""The journal: every edit appended to a file as it is made, so that undo survives a restart and a crash loses nothing.

One line of JSON a step: {"edit": name, "gesture": number, "loop": …}, {"undo": true}, {"redo": true}, or
{"reset": …}. Appending costs well under a millisecond. At the start the file is replayed and then shortened to the
latest steps, so that it neither grows for ever nor makes the start slow. A line that was cut short by a crash ends
the replay; what came before it is whole.
"""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from engine.music.loop import Loop
from engine.music.loop_json import loop_of_plain, plain_of_loop

logger = logging.getLogger(__name__)

KEPT_STEPS = 200


@dataclass(slots=True)
class History:
    """What a journal tells.

    Attributes:
        start: The loop before the first step.
        steps: (name, loop after it), the oldest first, undone ones included.
        index: How many of them are done.
    """

    start: Loop
    steps: list[tuple[str, Loop]] = field(default_factory=list[tuple[str, Loop]])
    index: int = 0
    gesture: int | None = None

    @property
    def current(self) -> Loop:
        return self.steps[self.index - 1][1] if self.index else self.start

    def take(self, line: dict[str, Any]) -> None:
        """Follow one line.

        Raises:
            ValueError: Its loop is damaged.
        """
        if "reset" in line:
            self.start, self.steps, self.index, self.gesture = loop_of_plain(line["reset"]), [], 0, None
        elif "undo" in line:
            self.index, self.gesture = max(0, self.index - 1), None
        elif "redo" in line:
            self.index, self.gesture = min(len(self.steps), self.index + 1), None
        elif "edit" in line:
            self._edit(str(line["edit"]), loop_of_plain(line["loop"]), line.get("gesture"))

    def _edit(self, text: str, loop: Loop, gesture: int | None) -> None:
        del self.steps[self.index :]
        if gesture is not None and gesture == self.gesture and self.steps:
            self.steps[-1] = (text, loop)
        else:
            self.steps.append((text, loop))
        self.index, self.gesture = len(self.steps), gesture

    def shortened(self, kept: int = KEPT_STEPS) -> "History":
        """Return the history without its oldest steps, as far as they are done."""
        surplus = min(max(0, len(self.steps) - kept), self.index)
        start = self.steps[surplus - 1][1] if surplus else self.start
        return History(start, self.steps[surplus:], self.index - surplus)


def read_journal(path: Path) -> History | None:
    """Return what a journal tells, or None when there is none or nothing of it can be read."""
    history: History | None = None
    try:
        with path.open(encoding="utf-8") as file:
            for text in file:
                line = json.loads(text)
                history = history or History(loop_of_plain(line["reset"]))
                history.take(line)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("the journal is cut short: %s", error)
    return history


class Journal:
    """Appends to the file.

    Args:
        path: Where; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def begin(self, history: History) -> None:
        """Begin the file anew with a history; the old file is replaced whole."""
        self.close()
        lines: list[dict[str, Any]] = [{"reset": plain_of_loop(history.start)}]
        lines += [{"edit": text, "gesture": None, "loop": plain_of_loop(loop)} for text, loop in history.steps]
        lines += [{"undo": True}] * (len(history.steps) - history.index)
        temporary = self._path.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(_line(line) for line in lines)
        temporary.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")

    def edit(self, text: str, loop: Loop, gesture: int | None) -> None:
        self._write({"edit": text, "gesture": gesture, "loop": plain_of_loop(loop)})

    def undo(self) -> None:
        self._write({"undo": True})

    def redo(self) -> None:
        self._write({"redo": True})

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: dict[str, Any]) -> None:
        """Append a line; it is with the operating system when this returns, so a killed window loses nothing."""
        if self._file is not None:
            self._file.write(_line(line))
            self._file.flush()


def _line(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
