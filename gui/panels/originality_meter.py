"""The meter of a take: how much of it the songs of training have already, and what that means in words."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from engine.messages import FLAGGED_PHRASES, FLAGGED_SIMILARITY, Originality
from gui.theme import Theme

METER_WIDTH_PX, METER_HEIGHT_PX = 34, 5
_FULL = 2 * FLAGGED_SIMILARITY  # the limit is in the middle of the meter


def paint_meter(painter: QPainter, found: Originality, *, x: float, y: float, theme: Theme) -> None:
    """Paint a bar that fills with what is shared; its middle, marked, is what real music by others hardly reaches."""
    place = QRectF(x, y, METER_WIDTH_PX, METER_HEIGHT_PX)
    painter.fillRect(place, QColor(theme.line))
    share = min(1.0, found.similarity / _FULL) if found.shared >= FLAGGED_PHRASES else 0.0
    colour = QColor(theme.warning if found.is_flagged else theme.accent)
    painter.fillRect(QRectF(x, y, METER_WIDTH_PX * share, METER_HEIGHT_PX), colour)
    painter.fillRect(QRectF(x + METER_WIDTH_PX / 2, y - 2, 1, METER_HEIGHT_PX + 4), QColor(theme.muted))


def originality_text(found: Originality | None) -> str:
    """Return what a meter means, in a sentence or two; "" if nothing was compared."""
    if found is None:
        return ""
    if found.phrases < FLAGGED_PHRASES:
        return "Too few notes of its own to be compared with the songs that the model learned from."
    run = f" The longest run of notes they share: {found.longest_run}." if found.longest_run else ""
    share = (
        f"{found.similarity:.0%} of its phrases are in one of the songs that the model learned from, in any key.{run}"
    )
    limit = f"{FLAGGED_SIMILARITY:.0%}"
    if found.is_flagged:
        return f"Too like a known song. {share} Real music by others hardly ever reaches {limit}."
    return f"Its own. {share} The limit is {limit}, which real music by others hardly ever reaches."
