"""A window that writes down what is dropped on it: one line of JSON a drop. Run as a program."""

import json
import sys

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel


class DropTarget(QLabel):
    """Takes everything and tells its formats, files and action."""

    def __init__(self) -> None:
        super().__init__("drop here")
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
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    application = QApplication(sys.argv)
    target = DropTarget()
    target.show()
    sys.exit(application.exec())
