"""For the curious: a take as the model reads it, row by row."""

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QDialog, QLabel, QPlainTextEdit, QTabWidget, QVBoxLayout, QWidget

from engine.jobs.inspection import TakeInspected

HELP = (
    "A row is one note or the beginning of one bar of one part. The prompt holds wishes, what the other parts play "
    "and notes that stay; then the bars are written. Numbers are the model's own: steps of a 24th of a quarter, bins "
    "of length and velocity."
)


class InspectorDialog(QDialog):
    """Shows rows.

    Args:
        title: What is looked into.
        rows: Its rows.
    """

    def __init__(self, title: str, rows: TakeInspected, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(860, 620)
        help = QLabel(HELP)
        help.setWordWrap(True)
        help.setProperty("kind", "muted")
        self.tabs = QTabWidget()
        for name, lines in (("Prompt", rows.prompt), ("Written", rows.written)):
            self.tabs.addTab(_text(name, lines), f"{name}   ·   {len(lines)} rows")
        self.tabs.setTabVisible(1, bool(rows.written))
        layout = QVBoxLayout(self)
        layout.addWidget(help)
        layout.addWidget(self.tabs, 1)


def _text(name: str, lines: tuple[str, ...]) -> QPlainTextEdit:
    text = QPlainTextEdit()
    text.setReadOnly(True)
    text.setAccessibleName(name)
    text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    font = QFont("monospace")
    font.setStyleHint(QFont.StyleHint.Monospace)
    text.setFont(font)
    text.setStyleSheet('font-family: "DejaVu Sans Mono", "Menlo", "Consolas", monospace;')
    text.setPlainText("\n".join(lines))
    return text
