"""What is written and what is drawn can be told from what is behind it, in every theme (WCAG 2.1: 4.5 and 3 to 1)."""

import pytest
from PySide6.QtGui import QColor

from engine.music.general_midi import Role
from engine.music.loop import Track
from gui.theme import CONTRAST, THEMES, Theme, ThemeName

TEXT, SHAPE = 4.5, 3.0


def luminance(color: str) -> float:
    def linear(share: float) -> float:
        return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4

    rgb = QColor(color)
    return 0.2126 * linear(rgb.redF()) + 0.7152 * linear(rgb.greenF()) + 0.0722 * linear(rgb.blueF())


def ratio(a: str, b: str) -> float:
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def grounds(theme: Theme) -> dict[str, str]:
    return {name: getattr(theme, name) for name in ("window", "panel", "raised", "row", "row_off", "row_tonic")}


@pytest.mark.parametrize("name", list(ThemeName))
def test_writing_is_legible_on_every_ground(name: ThemeName) -> None:
    theme = THEMES[name]
    for ground in (theme.window, theme.panel, theme.raised):
        for writing in (theme.text, theme.muted, theme.warning):
            assert ratio(writing, ground) >= TEXT, (writing, ground)
    for ground in (theme.accent, theme.mute, theme.solo):
        assert ratio(theme.on_accent, ground) >= TEXT, ground


@pytest.mark.parametrize("name", list(ThemeName))
def test_notes_the_ring_and_the_playhead_stand_out_of_every_row(name: ThemeName) -> None:
    theme = THEMES[name]
    for where, ground in grounds(theme).items():
        for drawn in (theme.focus, theme.playhead, theme.selection):
            assert ratio(drawn, ground) >= SHAPE, (drawn, where)
        for role in Role:
            assert ratio(theme.role(role).name(), ground) >= SHAPE, (role, where)
    assert ratio(theme.on_accent, theme.accent) >= SHAPE, "the ring on what is filled"


def test_high_contrast_is_higher() -> None:
    for ground in (CONTRAST.window, CONTRAST.panel, CONTRAST.raised):
        assert ratio(CONTRAST.text, ground) >= 7
        assert ratio(CONTRAST.muted, ground) >= 7
        assert ratio(CONTRAST.line, ground) >= SHAPE, "borders are to be seen"
    for ground in (CONTRAST.row, CONTRAST.row_off, CONTRAST.row_tonic):
        for role in Role:
            assert ratio(CONTRAST.part_behind(Track(role)).name(), ground) >= SHAPE, f"{role} behind another part"
