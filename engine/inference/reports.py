"""Asked beside got: what a take made of its controls."""

from engine.messages import ControlReport, GenerationRequest, PartUse
from engine.music.loop import Loop
from engine.representation.controls import TRACK_CONTROLS, PartView, TrackControl, part_view
from engine.representation.sheet import Sheet

# Limits: to stay inside is to obey, however far.
_UPPER_LIMITS = ("polyphony_max", "highest_pitch")
_LOWER_LIMITS = ("polyphony_min", "lowest_pitch")


def control_reports(request: GenerationRequest, loop: Loop) -> tuple[ControlReport, ...]:
    """Measure every control that was asked of a written part, in the bars that were written."""
    sheet = Sheet.from_loop(loop)
    reports: list[ControlReport] = []
    for part, wanted in enumerate(request.parts):
        if wanted.use is not PartUse.REPLACE:
            continue
        view = part_view(sheet, part, request.bars_of(part))
        for name, asked in wanted.controls:
            control = TRACK_CONTROLS[name]
            if len(view.notes) and (control.for_drums or not loop.tracks[part].is_drums):
                reports.append(_report(part, control, asked, view))
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
