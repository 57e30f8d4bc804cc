"""The journal: every edit appended to a file as it is made, so that undo survives a restart and a crash loses nothing.

One line of JSON a step: {"edit": name, "gesture": number, "loop": …}, {"undo": true}, {"redo": true}, or
{"reset": …}. Appending costs well under a millisecond. At the start the file is replayed and then shortened to the
latest steps, so that it neither grows for ever nor makes the start slow; a step's loop is read from its line only when
it is gone back to. A line that was cut short by a crash ends the replay; what came before it is whole.
"""

import json
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from engine.music.loop import Loop
from engine.music.loop_json import loop_of_plain, plain_of_loop

logger = logging.getLogger(__name__)

KEPT_STEPS = 2000
# An edit's line as `_edit_line` writes it: all that is needed before the loop itself is.
_EDIT = re.compile(r'\{"edit":("(?:[^"\\]|\\.)*"),"gesture":(null|\d+),"loop":(\{.*\})\}\n', re.DOTALL)


class Snapshot:
    """A loop of the history, read when it is needed.

    Args:
        source: The loop, or its JSON.
    """

    __slots__ = ("_loop", "_text")

    def __init__(self, source: Loop | str) -> None:
        self._loop = source if isinstance(source, Loop) else None
        self._text = "" if isinstance(source, Loop) else source

    @property
    def loop(self) -> Loop:
        """The loop.

        Raises:
            ValueError: Its JSON is damaged.
        """
        if self._loop is None:
            self._loop = loop_of_plain(json.loads(self._text))
        return self._loop

    @property
    def text(self) -> str:
        """The loop as JSON."""
        if not self._text and self._loop is not None:
            self._text = _json(plain_of_loop(self._loop))
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self.loop == other.loop

    def __hash__(self) -> int:
        return hash(self.loop)


@dataclass(slots=True)
class History:
    """What a journal tells.

    Attributes:
        start: The loop before the first step.
        steps: (name, loop after it), the oldest first, undone ones included.
        index: How many of them are done.
    """

    start: Snapshot
    steps: list[tuple[str, Snapshot]] = field(default_factory=list[tuple[str, Snapshot]])
    index: int = 0
    gesture: int | None = None

    @property
    def current(self) -> Loop:
        return (self.steps[self.index - 1][1] if self.index else self.start).loop

    def take(self, line: dict[str, Any]) -> None:
        """Follow one line.

        Raises:
            ValueError: Its loop is damaged.
        """
        if "reset" in line:
            start = Snapshot(loop_of_plain(line["reset"]))
            self.start, self.steps, self.index, self.gesture = start, [], 0, None
        elif "undo" in line:
            self.index, self.gesture = max(0, self.index - 1), None
        elif "redo" in line:
            self.index, self.gesture = min(len(self.steps), self.index + 1), None
        elif "edit" in line:
            self.edit(str(line["edit"]), Snapshot(loop_of_plain(line["loop"])), line.get("gesture"))

    def edit(self, text: str, loop: Snapshot, gesture: int | None) -> None:
        """Follow an edit."""
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
                edit = _EDIT.fullmatch(text)
                if edit is not None and history is not None:
                    gesture = None if edit[2] == "null" else int(edit[2])
                    history.edit(json.loads(edit[1]), Snapshot(edit[3]), gesture)
                    continue
                line = json.loads(text)
                history = history or History(Snapshot(loop_of_plain(line["reset"])))
                history.take(line)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("the journal is cut short: %s", error)
    return _readable(history)


def _readable(history: History | None) -> History | None:
    """Go back to the latest loop that can be read."""
    while history is not None:
        try:
            history.current  # noqa: B018 reading it is the trial
        except ValueError as error:
            logger.warning("a step of the journal is damaged: %s", error)
            if not history.index:
                return None
            del history.steps[history.index - 1 :]
            history.index -= 1
        else:
            return history
    return None


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
        temporary = self._path.with_suffix(".part")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(f'{{"reset":{history.start.text}}}\n')
            file.writelines(_edit_line(text, snapshot, None) for text, snapshot in history.steps)
            file.writelines(_json({"undo": True}) + "\n" for _ in range(len(history.steps) - history.index))
        temporary.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8")

    def edit(self, text: str, loop: Loop, gesture: int | None) -> None:
        self._write(_edit_line(text, Snapshot(loop), gesture))

    def undo(self) -> None:
        self._write(_json({"undo": True}) + "\n")

    def redo(self) -> None:
        self._write(_json({"redo": True}) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, line: str) -> None:
        """Append a line; it is with the operating system when this returns, so a killed window loses nothing."""
        if self._file is not None:
            self._file.write(line)
            self._file.flush()


def _edit_line(text: str, snapshot: Snapshot, gesture: int | None) -> str:
    return f'{{"edit":{_json(text)},"gesture":{_json(gesture)},"loop":{snapshot.text}}}\n'


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
