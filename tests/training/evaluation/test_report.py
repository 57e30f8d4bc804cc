"""The report's charts: shares on one scale, controls by their labels, nothing drawn where nothing was measured."""

import re

from engine.representation.controls import TRACK_CONTROLS
from training.evaluation.plots import dots
from training.evaluation.report import About, report_html
from training.evaluation.statistics import NOTHING, Figure
from training.evaluation.summary import Summary

ABOUT = About("tiny", "0" * 16, (("seed", "1"),), "turnaround evaluate", "no judge")


def test_a_dot_lies_where_its_value_is_on_the_scale() -> None:
    found = [dots({"real": Figure(value, 0.1, 0.3, 9)}, 1.0) for value in (0.0, 0.5, 1.0)]
    places = [float(x) for svg in found for x in re.findall(r'cx="([\d.]+)"', svg)]
    assert places[1] - places[0] == places[2] - places[1] > 100
    assert dots({"real": NOTHING}) == ""


def test_shares_share_a_scale_and_controls_have_their_labels() -> None:
    summary = Summary()
    summary.add("density", "real", Figure(0.2, 0.1, 0.3, 9))
    summary.add("coverage", "real", Figure(0.2, 0.1, 0.3, 9))
    summary.add("polyphony_min: exact", "fully", Figure(0.2, 0.1, 0.3, 9))
    html = report_html(ABOUT, summary, {})
    ends = {
        title: end
        for title, end in re.findall(r"<h3>([^<]*)</h3><svg.*?class=\"end\">0<.*?class=\"end\">([^<]*)<", html)
    }
    assert ends == {"density": "0.3", "coverage": "1", f"{TRACK_CONTROLS['polyphony_min'].label}: exact": "1"}
