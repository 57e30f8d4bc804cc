"""The map: points where they were placed, chosen by mouse and by keys."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.similar import LibraryMapped
from gui.panels.library_map import MapView, legend_of
from gui.theme import DARK

pytestmark = pytest.mark.gui
WRITTEN = ("bass", "keys", "keys", "bass keys")
CROSS = LibraryMapped((7, 8, 9, 10), (0.0, 0.8, 0.0, -0.8), (0.0, 0.0, 0.8, 0.0), WRITTEN, 0)


@pytest.fixture
def view(qtbot: QtBot) -> MapView:
    view = MapView(DARK)
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show_map(CROSS)
    view.show()
    return view


def test_a_click_chooses_the_point_under_it_and_none_far_away(view: MapView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.point_chosen) as told:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.place(1).toPoint())
    assert told.args == [8]
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert view.chosen == 8


def test_arrow_keys_walk_from_point_to_point(view: MapView, qtbot: QtBot) -> None:
    for key, expected in (
        (Qt.Key.Key_Right, 7),
        (Qt.Key.Key_Right, 8),
        (Qt.Key.Key_Left, 7),
        (Qt.Key.Key_Up, 9),
        (Qt.Key.Key_Up, 9),
        (Qt.Key.Key_Down, 7),
    ):
        QTest.keyClick(view, key)
        assert view.chosen == expected
    with qtbot.waitSignal(view.point_used) as told:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert told.args == [7]


def test_a_take_that_is_gone_is_no_longer_chosen(view: MapView) -> None:
    view.choose(9)
    view.show_map(LibraryMapped((7,), (0.0,), (0.0,), ("bass",), 0))
    assert view.chosen == 0
    assert not view.grab().isNull()


def test_marks_tell_what_was_written_and_the_pointer_shows_a_take_in_small(view: MapView, qtbot: QtBot) -> None:
    legend = legend_of(CROSS, DARK)
    assert [word for word in ("Bass", "Keys", "Several parts", "Drums") if word in legend] == [
        "Bass",
        "Keys",
        "Several parts",
    ]
    with qtbot.waitSignal(view.picture_wanted) as told:
        QTest.mouseMove(view, view.place(2).toPoint())
    assert told.args == [9]
    before = view.grab().toImage()
    picture = QPixmap(220, 64)
    picture.fill(Qt.GlobalColor.red)
    view.show_picture(8, picture)
    assert view.grab().toImage() == before, "a picture that came late, of another take"
    view.show_picture(9, picture)
    assert view.grab().toImage() != before
