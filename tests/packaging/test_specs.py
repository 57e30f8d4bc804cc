"""The frozen builds carry every file that the code reads beside itself."""

import runpy
import sys
from pathlib import Path
from types import ModuleType

import pytest

from training.cli import CONFIGS
from training.evaluation.cut import SCALE
from training.evaluation.judge import JUDGE

ROOT = Path(__file__).resolve().parents[2]


class _RecordedError(Exception):
    """All that is looked at has been told."""


def datas_of(spec: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what a spec carries beside code: where it is here and in which folder of the build."""
    hooks = ModuleType("PyInstaller.utils.hooks")
    monkeypatch.setattr(hooks, "collect_all", lambda _: ([], [], []), raising=False)
    for name in ("collect_submodules", "copy_metadata"):
        monkeypatch.setattr(hooks, name, lambda _: [], raising=False)
    for module in (ModuleType("PyInstaller"), ModuleType("PyInstaller.utils"), hooks):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setenv("TURNAROUND_BUILD_SOUNDS", "sounds")
    found: list[tuple[str, str]] = []

    def analysis(*_: object, datas: list[tuple[str, str]], **__: object) -> None:
        found.extend(datas)
        raise _RecordedError

    path = ROOT / "packaging" / spec
    with pytest.raises(_RecordedError):
        runpy.run_path(str(path), {"SPECPATH": str(path.parent), "Analysis": analysis})
    return found


def placed(source: str, folder: str) -> set[Path]:
    """Return where the files of an entry come to lie in the build."""
    path = Path(source)
    if path.is_dir():
        return {Path(folder, file.relative_to(path)) for file in path.rglob("*")}
    return {Path(folder, file.name) for file in path.parent.glob(path.name)}


@pytest.mark.parametrize("spec", ["turnaround.spec", "training_pack.spec"])
def test_a_build_has_what_training_reads_beside_its_code(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = set[Path]().union(*(placed(*entry) for entry in datas_of(spec, monkeypatch)))
    wanted = {file.relative_to(ROOT) for file in (*CONFIGS.glob("*.toml"), SCALE, *JUDGE.iterdir())}
    assert wanted <= carried
