"""The report on a folder and times, in words."""

from html import escape
from typing import Any

MOST_FILES = 12


def seconds_text(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def report_html(report: dict[str, Any]) -> str:
    """Return a folder's report as simple HTML."""
    used, rejected = report["used"], report["rejected"]
    with_loops = sum(file["loops"] > 0 for file in used)
    lines = [
        f"<p><b>{len(used)} of {len(used) + len(rejected)} files can be used</b>: {report['notes']:,} notes, "
        f"{report['bars']:,} bars, {report['loops']:,} loops in {with_loops} files.</p>"
    ]
    for title, key in (("Parts", "parts"), ("Keys", "keys"), ("Metres", "meters")):
        if report[key]:
            counts = ", ".join(f"{escape(name)} {count}" for name, count in list(report[key].items())[:8])
            lines.append(f"<p>{title}: {counts}</p>")
    if report["tempo_bpm"]:
        low, middle, high = report["tempo_bpm"]
        lines.append(f"<p>Tempi: {low:.0f} to {high:.0f} BPM, the middle {middle:.0f}</p>")
    for reason in dict.fromkeys(file["reason"] for file in rejected):
        files = [file for file in rejected if file["reason"] == reason]
        lines.append(f"<p><b>Left out, {len(files)}: {escape(reason)}.</b> {escape(files[0]['fix'])}</p><ul>")
        lines += [f"<li>{escape(file['name'])}: {escape(file['detail'])}</li>" for file in files[:MOST_FILES]]
        if len(files) > MOST_FILES:
            lines.append(f"<li>… and {len(files) - MOST_FILES} more</li>")
        lines.append("</ul>")
    repaired = [(file["name"], text) for file in used for text in file["repaired"]]
    if repaired:
        lines.append("<p><b>Put right</b></p><ul>")
        lines += [f"<li>{escape(name)}: {escape(text)}</li>" for name, text in repaired[:MOST_FILES]]
        lines.append("</ul>")
    return "".join(lines)
