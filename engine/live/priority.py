"""A process that is woken before others, where the system allows it."""

import logging
import os
import sys
from contextlib import suppress
from typing import Any

logger = logging.getLogger(__name__)

REAL_TIME_PRIORITY = 5  # below JACK's own threads
NICENESS = -11
WINDOWS_HIGH_PRIORITY = 0x80
SWITCH_SECONDS = 0.0005


def raise_priority() -> None:
    """Let this process be woken early; where that is not allowed, all stays as it is."""
    sys.setswitchinterval(SWITCH_SECONDS)  # a sound device's thread must not wait long for Python
    if sys.platform == "win32":
        _raise_on_windows()
    elif sys.platform == "linux":
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
        except OSError as error:
            logger.info("no real-time priority: %s", error)
            _be_less_nice()
    else:
        _be_less_nice()


def _be_less_nice() -> None:
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def _raise_on_windows() -> None:
    import ctypes

    libraries: Any = ctypes.windll  # type: ignore[attr-defined]
    libraries.kernel32.SetPriorityClass(libraries.kernel32.GetCurrentProcess(), WINDOWS_HIGH_PRIORITY)
    libraries.winmm.timeBeginPeriod(1)  # sleeps end after a millisecond, not after 16
