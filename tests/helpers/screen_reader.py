"""A screen reader that writes down what it would read: it listens on a real AT-SPI bus, as Orca does.

`ScreenReader` belongs to a desktop of `desktop.py` and must be made before the program starts. As a module it is the
listening process: `python -m tests.helpers.screen_reader ADDRESS`, a line of JSON for each thing that is read.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.helpers.desktop import Desktop, until

LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
REGISTRY, ROOT = "org.a11y.atspi.Registry", "/org/a11y/atspi/registry"
HEARD = (
    ("org.a11y.atspi.Event.Focus", "Focus"),
    ("org.a11y.atspi.Event.Object", "Announcement"),
    ("org.a11y.atspi.Event.Object", "PropertyChange"),
)


def missing_parts() -> list[str]:
    """Return what is not installed."""
    tools = [tool for tool in ("dbus-daemon", "gdbus") if shutil.which(tool) is None]
    return tools if LAUNCHER.exists() else [*tools, LAUNCHER.name]


class ScreenReader:
    """Reads what happens on a desktop.

    Args:
        desktop: Programs started on it from now on are read.
    """

    def __init__(self, desktop: Desktop) -> None:
        self._heard = desktop.home / "heard.jsonl"
        bus = ["dbus-daemon", "--session", "--fork", "--print-address=1", "--print-pid=1"]
        said = subprocess.run(bus, env=desktop.environment, capture_output=True, text=True, check=True).stdout.split()
        self._bus = int(said[1])
        desktop.environment.update(DBUS_SESSION_BUS_ADDRESS=said[0], QT_LINUX_ACCESSIBILITY_ALWAYS_ON="1")
        desktop.run(str(LAUNCHER), "--launch-immediately")
        self._desktop = desktop
        until(self._address, "the accessibility bus")
        with self._heard.open("w") as file:
            # Qt opens no window here, but wants a platform that needs no screen of its own.
            desktop.start("-m", "tests.helpers.screen_reader", self._address(), stdout=file)
        until(self._heard.read_text, "the listener")

    def _address(self) -> str:
        place = ["--dest", "org.a11y.Bus", "--object-path", "/org/a11y/bus", "--method", "org.a11y.Bus.GetAddress"]
        told = subprocess.run(
            ["gdbus", "call", "--session", *place],
            env=self._desktop.environment,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return told.split("'")[1] if "'" in told else ""

    @property
    def heard(self) -> list[tuple[str, str]]:
        """What was read so far: (Focus, Announcement or PropertyChange, the words)."""
        return [tuple(json.loads(line)) for line in self._heard.read_text().splitlines()]

    def wait_for(self, kind: str, words: str) -> None:
        """Wait until something is read that has these words in it.

        Raises:
            TimeoutError: It is not.
        """
        until(lambda: any(k == kind and words in text for k, text in self.heard), f"“{words}”", patience_seconds=20)

    def close(self) -> None:
        """End the bus."""
        os.kill(self._bus, signal.SIGTERM)


def listen(address: str) -> int:
    """Write what is read on a bus to standard output, until killed."""
    from PySide6.QtCore import QCoreApplication, QObject, Slot
    from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusVariant

    class Listener(QObject):
        @Slot(QDBusMessage)
        def on_event(self, message: QDBusMessage) -> None:
            detail = message.arguments()[0]
            if message.member() == "PropertyChange" and detail != "accessible-name":
                return
            words = plain(message.arguments()[3]) if message.member() == "Announcement" else name_of(message)
            print(json.dumps([message.member(), words]), flush=True)  # noqa: T201 what this process is for

    def name_of(message: QDBusMessage) -> str:
        ask = QDBusMessage.createMethodCall(message.service(), message.path(), "org.freedesktop.DBus.Properties", "Get")
        ask.setArguments(["org.a11y.atspi.Accessible", "Name"])
        answer = bus.call(ask).arguments()
        return plain(answer[0]) if answer else ""

    def plain(value: object) -> str:
        return str(value.variant() if isinstance(value, QDBusVariant) else value)

    application = QCoreApplication([])
    bus = QDBusConnection.connectToBus(address, "screen reader")
    listener = Listener()
    for interface, member in HEARD:
        slot = "1on_event(QDBusMessage)"
        bus.connect("", "", interface, member, listener, slot)  # pyright: ignore[reportArgumentType] bytes are refused
    for event in ("focus:", "object:announcement", "object:property-change"):
        ask = QDBusMessage.createMethodCall(REGISTRY, ROOT, REGISTRY, "RegisterEvent")
        ask.setArguments([event])
        bus.call(ask)
    print(json.dumps(["Ready", ""]), flush=True)  # noqa: T201 what this process is for
    return application.exec()


if __name__ == "__main__":
    sys.exit(listen(sys.argv[1]))
