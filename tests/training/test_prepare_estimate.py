"""Dry runs: what a run would take, told without doing it."""

from pathlib import Path

import pytest

from engine.errors import CorpusError
from tests.training.corpus_files import write_corpus
from training.prepare import PrepareConfig, prepare
from training.prepare_estimate import duration_text, estimate_prepare


def test_a_dry_run_of_prepare_foretells_the_shards_and_writes_nothing(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", [f"song{index}.mid" for index in range(30)])
    (tmp_path / "corpus/broken.mid").write_bytes(b"not music")
    config = PrepareConfig((tmp_path / "corpus",), tmp_path / "out", processes=1)
    told = estimate_prepare(config)
    assert not (tmp_path / "out").exists()
    assert (told.files, told.sampled, told.workers) == (31, 31, 1)
    assert told.usable == pytest.approx(30 / 31)
    assert told.seconds > 0
    assert told.free_bytes > told.disk_bytes > told.shard_bytes
    assert told.shard_bytes == pytest.approx(sum(prepare(config).size.values()), rel=0.6)  # the index comes on top
    assert any("can be used" in line for line in told.lines())


def test_a_large_corpus_is_sampled(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", [f"song{index:03d}.mid" for index in range(120)])
    told = estimate_prepare(PrepareConfig((tmp_path / "corpus",), tmp_path / "out"))
    assert told.files == 120
    assert 48 <= told.sampled <= 60


def test_nothing_to_prepare_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no MIDI files"):
        estimate_prepare(PrepareConfig((tmp_path / "empty",), tmp_path / "out"))


@pytest.mark.parametrize(
    ("seconds", "text"), [(9, "9 seconds"), (600, "10.0 minutes"), (9000, "2.5 hours"), (400_000, "4.6 days")]
)
def test_times_are_told_in_the_unit_that_suits_them(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
