"""How fast the window is: repaints, pans and zooms of a 5,000-note loop, the cold start, the event loop's heartbeat.

`python -m benchmarks.window_speed` paints offscreen (software raster, 1200 × 700), prints medians and 95th percentiles
beside the limits, starts the window in processes that begin anew each time, and measures how late a 4 ms timer comes
while nothing happens and, with the shipped model and the real worker, while 16 takes are written.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.piano_roll.editor import RollEditor
from gui.piano_roll.selection import NoteRef
from gui.piano_roll.state import RollState

SIZE_PX = (1200, 700)
NOTES = 5000
HEARTBEAT_MS = 4
PAINT_LIMIT_MS, START_LIMIT_MS, HEARTBEAT_LIMIT_MS = 8.0, 2000.0, 16.0
ROLES = (Role.DRUMS, Role.BASS, Role.KEYS, Role.LEAD, Role.PAD)


def a_full_loop(notes: int = NOTES) -> Loop:
    """Return 16 bars with about so many notes, spread over five parts."""
    length, each = 16 * 1920, notes // len(ROLES)
    tracks = []
    for part, role in enumerate(ROLES):
        step = 7 if role is Role.DRUMS else 13
        base = 36 if role is Role.DRUMS else 30 + 10 * part
        lanes = 12 if role is Role.DRUMS else 24
        places = [(i * length // each // 30 * 30, base + i * step % lanes, 40 + i * 37 % 88) for i in range(each)]
        tracks.append(Track(role).with_notes(Note(t, p, min(60, length - t), v) for t, p, v in places))
    return Loop(bars=16, tracks=tuple(tracks))


def with_a_louder_note(loop: Loop, *, part: int) -> Loop:
    """Return the loop with one note of a part changed."""
    track = loop.tracks[part]
    first, *others = track.notes
    changed = track.with_notes((replace(first, velocity=first.velocity % 127 + 1), *others))
    return replace(loop, tracks=(*loop.tracks[:part], changed, *loop.tracks[part + 1 :]))


def timed(act: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append(1000 * (time.perf_counter() - began))
    times.sort()
    return statistics.median(times), times[int(0.95 * (len(times) - 1))]


def paint_times(rounds: int) -> None:
    """Print what repainting, panning and zooming cost, with all notes visible and with a quarter of them."""
    state = RollState(a_full_loop())
    state.bring_to_front(2)
    editor = RollEditor(state)
    editor.resize(*SIZE_PX)
    editor.show()
    QApplication.processEvents()
    editor.fit()
    QApplication.processEvents()
    print(f"{state.loop.note_count} notes, {SIZE_PX[0]} x {SIZE_PX[1]} px; limit {PAINT_LIMIT_MS} ms median")

    frames = iter(range(1 << 30))

    def repaint() -> None:
        for pane in (editor.pitched, editor.drums):
            pane.paint_anew()
            pane.repaint()

    def select() -> None:
        note = state.loop.tracks[2].notes[next(frames) % 900]
        state.select(frozenset({NoteRef(2, note)}))
        QApplication.processEvents()

    def pan() -> None:
        direction = 40 if next(frames) // 20 % 2 else -40
        editor.pitched.set_time_axis(state.view.time.panned(direction))
        QApplication.processEvents()

    def zoom() -> None:
        factor = 1.1 if next(frames) // 10 % 2 else 1 / 1.1
        editor.pitched.set_time_axis(state.view.time.zoomed(factor, at_x_px=600))
        QApplication.processEvents()

    edits = [state.loop, with_a_louder_note(state.loop, part=2)]

    def edited() -> None:
        state.set_loop(edits[next(frames) % 2])
        QApplication.processEvents()

    for name, act in (
        ("repaint, all notes", repaint),
        ("after a click, all notes", select),
        ("after an edit, all notes", edited),
    ):
        print(f"  {name:28} {_pair(timed(act, rounds))}")
    editor.zoom(4.0)
    QApplication.processEvents()
    for name, act in (("repaint, a quarter", repaint), ("pan a frame", pan), ("zoom a frame", zoom)):
        print(f"  {name:28} {_pair(timed(act, rounds))}")
    editor.close()
    editor.deleteLater()


def _pair(times: tuple[float, float]) -> str:
    return f"median {times[0]:6.2f} ms   p95 {times[1]:6.2f} ms"


_START = """
import sys, time
began = float(sys.argv[1])
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from engine.resources import library_file
from engine.service import EngineService
from engine.worker import BundleLoader
from gui.app import App, Places
if __name__ == "__main__":
    service = EngineService(BundleLoader("", 0), library_file())
    service.start()
    qt = QApplication([])
    qt.setStyle("Fusion")
    app = App(qt, service, Places.of_user())
    app.start()
    def painted():
        print(1000 * (time.time() - began), flush=True)
        app.window.close()
        qt.quit()
    QTimer.singleShot(0, lambda: QTimer.singleShot(0, painted))
    qt.exec()
"""


def start_times(rounds: int) -> None:
    """Print how long a process takes from its beginning to the first painted window; the first round is the coldest."""
    times: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        script = Path(home) / "start.py"
        script.write_text(_START, encoding="utf-8")
        places = {name: home for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
        for _ in range(rounds):
            command = [sys.executable, str(script), str(time.time())]
            path = os.pathsep.join([os.getcwd(), os.environ.get("PYTHONPATH", "")])
            done = subprocess.run(
                command, env={**os.environ, **places, "PYTHONPATH": path}, capture_output=True, text=True, check=True
            )
            times.append(float(done.stdout.split()[0]))
    median, worst = statistics.median(times), max(times)
    print(f"window up: median {median:.0f} ms, worst {worst:.0f} ms; limit {START_LIMIT_MS:.0f} ms")


class Heartbeat:
    """Notes how late a timer of the event loop comes."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._timer = QTimer(interval=HEARTBEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._last = time.perf_counter()
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.late_ms.append(1000 * (now - self._last))
        self._last = now

    def told(self) -> str:
        """Return the gaps between beats in words."""
        self._timer.stop()
        gaps = sorted(self.late_ms[1:])
        p50, p99 = (gaps[int(share * (len(gaps) - 1))] for share in (0.5, 0.99))
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {gaps[-1]:.1f} ms over {len(gaps)} beats"


def heartbeats(qt: QApplication, seconds: float) -> None:
    """Print the heartbeat while idle, and while the real worker writes 16 takes."""
    from engine.service import EngineService
    from engine.worker import BundleLoader
    from gui.app import App, Places

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        service = EngineService(BundleLoader("", 0), folder / "library.sqlite")
        service.start()
        app = App(
            qt,
            service,
            Places(folder / "settings.json", folder / "session.json", folder / "journal.jsonl"),
        )
        app.start()
        wait = QEventLoop()
        app.bridge.worker_ready.connect(wait.quit)
        QTimer.singleShot(60_000, wait.quit)
        wait.exec()
        beat = Heartbeat()
        QTimer.singleShot(round(1000 * seconds), wait.quit)
        wait.exec()
        print(f"heartbeat idle:             {beat.told()}")
        app.session.change_wishes(replace(app.session.wishes, takes=16))
        app.board.finished.connect(wait.quit)
        beat = Heartbeat()
        began = time.perf_counter()
        app.commands.generate()
        QTimer.singleShot(180_000, wait.quit)
        wait.exec()
        took = time.perf_counter() - began
        print(f"heartbeat, 16 takes written: {beat.told()} ({took:.1f} s); limit p99 {HEARTBEAT_LIMIT_MS:.0f} ms")
        app.window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=5.0)
    parser.add_argument("--only-paint", action="store_true")
    arguments = parser.parse_args()
    qt = QApplication([])
    qt.setStyle("Fusion")
    paint_times(arguments.rounds)
    if not arguments.only_paint:
        start_times(arguments.starts)
        heartbeats(qt, arguments.idle_seconds)


if __name__ == "__main__":
    main()
