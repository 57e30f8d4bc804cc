"""A window that writes down what is dropped on it: one line of JSON a drop, in a file. Run as a program."""

import json
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel


class DropTarget(QLabel):
    """Takes everything and tells its formats, files and action.

    Args:
        file: Where to.
    """

    def __init__(self, file: Path) -> None:
        super().__init__("drop here")
        self._file = file
        self.setWindowTitle("Drop target")
        self.setAcceptDrops(True)
        self.resize(260, 160)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        mime = event.mimeData()
        paths = [url.toLocalFile() for url in mime.urls()]
        told = {"paths": paths, "formats": mime.formats(), "action": event.dropAction().name}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    application = QApplication(sys.argv)
    target = DropTarget(Path(sys.argv[1]))
    target.show()
    sys.exit(application.exec())
