"""Asked beside got: limits are obeyed from the inside, everything else by falling into the same bin."""

import pytest

from engine.inference.reports import control_reports
from engine.messages import ControlReport, GenerationRequest, PartRequest, PartUse
from engine.music.general_midi import Role
from engine.music.harmony import Key, parse_chords
from engine.music.loop import Loop, Note, Track

NOTES = (Note(0, 48, 480), Note(0, 55, 480), Note(480, 60, 480), Note(1920, 72, 480))


def reports(asked: dict[str, float], role: Role = Role.KEYS, *, bars: tuple[int, ...] = ()) -> dict[str, ControlReport]:
    part = PartRequest(PartUse.REPLACE, bars=bars, controls=tuple(asked.items()))
    context = PartRequest(PartUse.CONTEXT, controls=tuple(asked.items()))
    loop = Loop(bars=2, tracks=(Track(role, NOTES), Track(Role.BASS, NOTES)))
    return {report.name: report for report in control_reports(GenerationRequest(loop, (part, context)), loop)}


@pytest.mark.parametrize(
    ("name", "asked", "is_met"),
    [
        ("highest_pitch", 72, True),
        ("highest_pitch", 100, True),
        ("highest_pitch", 71, False),
        ("lowest_pitch", 48, True),
        ("lowest_pitch", 49, False),
        ("polyphony_max", 2, True),
        ("polyphony_max", 4, True),
        ("polyphony_max", 1, False),
        ("polyphony_min", 1, True),
        ("polyphony_min", 2, False),
        ("mean_pitch", 58.75, True),
        ("mean_pitch", 70, False),
    ],
)
def test_limits_and_bins_are_met_or_not(name: str, asked: float, is_met: bool) -> None:
    (report,) = reports({name: asked}).values()
    assert (report.part, report.asked, report.is_met) == (0, asked, is_met)


def test_only_the_bars_that_were_written_count() -> None:
    assert reports({"highest_pitch": 60}, bars=(0,))["highest_pitch"].got == 60


def test_what_means_nothing_for_drums_is_not_reported() -> None:
    assert set(reports({"density": 4, "polyphony_max": 1}, Role.DRUMS)) == {"density"}


def test_departure_is_reported_for_the_bars_that_have_one_before_them() -> None:
    part = PartRequest(PartUse.REPLACE, departure=0.5)
    loop = Loop(bars=2, tracks=(Track(Role.KEYS, NOTES),))
    (report,) = control_reports(GenerationRequest(loop, (part,)), loop)
    assert (report.name, report.got, report.is_met, report.bin_error) == ("departure", 1.0, False, 10)
    first = PartRequest(PartUse.REPLACE, (0,), departure=0.5)
    assert control_reports(GenerationRequest(loop, (first,)), loop) == ()


def test_a_drawn_density_is_reported_bar_by_bar() -> None:
    part = PartRequest(PartUse.REPLACE, bar_density=(3.0, None))
    loop = Loop(bars=2, tracks=(Track(Role.KEYS, NOTES),))
    (report,) = control_reports(GenerationRequest(loop, (part,)), loop)
    assert (report.name, report.bar, report.asked, report.got, report.is_met) == ("bar_density", 0, 3.0, 3, True)


def test_rhythm_key_and_chords_are_reported_as_shares() -> None:
    part = PartRequest(PartUse.REPLACE, rhythm="x...")
    chords = parse_chords("C|C")
    loop = Loop(bars=2, tracks=(Track(Role.KEYS, NOTES),), key=Key.parse("C minor"), chords=chords)
    request = GenerationRequest(loop, (part,), key_locked=True)
    got = {report.name: (report.part, report.got, report.is_met) for report in control_reports(request, loop)}
    assert got["rhythm"] == (0, 0.75, False)
    assert got["key"] == (-1, 1.0, True)
    assert got["chords"][0] == -1
