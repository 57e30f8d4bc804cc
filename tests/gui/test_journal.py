"""The journal: undo over restarts, and nothing lost in a crash."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.music.loop import Loop
from gui.document import LoopDocument
from gui.journal import History, Journal, Snapshot, read_journal

pytestmark = pytest.mark.gui


def at(tempo_bpm: float) -> Loop:
    return Loop(tempo_bpm=tempo_bpm)


def loops(history: History) -> list[tuple[str, Loop]]:
    return [(text, snapshot.loop) for text, snapshot in history.steps]


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[LoopDocument]:
    document = LoopDocument(at(100), Journal(tmp_path / "journal"))
    document.reset(at(100))
    yield document
    document.close()


def test_steps_undone_and_redone_are_told_as_they_were(document: LoopDocument, tmp_path: Path) -> None:
    for tempo in (110, 120, 130):
        document.edit(f"To {tempo}", at(tempo))
    document.undo()
    document.undo()
    document.redo()
    history = read_journal(tmp_path / "journal")
    assert history is not None
    assert history.current == document.loop == at(120)
    assert loops(history) == [("To 110", at(110)), ("To 120", at(120)), ("To 130", at(130))]


def test_an_edit_after_an_undo_forgets_what_was_undone(document: LoopDocument, tmp_path: Path) -> None:
    document.edit("a", at(110))
    document.undo()
    document.edit("b", at(115))
    history = read_journal(tmp_path / "journal")
    assert history is not None
    assert loops(history) == [("b", at(115))]


def test_a_gesture_is_one_step_in_the_journal_too(document: LoopDocument, tmp_path: Path) -> None:
    gesture = document.begin_gesture()
    for tempo in (101, 102, 103):
        document.edit("Tempo", at(tempo), gesture=gesture)
    history = read_journal(tmp_path / "journal")
    assert history is not None
    assert loops(history) == [("Tempo", at(103))]


def test_a_restored_document_goes_on_where_it_was(document: LoopDocument, tmp_path: Path) -> None:
    document.edit("a", at(110))
    document.edit("b", at(120))
    document.undo()
    history = read_journal(tmp_path / "journal")
    assert history is not None
    again = LoopDocument(at(60), Journal(tmp_path / "journal"))
    again.restore(history)
    assert again.loop == at(110)
    again.redo()
    assert again.loop == at(120)
    again.undo()
    again.undo()
    assert again.loop == at(100)
    again.close()
    assert read_journal(tmp_path / "journal") == replace(history, index=0)


def test_a_line_cut_by_a_crash_costs_only_itself(
    document: LoopDocument, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    document.edit("a", at(110))
    document.edit("b", at(120))
    path = tmp_path / "journal"
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    history = read_journal(path)
    assert history is not None
    assert history.current == at(110)
    assert "cut short" in caplog.text


def test_without_a_journal_there_is_no_history(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read_journal(tmp_path / "none") is None
    (tmp_path / "odd").write_text("nonsense", encoding="utf-8")
    assert read_journal(tmp_path / "odd") is None


def test_a_long_history_loses_its_oldest_steps_only() -> None:
    steps = [(str(tempo), Snapshot(at(tempo))) for tempo in range(101, 111)]
    shortened = History(Snapshot(at(100)), steps, 9).shortened(4)
    assert shortened == History(Snapshot(at(106)), steps[6:], 3)
    assert History(Snapshot(at(100)), steps, 1).shortened(4) == History(Snapshot(at(101)), steps[1:], 0)


def test_a_damaged_step_is_gone_back_before(
    document: LoopDocument, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    document.edit("a", at(110))
    document.edit("b", at(120))
    path = tmp_path / "journal"
    path.write_text(path.read_text(encoding="utf-8").replace('"tempo_bpm":120.0', '"tempo_bpm":-1'), encoding="utf-8")
    history = read_journal(path)
    assert history is not None
    assert history.current == at(110)
    assert "damaged" in caplog.text


def test_a_name_with_quotes_and_braces_comes_back(document: LoopDocument, tmp_path: Path) -> None:
    name = 'Rename "}\\{" – ü'
    document.edit(name, at(110))
    history = read_journal(tmp_path / "journal")
    assert history is not None
    assert loops(history) == [(name, at(110))]
