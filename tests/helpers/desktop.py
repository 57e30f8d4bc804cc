"""A desktop of its own: a virtual screen with a window manager, and hands that press real keys and buttons.

Needs Xvfb, openbox, xdotool, wmctrl, xwininfo and ImageMagick's `import`; `missing_tools` says which are not there.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

TOOLS = ("Xvfb", "openbox", "xdotool", "wmctrl", "xwininfo", "import")
T = TypeVar("T")

PATIENCE_SECONDS = 60.0
GLANCE_SECONDS = 0.05


def missing_tools() -> list[str]:
    """Return the tools that are not installed."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def until(is_done: Callable[[], T | None], what: str, patience_seconds: float = PATIENCE_SECONDS) -> T:
    """Look again and again until something is so, and return it.

    Raises:
        TimeoutError: It is not so for too long.
    """
    end = time.monotonic() + patience_seconds
    while not (found := is_done()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {patience_seconds:g} s")
        time.sleep(GLANCE_SECONDS)
    return found


class Desktop:
    """A virtual screen.

    Args:
        home: A folder that is home to everything that runs on it.
        size: Width and height in pixels.
    """

    def __init__(self, home: Path, size: tuple[int, int] = (1480, 940)) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        read_end, write_end = os.pipe()
        screen = f"{size[0]}x{size[1]}x24"
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", screen, "-nolisten", "tcp"],
            pass_fds=(write_end,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            self.display = f":{pipe.readline().strip()}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "QT_"))},
            "DISPLAY": self.display,
            "HOME": str(home),
            "QT_QPA_PLATFORM": "xcb",
        }
        self._manager = subprocess.Popen(["openbox"], env=self.environment, stderr=subprocess.DEVNULL)
        self._started: list[subprocess.Popen[str]] = []
        until(lambda: self._tell("wmctrl", "-m").returncode == 0, "the window manager")

    def start(self, *arguments: str, stdout: IO[str] | None = None) -> subprocess.Popen[str]:
        """Start a Python program on this screen."""
        command = [sys.executable, *arguments]
        process = subprocess.Popen(command, env=self.environment, text=True, stdout=stdout)
        self._started.append(process)
        return process

    def run(self, *command: str) -> subprocess.Popen[str]:
        """Start a program on this screen; what it prints is nobody's concern."""
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=self.environment, text=True, stdout=quiet, stderr=quiet)
        self._started.append(process)
        return process

    def windows(self) -> dict[str, str]:
        """Return the windows' ids by their titles."""
        lines = self._tell("wmctrl", "-l").stdout.splitlines()
        return {line.split(None, 3)[3]: line.split()[0] for line in lines if len(line.split(None, 3)) == 4}

    def wait_for_window(self, title: str) -> str:
        """Return a window's id once it is there; a listing may miss one while another window comes or goes."""
        return until(lambda: self.windows().get(title, ""), f"the window “{title}”")

    def wait_for_window_like(self, part: str) -> str:
        """Return the title of a window once one has a title with this in it."""
        return until(lambda: next((title for title in self.windows() if part in title), ""), f"a window “…{part}…”")

    def origin(self, title: str) -> tuple[int, int]:
        """Return where a window's inside begins on the screen."""
        values = self._about(title)
        return int(values["Absolute upper-left X"]), int(values["Absolute upper-left Y"])

    def size(self, title: str) -> tuple[int, int]:
        """Return a window's width and height."""
        values = self._about(title)
        return int(values["Width"]), int(values["Height"])

    def _about(self, title: str) -> dict[str, str]:
        text = self._tell("xwininfo", "-id", self.wait_for_window(title)).stdout
        return {name.strip(): value for name, _, value in (line.partition(":") for line in text.splitlines())}

    def move(self, title: str, x: int, y: int) -> None:
        """Move a window."""
        self._tell("wmctrl", "-i", "-r", self.wait_for_window(title), "-e", f"0,{x},{y},-1,-1")

    def place(self, title: str, x: int, y: int, width: int, height: int) -> None:
        """Move and size a window."""
        self._tell("wmctrl", "-i", "-r", self.wait_for_window(title), "-e", f"0,{x},{y},{width},{height}")

    def restore(self, title: str) -> None:
        """Let a window be smaller than the screen."""
        self._tell("wmctrl", "-i", "-r", self.wait_for_window(title), "-b", "remove,maximized_vert,maximized_horz")

    def keep_above(self, title: str) -> None:
        """Keep a window above the others, so that a press elsewhere does not hide it."""
        self._tell("wmctrl", "-i", "-r", self.wait_for_window(title), "-b", "add,above")

    def focus(self, title: str) -> None:
        self._tell("wmctrl", "-i", "-a", self.wait_for_window(title))

    def press(self, *keys: str) -> None:
        """Press keys, such as "g" or "ctrl+z"."""
        for key in keys:
            self._tell("xdotool", "key", key)

    def type(self, text: str) -> None:
        """Type letters, each as a key."""
        self._tell("xdotool", "type", text)

    def point(self, x: int, y: int) -> None:
        """Put the pointer somewhere, where it may be already."""
        self._tell("xdotool", "mousemove", str(x), str(y))

    def click(self, x: int, y: int) -> None:
        self._tell("xdotool", "mousemove", "--sync", str(x), str(y), "click", "1")

    def drag(self, start: tuple[int, int], end: tuple[int, int], *, hold_seconds: float = 0.0) -> None:
        """Press, move in some steps and let go, as a hand does.

        Args:
            start, end: Places on the screen.
            hold_seconds: How long the hand rests before it lets go, for targets that answer late.
        """
        self._tell("xdotool", "mousemove", "--sync", *map(str, start))
        self._tell("xdotool", "mousedown", "1")
        for share in (0.1, 0.3, 0.6, 0.9, 1.0):
            x, y = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
            self._tell("xdotool", "mousemove", "--sync", str(x), str(y))
            time.sleep(4 * GLANCE_SECONDS)  # the hand's pace: the target is asked and answers in between
        time.sleep(hold_seconds)
        self._tell("xdotool", "mouseup", "1")

    def picture(self, path: Path, title: str = "", *options: str) -> None:
        """Take a picture of the screen, or of a window's inside.

        Args:
            path: Where to.
            title: Of the window, which nothing may cover; "" for the whole screen.
            options: For ImageMagick's `import`.
        """
        window = self.wait_for_window(title) if title else "root"
        self._tell("import", "-window", window, *options, str(path))

    def _tell(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=self.environment, text=True, capture_output=True, check=False)

    def close(self) -> None:
        """End all that runs on it, then the screen."""
        for process in [*self._started, self._manager, self._server]:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
