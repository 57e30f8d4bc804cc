"""What a press means, by habit; and the gestures themselves on a pane that no window shows."""

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.piano_roll.habits import Intent, MouseHabits, PressedOn, erases_on_click, intent_of
from gui.piano_roll.hit_test import Zone
from gui.piano_roll.mouse import Press, begin_gesture
from gui.piano_roll.selection import selected_all
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import RowAxis
from gui.piano_roll.widget import RollPane

LIVE, FL = MouseHabits.LIVE, MouseHabits.FL
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
PLAIN = Qt.KeyboardModifier.NoModifier


@pytest.mark.parametrize(
    ("press", "live", "fl"),
    [
        (PressedOn(None), Intent.BOX, Intent.DRAW),
        (PressedOn(None, CTRL), Intent.BOX, Intent.BOX),
        (PressedOn(None, is_double=True), Intent.DRAW, Intent.DRAW),
        (PressedOn(None, is_drawing=True), Intent.DRAW, Intent.DRAW),
        (PressedOn(None, is_drums=True), Intent.DRAW, Intent.DRAW),
        (PressedOn(Zone.BODY), Intent.MOVE, Intent.MOVE),
        (PressedOn(Zone.END), Intent.RESIZE, Intent.RESIZE),
        (PressedOn(Zone.BODY, is_double=True), Intent.ERASE, Intent.MOVE),
        (PressedOn(Zone.BODY, is_right=True), Intent.ERASE, Intent.ERASE),
    ],
)
def test_each_habit_means_its_own(press: PressedOn, live: Intent, fl: Intent) -> None:
    assert (intent_of(LIVE, press), intent_of(FL, press)) == (live, fl)


def test_only_live_clicks_drum_steps_off() -> None:
    press = PressedOn(Zone.BODY, is_drums=True)
    assert erases_on_click(LIVE, press)
    assert not erases_on_click(FL, press)
    assert not erases_on_click(LIVE, PressedOn(Zone.BODY, SHIFT, is_drums=True)), "that adds to the selection"


class Hand:
    """A mouse over a pane of one part, 800 pixels wide, whose edits are put back into the roll."""

    def __init__(self, habits: MouseHabits, *notes: Note) -> None:
        loop = Loop(bars=1, tracks=(Track(Role.KEYS).with_notes(notes),))
        self.state = RollState(loop)
        self.state.set_view(mouse=habits)
        self.steps: list[str] = []
        self.state.edited.connect(self._on_edited)
        self.pane = RollPane(self.state, is_drums=False)
        self.pane.resize(800, 400)
        self.pane.set_axis(RowAxis(14.0, 50.0))

    def _on_edited(self, text: str, loop: Loop) -> None:
        self.steps.append(text)
        self.state.set_loop(loop)

    def at(self, tick: float, pitch: int) -> QPointF:
        return QPointF(self.pane.point(tick, self.pane.rows.rows[pitch] + 0.5))

    def drag(self, start: QPointF, *way: QPointF, keys: Qt.KeyboardModifier = PLAIN, is_right: bool = False) -> None:
        gesture = begin_gesture(self.pane, Press(start, keys, is_right=is_right))
        for point in way:
            assert gesture is not None
            gesture.move(point, keys)
        if gesture is not None:
            gesture.release(way[-1] if way else start, keys)

    @property
    def notes(self) -> list[tuple[int, int, int]]:
        return [(note.onset, note.pitch, note.duration) for note in self.state.loop.tracks[0].notes]


@pytest.fixture
def notes() -> tuple[Note, Note]:
    return Note(240, 60, 240), Note(720, 64, 120)


@pytest.mark.parametrize(("habits", "key"), [(LIVE, CTRL), (FL, SHIFT)])
def test_the_copy_key_leaves_the_original(
    qapp: QApplication, notes: tuple[Note, Note], habits: MouseHabits, key: Qt.KeyboardModifier
) -> None:
    hand = Hand(habits, notes[0])
    hand.drag(hand.at(360, 60), hand.at(360 + 480, 62), keys=key)
    assert hand.notes == [(240, 60, 240), (720, 62, 240)]
    assert hand.steps == ["Copy notes"]


@pytest.mark.parametrize("habits", [LIVE, FL])
def test_alt_ignores_the_grid(qapp: QApplication, notes: tuple[Note, Note], habits: MouseHabits) -> None:
    hand = Hand(habits, notes[0])
    start = hand.at(360, 60)
    hand.drag(start, start + QPointF(5, 0), keys=ALT)
    assert hand.notes[0][0] not in (240, 360), "moved by less than a step"
    hand.drag(hand.at(hand.notes[0][0] + 120, 60), hand.at(hand.notes[0][0] + 250, 60))
    assert hand.steps == ["Move notes", "Move notes"]


def test_in_fl_a_click_draws_a_note_as_long_as_the_last_one(qapp: QApplication, notes: tuple[Note, Note]) -> None:
    hand = Hand(FL, notes[0])
    hand.drag(hand.at(360, 60))
    hand.drag(hand.at(1000, 67))
    assert hand.notes == [(240, 60, 240), (960, 67, 240)]


def test_in_live_a_drag_on_empty_ground_selects(qapp: QApplication, notes: tuple[Note, Note]) -> None:
    hand = Hand(LIVE, *notes)
    hand.drag(hand.at(100, 70), hand.at(1000, 58))
    assert hand.state.selection == selected_all(hand.state.loop, [0])
    assert hand.steps == []


def test_in_fl_the_same_needs_ctrl(qapp: QApplication, notes: tuple[Note, Note]) -> None:
    hand = Hand(FL, *notes)
    hand.drag(hand.at(100, 70), hand.at(1000, 58), keys=CTRL)
    assert hand.state.selection == selected_all(hand.state.loop, [0])
    assert hand.steps == []


@pytest.mark.parametrize("habits", [LIVE, FL])
def test_a_right_drag_deletes_what_it_passes_as_one_step(
    qapp: QApplication, notes: tuple[Note, Note], habits: MouseHabits
) -> None:
    hand = Hand(habits, *notes, Note(1200, 62, 120))
    hand.drag(hand.at(260, 60), hand.at(780, 64), is_right=True)
    assert hand.notes == [(1200, 62, 120)]
    assert hand.steps == ["Delete notes"]


def test_the_end_of_a_note_is_pulled_to_the_grid(qapp: QApplication, notes: tuple[Note, Note]) -> None:
    hand = Hand(LIVE, notes[0])
    end = hand.at(480, 60) - QPointF(1, 0)
    hand.drag(end, hand.at(700, 60))
    assert hand.notes == [(240, 60, 480)]
    assert hand.state.pen_ticks == 480
