"""Colours, shapes and the style sheet: dark, light and high contrast.

Everything that is painted takes its colours from a `Theme` value, so that a theme is one table. Parts are told
apart by shape as well as by colour.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen

from engine.music.general_midi import Role
from engine.music.loop import Track

SPACE_PX = 8
RADIUS_PX = 6


class ThemeName(Enum):
    """The themes there are."""

    DARK = "Dark"
    LIGHT = "Light"
    CONTRAST = "High contrast"


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by what they are for.

    Attributes:
        window, panel, raised: Backgrounds, from the furthest back to the nearest.
        line: Borders. text, muted: Writing.
        accent, on_accent: What acts, and the writing on it.
        row, row_off, row_tonic: The roll's rows: in the scale, outside it, the tonic.
        bar_line, beat_line, step_line: The grid.
        playhead, selection, warning: As named.
        mute, solo: Of these two buttons while they are on.
        key_white, key_black: The keyboard.
        roles: A colour for each role.
        behind: How far notes of the parts that are not in front sink into the rows, 0 to 1.
    """

    is_dark: bool
    window: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    row: str
    row_off: str
    row_tonic: str
    bar_line: str
    beat_line: str
    step_line: str
    playhead: str
    selection: str
    warning: str
    mute: str
    solo: str
    key_white: str
    key_black: str
    roles: tuple[str, ...]
    behind: float = 0.62

    @property
    def focus(self) -> str:
        """Of the ring around what has the keyboard: seen on every background, and on what is chosen."""
        return self.text

    def role(self, role: Role) -> QColor:
        return QColor(self.roles[list(Role).index(role)])

    def part(self, track: Track) -> QColor:
        """Return the colour that a part wears."""
        return self.role(worn_by(track))

    def part_behind(self, track: Track) -> QColor:
        """Return the colour of a part's notes while another part is in front."""
        return mixed(self.part(track), QColor(self.row), self.behind)


# Drums, bass, keys, organ, mallets, guitar, strings, voice, brass, winds, lead, pad, other: neighbours in a
# loop (the first three, lead and pad) differ in hue and in lightness, also for the colour-blind.
_ON_DARK = (
    "#f0a848", "#5aaef0", "#4fcf9a", "#c99a6b", "#e3d26a", "#d98f5c", "#7fd3e0",
    "#e58fd0", "#f2c14e", "#8fd06f", "#f07c95", "#a991f7", "#b4bccb",
)  # fmt: skip
_ON_LIGHT = (
    "#b86a00", "#1769b5", "#0b7f55", "#8a5a2b", "#8a7a00", "#a3541b", "#0e7c8c",
    "#a8378c", "#a07400", "#3f8a1c", "#c22e50", "#6546d1", "#5b6472",
)  # fmt: skip

DARK = Theme(
    is_dark=True,
    window="#14161b",
    panel="#1b1e25",
    raised="#262a33",
    line="#343a47",
    text="#eceef3",
    muted="#9aa4b5",
    accent="#7fa2ff",
    on_accent="#0c1226",
    row="#1d2129",
    row_off="#171a20",
    row_tonic="#242b3c",
    bar_line="#59627a",
    beat_line="#363d4b",
    step_line="#262b35",
    playhead="#ffffff",
    selection="#ffffff",
    warning="#f2b84b",
    mute="#f2914b",
    solo="#63d18a",
    key_white="#c9ced9",
    key_black="#2b303b",
    roles=_ON_DARK,
)
LIGHT = Theme(
    is_dark=False,
    window="#eceef2",
    panel="#f8f9fb",
    raised="#ffffff",
    line="#cdd3dd",
    text="#191c22",
    muted="#596273",
    accent="#2f5fd6",
    on_accent="#ffffff",
    row="#ffffff",
    row_off="#eef0f5",
    row_tonic="#e3eaff",
    bar_line="#8e97a8",
    beat_line="#cfd5df",
    step_line="#e6e9ef",
    playhead="#101318",
    selection="#101318",
    warning="#8f5a00",
    mute="#b34a00",
    solo="#15803d",
    key_white="#ffffff",
    key_black="#4a5161",
    roles=_ON_LIGHT,
)
CONTRAST = Theme(
    is_dark=True,
    window="#000000",
    panel="#000000",
    raised="#101010",
    line="#9a9a9a",
    text="#ffffff",
    muted="#d8d8d8",
    accent="#ffe14d",
    on_accent="#000000",
    row="#000000",
    row_off="#141414",
    row_tonic="#1c2a4a",
    bar_line="#c8c8c8",
    beat_line="#6c6c6c",
    step_line="#333333",
    playhead="#ffffff",
    selection="#ffffff",
    warning="#ffe14d",
    mute="#ff9a5c",
    solo="#6dff9a",
    key_white="#ffffff",
    key_black="#000000",
    roles=_ON_DARK,
    behind=0.25,
)
THEMES: dict[ThemeName, Theme] = {ThemeName.DARK: DARK, ThemeName.LIGHT: LIGHT, ThemeName.CONTRAST: CONTRAST}

# A shape for each role, so that colour is never the only mark.
ROLE_GLYPHS: dict[Role, str] = {
    Role.DRUMS: "◆",
    Role.BASS: "▼",
    Role.KEYS: "■",
    Role.ORGAN: "▤",
    Role.MALLETS: "●",
    Role.GUITAR: "◐",
    Role.STRINGS: "≋",
    Role.VOICE: "◎",
    Role.BRASS: "▶",
    Role.WINDS: "◇",
    Role.LEAD: "▲",
    Role.PAD: "▬",
    Role.OTHER: "○",
}
# What the looks are called: each is the colour and the shape of the role at its place.
LOOK_NAMES = (
    "Amber", "Blue", "Green", "Brown", "Yellow", "Copper", "Cyan", "Pink", "Gold", "Lime", "Red", "Violet", "Grey",
)  # fmt: skip


def worn_by(track: Track) -> Role:
    """Return the role whose colour and shape a part wears: its own, unless it was given another look."""
    return list(Role)[track.look - 1] if track.look else track.role


def glyph_of(track: Track) -> str:
    """Return the shape that a part wears."""
    return ROLE_GLYPHS[worn_by(track)]


def mixed(a: QColor, b: QColor, share_of_b: float) -> QColor:
    """Return a colour between two: opaque, so that thousands of notes need no blending."""
    keep = 1.0 - share_of_b
    return QColor(
        round(a.red() * keep + b.red() * share_of_b),
        round(a.green() * keep + b.green() * share_of_b),
        round(a.blue() * keep + b.blue() * share_of_b),
    )


def palette(theme: Theme) -> QPalette:
    """Return Qt's palette of a theme, for all that the style sheet does not reach."""
    colors = QPalette()
    for role, value in (
        (QPalette.ColorRole.Window, theme.window),
        (QPalette.ColorRole.Base, theme.raised),
        (QPalette.ColorRole.AlternateBase, theme.panel),
        (QPalette.ColorRole.Button, theme.raised),
        (QPalette.ColorRole.WindowText, theme.text),
        (QPalette.ColorRole.Text, theme.text),
        (QPalette.ColorRole.ButtonText, theme.text),
        (QPalette.ColorRole.ToolTipBase, theme.raised),
        (QPalette.ColorRole.ToolTipText, theme.text),
        (QPalette.ColorRole.Highlight, theme.accent),
        (QPalette.ColorRole.HighlightedText, theme.on_accent),
        (QPalette.ColorRole.PlaceholderText, theme.muted),
    ):
        colors.setColor(role, QColor(value))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        colors.setColor(QPalette.ColorGroup.Disabled, role, mixed(QColor(theme.muted), QColor(theme.panel), 0.4))
    return colors


FOCUS_PX = 2


def paint_focus(painter: QPainter, place: QRect, color: QColor) -> None:
    """Paint the ring that tells which painted widget has the keyboard."""
    inset = FOCUS_PX // 2
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, FOCUS_PX))
    painter.drawRect(place.adjusted(inset, inset, -inset - 1, -inset - 1))


def style_sheet(theme: Theme, *, icons: Path | None = None) -> str:
    """Return the application's style sheet.

    Args:
        theme: Colours.
        icons: Folder of the icons; None for none.
    """
    tone = "dark" if theme.is_dark else "light"
    arrow, arrow_up, tick = (
        f'url("{(icons / f"{name}-{tone}.svg").as_posix()}")' if icons is not None else "none"
        for name in ("chevron", "chevron-up", "check")
    )

    t = theme
    return f"""
* {{ font-family: "Inter", "Segoe UI", "SF Pro Text", "DejaVu Sans", sans-serif; font-size: 13px; }}
QMainWindow, QDialog {{ background: {t.window}; }}
QWidget {{ color: {t.text}; }}
QLabel {{ background: transparent; }}
QLabel[kind="muted"] {{ color: {t.muted}; font-size: 12px; }}
QLabel[kind="title"] {{ font-size: 12px; font-weight: 600; color: {t.muted}; }}
QLabel[kind="written"] {{ color: {t.accent}; border: 1px solid {t.accent}; border-radius: 4px;
  font-size: 11px; font-weight: 600; }}
QLabel[kind="warning"] {{ color: {t.warning}; font-size: 12px; }}
QFrame[kind="panel"], QScrollArea[kind="panel"] {{ background: {t.panel}; border: 0; }}
QFrame[kind="card"] {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS_PX}px; }}
QFrame[kind="card"][front="true"] {{ border: 1px solid {t.accent}; }}
QFrame[kind="banner"] {{ background: {t.raised}; border: 1px solid {t.warning}; border-radius: {RADIUS_PX}px; }}
QLabel[kind="chip"] {{ background: {t.raised}; border: 1px solid {t.accent}; border-radius: {RADIUS_PX}px;
  padding: 5px 10px; font-weight: 600; }}
QWidget[kind="drop"] {{ background: transparent; border: 3px solid {t.accent}; }}
QFrame[kind="line"] {{ background: {t.line}; border: 0; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px; }}
QPushButton, QToolButton {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS_PX}px;
  padding: 4px 10px; min-height: 20px; }}
QToolButton {{ padding: 4px 7px; }}
QPushButton:hover, QToolButton:hover {{ border-color: {t.muted}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {t.line}; }}
QPushButton:checked, QToolButton:checked {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {t.muted}; background: {t.panel}; }}
QPushButton:checked:disabled, QToolButton:checked:disabled {{ color: {t.muted}; background: {t.line};
  border-color: {t.line}; }}
QPushButton[kind="primary"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent};
  font-weight: 600; padding: 5px 16px; }}
QPushButton[kind="primary"]:hover {{ border-color: {t.text}; }}
QPushButton[kind="primary"]:disabled {{ background: {t.raised}; color: {t.muted}; border-color: {t.line}; }}
QToolButton[kind="small"] {{ padding: 0; min-height: 18px; min-width: 20px; font-size: 11px;
  font-weight: 600; border-radius: 4px; color: {t.muted}; }}
QToolButton[kind="small"]:checked {{ color: {t.on_accent}; }}
QToolButton[kind="small"]:checked:disabled {{ color: {t.muted}; }}
QToolButton#mute:checked {{ background: {t.mute}; border-color: {t.mute}; }}
QToolButton#solo:checked {{ background: {t.solo}; border-color: {t.solo}; }}
QToolButton[kind="flat"] {{ background: transparent; border: 1px solid transparent; color: {t.muted}; }}
QToolButton[kind="warning"] {{ background: transparent; border: 1px solid {t.warning}; color: {t.warning}; }}
QToolButton::menu-indicator {{ image: none; }}
QToolButton[kind="flat"]:hover {{ color: {t.text}; }}
QComboBox, QSpinBox, QDoubleSpinBox, QLineEdit {{ background: {t.raised}; border: 1px solid {t.line};
  border-radius: {RADIUS_PX}px; padding: 3px 8px; min-height: 20px;
  selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
QComboBox::drop-down {{ border: 0; width: 18px; }}
QComboBox::down-arrow {{ image: {arrow}; width: 10px; height: 6px; margin-right: 8px; }}
QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.line}; outline: 0;
  selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
QAbstractSpinBox {{ padding: 3px 0; qproperty-alignment: AlignCenter; }}
QAbstractSpinBox QLineEdit, QAbstractSpinBox QLineEdit:focus {{ background: transparent; border: 0; padding: 0 5px;
  min-height: 0; }}
QLineEdit QToolButton {{ background: transparent; border: 0; padding: 0 6px 0 0; min-height: 0; }}
QLineEdit, QPlainTextEdit {{ placeholder-text-color: {t.muted}; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 15px; border: 0; subcontrol-origin: border; }}
QAbstractSpinBox[kind="plain"]::up-button, QAbstractSpinBox[kind="plain"]::down-button {{ width: 0; }}
QAbstractSpinBox[kind="plain"]::up-arrow, QAbstractSpinBox[kind="plain"]::down-arrow {{ image: none; width: 0; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
QAbstractSpinBox::up-arrow {{ image: {arrow_up}; width: 8px; height: 5px; margin-right: 3px; }}
QAbstractSpinBox::down-arrow {{ image: {arrow}; width: 8px; height: 5px; margin-right: 3px; }}
QSlider::groove:horizontal {{ height: 4px; background: {t.line}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.accent}; border-radius: 2px; }}
QSlider::sub-page:horizontal:disabled {{ background: {t.line}; }}
QSlider[open="true"]::sub-page:horizontal {{ background: {t.line}; }}
QSlider[open="true"]::handle:horizontal {{ background: {t.muted}; }}
QSlider::handle:horizontal {{ background: {t.text}; width: 12px; margin: -4px 0; border-radius: 6px; }}
QSlider::handle:horizontal:disabled {{ background: {t.muted}; }}
QCheckBox {{ spacing: 6px; padding: 1px 4px; border: {FOCUS_PX}px solid transparent; border-radius: 4px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {t.muted}; border-radius: 3px;
  background: {t.raised}; }}
QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; image: {tick}; }}
QMenuBar {{ background: {t.window}; }}
QMenuBar::item {{ padding: 4px 10px; background: transparent; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {t.accent}; color: {t.on_accent}; }}
QMenu {{ background: {t.raised}; border: 1px solid {t.line}; padding: 4px; }}
QMenu::item {{ padding: 4px 24px 4px 12px; }}
QMenu::item:disabled {{ color: {t.muted}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 0; }}
QStatusBar {{ background: {t.window}; color: {t.muted}; }}
QStatusBar::item {{ border: 0; }}
QSplitter::handle {{ background: {t.window}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t.line}; border-radius: 4px; min-height: 24px; min-width: 24px;
  margin: 1px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none;
  border: 0; width: 0; height: 0; }}
QTableView, QTreeView, QListView {{ background: {t.panel}; alternate-background-color: {t.raised};
  border: {FOCUS_PX}px solid transparent; gridline-color: {t.line};
  selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
QHeaderView::section {{ background: {t.panel}; color: {t.muted}; border: 0; padding: 4px 8px; }}
QTabWidget::pane {{ border: 0; }}
QTabBar::tab {{ background: transparent; color: {t.muted}; padding: 6px 12px; border: 0;
  border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom-color: {t.accent}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QLineEdit:focus,
  QToolButton[kind="flat"]:focus, QToolButton[kind="warning"]:focus,
  QSlider:focus, QCheckBox:focus,
  QTableView:focus, QTreeView:focus, QListView:focus, QPlainTextEdit:focus, QTabBar:focus {{
  border: {FOCUS_PX}px solid {t.focus}; }}
QPushButton[kind="primary"]:focus, QPushButton:checked:focus, QToolButton:checked:focus {{
  border: {2 * FOCUS_PX}px double {t.on_accent}; padding: 1px 4px; }}
QToolButton[kind="small"]:checked:focus {{ padding: 0; }}
QProgressBar {{ background: {t.raised}; border: 0; border-radius: 2px; max-height: 4px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 2px; }}
"""
