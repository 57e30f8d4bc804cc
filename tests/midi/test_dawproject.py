"""DAWproject files, read back as XML by rules taken from the published schema."""

import io
import math
import zipfile
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given

from engine.errors import MidiFileError
from engine.midi import dawproject
from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from engine.music.timing import PPQ, Meter
from tests.helpers.present import present
from tests.helpers.strategies import loops

# Project.xsd, version 1.0, as far as we use it: attributes that must be and may be there, children in their order.
NAMED = {"id", "name", "color", "comment"}
SCHEMA: dict[str, tuple[set[str], set[str], list[str]]] = {
    "Project": ({"version"}, set(), ["Application", "Transport", "Structure", "Arrangement", "Scenes"]),
    "Application": ({"name", "version"}, set(), []),
    "Transport": (set(), set(), ["Tempo", "TimeSignature"]),
    "Tempo": ({"unit"}, NAMED | {"value", "min", "max", "parameterID"}, []),
    "TimeSignature": ({"numerator", "denominator"}, NAMED | {"parameterID"}, []),
    "Structure": (set(), set(), ["Track"]),
    "Track": (set(), NAMED | {"contentType", "loaded"}, ["Channel", "Track"]),
    "Channel": (set(), NAMED | {"audioChannels", "destination", "role", "solo"}, []),
    "Arrangement": (set(), NAMED, ["Lanes", "Markers"]),
    "Lanes": (set(), NAMED | {"timeUnit", "track"}, ["Lanes", "Clips", "Notes"]),
    "Clips": (set(), NAMED | {"timeUnit", "track"}, ["Clip"]),
    "Clip": (
        {"time"},
        {"name", "color", "comment", "duration", "playStart", "playStop", "loopStart", "loopEnd"},
        ["Notes"],
    ),
    "Notes": (set(), NAMED | {"timeUnit", "track"}, ["Note"]),
    "Note": ({"time", "duration", "channel", "key"}, {"vel", "rel"}, []),
}

LOOP = Loop(
    meter=Meter(7, 8),
    tempo_bpm=133.37,
    bars=2,
    key=Key.parse("A minor"),
    name="Å & <b>",
    tracks=(
        Track(Role.DRUMS, (Note(0, 36, 60, 127), Note(241, 38, 7, 1))),
        Track(Role.BASS, (Note(0, 33, 3360, 90),), name="Sub \x07“1”"),
        Track(Role.PAD),
    ),
)


def root_of(path: Path, name: str = "project.xml") -> Element:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return ElementTree.fromstring(archive.read(name))


def assert_follows_schema(element: Element) -> None:
    needed, allowed, children = SCHEMA[element.tag]
    assert needed <= element.attrib.keys() <= needed | allowed, element.tag
    places = [children.index(child.tag) for child in element]
    assert places == sorted(places), element.tag
    for child in element:
        assert_follows_schema(child)


def read_back(root: Element) -> list[tuple[str, list[Note], int]]:
    """Return name, notes and length of each track's clip."""
    names = {track.get("id"): track.get("name", "") for track in root.iter("Track")}
    found = []
    for lane in root.findall("Arrangement/Lanes/Lanes"):
        (clip,) = lane.findall("Clips/Clip")
        notes = [
            Note(
                round(float(note.get("time", "")) * PPQ),
                int(note.get("key", "")),
                round(float(note.get("duration", "")) * PPQ),
                round(float(note.get("vel", "")) * 127),
            )
            for note in clip.iter("Note")
        ]
        assert clip.get("duration") == clip.get("loopEnd")
        found.append((names[lane.get("track")], notes, round(float(clip.get("duration", "")) * PPQ)))
    return found


def test_a_project_holds_every_part_as_a_track_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "loop.dawproject"
    dawproject.write(LOOP, path)
    root = root_of(path)
    assert_follows_schema(root)
    assert [name for name, _, _ in read_back(root)] == ["Drums", "Sub “1”", "Pad"]
    assert [notes for _, notes, _ in read_back(root)] == [list(track.notes) for track in LOOP.tracks]
    assert {length for _, _, length in read_back(root)} == {LOOP.length}
    assert {note.get("channel") for note in root.iter("Note")} == {"9", "0"}
    assert math.isclose(float(present(root.find("Transport/Tempo")).get("value", "")), 133.37)
    meter = present(root.find("Transport/TimeSignature"))
    assert meter.attrib.items() >= {"numerator": "7", "denominator": "8"}.items()
    assert root_of(path, "metadata.xml").findtext("Title") == "Å & <b>"


def test_references_lead_somewhere_and_ids_are_unique(tmp_path: Path) -> None:
    path = tmp_path / "loop.dawproject"
    dawproject.write(LOOP, path)
    root = root_of(path)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in root.iter():
        for attribute in ("track", "destination"):
            assert element.get(attribute) in {None, *ids}


def test_a_project_without_tempo_leaves_it_to_the_host(tmp_path: Path) -> None:
    path = tmp_path / "loop.dawproject"
    dawproject.write(LOOP, path, include_tempo=False)
    assert root_of(path).find("Transport/Tempo") is None


@given(loops())
def test_any_loop_comes_back_to_the_tick(loop: Loop) -> None:
    with zipfile.ZipFile(io.BytesIO(dawproject.encode(loop))) as archive:
        root = ElementTree.fromstring(archive.read("project.xml"))
    assert_follows_schema(root)
    assert [notes for _, notes, _ in read_back(root)] == [list(track.notes) for track in loop.tracks]


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "taken.dawproject"
    folder.mkdir()
    (folder / "x").touch()
    with pytest.raises(MidiFileError, match=r"taken\.dawproject cannot be written"):
        dawproject.write(LOOP, folder)
    assert sorted(tmp_path.iterdir()) == [folder]
