"""A recipe is the whole request, and says what is wrong with it in one sentence that names the file."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.messages import (
    SAMPLED_FIELD_NAMES,
    FieldSampling,
    GenerationRequest,
    Keep,
    PartRequest,
    PartUse,
    Sampling,
    WriteOrder,
)
from engine.music.general_midi import Role
from engine.music.harmony import NO_CHORD, Chord, ChordQuality, Key, Mode
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.recipe import read_recipe, recipe_text, request_of_recipe, write_recipe
from engine.representation.controls import TRACK_CONTROLS
from tests.helpers.strategies import loops

_shares = st.floats(0, 1, allow_subnormal=False)
_chords = st.builds(Chord, st.integers(0, 11), st.sampled_from(ChordQuality)) | st.just(NO_CHORD)
_field_samplings = st.builds(
    FieldSampling, temperature=st.floats(0, 5), min_p=_shares, top_p=st.floats(0.01, 1), top_k=st.integers(0, 300)
)


@st.composite
def part_requests(draw: st.DrawFn, bars: int) -> PartRequest:
    names = draw(st.lists(st.sampled_from(sorted(TRACK_CONTROLS)), unique=True, max_size=3))
    return PartRequest(
        use=draw(st.sampled_from(PartUse)),
        bars=tuple(draw(st.lists(st.integers(0, bars - 1), max_size=3))),
        controls=tuple((name, draw(st.floats(-1e6, 1e6))) for name in names),
        bar_density=tuple(draw(st.lists(st.none() | st.floats(0, 64), max_size=4))),
        rhythm=draw(st.text(max_size=6)),
        locked=tuple(draw(st.lists(st.integers(0, 9), max_size=3))),
        keep=draw(st.sampled_from(Keep)),
    )


@st.composite
def requests(draw: st.DrawFn) -> GenerationRequest:
    canvas = draw(loops(max_bars=4, max_tracks=2))
    chords = st.lists(_chords, max_size=3).map(tuple)
    canvas = Loop(
        canvas.meter,
        canvas.tempo_bpm,
        canvas.bars,
        canvas.tracks,
        key=draw(st.none() | st.builds(Key, st.integers(0, 11), st.sampled_from(Mode))),
        chords=draw(st.just(()) | st.tuples(*[chords] * canvas.bars)),
        name=draw(st.text(max_size=8)),
    )
    fields = draw(st.lists(st.tuples(st.sampled_from(SAMPLED_FIELD_NAMES), _field_samplings), max_size=2))
    return GenerationRequest(
        canvas=canvas,
        parts=tuple(draw(part_requests(canvas.bars)) for _ in canvas.tracks),
        genre=draw(st.none() | st.just("rock")),
        key_locked=draw(st.booleans()),
        loopable=draw(st.none() | st.booleans()),
        loop_length=draw(st.none() | st.integers(0, 12)),
        remix_percent=draw(st.floats(0, 100)),
        order=draw(st.sampled_from(WriteOrder)),
        sampling=Sampling(draw(_field_samplings), tuple(fields)),
        seed=draw(st.integers(0, 2**63)),
        takes=draw(st.integers(1, 64)),
    )


@settings(max_examples=30, deadline=None)
@given(requests())
def test_a_request_comes_back_from_its_recipe_unchanged(request: GenerationRequest) -> None:
    assert request_of_recipe(recipe_text(request)) == request


def _plain_request() -> GenerationRequest:
    keys = Track(Role.KEYS, (Note(0, 60, 480, 90),))
    canvas = Loop(Meter(7, 8), 98.5, 2, (keys,), Key.parse("F# dorian"), ((Chord.parse("Am"),), (Chord.parse("G7"),)))
    return GenerationRequest(canvas, (PartRequest(PartUse.REPLACE, bars=(1,)),), seed=5)


def test_a_recipe_reads_like_music() -> None:
    text = recipe_text(_plain_request())
    assert "[0, 60, 480, 90]" in text
    canvas = json.loads(text)["request"]["canvas"]
    assert canvas["meter"] == "7/8"
    assert canvas["key"] == "F# dorian"
    assert canvas["chords"] == [["Am"], ["G7"]]


def test_what_a_recipe_leaves_out_has_its_default() -> None:
    document = json.loads(recipe_text(_plain_request()))
    document["request"] = {"canvas": {"tracks": [{"role": "bass"}]}, "parts": [{"use": "replace"}]}
    request = request_of_recipe(json.dumps(document))
    assert request == GenerationRequest(Loop(tracks=(Track(Role.BASS),)), (PartRequest(PartUse.REPLACE),))


def test_a_recipe_file_appears_whole_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "groove.json"
    write_recipe(_plain_request(), path)
    assert read_recipe(path) == _plain_request()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"seed": "seven"}, r'request\.seed is "seven" but must be a whole number'),
        ({"seed": True}, r"request\.seed is true"),
        ({"sed": 7}, r'request has no field "sed"; its fields are canvas'),
        ({"takes": 0}, "1 to 64 takes"),
        ({"canvas": {"meter": "5"}}, '"5" is not a meter'),
        ({"canvas": {"tracks": [{"role": "kazoo"}]}}, r"tracks\[0\]\.role is .kazoo. but must be one of drums"),
        ({"canvas": {"tracks": [{"role": "bass", "notes": [[0, 200, 1, 1]]}]}}, "200"),
        ({"canvas": {"tracks": [{"role": "bass", "notes": [[0, 60]]}]}}, r"notes\[0\] has 2 values instead of 4"),
        ({"parts": None}, r"request\.parts is null but must be a list"),
        ({"order": "sideways"}, "must be one of parts, bars"),
    ],
)
def test_what_cannot_be_is_told_by_its_place(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    document = json.loads(recipe_text(_plain_request()))
    document["request"] |= change
    path = tmp_path / "groove.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(RequestError, match=complaint) as caught:
        read_recipe(path)
    assert caught.value.title.startswith("groove.json")


@pytest.mark.parametrize(
    "text", ["", "[1, 2", "[]", "{}", '{"format": "turnaround recipe", "version": 99}', "[" * 9999]
)
def test_files_that_are_no_recipes_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match=r"groove\.json"):
        request_of_recipe(text, name="groove.json")


def test_a_recipe_that_lacks_its_parts_says_so() -> None:
    text = '{"format": "turnaround recipe", "version": 1, "request": {"canvas": {}}}'
    with pytest.raises(RequestError, match="request lacks parts"):
        request_of_recipe(text)


def test_missing_and_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"none\.json cannot be read"):
        read_recipe(tmp_path / "none.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match=r"binary\.json cannot be read: it is not text"):
        read_recipe(tmp_path / "binary.json")
