"""The window starts without the weight that belongs into other processes."""

import subprocess
import sys


def test_the_window_imports_neither_runtime_nor_midi_libraries() -> None:
    code = (
        "import sys, gui.app;"
        "heavy = {'torch', 'onnxruntime', 'rtmidi', 'mido', 'symusic', 'sounddevice', 'tinysoundfont', 'pretty_midi'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
