"""Where each part is played: its MIDI channel and its port, one row a part."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QWidget

from engine.jobs.live import PartRoute
from engine.music.loop import Loop
from gui.session import PartSettings
from gui.theme import SPACE_PX

AUTOMATIC = "Auto"


class PortBox(QComboBox):
    """A choice of ports by name; a chosen one that is gone stays in it and says so.

    Args:
        name: For screen readers.
        default: What "" is called.
    """

    port_chosen = Signal(str)

    def __init__(self, name: str, default: str) -> None:
        super().__init__()
        self._default = default
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.activated.connect(lambda index: self.port_chosen.emit(self.itemData(index)))
        self.show_ports((), "")

    def show_ports(self, names: tuple[str, ...], chosen: str) -> None:
        """Show the ports there are, and the one that is chosen, without telling anyone."""
        self.clear()
        self.addItem(self._default, "")
        for name in names:
            self.addItem(name, name)
        if chosen and chosen not in names:
            self.addItem(f"{chosen} (not there)", chosen)
        self.setCurrentIndex(max(0, self.findData(chosen)))


class RoutesTable(QWidget):
    """Shows and changes the parts' routes."""

    route_changed = Signal(int, object)  # part, PartRoute

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_PX)
        self._grid.setColumnStretch(2, 1)
        self._labels: tuple[str, ...] = ()
        self._routes: tuple[PartRoute, ...] = ()
        self._outputs: tuple[str, ...] = ()
        self.channels: list[QComboBox] = []
        self.ports: list[PortBox] = []

    def show_parts(self, loop: Loop, parts: tuple[PartSettings, ...]) -> None:
        """Show a loop's parts and their routes."""
        labels = tuple(track.label for track in loop.tracks[: len(parts)])
        self._routes = tuple(part.route for part in parts[: len(labels)])
        if labels != self._labels:
            self._labels = labels
            self._rebuild()
        self._show()

    def show_outputs(self, outputs: tuple[str, ...]) -> None:
        """Show the ports that parts can have."""
        self._outputs = outputs
        self._show()

    def _rebuild(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.channels, self.ports = [], []
        for part, label in enumerate(self._labels):
            channel = QComboBox()
            channel.addItems([AUTOMATIC, *map(str, range(1, 17))])
            channel.setAccessibleName(f"Channel of {label}")
            channel.activated.connect(lambda index, part=part: self._change(part, channel=index - 1 if index else None))
            port = PortBox(f"Port of {label}", "the port above")
            port.port_chosen.connect(lambda name, part=part: self._change(part, port=name))
            self.channels.append(channel)
            self.ports.append(port)
            for column, widget in enumerate((QLabel(label), channel, port)):
                self._grid.addWidget(widget, part, column)

    def _show(self) -> None:
        for route, channel, port in zip(self._routes, self.channels, self.ports, strict=True):
            channel.setCurrentIndex(0 if route.channel is None else route.channel + 1)
            port.show_ports(self._outputs, route.port)

    def _change(self, part: int, **changes: int | str | None) -> None:
        route = replace(self._routes[part], **changes)
        self.route_changed.emit(part, route)
