"""A window out of which files can be dragged, as out of a file manager. Run as a program with the files."""

import sys

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class DragSource(QLabel):
    """Gives its files to whoever they are dropped on.

    Args:
        paths: The files.
    """

    def __init__(self, paths: list[str]) -> None:
        super().__init__("drag from here")
        self._paths = paths
        self.setWindowTitle("Drag source")
        self.resize(240, 120)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        drag = QDrag(self)
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(path) for path in self._paths])
        drag.setMimeData(mime)
        drag.exec(Qt.DropAction.CopyAction)


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    source = DragSource(sys.argv[1:])
    source.show()
    sys.exit(application.exec())
