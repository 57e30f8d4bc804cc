"""A training that lets others go first."""

import os
from contextlib import suppress
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")


def lower_priority(nice: int) -> None:
    """Add to this process's niceness; where the system has none, all stays as it is.

    Linux may weigh whole sessions against one another, and niceness only within each (`autogroup`, sched(7)): a session
    that is this process's own, as the window starts it, is made as nice as it is.
    """
    if not nice or not hasattr(os, "nice"):
        return
    os.nice(nice)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # there is no such file where sessions are not weighed
            AUTOGROUP.write_text(str(nice), encoding="ascii")
