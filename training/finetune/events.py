"""What a fine-tuning says while it runs: JSON lines, one event each, into a file that whoever wants to may follow.

A crash can cut a line off; the next begins anew, and a reader passes over what is no JSON. `event` names its kind:

    report    {report}                                  what the folder holds
    state     {state, text}                             what is being done
    step      {step, rows, total_rows, seconds, seconds_left, bits, rows_per_second}
    valid     {step, own, base, own_start, base_start}  bits a note: files kept aside, and the base's own loops
    sample    {step, path}                              a loop to hear
    end       {state, text, bundle}                     finished, paused or failed; the words, and where the model is
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS_FILE = "events.jsonl"
Say = Callable[..., None]  # say(event, **values)


class EventLog:
    """Writes events.

    Args:
        path: The file; what an earlier call wrote stays before it.
        also: Hears each event too.
    """

    def __init__(self, path: Path, also: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._path, self._also = path, also
        if path.exists() and not path.read_bytes().endswith(b"\n"):
            with path.open("ab") as file:
                file.write(b"\n")

    def __call__(self, event: str, **values: Any) -> None:
        line = {"event": event, "time": round(time.time(), 3), **values}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        if self._also:
            self._also(line)
