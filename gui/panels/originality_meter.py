"""The meter of a take: how much of it the songs of training have already, and what that means in words."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from engine.messages import Originality
from gui.theme import Theme

METER_WIDTH_PX, METER_HEIGHT_PX = 34, 5
FULL = 2.0  # the limit, a likeness of 1, is in the middle of the meter
FEWEST_PHRASES = 3  # with fewer, not even the rarest could reach the limit


def paint_meter(painter: QPainter, found: Originality, *, x: float, y: float, theme: Theme) -> None:
    """Paint a bar that fills with what is shared; its middle, marked, is what real music by others hardly reaches.

    Where nothing could be compared, it is only a frame.
    """
    place = QRectF(x, y, METER_WIDTH_PX, METER_HEIGHT_PX)
    if not is_comparable(found):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QColor(theme.line))
        painter.drawRect(place)
        return
    painter.fillRect(place, QColor(theme.line))
    share = min(1.0, found.likeness / FULL)
    colour = QColor(theme.warning if found.is_flagged else theme.accent)
    painter.fillRect(QRectF(x, y, METER_WIDTH_PX * share, METER_HEIGHT_PX), colour)
    painter.fillRect(QRectF(x + METER_WIDTH_PX / 2, y - 2, 1, METER_HEIGHT_PX + 4), QColor(theme.muted))


def is_comparable(found: Originality) -> bool:
    """Tell whether a take has enough phrases to be compared."""
    return found.phrases >= FEWEST_PHRASES


def originality_text(found: Originality | None) -> str:
    """Return what a meter means, in a sentence or two; "" if nothing was compared."""
    if found is None:
        return ""
    if not is_comparable(found):
        return (
            "What was written has too few phrases of its own to be compared with the songs that the model learned from."
        )
    run = f" The longest run of notes they share: {found.longest_run}." if found.longest_run else ""
    share = (
        f"{found.similarity:.0%} of what it plays, the rarer the weightier, is in one group of the songs that the "
        f"model learned from, in any key, and not in others.{run}"
    )
    if found.is_flagged:
        return f"Too like a known song. {share} Real music by others hardly ever has so much."
    return (
        f"Its own. {share} That is {found.likeness:.0%} of the limit, which real music by others hardly ever reaches."
    )
