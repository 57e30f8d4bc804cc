"""The front door, and the commands beside `generate`."""

import logging
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

import turnaround
from engine.cli import app
from engine.resources import data_folder, log_folder
from tests.cli.conftest import DEMO, Run


def test_help_lists_every_command(run: Run) -> None:
    outcome = run("--help")
    assert outcome.status == 0
    assert all(name in outcome.out for name in turnaround.all_commands())


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    assert run("compose").status == 2


def test_a_defect_is_one_line_and_its_traceback_goes_to_the_log(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect\nin two lines")

    monkeypatch.setattr("engine.midi.smf.read", broken)
    before = list(logging.getLogger().handlers)
    outcome = run("inspect", "any.mid")
    for handler in [handler for handler in logging.getLogger().handlers if handler not in before]:
        logging.getLogger().removeHandler(handler)
        handler.close()
    assert outcome.status == 1
    assert len(outcome.err.strip().splitlines()) == 1
    assert "ZeroDivisionError" in outcome.err
    assert "Traceback" in (log_folder() / "turnaround.log").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in caplog.text


def test_the_front_door_loads_nothing_it_does_not_need() -> None:
    code = (
        "import sys, turnaround; sys.argv = ['turnaround', 'inspect', '--help'];\n"
        "status = turnaround.main()\n"
        "heavy = {'torch', 'PySide6', 'onnxruntime', 'lightning', 'training', 'sounddevice'}\n"
        "print(status, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "0 []"


@pytest.mark.skipif(sys.platform == "win32", reason="the pack is played by a shell script")
def test_the_frozen_program_has_its_training_pack_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    monkeypatch.setattr(sys, "argv", ["turnaround", "finetune", "songs", "--out", "Mine"])
    assert turnaround.main() == 1
    assert str(data_folder()) in capfd.readouterr().err
    pack = data_folder() / "training" / "turnaround-training"
    pack.parent.mkdir()
    pack.write_text('#!/bin/sh\necho "$*"\nexit 3\n', encoding="utf-8")
    pack.chmod(0o755)
    assert turnaround.main() == 3
    assert capfd.readouterr().out == "finetune songs --out Mine\n"


def test_inspect_tells_what_a_file_holds(run: Run) -> None:
    record = run("inspect", DEMO / "bass.mid", "--json").record
    assert (record["meter"], record["tempo_bpm"], record["bars"]) == ("4/4", 100.0, 4)
    part = record["parts"][0]
    assert (part["role"], part["notes"]) == ("bass", 26)
    assert part["controls"]["polyphony_max"] == 1
    assert part["controls"]["density"] == 6.5
    assert record["chords"]


def test_inspect_reads_like_a_sentence_and_a_table(run: Run) -> None:
    outcome = run("inspect", DEMO / "drums.mid")
    assert "4 bars of 4/4 at 100 BPM" in outcome.out
    assert "drums" in outcome.out


def test_inspect_prints_the_rows_that_the_model_sees(run: Run) -> None:
    lines = run("inspect", DEMO / "keys.mid", "--tokens").out.splitlines()
    assert sum("pitch" in line for line in lines) == 60
    assert len(run("inspect", DEMO / "keys.mid", "--tokens", "--json").record["rows"]) == len(lines)


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    outcome = run("inspect", "nowhere.mid")
    assert outcome.status == 1
    assert outcome.err.startswith("error: nowhere.mid")


def sound(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert file.getframerate() == 44_100
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2)


def test_render_can_be_heard_and_its_stems_make_the_mix(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "sound" / "keys.wav"
    outcome = run("render", DEMO / "keys.mid", "--out", out, "--passes", 2, "--stems")
    assert outcome.status == 0
    assert outcome.out.split() == [str(out), str(out.with_name("keys_keys.wav"))]
    mix = sound(out)
    assert len(mix) >= 2 * 4 * 4 * 0.6 * 44_100
    assert np.sqrt(np.mean(np.square(mix.astype(float)))) > 100
    assert np.array_equal(mix, sound(out.with_name("keys_keys.wav")))


def test_bench_has_the_figures_that_others_compare(run: Run, tiny_model: Path) -> None:
    record = run("bench", "--model", tiny_model, "--runs", 3, "--json").record
    assert {
        "loop_seconds_p50",
        "loop_seconds_p95",
        "first_note_seconds",
        "takes16_seconds",
        "notes_per_second",
        "load_seconds",
        "resident_mb",
        "model",
        "provider",
        "threads",
    } <= set(record)
    assert record["model"] == "tiny"
    assert record["notes_per_second"] > 0


def test_training_says_what_to_install_where_torch_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torch", "lightning")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("training.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    for arguments in (("train", "tiny"), ("export", tmp_path / "x.ckpt", "--out", tmp_path / "bundle")):
        outcome = run(*arguments)
        assert outcome.status == 1
        assert "training extra" in outcome.err.replace("its extra: uv sync --extra training", "training extra")
        assert "turnaround[training]" in outcome.err


def test_prepare_packs_a_folder_without_torch(run: Run, tmp_path: Path) -> None:
    outcome = run("prepare", DEMO, "--out", tmp_path / "packed", "--processes", 1, "--ratios", "1,0,0", "--json")
    assert outcome.status == 0, outcome.err
    assert sum(outcome.record["songs"].values()) + sum(outcome.record["rejected"].values()) == 3


def test_evaluate_scores_every_field_of_the_notes_alike_each_time(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    assert run("prepare", DEMO, "--out", tmp_path, "--processes", 1, "--ratios", "0,1,0").status == 0
    arguments = ("evaluate", tiny_model, "--data", tmp_path, "--windows", 12, "--json")
    first, again = run(*arguments).record, run(*arguments).record
    assert first == again
    assert first["windows"] == 12
    assert first["notes"] > 0
    assert sum(first["nats_by_field"].values()) == pytest.approx(first["nats_per_note"])
    assert set(first["nats_by_field"]) == {"kind", "position", "pitch", "duration", "velocity", "micro"}
    # Random weights know nothing: they cannot be better than guessing among the likelier half.
    assert 5 < first["nats_per_note"] < 60


@pytest.mark.parametrize("ratios", ["1,0", "0.5,0.4,0.3", "x,y,z"])
def test_shares_that_make_no_whole_are_refused(run: Run, tmp_path: Path, ratios: str) -> None:
    assert run("prepare", DEMO, "--out", tmp_path, "--ratios", ratios).status == 2


def test_only_the_wanted_command_is_loaded() -> None:
    built = app.build_app({"inspect": "engine.cli.inspect_command:inspect", "broken": "no.such:thing"}, only="inspect")
    assert [command.name for command in built.registered_commands] == ["inspect"]
