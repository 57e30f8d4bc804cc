"""What is said of a take: in one line on its card, in sentences in its tooltip."""

import textwrap

from engine.messages import ControlReport, Take
from engine.representation.controls import TRACK_CONTROLS
from gui.panels.control_values import shown_value
from gui.takes import Slot, seam_word

IS_LOOP = "✓ your loop"
SEAM_SENTENCES = {
    "smooth": "goes round smoothly",
    "audible": "one hears where it begins again",
    "rough": "begins again abruptly",
}
TOOLTIP_COLUMNS = 84
MOST_MISSED = 6  # wishes that a tooltip names


def wrapped(text: str) -> str:
    """Return a tooltip no wider than can be read."""
    return "\n".join(textwrap.fill(line, TOOLTIP_COLUMNS) for line in text.splitlines())


def wishes_of(take: Take) -> tuple[ControlReport, ...]:
    """Return what was asked of the take's parts, beside what was got."""
    return tuple(report for report in take.reports if report.part >= 0)


def missed_any(take: Take | None) -> bool:
    """Tell whether a take is other than what was wished for."""
    return take is not None and not all(report.is_met for report in wishes_of(take))


def take_note(slot: Slot) -> str:
    """Return the line beside a take's number: how far it is, or how many wishes were met and how it leads back."""
    if slot.take is None:
        return f"{slot.cells_done}/{slot.cells_total} bars" if slot.cells_total else "waiting"
    take = slot.take
    words = ["♥"] if slot.is_favourite else []
    if slot.rating:
        words.append("★" * slot.rating)
    if take.missing:
        words.append(f"partial, {take.missing} bar{'s' if take.missing > 1 else ''} missing")
    elif asked := wishes_of(take):
        words.append(f"{sum(report.is_met for report in asked)} of {len(asked)} met")
    if take.scores.seam is not None:
        words.append(f"↺ {seam_word(take.scores.seam)}")
    return "  ".join(words) or f"{take.loop.note_count} notes"


def heard_note(slot: Slot) -> str:
    """Return what is said of the take that is heard."""
    take = slot.take
    if take is None:
        return ""
    if take.missing:
        return f"stopped early: {take.missing} bars of parts are missing"
    if take.scores.seam is None:
        return "your loop is dotted behind it"
    return f"{SEAM_SENTENCES[seam_word(take.scores.seam)]}   ·   your loop is dotted behind it"


def take_sentences(take: Take, middle_c_octave: int) -> list[str]:
    """Return how a take leads back, how many wishes were met, and which were not: a line each."""
    seam, asked = take.scores.seam, wishes_of(take)
    told = [f"↺ {SEAM_SENTENCES[seam_word(seam)].capitalize()}."] if seam is not None else []
    if asked:
        told.append(f"{sum(report.is_met for report in asked)} of {len(asked)} wishes on the right were met.")
    missed = [missed_text(take, report, middle_c_octave) for report in asked if not report.is_met]
    further = len(missed) - MOST_MISSED
    return [*told, *missed[:MOST_MISSED], *([f"✗ and {further} more"] if further > 0 else [])]


def missed_text(take: Take, report: ControlReport, middle_c_octave: int) -> str:
    """Return a wish that was missed, such as "✗ Drums, density: asked 34 a bar · busy, got 20 a bar · medium"."""
    track = take.loop.tracks[report.part]
    if report.name in TRACK_CONTROLS:
        name = TRACK_CONTROLS[report.name].label.lower()
        asked, got = (
            shown_value(report.name, value, track.role, middle_c_octave) for value in (report.asked, report.got)
        )
    elif report.name == "bar_density":
        name, asked, got = f"bar {report.bar + 1}", f"{report.asked:g} notes", f"{report.got:g}"
    else:
        name, asked, got = report.name, f"{report.asked:.0%}", f"{report.got:.0%}"
    return f"✗ {track.label}, {name}: asked {asked}, got {got}"
