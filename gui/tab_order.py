"""The way of the Tab key: widgets in reading order, however late they were made; and the panels that F6 goes through.

Qt's own chain has what is made anew, such as cards and thumbnails, at its end. Here the order is that of the layouts,
read each time. A widget that gives the keyboard up keeps the place in it.
"""

from collections.abc import Iterator, Sequence
from weakref import WeakSet

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLayout,
    QScrollArea,
    QSplitter,
    QWidget,
)
from shiboken6 import isValid

from gui.panels.own_keys import LEAVING, WALKING, OwnKeys

_LEAVES = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox)
_SLIDING = (*WALKING, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_UP_DOWN = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
_OWN_KEYS: tuple[tuple[type[QWidget], tuple[Qt.Key, ...]], ...] = (
    (QAbstractButton, (Qt.Key.Key_Space,)),
    (QAbstractSlider, _SLIDING),
    (QAbstractSpinBox, _UP_DOWN),
    (QComboBox, (*_UP_DOWN, Qt.Key.Key_Space)),
)
_left = WeakSet[QWidget]()  # what gave the keyboard up last; it may be gone by now


def tab_stops(widget: QWidget) -> list[QWidget]:
    """Return a widget and what is in it, in reading order, as far as Tab may stop there."""
    return [each for each in _in_reading_order(widget) if _is_stop(each)]


def _is_stop(widget: QWidget) -> bool:
    takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return takes_tab and widget.isVisible() and widget.isEnabled() and not isinstance(widget, QScrollArea)


def _in_reading_order(widget: QWidget) -> Iterator[QWidget]:
    yield widget
    if not isinstance(widget, _LEAVES):
        for child in _children(widget):
            yield from _in_reading_order(child)


def _children(widget: QWidget) -> Iterator[QWidget]:
    if isinstance(widget, QScrollArea):
        inside = [widget.widget()]
    elif isinstance(widget, QSplitter):
        inside = [widget.widget(index) for index in range(widget.count())]
    else:
        inside = []
    yield from (each for each in inside if each is not None)
    if not inside and (layout := widget.layout()) is not None:
        yield from _in_layout(layout)


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for index in range(layout.count()):
        item = layout.itemAt(index)
        if item is None:
            continue
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            yield widget
        elif inner is not None:
            yield from _in_layout(inner)


def let_go(widget: QWidget) -> None:
    """Give the keys of a widget back to the window: letters and Space are shortcuts, and Tab goes on from here.

    Were they nobody's, Qt would choose a button as soon as a dialog is closed, and the next Space would press that.
    """
    widget.window().setFocus()
    _left.clear()
    _left.add(widget)


def _place() -> QWidget | None:
    """Return what has the keyboard, else what gave it up."""
    current = QApplication.focusWidget()
    return next(filter(isValid, _left), None) if current is None or current.isWindow() else current


def step_focus(stops: Sequence[QWidget], *, is_next: bool) -> bool:
    """Give the keyboard to the stop after (or before) the one that has it; tells whether there is any."""
    if not stops:
        return False
    current = _place()
    index = stops.index(current) + (1 if is_next else -1) if current in stops else 0 if is_next else -1
    focus_by_key(stops[index % len(stops)], is_next=is_next)
    return True


def step_panel(panels: Sequence[QWidget], direction: int) -> None:
    """Give the keyboard to the first stop of the panel after (or before) the one that has it."""
    stops = {panel: found for panel in panels if panel.isVisible() and (found := tab_stops(panel))}
    shown = list(stops)
    current = _place()
    here = next((i for i, panel in enumerate(shown) if current is not None and panel.isAncestorOf(current)), None)
    target = (here + direction) % len(shown) if here is not None else 0
    focus_by_key(stops[shown[target]][0])


def focus_by_key(widget: QWidget, *, is_next: bool = True) -> None:
    """Give a widget the keyboard as Tab does: it is scrolled to, and keeps the keys that are its own."""
    reason = Qt.FocusReason.TabFocusReason if is_next else Qt.FocusReason.BacktabFocusReason
    keys = next((keys for kind, keys in _OWN_KEYS if isinstance(widget, kind)), None)
    if keys is not None:
        OwnKeys(widget, keys, until=LEAVING)
    widget.setFocus(reason)
    above = widget.parentWidget()
    while above is not None:
        if isinstance(above, QScrollArea):
            above.ensureWidgetVisible(widget)
        above = above.parentWidget()
