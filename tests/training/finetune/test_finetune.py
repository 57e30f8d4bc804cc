"""A whole fine-tuning on a tiny base: from files to a bundle, on after a stop, and honest when there is nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import CorpusError
from engine.inference.bundle import ModelBundle, recover_weights
from engine.inference.model import OnnxLoopModel
from engine.midi import smf
from tests.helpers.tiny_bundle import write_tiny_bundle
from tests.training.finetune.own_files import write_noise, write_style

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from filelock import FileLock  # noqa: E402

from training.dataset import SongPool  # noqa: E402
from training.evaluation.likelihood import evaluate_model  # noqa: E402
from training.export_checkpoint import references_of  # noqa: E402
from training.feed import SongSource  # noqa: E402
from training.finetune import run  # noqa: E402
from training.finetune.adapters import adapt, factors_of, is_stored_so  # noqa: E402
from training.finetune.config import FinetuneConfig, Method  # noqa: E402
from training.finetune.curves import Curve, Point, verdict_on  # noqa: E402
from training.finetune.events import EVENTS_FILE, EventLog  # noqa: E402
from training.finetune.run import State, finetune, split_songs  # noqa: E402
from training.model import LoopTransformer  # noqa: E402
from training.train import PAUSE  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_style(tmp_path_factory.mktemp("files") / "own", 8, bars=12)


def config(base: ModelBundle, *settings: str) -> FinetuneConfig:
    usual = [
        f"course.base={base.folder}",
        "course.max_rows=40000",
        "course.valid_steps=20",
        "course.precision=32-true",
        "course.accelerator=cpu",
        "course.nice=0",
        "course.sample_minutes=0.0",
        "style.learning_rate=0.03",
        "style.warmup_rows=1000",
        "style.ema_rows=2000",
        "style.rank=4",
        "material.rehearsal_loops=10",
        "material.rows_per_batch=512",
        "material.max_rows=192",
        "material.valid_windows=16",
    ]
    return FinetuneConfig.load(None, [*usual, *settings])


@pytest.fixture(scope="module")
def learned(
    base: ModelBundle, own: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """A finished fine-tuning's folder, with `mine` and `work` in it, and its events."""
    folder = tmp_path_factory.mktemp("learned")
    events: list[dict[str, Any]] = []
    torch.set_num_threads(1)
    settings = config(base, "course.sample_minutes=0.0001", "course.licence=CC-BY-4.0")
    finetune(own, folder / "mine", settings, work=folder / "work", on_event=events.append)
    return folder, events


def _likelihood(model: OnnxLoopModel, songs: Path) -> float:
    return evaluate_model(model, SongPool(songs, "valid"), windows=12).nats_per_note


def test_unseen_files_of_the_style_become_likelier_by_the_share_leant_on_it(
    base: ModelBundle, learned: tuple[Path, list[dict[str, Any]]]
) -> None:
    folder, _ = learned
    songs = folder / "work" / "songs"
    model = OnnxLoopModel(ModelBundle.open(folder / "mine"))
    found: list[float] = []
    for share in (0.0, 0.5, 1.0):
        model.use_style(share)
        found.append(_likelihood(model, songs))
    assert found[0] == _likelihood(OnnxLoopModel(base), songs), "at 0 it is the base"
    assert found[2] < found[1] < found[0]
    assert found[2] < 0.8 * found[0]


def test_the_result_tells_where_it_comes_from(
    base: ModelBundle, own: Path, learned: tuple[Path, list[dict[str, Any]]]
) -> None:
    import hashlib

    folder, _ = learned
    bundle = ModelBundle.open(folder / "mine")
    assert bundle.info.name == "mine"
    assert bundle.info.licence == "CC-BY-4.0"
    assert bundle.info.style is not None
    assert bundle.info.style.base == base.identity
    assert bundle.info.provenance["files"].startswith("8 files, ")
    card = bundle.card()
    for file in own.iterdir():
        assert hashlib.sha256(file.read_bytes()).hexdigest() in card
    assert "bits a note" in card
    assert str(own.parent) not in card


def test_what_happens_is_told_as_it_happens(learned: tuple[Path, list[dict[str, Any]]]) -> None:
    folder, events = learned
    kept = [json.loads(line) for line in (folder / "work" / "events.jsonl").read_text().splitlines()]
    assert kept == json.loads(json.dumps(events))
    kinds = [event["event"] for event in events]
    assert kinds[0] == "state"
    assert kinds[-1] == "end"
    assert {"report", "step", "valid", "sample"} <= set(kinds)
    assert [event["text"] for event in events if event.get("state") == "rehearsing"][-1].endswith("10 of 10 …")
    steps = [event for event in events if event["event"] == "step"]
    assert [event["step"] for event in steps] == list(range(1, len(steps) + 1))
    assert steps[-1]["rows"] >= steps[-1]["total_rows"] or events[-1]["state"] == "finished"
    first = next(event for event in events if event["event"] == "valid")
    assert first["own"] == first["own_start"]
    assert first["base"] == first["base_start"]


def test_a_sample_is_a_loop_of_the_files_kind(learned: tuple[Path, list[dict[str, Any]]]) -> None:
    _, events = learned
    path = next(event["path"] for event in events if event["event"] == "sample")
    loop = smf.read(path).loop
    assert loop.bars == 4
    assert loop.tempo_bpm == 120


def test_a_run_that_was_paused_draws_the_curve_of_one_that_was_not(
    base: ModelBundle, own: Path, learned: tuple[Path, list[dict[str, Any]]], tmp_path: Path
) -> None:
    folder, _ = learned
    work = tmp_path / "work"

    def pause(event: dict[str, Any]) -> None:
        if event["event"] == "step" and event["step"] in (7, 23):
            (work / PAUSE).touch()

    states: list[State] = []
    while not states or states[-1] is State.PAUSED:
        result = finetune(own, tmp_path / "mine", config(base), work=work, on_event=pause)
        states.append(result.state)
    assert states == [State.PAUSED, State.PAUSED, State.FINISHED]
    for name in ("metrics.csv", "curve.csv"):
        ours, theirs = (np.genfromtxt(place / name, delimiter=",", names=True) for place in (work, folder / "work"))
        column = "all" if name == "metrics.csv" else "own"
        assert ours["step"].tolist() == theirs["step"].tolist()
        assert ours[column] == pytest.approx(theirs[column], rel=1e-5)


def test_a_work_folder_is_for_one_training(base: ModelBundle, own: Path, learned: tuple[Path, Any]) -> None:
    folder, _ = learned
    with pytest.raises(CorpusError, match="Another training"):
        finetune(own, folder / "mine", config(base, "style.rank=8"), work=folder / "work")


def test_a_work_folder_is_for_one_process_at_a_time(
    base: ModelBundle, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PATIENCE_SECONDS", 0.1)
    work, told = tmp_path / "work", list[str]()
    work.mkdir()
    with FileLock(work / run.LOCK), pytest.raises(CorpusError, match=r"goes on in .*work already"):
        finetune(own, tmp_path / "mine", config(base), work=work, on_event=lambda event: told.append(event["text"]))
    assert told == ["Waiting for the training before to end …"]


def test_a_line_that_a_crash_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / EVENTS_FILE
    path.write_bytes(b'{"event": "va')
    EventLog(path)("valid", step=1)
    assert json.loads(path.read_text().splitlines()[-1])["step"] == 1


def test_all_weights_can_be_learned(base: ModelBundle, own: Path, tmp_path: Path) -> None:
    settings = config(base, "style.method=all", "course.max_rows=15000", "style.tether=0.0")
    result = finetune(own, tmp_path / "mine", settings, work=tmp_path / "work")
    assert result.bundle is not None, result.text
    assert result.bundle.info.style is None
    songs = tmp_path / "work" / "songs"
    assert _likelihood(OnnxLoopModel(result.bundle), songs) < 0.9 * _likelihood(OnnxLoopModel(base), songs)


def test_noise_is_told_to_have_taught_nothing(base: ModelBundle, tmp_path: Path) -> None:
    folder = write_noise(tmp_path / "noise", 20)
    result = finetune(folder, tmp_path / "mine", config(base), work=tmp_path / "work")
    assert result.state is State.NOTHING
    assert result.text.startswith("It learned nothing.")
    assert not (tmp_path / "mine").exists()


def test_too_few_files_are_refused_in_words(base: ModelBundle, tmp_path: Path) -> None:
    folder = write_style(tmp_path / "few", 2)
    with pytest.raises(CorpusError, match="too little to train on"):
        finetune(folder, tmp_path / "mine", config(base), work=tmp_path / "work")


def test_a_recovered_base_says_what_its_bundle_says(base: ModelBundle, learned: tuple[Path, Any]) -> None:
    songs = learned[0] / "work" / "songs"
    settings = replace(_train_data(songs), valid_windows=16)
    from training.feed import first_windows
    from training.finetune.run import _shape

    network = LoopTransformer(_shape(base))
    network.load_weights(recover_weights(base))
    batches = first_windows(SongSource.open(settings, split="valid"), 16, rows_per_batch=1024)
    references = references_of(network.eval(), batches)
    told = sum(float(part.nll.sum()) for part in references)
    model = OnnxLoopModel(base)
    said = sum(float(model.score(part.rows, part.labels).sum()) for part in references)
    assert said == pytest.approx(told, rel=0.01)


def _train_data(songs: Path):
    from training.config import DataConfig

    return DataConfig(directory=str(songs), max_rows=192, rows_per_batch=1024)


@pytest.mark.parametrize("method", list(Method))
def test_what_is_learned_begins_at_nothing_and_the_base_is_frozen(base: ModelBundle, method: Method) -> None:
    from training.finetune.run import _shape

    network = LoopTransformer(_shape(base))
    network.load_weights(recover_weights(base))
    before = network.folded_weights()
    adapt(network, method, rank=3)
    after = network.folded_weights()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert is_stored_so(network, base.shape)
    trained = [name for name, p in network.named_parameters() if p.requires_grad]
    assert all(".parametrizations." in name for name in trained)
    if method is Method.LORA:
        assert {name.rsplit(".", 1)[0] for name in factors_of(network)} == set(base.shape.matrices())


def test_curves_say_when_and_what() -> None:
    falling = Curve(tuple(Point(step, 6 - step / 10, 5.0) for step in range(10)))
    assert not falling.is_far_enough(patience=3, least_gain=0.002)
    over = Curve((*falling.points, *(Point(step, 5.2 + step / 50, 5.5) for step in range(10, 14))))
    assert over.is_far_enough(patience=3, least_gain=0.002)
    assert over.best.step == 9
    verdict = verdict_on(over, pattern=0.3)
    assert verdict.has_learned
    assert "From step 9 on it learned files by heart" in verdict.text
    assert not verdict_on(over, pattern=0.01).has_learned
    flat = Curve((Point(0, 6.0), Point(5, 5.99)))
    assert "as unlikely as before" in verdict_on(flat, pattern=0.3).text


def test_versions_of_a_song_stay_on_one_side(own: Path, tmp_path: Path) -> None:
    from training.finetune.folder import check_folder

    folder = write_style(tmp_path / "versions", 4)
    for index, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"Song {index // 2}.{index % 2}.mid")
    _, songs = check_folder(folder)
    train_songs, valid_songs = split_songs(songs, 0.15)
    sides = [{song.info.name.partition(".")[0] for song in side} for side in (train_songs, valid_songs)]
    assert not sides[0] & sides[1]
    assert all(sides)
