"""Asked beside got: what a take made of what was asked."""

from collections.abc import Iterator

import numpy as np

from engine.inference.take_plan import rhythm_steps
from engine.messages import ControlReport, GenerationRequest, PartUse
from engine.music.analysis import loop_chords
from engine.music.departure import departure
from engine.music.loop import Loop
from engine.representation.controls import TRACK_CONTROLS, PartView, TrackControl, density_bin, part_view
from engine.representation.sheet import Sheet

WHOLE_LOOP = -1  # as a part's index
# Limits: to stay inside is to obey, however far.
_UPPER_LIMITS = ("polyphony_max", "highest_pitch")
_LOWER_LIMITS = ("polyphony_min", "lowest_pitch")
# Recognised chords of real music agree with what a person wrote in about three bars of four.
_CHORDS_MET = 0.75
_DEPARTURE_BIN, _DEPARTURE_MET = 0.05, 0.15


def control_reports(request: GenerationRequest, loop: Loop) -> tuple[ControlReport, ...]:
    """Measure all that was asked of the written parts, in the bars that were written."""
    sheet = Sheet.from_loop(loop)
    reports = list(_loop_reports(request, loop))
    for part, wanted in enumerate(request.parts):
        view = part_view(sheet, part, request.bars_of(part))
        if wanted.use is not PartUse.REPLACE or not len(view.notes):
            continue
        for name, asked in wanted.controls:
            control = TRACK_CONTROLS[name]
            if control.for_drums or not loop.tracks[part].is_drums:
                reports.append(_report(part, control, asked, view))
        reports += _rhythm_report(request, part, view)
        reports += _bar_density_reports(request, part, view)
        reports += _departure_report(request, part, loop)
    return tuple(reports)


def _report(part: int, control: TrackControl, asked: float, view: PartView) -> ControlReport:
    got = control.measure(view)
    error = control.bin(got, view.role) - control.bin(asked, view.role)
    if control.name in _UPPER_LIMITS:
        is_met = got <= asked
    elif control.name in _LOWER_LIMITS:
        is_met = got >= asked
    else:
        is_met = error == 0
    return ControlReport(part, control.name, asked, round(got, 3), is_met, error)


def _rhythm_report(request: GenerationRequest, part: int, view: PartView) -> Iterator[ControlReport]:
    """Report the share of the notes that begin where the rhythm mask allows it."""
    if request.parts[part].rhythm:
        allowed = rhythm_steps(request, part)
        got = float(allowed[view.notes.bar, view.notes.position].mean())
        yield ControlReport(part, "rhythm", 1.0, round(got, 3), got == 1.0, 0)


def _bar_density_reports(request: GenerationRequest, part: int, view: PartView) -> Iterator[ControlReport]:
    """Report the notes of every bar that a number was asked of; met within a bin, as density is aimed at."""
    scale = 1920 / view.meter.ticks_per_bar
    counts = np.bincount(view.notes.bar, minlength=request.canvas.bars)
    for bar, asked in enumerate(request.parts[part].bar_density[: request.canvas.bars]):
        if asked is not None and bar in view.bars:
            got = int(counts[bar])
            error = density_bin(got * scale, view.role) - density_bin(asked * scale, view.role)
            yield ControlReport(part, "bar_density", asked, got, abs(error) <= 1, error, bar)


def _departure_report(request: GenerationRequest, part: int, loop: Loop) -> Iterator[ControlReport]:
    """Report how far the written bars depart from those before them, on the average; met within 15 %."""
    asked = request.parts[part].departure
    found = [departure(loop, part, bar) for bar in request.bars_of(part) if bar]
    if asked is not None and found:
        got = sum(found) / len(found)
        error = round((got - asked) / _DEPARTURE_BIN)
        yield ControlReport(part, "departure", asked, round(got, 3), abs(got - asked) <= _DEPARTURE_MET, error)


def _loop_reports(request: GenerationRequest, loop: Loop) -> Iterator[ControlReport]:
    """Report how far key and chords were kept, where new notes have pitches."""
    pitched = [
        note
        for part, (wanted, track) in enumerate(zip(request.parts, loop.tracks, strict=True))
        if wanted.use is PartUse.REPLACE and not track.is_drums
        for note in track.notes
        if note.onset // loop.meter.ticks_per_bar in request.bars_of(part)
    ]
    if not pitched:
        return
    if loop.key is not None and request.key_locked:
        got = sum(note.pitch % 12 in loop.key.pitch_classes for note in pitched) / len(pitched)
        yield ControlReport(WHOLE_LOOP, "key", 1.0, round(got, 3), got == 1.0, 0)
    if loop.chords:
        recognised = loop_chords(loop)
        got = sum(asked[0] == heard[0] for asked, heard in zip(loop.chords, recognised, strict=True)) / loop.bars
        yield ControlReport(WHOLE_LOOP, "chords", 1.0, round(got, 3), got >= _CHORDS_MET, 0)
