"""The notes of the part in front as a table: read, selected and changed without looking at the roll."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QDialog, QHeaderView, QTableView, QVBoxLayout, QWidget

from engine.music.loop import Note
from gui.piano_roll.gestures import replaced
from gui.piano_roll.note_words import length_text, note_name, note_text, position_text
from gui.piano_roll.selection import NoteRef, Selection
from gui.piano_roll.state import RollState

HEADERS = ("Place", "Note", "Length", "Velocity", "Locked")
PLACE, NOTE, LENGTH, VELOCITY, LOCKED = range(len(HEADERS))
Index = QModelIndex | QPersistentModelIndex


class NoteTable(QAbstractTableModel):
    """The part's notes as rows; length (in ticks) and velocity can be typed.

    Args:
        state: The roll.
    """

    def __init__(self, state: RollState) -> None:
        super().__init__()
        self.state = state
        self.part = state.view.front
        self.notes: tuple[Note, ...] = ()
        self.read()

    def read(self) -> None:
        """Take the notes of the part in front."""
        self.beginResetModel()
        self.part = self.state.view.front
        tracks = self.state.loop.tracks
        self.notes = tracks[self.part].notes if self.part < len(tracks) else ()
        self.endResetModel()

    @property
    def is_current(self) -> bool:
        """Whether the rows are what the roll shows."""
        tracks, front = self.state.loop.tracks, self.state.view.front
        return self.part == front and self.notes == (tracks[front].notes if front < len(tracks) else ())

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        return 0 if parent.isValid() else len(self.notes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        return len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return HEADERS[section] if orientation is Qt.Orientation.Horizontal else section + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        note, loop = self.notes[index.row()], self.state.loop
        if role == Qt.ItemDataRole.EditRole:
            return note.duration if index.column() == LENGTH else note.velocity
        if role == Qt.ItemDataRole.AccessibleDescriptionRole:
            return note_text(loop, NoteRef(self.part, note), middle_c_octave=self.state.view.middle_c_octave)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        is_drums, octave = loop.tracks[self.part].is_drums, self.state.view.middle_c_octave
        return (
            position_text(note.onset, loop),
            note_name(note, is_drums=is_drums, middle_c_octave=octave),
            length_text(note.duration),
            str(note.velocity),
            "yes" if self._is_locked(note) else "",
        )[index.column()]

    def _is_locked(self, note: Note) -> bool:
        locked = self.state.locked
        return self.part < len(locked) and (note.onset, note.pitch) in locked[self.part]

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() in (LENGTH, VELOCITY) else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        note, number = self.notes[index.row()], int(value)
        if index.column() == VELOCITY:
            changed = replace(note, velocity=min(max(number, 1), 127))
        else:
            changed = replace(note, duration=min(max(number, 1), self.state.loop.length - note.onset))
        chosen = frozenset({NoteRef(self.part, note)})
        self.state.commit("Change note", replaced(self.state.loop, chosen, lambda _: changed))
        return True


class NoteListDialog(QDialog):
    """The table, in step with the roll's selection both ways.

    Args:
        state: The roll.
    """

    def __init__(self, state: RollState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._is_following = False
        self.model = NoteTable(state)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)  # Tab leaves the table
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.resize(560, 520)
        self._connections = (
            (state.content_changed, self._on_content_changed),
            (state.view_changed, self._on_content_changed),
            (state.selection_changed, self._show_selection),
        )
        for signal, slot in self._connections:
            signal.connect(slot)
        self.table.selectionModel().selectionChanged.connect(self._on_rows_selected)
        self.finished.connect(self._end)
        self._show_title()
        self._show_selection()

    def _show_title(self) -> None:
        tracks = self._state.loop.tracks
        label = tracks[self.model.part].label if self.model.part < len(tracks) else ""
        self.setWindowTitle(f"Notes of {label}")
        self.table.setAccessibleName(f"Notes of {label}")

    def _on_content_changed(self) -> None:
        if not self.model.is_current:
            row, column = self.table.currentIndex().row(), max(0, self.table.currentIndex().column())
            self._is_following = True
            self.model.read()
            self._is_following = False
            self._show_title()
            if self.model.notes:
                index = self.model.index(min(max(row, 0), len(self.model.notes) - 1), column)
                self.table.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self._show_selection()
        else:
            self.table.viewport().update()

    def _show_selection(self) -> None:
        """Select the rows of what the roll has selected."""
        if self._is_following:
            return
        chosen = {ref.note for ref in self._state.selection if ref.part == self.model.part}
        rows = QItemSelection()
        for row, note in enumerate(self.model.notes):
            if note in chosen:
                rows.select(self.model.index(row, 0), self.model.index(row, len(HEADERS) - 1))
        self._is_following = True
        self.table.selectionModel().select(rows, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._is_following = False

    def _on_rows_selected(self) -> None:
        """Select in the roll what is selected here."""
        if self._is_following:
            return
        rows = {index.row() for index in self.table.selectionModel().selectedIndexes()}
        chosen: Selection = frozenset(NoteRef(self.model.part, self.model.notes[row]) for row in rows)
        self._is_following = True
        self._state.select(chosen)
        self._is_following = False

    def _end(self) -> None:
        for signal, slot in self._connections:
            signal.disconnect(slot)
        self.deleteLater()
