"""One undo stack for everything."""

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from engine.music.loop import Loop
from gui.document import LoopDocument

pytestmark = pytest.mark.gui


def test_edits_are_undone_and_redone(qtbot: QtBot) -> None:
    document = LoopDocument(Loop())
    shown: list[float] = []
    document.loop_changed.connect(lambda loop: shown.append(loop.tempo_bpm))
    document.edit("Faster", replace(document.loop, tempo_bpm=140))
    document.undo_stack.undo()
    document.undo_stack.redo()
    assert shown == [140, 120, 140]


def test_edits_of_one_gesture_are_one_step(qtbot: QtBot) -> None:
    document = LoopDocument(Loop())
    gesture = document.begin_gesture()
    for tempo in (121, 122, 123):
        document.edit("Tempo", replace(document.loop, tempo_bpm=tempo), gesture=gesture)
    document.edit("Tempo", replace(document.loop, tempo_bpm=90), gesture=document.begin_gesture())
    assert document.undo_stack.count() == 2
    document.undo_stack.undo()
    assert document.loop.tempo_bpm == 123
    document.undo_stack.undo()
    assert document.loop.tempo_bpm == 120


def test_a_gesture_that_comes_back_leaves_no_step(qtbot: QtBot) -> None:
    document = LoopDocument(Loop())
    gesture = document.begin_gesture()
    for tempo in (121, 120):
        document.edit("Tempo", replace(document.loop, tempo_bpm=tempo), gesture=gesture)
    assert document.undo_stack.count() == 0


def test_the_same_loop_is_no_step(qtbot: QtBot) -> None:
    document = LoopDocument(Loop())
    document.edit("Nothing", Loop())
    assert not document.undo_stack.canUndo()
