"""A JACK server of a test's own: real, without a sound card, and gone when the test is.

Starts `jackd -d dummy` under a name that nobody else has. It is ended with SIGTERM: a killed server keeps one of the
eight places that the system has for them. It waits for clients that died without leaving, and would have to be
killed: end every client before it, in a way that lets the client leave.
"""

import os
import re
import shutil
import signal
import subprocess
import uuid
from pathlib import Path
from types import TracebackType

import pytest

from tests.helpers.desktop import until

MONITOR = "monitor"
PERIOD_FRAMES = 1024
SAMPLE_RATE = 48_000
# A busy machine may keep a client waiting for longer than the half second that is usual.
PATIENCE_MS = 10_000
START_SECONDS = 20.0


def is_jack_installed() -> bool:
    return shutil.which("jackd") is not None and shutil.which("jack_lsp") is not None


class JackServer:
    """A running server; `environment` leads clients to it.

    Args:
        environment: What clients shall have besides.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self.name = f"turnaround-{uuid.uuid4().hex[:8]}"
        self.environment = {
            **(os.environ if environment is None else environment),
            "JACK_DEFAULT_SERVER": self.name,
            "JACK_NO_START_SERVER": "1",
        }
        options = ["--no-realtime", "--no-mlock", "-t", str(PATIENCE_MS)]
        driver = ["-d", "dummy", "-r", str(SAMPLE_RATE), "-p", str(PERIOD_FRAMES)]
        self._process = subprocess.Popen(
            ["jackd", "-n", self.name, *options, *driver],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: self.ports() is not None, "the JACK server", START_SECONDS)
        except TimeoutError:
            self.close()
            pytest.skip("no JACK server starts here; killed ones may hold its places in /dev/shm (remove jack*)")

    def ports(self) -> list[str] | None:
        """Return the names of all ports; None while the server does not answer."""
        command = ["jack_lsp", "-s", self.name]
        found = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return found.stdout.split("\n")[:-1] if found.returncode == 0 else None

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


class Monitor:
    """A running `jack_midi_dump`, and what it wrote."""

    def __init__(self, server: JackServer, path: Path) -> None:
        self.server, self._path, self._file = server, path, path.open("w")
        command = ["stdbuf", "-oL", "jack_midi_dump", "-a", MONITOR]
        self._process = subprocess.Popen(command, env=server.environment, stdout=self._file)
        until(lambda: f"{MONITOR}:input" in (server.ports() or ()), "the monitor's port")

    def messages(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return (frame, bytes) of all that came."""
        found = re.findall(r"^\s*(\d+):((?: [0-9a-f]{2})+)", self._path.read_text(), re.MULTILINE)
        return [(int(frame), tuple(int(byte, 16) for byte in text.split())) for frame, text in found]

    def close(self) -> None:
        """End it as Ctrl+C does: so it leaves JACK and writes what it still holds; a second time does nothing."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(10)
        self._file.close()
