"""The rules of the house that no import contract can hold."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("engine", "gui", "training")


def sources(*packages: str) -> list[Path]:
    files = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    assert files
    return files


def imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_torch_is_known_in_training_alone() -> None:
    assert not [path for path in sources("engine", "gui") if imported(path) & {"torch", "lightning"}]


def test_onnxruntime_is_imported_in_one_file() -> None:
    assert not [path for path in sources(*PACKAGES) if "onnxruntime" in imported(path)]
    text = (ROOT / "engine" / "runtime.py").read_text(encoding="utf-8")
    assert 'import_module("onnxruntime")' in text


def test_qt_is_known_in_the_window_alone() -> None:
    assert not [path for path in sources("engine", "training") if "PySide6" in imported(path)]


def test_every_module_says_what_it_is() -> None:
    silent = [
        path
        for path in [*sources(*PACKAGES), ROOT / "turnaround.py"]
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_nothing_is_unpickled() -> None:
    calls = re.compile(r"\b(?:pickle|dill|joblib)\.(?:loads?|Unpickler)\b|allow_pickle=True|weights_only=False")
    assert not [path for path in sources(*PACKAGES) if calls.search(path.read_text(encoding="utf-8"))]
    for path in sources("training"):
        for call in re.findall(r"torch\.load\(.*", path.read_text(encoding="utf-8")):
            assert "weights_only=True" in call, path


def test_the_locked_packages_come_from_the_public_index_alone() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://([^/\"]+)", lock)) == {"pypi.org", "files.pythonhosted.org"}
    names = {package["name"] for package in tomllib.loads(lock)["package"]}
    assert {"onnxruntime", "pyside6-essentials", "mido", "python-rtmidi"} <= names


def test_packaging_stays_no_package() -> None:
    # It would hide the library of that name, which half of all tools import.
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_every_picture_of_the_guide_can_be_taken_anew() -> None:
    script = (ROOT / "benchmarks" / "pictures.py").read_text(encoding="utf-8")
    shown = {
        name
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        for name in re.findall(r"images/([\w-]+)\.png", page.read_text(encoding="utf-8"))
    }
    assert shown == {path.stem for path in (ROOT / "docs" / "images").iterdir()}
    assert not [name for name in shown if f'"{name}"' not in script]


def test_readme_has_two_commands_of_one_line() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for heading in ("## Run", "## Test"):
        section = readme.split(f"\n{heading}\n")[1].split("\n## ")[0]
        blocks = re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)
        assert len(blocks) == 1
        assert blocks[0].count("\n") == 1


def test_qt_keeps_its_hands_off_none() -> None:
    # PySide6 6.12.0 drops a reference to None with every void call and aborts Python 3.11 in the end.
    pytest.importorskip("PySide6.QtCore", exc_type=ImportError)
    code = (
        "import sys; from PySide6.QtCore import QObject; thing = QObject(); before = sys.getrefcount(None);"
        "[thing.setObjectName('x') for _ in range(1000)]; print(abs(sys.getrefcount(None) - before) < 500)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True"


def test_the_description_of_the_house_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (ROOT / "engine").glob("*/__init__.py")]
    rooms += [path.name for path in (ROOT / "engine").glob("*.py") if path.name != "__init__.py"]
    rooms += [
        path.name for folder in ("representation", "inference") for path in (ROOT / "engine" / folder).glob("*.py")
    ]
    assert not [room for room in rooms if room != "__init__.py" and room not in text]
