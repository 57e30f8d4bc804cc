"""A whole evaluation of a tiny random model on made songs: rows, resume, the same figures twice, the report."""

import csv
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.resources import asset
from engine.similarity.originality import FILE_NAME
from tests.helpers.packed_songs import made_songs
from tests.helpers.tiny_bundle import write_tiny_bundle
from training.evaluation.command import TINY, evaluate_bundle
from training.evaluation.items import QUICK
from training.evaluation.judge import JUDGE
from training.evaluation.run import RunConfig, run

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation")
    made_songs(folder / "packed", train=24)
    write_tiny_bundle(folder / "tiny")
    return folder


def config_of(folder: Path, name: str) -> RunConfig:
    return RunConfig(folder / "tiny", folder / "packed", folder / name, sizes=TINY, processes=1, seed=3)


def test_the_whole_of_it_and_again_after_a_stop(folder: Path) -> None:
    first = evaluate_bundle(config_of(folder, "first"), judge=JUDGE, examples=2)
    stopped = config_of(folder, "second")
    stopped.out.mkdir()
    for name in ("settings.json", "loops-0.jsonl"):
        (stopped.out / name).write_text((folder / "first" / name).read_text())
    rows = (folder / "first" / "rows-0.csv").read_text().splitlines(keepends=True)
    (stopped.out / "rows-0.csv").write_text("".join(rows[: len(rows) // 2]) + "takes/3,par\n")
    told: list[tuple[int, int]] = []
    again = evaluate_bundle(stopped, judge=JUDGE, told=lambda done, total: told.append((done, total)))
    assert told[0][0] > 0
    assert told[-1][0] == told[-1][1]
    assert first.figures.read_bytes() == again.figures.read_bytes()
    check_figures(json.loads(first.figures.read_text())["figures"])
    check_files(folder / "first")


def test_the_quick_form_of_the_command_says_the_same_with_two_processes_and_with_one(folder: Path) -> None:
    out = folder / "quick"
    command = [sys.executable, "-m", "turnaround", "evaluate", str(folder / "tiny"), "--data", str(folder / "packed")]
    options = ["--quick", "--seed", "5", "--processes", "2", "--examples", "1", "--sound", "--out", str(out)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    index = asset("originality", FILE_NAME)
    alone = RunConfig(
        folder / "tiny", folder / "packed", folder / "alone", seed=5, sizes=QUICK, processes=1, index=index
    )
    again = evaluate_bundle(alone)
    assert (out / "figures.json").read_bytes() == again.figures.read_bytes()
    assert (out / "rows.csv").read_bytes() == (alone.out / "rows.csv").read_bytes()
    sounds = sorted(path.name for path in (out / "examples" / "000").glob("*.wav"))
    assert sounds == ["fully-conditioned.wav", "partly-conditioned.wav", "true.wav"]


def check_figures(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    assert figures["valid"]["fully"]["value"] == 1
    assert figures["valid"]["fully"]["n"] == 12
    assert figures["density"]["real"]["n"] == 6
    assert 0 < figures["FID"]["real"]["value"] < figures["FID"]["random"]["value"]
    assert figures["found as a loop"]["real"]["value"] > figures["found as a loop"]["random"]["value"]
    real, late = (figures["cut: percentile among real"][source]["value"] for source in ("real", "a beat late"))
    assert real > late


def check_files(out: Path) -> None:
    assert len(list((out / "examples").rglob("*.mid"))) == 6
    with (out / "rows.csv").open() as file:
        assert not [row for row in csv.DictReader(file) if row["measure"].startswith("time")]
    parsed = _Texts()
    parsed.feed((out / "report.html").read_text())
    assert "The seam" in parsed.texts
    assert "src" not in parsed.attributes  # one file, nothing fetched
    assert not [text for text in parsed.texts if "nan" in text.split()]


def test_another_evaluation_in_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    config = RunConfig(folder / "tiny", folder / "packed", tmp_path, sizes=TINY, processes=1)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(EngineError, match="holds another evaluation"):
        run(config, "0")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: set[str] = set()

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
