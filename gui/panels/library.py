"""The library: all takes ever written, searched by words, key, tempo, bars, part and marks; heard and brought back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.jobs.library import MAX_FOUND, FindTakes, LoadLoops, LoopsLoaded, MarkTake, Query, TakeRow, TakesFound
from engine.jobs.pipes import Question
from engine.jobs.similar import FindSimilar, SimilarFound
from engine.messages import Failed
from gui.engine_bridge import EngineBridge
from gui.panels.library_filters import Filters
from gui.panels.library_map import MapDialog
from gui.panels.library_table import TakesModel, TakesTable, picture_of
from gui.panels.stars import Stars
from gui.theme import Theme

TYPING_MS = 150
HEAR_HELP = "Hear the chosen take, in time (Space or a click on its row)"
HEARING_MS = 120  # a row that is only passed is not heard
COMING_MS = 200  # several takes come at once


class LibraryDialog(QDialog):
    """Search, hear, bring back, write again, mark.

    Args:
        bridge: The engine.
        theme: Returns the colours that hold.
    """

    hearing_wanted = Signal(int)  # row in the library
    silence_wanted = Signal()
    visit_ended = Signal()  # what was heard from here is to be left, but nothing else
    counted = Signal(int)  # takes that there are, without those that were thrown away
    take_chosen = Signal(int)  # row in the library: bring its loop back
    reroll_wanted = Signal(int)  # make it again from its recipe

    def __init__(self, bridge: EngineBridge, theme: Callable[[], Theme], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._theme = bridge, theme
        self._job = 0
        self._asked: tuple[Question, Callable[[Any], None]] | None = None  # and not answered yet
        self._query = Query()
        self._total = 0
        self._heard = 0  # row in the library that sounds, or is about to
        self._is_visiting = False  # whether it was heard from here
        self._pressed = 0  # the row that a press of the mouse has just let be heard
        self._described = 0  # the row that the line below the table is about
        self._is_filling = False
        self._shows_alike = False
        self.setWindowTitle("Library of takes")
        self.resize(1160, 640)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Search name, key, part, genre, meter, tags, notes …")
        self.text.setAccessibleName("Search the library")
        self.text.setClearButtonEnabled(True)
        for button in self.text.findChildren(QToolButton):
            button.setAccessibleName("Clear")
        self.filters = Filters()
        self.count = QLabel()
        self.count.setProperty("kind", "muted")
        self.model = TakesModel()
        self.table = TakesTable(self.model)
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._hearing = QTimer(self, interval=HEARING_MS, singleShot=True)
        self._coming = QTimer(self, interval=COMING_MS, singleShot=True)
        self._lay_out()
        self._connect()
        self._show_chosen()

    def _lay_out(self) -> None:
        self.hear_button = QPushButton("▶  Hear")
        self.hear_button.setToolTip(HEAR_HELP)
        self.use = QPushButton("Bring back")
        self.use.setProperty("kind", "primary")
        self.reroll = QPushButton("Write again")
        self.reroll.setToolTip("Write the same request again: the same seed gives the same takes.")
        self.mark = QToolButton()
        self.mark.setText("♥")
        self.mark.setAccessibleName("Favourite")
        self.stars = Stars()
        self.tags = QLineEdit()
        self.tags.setPlaceholderText("Tags")
        self.tags.setAccessibleName("Tags")
        self.tags.setFixedWidth(180)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName("Note")
        self.discard = QPushButton("Throw away")
        self.alike = QPushButton("More like this")
        self.alike.setToolTip("Show the takes that sound most like this one, in whatever key and however loud.")
        self.map = QPushButton("Map …")
        self.map.setToolTip("Show all takes as points; those that sound alike lie near each other.")
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.text, 1)
        top.addWidget(self.count)
        top.addWidget(self.map)
        for widget in (self.hear_button, self.mark, self.stars, self.tags):
            bottom.addWidget(widget)
        bottom.addWidget(self.note, 1)
        for widget in (self.discard, self.alike, self.reroll, self.use):
            bottom.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.filters)
        layout.addWidget(self.table, 1)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.text.textChanged.connect(lambda *_: self._typing.start())
        self._typing.timeout.connect(self.search)
        self._coming.timeout.connect(self._search_again)
        self._bridge.take_kept.connect(lambda *_: self._coming.start())
        self.filters.changed.connect(self.search)
        self.model.more_wanted.connect(self._fetch_more)
        self.table.doubleClicked.connect(lambda *_: self._choose(self.take_chosen))
        for button in (self.use, self.reroll, self.discard, self.alike, self.map, self.hear_button):
            button.setAutoDefault(False)  # Return in a text field is no choice
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            bring = QShortcut(key, self.table, context=Qt.ShortcutContext.WidgetShortcut)
            bring.activated.connect(lambda: self._choose(self.take_chosen))
        down = QShortcut(Qt.Key.Key_Down, self.text, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self.table.setFocus)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._on_row_changed())
        self.table.clicked.connect(lambda *_: self._on_clicked())
        space = QShortcut(Qt.Key.Key_Space, self.table, context=Qt.ShortcutContext.WidgetShortcut)
        space.activated.connect(self.toggle_hearing)
        self.hear_button.clicked.connect(lambda *_: self.toggle_hearing())
        self._hearing.timeout.connect(self._hear_chosen)
        self.model.loops_wanted.connect(lambda ids: self._bridge.ask(LoadLoops(ids), self._on_loops))
        self.use.clicked.connect(lambda *_: self._choose(self.take_chosen))
        self.reroll.clicked.connect(lambda *_: self._choose(self.reroll_wanted))
        self.alike.clicked.connect(lambda *_: self._find_similar(self.chosen))
        self.map.clicked.connect(lambda *_: self._show_map())
        self.mark.clicked.connect(lambda *_: self._toggle("is_favourite"))
        self.discard.clicked.connect(lambda *_: self._toggle("is_discarded"))
        self.stars.rating_chosen.connect(self._rate)
        self.tags.editingFinished.connect(lambda: self._write("tags", self.tags.text()))
        self.note.editingFinished.connect(lambda: self._write("note", self.note.text()))

    def search(self) -> None:
        """Ask for what matches."""
        self._shows_alike = False
        self._query = self.filters.query(self.text.text())
        self._find()

    def _search_again(self) -> None:
        """Show takes that came into the library meanwhile, unless the user looks at others than the newest."""
        if self.isVisible() and not self._shows_alike and len(self.model.rows) <= MAX_FOUND:
            self._find(keeps_place=True)

    def _find(self, *, keeps_place: bool = False) -> None:
        self._ask(FindTakes(self._query), lambda found: self._on_found(found, keeps_place=keeps_place))

    def _ask(self, question: Question, then: Callable[[Any], None]) -> None:
        """Ask for rows, in place of those that were asked for before."""

        def answered(event: object) -> None:
            self._asked = None
            then(event)

        self._bridge.forget(self._job)
        self._asked = question, then
        self._job = self._bridge.ask(question, answered, or_else=self._on_failed)

    def _on_failed(self, event: Failed) -> None:
        self._asked = None
        self._shows_alike = False
        self.count.setText(event.title)

    def _on_found(self, found: TakesFound, *, keeps_place: bool) -> None:
        self._fill(found.rows, has_more=len(found.rows) == MAX_FOUND, keeps_place=keeps_place)
        self._total = found.total
        self._show_count()
        if not self._query.only_discarded:
            self.counted.emit(found.total)

    def _fill(self, rows: tuple[TakeRow, ...], *, has_more: bool = False, keeps_place: bool = False) -> None:
        """Show rows. The chosen one stays if the place is kept, else it is the one that is heard, or the first."""
        chosen = self.chosen if keeps_place else None
        top = self.table.indexAt(QPoint(0, 0)) if keeps_place else QModelIndex()
        seen = self.model.rows[top.row()].id if top.row() > 0 else 0  # from the top on, the newest are seen
        places = {row.id: at for at, row in enumerate(rows)}
        self._is_filling = True
        self.model.show_rows(rows, has_more=has_more)
        if rows:
            self.table.selectRow(places.get(chosen.id if chosen else 0, places.get(self._heard, 0)))
        if keeps_place:
            there = self.model.index(places.get(seen, 0), max(0, top.column()))
            self.table.scrollTo(there, self.table.ScrollHint.PositionAtTop)
        self._is_filling = False
        self._show_chosen()

    # Hearing and seeing

    def _on_row_changed(self) -> None:
        self._show_chosen()
        row = self.chosen
        if row is None or self._is_filling:
            return
        self._pressed = row.id if QApplication.mouseButtons() & Qt.MouseButton.LeftButton else 0
        self._hearing.start()

    def _on_clicked(self) -> None:
        """A click on another row lets it be heard already when it is pressed; one on the same row stops it."""
        row = self.chosen
        if row is not None and row.id != self._pressed:
            self.toggle_hearing()
        self._pressed = 0

    def toggle_hearing(self) -> None:
        """Hear the chosen take; if it is heard, stop."""
        self._hearing.stop()
        row = self.chosen
        if row is not None and row.id == self._heard:
            self._stop_hearing()
        else:
            self._hear_chosen()

    def _hear_chosen(self) -> None:
        if (row := self.chosen) is not None:
            self._hear(row.id)

    def _hear(self, id: int) -> None:
        self._is_visiting = True
        self.show_heard(id)
        self.hearing_wanted.emit(id)

    def _stop_hearing(self) -> None:
        self._hearing.stop()
        self._is_visiting = False
        self.silence_wanted.emit()

    def _end_visit(self) -> None:
        self._hearing.stop()
        if self._is_visiting:
            self._is_visiting = False
            self.visit_ended.emit()

    def show_heard(self, id: int) -> None:
        """Mark the row that sounds; 0 for none."""
        self._heard = id
        self.model.show_heard(id)
        self._show_hearing()

    def _on_loops(self, loaded: LoopsLoaded) -> None:
        theme = self._theme()
        self.model.show_pictures([(id, picture_of(loop, theme)) for id, loop in loaded.loops])

    def _find_similar(self, row: TakeRow | None) -> None:
        """Ask for takes like one, and again while some were not compared yet."""
        if row is not None:
            self._shows_alike = True  # from now on: takes that come must not take its question back
            self._ask(FindSimilar(row.id), lambda found: self._on_similar(row, found))

    def _on_similar(self, row: TakeRow, found: SimilarFound) -> None:
        self._fill((row, *found.rows))
        nearest = f", the nearest {found.likeness[0]:.0%} alike" if found.likeness else ""
        self.count.setText(f"{len(found.rows)} takes like “{row.name or 'Untitled'}”{nearest}")
        if found.waiting:
            self.count.setText(f"comparing, {found.waiting} takes to go …")
            self._find_similar(row)

    def _show_map(self) -> None:
        dialog = MapDialog(self._bridge, self._theme(), self)
        dialog.take_chosen.connect(self._use_of_map)
        dialog.view.point_chosen.connect(self._hear)
        dialog.finished.connect(self._end_visit)
        dialog.open()

    def _use_of_map(self, id: int) -> None:
        self.take_chosen.emit(id)
        self.accept()

    def _fetch_more(self) -> None:
        self._ask(FindTakes(replace(self._query, before=self.model.rows[-1].id)), self._on_more)

    def _on_more(self, found: TakesFound) -> None:
        self.model.add_rows(found.rows, has_more=len(found.rows) == MAX_FOUND)
        self._show_count()

    def _show_count(self) -> None:
        more = "+" if self.model.has_more else ""
        self.count.setText(f"{len(self.model.rows)}{more} of {self._total} takes")

    @property
    def chosen(self) -> TakeRow | None:
        index = self.table.currentIndex().row()
        return self.model.rows[index] if 0 <= index < len(self.model.rows) else None

    def _show_chosen(self) -> None:
        row = self.chosen
        marks = (self.mark, self.stars, self.tags, self.note, self.discard)
        for widget in (*marks, self.hear_button, self.use, self.reroll, self.alike):
            widget.setEnabled(row is not None)
        if row is None:
            return
        self._show_hearing()
        self.reroll.setEnabled(not row.made)
        self.stars.show_rating(row.rating)
        self._show_words(self.tags, row.tags, row.id)
        self._show_words(self.note, row.note, row.id)
        self._described = row.id
        self.discard.setText("Take back" if row.is_discarded else "Throw away")

    def _show_hearing(self) -> None:
        is_heard = self.chosen is not None and self.chosen.id == self._heard
        self.hear_button.setText("■  Stop" if is_heard else "▶  Hear")
        self.hear_button.setToolTip("Stop (Space or a click on its row)" if is_heard else HEAR_HELP)

    def _show_words(self, field: QLineEdit, text: str, id: int) -> None:
        """Show a row's words, but leave those that are being typed for it."""
        if id != self._described or field is not self.focusWidget() or not field.isModified():
            field.setText(text)

    def _choose(self, signal: object) -> None:
        row = self.chosen
        if row is not None:
            signal.emit(row.id)  # pyright: ignore[reportAttributeAccessIssue] one of the two signals above
            self.accept()

    def _toggle(self, name: str) -> None:
        row = self.chosen
        if row is not None:
            self._write(name, not getattr(row, name))

    def _rate(self, rating: int) -> None:
        row = self.chosen
        if row is not None:
            self._write("rating", 0 if row.rating == rating else rating)

    def _write(self, name: str, value: object) -> None:
        """Change a mark of the chosen take, in the library and in the table."""
        row, at = self.chosen, self.table.currentIndex().row()
        if row is None or getattr(row, name) == value:
            return
        self._bridge.tell(MarkTake(row.id, **{name: value}))  # pyright: ignore[reportArgumentType] by its name
        self.model.change_row(at, replace(row, **{name: value}))
        if name == "is_discarded":
            self.search()
            return
        self._show_chosen()
        if self._asked is not None:
            self._ask(*self._asked)  # the answer on its way does not know of the mark

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # pyright: ignore[reportArgumentType] Qt's own event
        self.text.setFocus()
        self.model.forget_pictures()  # the theme may be another by now
        self.search()

    def done(self, result: int) -> None:
        """Close; what is heard from here is left."""
        self._end_visit()
        super().done(result)
