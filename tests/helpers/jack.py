"""A JACK server of a test's own: real, without a sound card, and gone when the test is.

Starts `jackd -d dummy` under one of a few names, which no other test has meanwhile. JACK has places for eight servers,
and a killed one keeps its own until a server of the same name starts: hence the few names. It is ended with SIGTERM. It
waits for clients that died without leaving, and would have to be killed: end every client before it, in a way that
lets the client leave.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

import pytest

from tests.helpers.desktop import GLANCE_SECONDS, PATIENCE_SECONDS, until

MONITOR = "monitor"
# JACK's small clients leave it when they are interrupted; what runs in the background may have been told not to be.
INTERRUPTIBLE = ("env", "--default-signal=INT")
PLACES = 6
PERIOD_FRAMES = 1024
SAMPLE_RATE = 48_000
# A busy machine may keep a client waiting for longer than the half second that is usual. The server waits for it
# (`--sync`): else it would go on and lose what the client wrote.
PATIENCE_MS = 10_000
START_SECONDS = 20.0
ANSWER_SECONDS = 10.0
TIMED_OUT = 124  # as timeout(1) says it; a client that it has to kill gives another
LINES_TOLD = 8
STALLED = "Driver is not running"  # what the server says where a new client waited for a cycle for 5 s
POLICY_FIELD = 38  # in /proc/*/stat, counted from the state: 0 is the usual one, 2 is round-robin (proc(5))


def is_jack_installed() -> bool:
    return shutil.which("jackd") is not None and shutil.which("jack_lsp") is not None


def _take_place() -> tuple[str, TextIO]:
    """Return a server's name and the open file that holds it: no other test takes it until the file is closed.

    Servers of tests that were killed are ended first.
    """
    taken: tuple[str, TextIO] | None = None
    for name in (f"turnaround-{number}" for number in range(PLACES)):
        place = _held(name)
        if place is None:
            continue
        place.seek(0)
        _end_orphan(place.read(), name)
        place.truncate(0)
        if taken is None:
            taken = name, place
        else:
            place.close()
    if taken is None:
        pytest.skip(f"{PLACES} other tests have a JACK server now")
    clear_metadata()
    return taken


def _held(name: str) -> TextIO | None:
    """Return the open file that holds a place, or None if another test has it."""
    import fcntl  # where there is a JACK server, there is this

    place = (Path(tempfile.gettempdir()) / f"{name}.jack").open("a+")
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        place.close()
        return None
    return place


def _end_orphan(pid: str, name: str) -> None:
    """End the server of a test that was killed."""
    with suppress(OSError, ValueError):
        if name in (Path("/proc") / str(int(pid)) / "cmdline").read_text():
            os.kill(int(pid), signal.SIGKILL)
            until(lambda: not (Path("/proc") / pid).exists(), "the end of a server that was left over")


def clear_metadata() -> None:
    """Remove the database of JACK's metadata, unless a server runs that uses it.

    All servers and clients of a user share one, in shared memory, and each client opens it before it looks for its
    server. One that is killed just then leaves it locked, and every later client waits for ever (seen with one in a
    few hundred kills, JACK 1.9.21).
    """
    if sys.platform == "linux" and "jackd" not in (_name_of(process) for process in Path("/proc").glob("[0-9]*")):
        shutil.rmtree(f"/dev/shm/jack_db-{os.getuid()}", ignore_errors=True)


def _name_of(process: Path) -> str:
    """Return the name of a process by its folder in /proc; "" when it is gone."""
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


class JackServer:
    """A running server; `environment` leads clients to it.

    Args:
        environment: What clients shall have besides.
        is_realtime: Whether it and its clients' threads are woken before all others; not everyone may do that.
        is_patient: Whether it waits for slow clients and loses nothing. One that does may wait for ever for a client
            that was killed: where clients are killed it is started as users start it.
    """

    def __init__(
        self, environment: dict[str, str] | None = None, *, is_realtime: bool = False, is_patient: bool = True
    ) -> None:
        self.name, self._place = _take_place()
        self.environment = {
            **(os.environ if environment is None else environment),
            "JACK_DEFAULT_SERVER": self.name,
            "JACK_NO_START_SERVER": "1",
        }
        options = ["--realtime" if is_realtime else "--no-realtime", "--no-mlock"]
        options += ["--sync", "-t", str(PATIENCE_MS)] if is_patient else []
        driver = ["-d", "dummy", "-r", str(SAMPLE_RATE), "-p", str(PERIOD_FRAMES)]
        self._log = tempfile.TemporaryFile("a+")  # noqa: SIM115 - it is closed with the server
        self._process = subprocess.Popen(
            ["jackd", "-n", self.name, *options, *driver],
            env=self.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._place.write(str(self._process.pid))
        self._place.flush()
        try:
            until(lambda: self.ports() is not None, "the JACK server", START_SECONDS)
        except TimeoutError:
            self.close()
            pytest.skip("no JACK server starts here; killed ones may hold its places in /dev/shm (remove jack*)")

    def ports(self) -> list[str] | None:
        """Return the names of all ports; None while the server does not answer."""
        command = ["jack_lsp", "-s", self.name]
        try:
            found = subprocess.run(
                command, env=self.environment, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
            )
        except subprocess.TimeoutExpired:
            return None
        return found.stdout.split("\n")[:-1] if found.returncode == 0 else None

    def await_port(self, port: str, pause: Callable[[float], object] = time.sleep) -> None:
        """Wait until a port is there; `pause` waits for some seconds.

        A server that has ended, or stands or stood still for clients that are not ours, too, can show nothing of what
        is tested: the test is left out with an account. Seen on one machine, where the same passed a minute before.

        Raises:
            TimeoutError: The server goes on, and the port is not there.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while port not in (self.ports() or ()):
            if time.monotonic() > end:
                account = f"“{port}” did not come; {self._account()}"
                if STALLED not in self._said() and self._goes_on():
                    raise TimeoutError(account)
                pytest.skip(f"the JACK server stands still: {account}")
            pause(GLANCE_SECONDS)

    def _goes_on(self) -> bool:
        """Tell whether it answers, and serves a client that is not ours."""
        command = [*INTERRUPTIBLE, "timeout", "-s", "INT", "-k", "5", "2", "jack_midi_dump", "goes_on"]
        found = subprocess.run(command, env=self.environment, capture_output=True, check=False)
        return self.ports() is not None and found.returncode == TIMED_OUT

    def _account(self) -> str:
        """Return what the server said last, and what all processes of this test's user that know JACK wait for."""
        said = self._said().splitlines()[-LINES_TOLD:]
        state = "runs" if self._process.poll() is None else f"ended with {self._process.returncode}"
        return f"jackd {state}, said {said}; " + "; ".join(_threads_told())

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def connect(self, source: str, target: str) -> None:
        """Connect two ports."""
        command = ["jack_connect", "-s", self.name, source, target]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    def __enter__(self) -> "JackServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._place.close()


def _threads_told() -> Iterator[str]:
    """Give the threads of each process with JACK's library: their states, policies and what they wait for."""
    for process in sorted(Path("/proc").glob("[0-9]*")):
        with suppress(OSError):
            if "libjack" not in (process / "maps").read_text():
                continue
            threads = []
            for thread in sorted((process / "task").glob("*")):
                fields = (thread / "stat").read_text().rpartition(")")[2].split()
                wait = (thread / "wchan").read_text() if (thread / "wchan").exists() else ""
                threads.append(f"{fields[0]}{fields[POLICY_FIELD]} {wait}".strip())
            yield f"{_name_of(process)} {process.name}: {', '.join(threads)}"


class Monitor:
    """A running `jack_midi_dump`, and what it wrote."""

    def __init__(self, server: JackServer, path: Path) -> None:
        self.server, self._path, self._file = server, path, path.open("w")
        command = [*INTERRUPTIBLE, "stdbuf", "-oL", "jack_midi_dump", "-a", MONITOR]
        self._process = subprocess.Popen(command, env=server.environment, stdout=self._file)
        server.await_port(f"{MONITOR}:input")

    def messages(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return (frame, bytes) of all that came."""
        found = re.findall(r"^\s*(\d+):((?: [0-9a-f]{2})+)", self._path.read_text(), re.MULTILINE)
        return [(int(frame), tuple(int(byte, 16) for byte in text.split())) for frame, text in found]

    def close(self) -> None:
        """End it as Ctrl+C does: so it leaves JACK and writes what it still holds; a second time does nothing."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):  # it waits for the next cycle of a server that stands still
            self._process.wait(ANSWER_SECONDS)
        self._process.kill()
        self._process.wait()
        self._file.close()
