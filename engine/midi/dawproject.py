"""Writes loops as DAWproject, the open exchange format of Bitwig Studio, Studio One and Cubase.

One track a part, each with one clip that is exactly as long as the loop and set to repeat. A file is a zip of
`project.xml` and `metadata.xml`, and names nothing that would have to be installed: sounds are chosen in the host.

Source: the schemas `Project.xsd` and `MetaData.xsd` of github.com/bitwig/dawproject, version 1.0. Their "beats" are
quarter notes, velocities run from 0 to 1.
"""

import io
import os
import zipfile
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine.errors import MidiFileError
from engine.music.general_midi import DRUM_CHANNEL
from engine.music.loop import Loop, Track
from engine.music.timing import PPQ

SUFFIX = ".dawproject"
FORMAT_VERSION = "1.0"
_APPLICATION = {"name": "Turnaround", "version": "0.1"}
_MASTER = "master"


def write(loop: Loop, path: str | Path, *, include_tempo: bool = True) -> None:
    """Write a loop to a DAWproject file, replacing what is there.

    Args:
        loop: What to write; parts without notes get an empty clip.
        path: Where; its folder must exist. It appears whole or not at all.
        include_tempo: Whether the project tells its tempo.

    Raises:
        MidiFileError: The file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(encode(loop, include_tempo=include_tempo))
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise MidiFileError(f"{path.name} cannot be written: {error.strerror or error}.") from error


def encode(loop: Loop, *, include_tempo: bool = True) -> bytes:
    """Return what `write` writes."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, root in (
            ("project.xml", _project(loop, include_tempo=include_tempo)),
            ("metadata.xml", _metadata(loop)),
        ):
            # Without the time of day: the same loop is the same file.
            archive.writestr(zipfile.ZipInfo(name), _document(root), zipfile.ZIP_DEFLATED)
    return data.getvalue()


def _document(root: Element) -> bytes:
    indent(root)
    return tostring(root, encoding="UTF-8", xml_declaration=True)


def _metadata(loop: Loop) -> Element:
    root = Element("MetaData")
    SubElement(root, "Title").text = _plain(loop.name) or "Loop"
    if loop.key is not None:
        SubElement(root, "Comment").text = f"Key: {loop.key}"
    return root


def _project(loop: Loop, *, include_tempo: bool) -> Element:
    root = Element("Project", version=FORMAT_VERSION)
    SubElement(root, "Application", _APPLICATION)
    transport = SubElement(root, "Transport")
    if include_tempo:
        SubElement(transport, "Tempo", id="tempo", name="Tempo", unit="bpm", value=f"{loop.tempo_bpm:.2f}")
    SubElement(
        transport,
        "TimeSignature",
        id="meter",
        numerator=str(loop.meter.numerator),
        denominator=str(loop.meter.denominator),
    )
    structure = SubElement(root, "Structure")
    for part, track in enumerate(loop.tracks):
        _add_track(structure, _track_id(part), _plain(track.label), "notes", "regular")
    _add_track(structure, _MASTER, "Master", "audio notes", "master")
    arrangement = SubElement(root, "Arrangement", id="arrangement")
    lanes = SubElement(arrangement, "Lanes", id="lanes", timeUnit="beats")
    for part, track in enumerate(loop.tracks):
        _add_clip(lanes, part, track, loop)
    return root


def _track_id(part: int) -> str:
    return f"track{part + 1}"


def _add_track(structure: Element, id: str, name: str, content: str, role: str) -> None:
    track = SubElement(structure, "Track", id=id, name=name, contentType=content, loaded="true")
    channel = SubElement(track, "Channel", id=f"{id}-channel", audioChannels="2", role=role, solo="false")
    if role != "master":
        channel.set("destination", f"{_MASTER}-channel")


def _add_clip(lanes: Element, part: int, track: Track, loop: Loop) -> None:
    length = _beats(loop.length)
    lane = SubElement(lanes, "Lanes", id=f"{_track_id(part)}-lanes", track=_track_id(part))
    clips = SubElement(lane, "Clips", id=f"{_track_id(part)}-clips")
    region = {"time": _beats(0), "duration": length, "playStart": _beats(0), "loopStart": _beats(0), "loopEnd": length}
    clip = SubElement(clips, "Clip", region, name=_plain(track.label))
    notes = SubElement(clip, "Notes", id=f"{_track_id(part)}-notes")
    channel = str(DRUM_CHANNEL if track.is_drums else 0)
    for note in track.notes:
        SubElement(
            notes,
            "Note",
            time=_beats(note.onset),
            duration=_beats(note.duration),
            channel=channel,
            key=str(note.pitch),
            vel=f"{note.velocity / 127:.6f}",
        )


def _beats(ticks: int) -> str:
    return f"{ticks / PPQ:.6f}"


def _plain(text: str) -> str:
    """Return a text without what XML cannot hold."""
    return "".join(letter for letter in text if letter.isprintable()).strip()
