"""The import panel: what was dropped, part by part, with its time and key to correct, before it is a prompt."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from engine.music.loop import Loop
from gui.editing import Editor
from gui.material import Draft, Material, material_paths
from gui.panels.import_head import ImportHead
from gui.panels.song_loops import SongLoopsPage
from gui.panels.stem_row import StemCard
from gui.panels.wave import Wave
from gui.piano_roll.editor import RollEditor
from gui.piano_roll.selection import NOTHING
from gui.piano_roll.state import RollState
from gui.theme import Theme

SIZE_PX = (1180, 820)
MARGIN_PX = 40  # of the screen, left free
ROLL_PX = 250
EDIT_KEYS = (
    ("edit_delete", ("Del", "Backspace")),
    ("edit_select_all", ("Ctrl+A",)),
    ("edit_quantise", ("Q",)),
    ("edit_up", ("Up",)),
    ("edit_down", ("Down",)),
    ("edit_octave_up", ("Shift+Up",)),
    ("edit_octave_down", ("Shift+Down",)),
    ("edit_left", ("Left",)),
    ("edit_right", ("Right",)),
)
IN_PLACE, BESIDE = "in place of my loop", "beside my loop"


class ImportPanel(QDialog):
    """Shows the material and changes it; what is laid of it comes from outside.

    Args:
        theme: Colours.
    """

    material_changed = Signal(object)  # Material
    hear_toggled = Signal(bool)
    stop_wanted = Signal()  # reading or listening
    role_heard_anew = Signal(int, object)  # row of a sound, Role
    use_wanted = Signal()
    files_dropped = Signal(list)  # paths, to be added
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import")
        screen = self.screen().availableSize()
        self.resize(QSize(*SIZE_PX).boundedTo(screen - QSize(MARGIN_PX, MARGIN_PX)))
        self.setAcceptDrops(True)
        self._theme = theme
        self.material = Material()
        self._history: list[Material] = []
        self._undone: list[Material] = []
        self.cards: list[StemCard] = []
        self._front = 0  # row whose notes are shown
        self._shown = -1
        self._draft: Draft | None = None
        self.state = RollState(Loop(bars=1), theme, self)
        self._editor = Editor(self.state)
        self.head = ImportHead()
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.told.setProperty("kind", "warning")
        self.busy, self.bar, self.stop = QLabel(), QProgressBar(), QPushButton("Stop")
        self.roll = RollEditor(self.state)
        self.loops = SongLoopsPage(theme)
        self.tabs = QTabWidget()
        self.hear, self.use = QPushButton("▶  Hear"), QPushButton("Use as prompt")
        self.one_a_role = QCheckBox("One part a role")
        self.groove = QCheckBox("New parts play with this groove")
        self.place = QComboBox()
        self._lay_out()
        self._connect()
        self._add_keys()
        self.head.show_material(self.material)
        self.show_busy("")
        self.say("")

    def _lay_out(self) -> None:
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self._rows.addStretch(1)
        inside = QWidget()
        inside.setLayout(self._rows)
        area = QScrollArea()
        area.setProperty("kind", "panel")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        parts = QWidget()
        column = QVBoxLayout(parts)
        column.setContentsMargins(0, 8, 0, 0)
        column.addWidget(self.head)
        column.addWidget(area, 1)
        self.roll.setMinimumHeight(ROLL_PX)
        column.addWidget(self.roll, 1)
        column.addLayout(self._foot())
        self.tabs.addTab(parts, "Parts")
        self.tabs.addTab(self.loops, "Loops of the song")
        self.show_loops_tab(is_on=False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.told)
        layout.addLayout(self._busy_row())

    def show_loops_tab(self, *, is_on: bool) -> None:
        """Offer the loops of a song beside its parts."""
        self.tabs.setTabVisible(1, is_on)
        self.tabs.tabBar().setVisible(is_on)

    def _busy_row(self) -> QHBoxLayout:
        self.bar.setRange(0, 100)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("How far it is")
        row = QHBoxLayout()
        row.addWidget(self.busy)
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop)
        return row

    def _foot(self) -> QHBoxLayout:
        self.hear.setCheckable(True)
        self.hear.setToolTip("Hear what is taken, round and round (Space)")
        self.one_a_role.setToolTip("Lay MIDI parts of one role together: a full song becomes drums, bass, keys …")
        self.groove.setToolTip("What is written leans against the beat as the drums here do, else the first part.")
        self.use.setProperty("kind", "primary")
        self.use.setDefault(True)
        self.use.setToolTip("Put it on the canvas, as one step to undo (Ctrl+Return)")
        self.place.addItems([IN_PLACE, BESIDE])
        self.place.setAccessibleName("Where the parts go")
        foot = QHBoxLayout()
        foot.addWidget(self.hear)
        foot.addWidget(self.one_a_role)
        foot.addWidget(self.groove)
        foot.addStretch(1)
        foot.addWidget(self.place)
        foot.addWidget(self.use)
        return foot

    def _connect(self) -> None:
        head = self.head
        head.tempo_set.connect(lambda bpm: self.change(self.material.with_tempo(bpm)))
        head.scaled.connect(lambda factor: self.change(self.material.scaled(factor)))
        head.meter_set.connect(lambda meter: self.change(self.material.with_meter(meter)))
        head.key_set.connect(lambda key: self.change(self.material.with_key(key)))
        head.bar_one_set.connect(lambda seconds: self.change(self.material.with_bar_one(self._front, seconds)))
        head.window_set.connect(lambda first, bars: self.change(self.material.with_window(first, bars)))
        self.one_a_role.toggled.connect(lambda on: self.change(self.material.with_one_a_role(is_on=on)))
        self.state.edited.connect(self._on_edited)
        self.hear.toggled.connect(self._on_hear)
        self.stop.clicked.connect(self.stop_wanted)
        self.use.clicked.connect(self.use_wanted)

    def _add_keys(self) -> None:
        slots = self._editor.slots()
        for id, keys in EDIT_KEYS:
            for key in keys:  # while the roll has the focus: the same keys walk through rows and lists
                shortcut = QShortcut(QKeySequence(key), self.roll, slots[id])
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        for key, slot in (
            ("Ctrl+Z", self.undo),
            ("Ctrl+Shift+Z", self.redo),
            ("Ctrl+Return", lambda: (self.loops.use if self.is_on_loops else self.use).click()),
            ("Space", lambda: (self.loops.hear if self.is_on_loops else self.hear).click()),
        ):
            QShortcut(QKeySequence(key), self, slot)

    def change(self, material: Material) -> None:
        """Let other material hold, as a step that can be taken back."""
        if material != self.material:
            self._history.append(self.material)
            self._undone.clear()
            self._show(material)

    def undo(self) -> None:
        """Take the last correction back."""
        if self._history:
            self._undone.append(self.material)
            self._show(self._history.pop())

    def redo(self) -> None:
        if self._undone:
            self._history.append(self.material)
            self._show(self._undone.pop())

    def take_in(self, came: Callable[[Material], Material]) -> None:
        """Show what came in. It is no step of the producer's, so what can be taken back has it, too."""
        self._history = [came(material) for material in self._history]
        self._undone = [came(material) for material in self._undone]
        self._show(came(self.material))

    def _show(self, material: Material) -> None:
        self.material = material
        if [(card.index, card.property("path")) for card in self.cards] != [
            (index, row.path) for index, row in enumerate(material.rows)
        ]:
            self._make_cards()
        self.head.show_material(material)
        self.one_a_role.blockSignals(True)
        self.one_a_role.setChecked(material.is_one_a_role)
        self.one_a_role.blockSignals(False)
        self.one_a_role.setVisible(any(not row.is_sound for row in material.rows))
        self._enable_use()
        self._show_front()
        self.material_changed.emit(material)

    def refresh(self) -> None:
        """Show the material once more, such as after a choice that came to nothing."""
        self._show_front()

    def _make_cards(self) -> None:
        for card in self.cards:
            self._rows.removeWidget(card)
            card.deleteLater()
        self.cards = []
        for index, row in enumerate(self.material.rows):
            card = StemCard(self.material, index, self._theme)
            card.setProperty("path", row.path)
            card.taken_changed.connect(lambda i, on: self.change(self.material.with_changed(i, is_taken=on)))
            card.use_chosen.connect(lambda i, use: self.change(self.material.with_changed(i, use=use)))
            card.role_chosen.connect(self._on_role)
            card.bar_one_moved.connect(
                lambda i, seconds, alone: self.change(self.material.with_bar_one(i, seconds, is_alone=alone))
            )
            card.window_moved.connect(lambda first: self.change(self.material.with_window(first, self.material.bars)))
            card.pressed.connect(self._bring_to_front)
            self._rows.insertWidget(index, card)
            self.cards.append(card)

    def _on_role(self, index: int, role: object) -> None:
        """Change what a part plays; a sound is heard with other ears then."""
        if self.material.rows[index].is_sound:
            self.role_heard_anew.emit(index, role)
        else:
            self.change(self.material.with_changed(index, role=role))

    def _bring_to_front(self, index: int) -> None:
        """Show a row's notes in the roll."""
        self._front = index
        self._show_front()
        self._show_notes()

    def _show_front(self) -> None:
        self._front = min(self._front, max(len(self.material.rows) - 1, 0))
        for card in self.cards:
            card.show_material(self.material, is_front=card.index == self._front)
        self.head.setEnabled(bool(self.material.rows))
        if self.material.rows:
            self.head.show_bar_one(self.material.rows[self._front].timing.bar_one_seconds)

    def show_draft(self, draft: Draft) -> None:
        """Show what is taken, as it was laid."""
        self._draft = draft
        self.head.show_key(draft.loop.key)
        self._show_notes()

    def _show_notes(self) -> None:
        """Show the notes of the row in front, over the wave that they were heard in."""
        part = self._front_part
        if self._draft is None or part is None:
            return
        loop = self._draft.loop.with_tracks([self._draft.loop.tracks[part]])
        row = self.material.rows[self._front]
        self.state.backdrop = Wave(row, self.material.start_of(row)) if row.is_sound else None
        self.roll.pitched.setVisible(not loop.tracks[0].is_drums)
        self.state.set_loop(loop)
        if self._shown != self._front:
            self._shown = self._front
            self.state.select(NOTHING)
            self.roll.fit()

    @property
    def _front_part(self) -> int | None:
        """The part of the draft that holds the row in front."""
        if self._draft is None or self._front >= len(self.material.rows):
            return None
        if self._front in self._draft.rows:
            return self._draft.rows.index(self._front)
        row = self.material.rows[self._front]
        roles = [track.role for track in self._draft.loop.tracks]
        return roles.index(row.role) if self.material.is_one_a_role and row.is_taken and row.role in roles else None

    def _on_edited(self, _: str, loop: Loop) -> None:
        """Keep notes corrected by hand; of parts that became one it is not known whose they are."""
        if self.material.is_one_a_role and not self.material.rows[self._front].is_sound:
            self.say("Notes can be corrected while each part is by itself; turn “One part a role” off.")
            self._show_notes()
        else:
            self.change(self.material.with_notes(self._front, loop.tracks[0].notes))

    def show_busy(self, text: str, done: float = 0.0) -> None:
        """Show what goes on and how far it is, 0 to 1; "" for nothing. Only then can what there is be used."""
        self.busy.setText(text)
        self._enable_use()
        self.bar.setValue(round(100 * done))
        for widget in (self.busy, self.bar, self.stop):
            widget.setVisible(bool(text))

    def _enable_use(self) -> None:
        had_focus = self.focusWidget() in (None, self.stop)
        self.use.setEnabled(bool(self.material.taken) and not self.busy.text())
        if self.use.isEnabled() and had_focus:
            self.use.setFocus()

    def say(self, text: str) -> None:
        """Show what should be known, "" for nothing."""
        self.told.setText(text)
        self.told.setVisible(bool(text))

    def _on_hear(self, is_on: bool) -> None:
        self.hear.setText("■  Stop" if is_on else "▶  Hear")
        self.hear_toggled.emit(is_on)

    @property
    def is_on_loops(self) -> bool:
        """Whether the loops of a song are shown rather than parts."""
        return self.tabs.currentWidget() is self.loops

    @property
    def is_in_place(self) -> bool:
        """Whether the parts take the place of the loop that is there."""
        return self.place.currentText() == IN_PLACE

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if not event.source() and material_paths(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.files_dropped.emit(material_paths(event.mimeData()))

    def reject(self) -> None:
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.hear.setChecked(False)
        self.closed.emit()
        super().closeEvent(event)
