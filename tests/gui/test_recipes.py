"""A recipe that is opened is asked again, exactly."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from engine.messages import FieldSampling, Keep, Sampling
from engine.recipe import read_recipe, write_recipe
from gui.app import App
from gui.piano_roll.selection import BarSelection
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui


def press_g(app: App) -> None:
    QTest.keyClick(app.window.roll.pitched, Qt.Key.Key_G)


def steer(app: App) -> None:
    """Set something everywhere."""
    app.session.change_wishes(
        replace(
            app.session.wishes,
            genre="pop",
            seed=4711,
            is_seed_kept=True,
            takes=3,
            remix_percent=70.0,
            loop_length=2,
            sampling=Sampling(FieldSampling(1.2), (("pitch", FieldSampling(0.7)),), 1.4),
        )
    )
    app.session.change_part(
        1,
        lambda s: replace(s, rhythm="x...|x.x.", bar_density=(None, 3.0, None, None), keep=Keep.NOTHING).with_control(
            "density", 5.0
        ),
    )
    app.state.select_bars(BarSelection().with_range(1, 1, 2))


def drop(app: App, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    place, none = QPointF(300, 300), Qt.KeyboardModifier.NoModifier
    app.window.dropEvent(QDropEvent(place, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none))


def test_a_dropped_recipe_asks_the_same_again(app: App, service: FakeService, tmp_path: Path) -> None:
    steer(app)
    request = app.commands.current_request()
    assert request is not None
    app.commands.recipes.save_path(str(tmp_path / "mine.json"), request)
    assert read_recipe(tmp_path / "mine.json") == request
    app.commands.document.edit("New loop", replace(app.document.loop, bars=4, tracks=app.document.loop.tracks[:1]))
    app.session.change_wishes(replace(app.session.wishes, seed=1, genre=None, is_seed_kept=False))
    drop(app, tmp_path / "mine.json")
    press_g(app)
    assert service.requests[-1] == request


def test_what_is_no_recipe_is_told_in_a_sentence(app: App, tmp_path: Path) -> None:
    before = app.document.loop
    (tmp_path / "notes.json").write_text('{"a": 1}', encoding="utf-8")
    drop(app, tmp_path / "notes.json")
    assert "notes.json is no recipe" in app.window.banner.text
    assert app.document.loop == before


def test_a_form_says_that_g_will_not_repeat_bars(app: App, tmp_path: Path) -> None:
    request = app.commands.current_request()
    assert request is not None
    write_recipe(replace(request, repeats=((3, 0),)), tmp_path / "form.json")
    app.commands.recipes.open_path(str(tmp_path / "form.json"))
    assert "form" in app.window.banner.text
