"""What G asks for, and what the button says before."""

from dataclasses import replace

import pytest

from engine.messages import GenerationRequest, PartUse
from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from gui.piano_roll.selection import NOTHING, BarSelection, NoteRef
from gui.requests import request_of, target_of, target_text
from gui.session import LoopWishes, PartSettings

NOTE = Note(1920, 40, 480)
LOOP = Loop(
    bars=4,
    key=Key.parse("Am"),
    tracks=(
        Track(Role.DRUMS, (Note(0, 36, 60),)),
        Track(Role.BASS, (NOTE,)),
        Track(Role.KEYS),
        Track(Role.PAD),
    ),
)
CONTEXT, REPLACE, IGNORE = (PartSettings(use=use) for use in PartUse)


def ask(
    parts: tuple[PartSettings, ...],
    *,
    bars: BarSelection | None = None,
    notes: frozenset[NoteRef] = NOTHING,
    front: int = 0,
) -> tuple[str, GenerationRequest]:
    target = target_of(LOOP, parts, bars=bars or BarSelection(), notes=notes, front=front)
    return target_text(LOOP, target), request_of(LOOP, parts, LoopWishes(), target)


@pytest.mark.parametrize(
    ("parts", "front", "text"),
    [
        ((CONTEXT, CONTEXT, CONTEXT, CONTEXT), 1, "Rewrite Bass"),
        ((CONTEXT, CONTEXT, REPLACE, CONTEXT), 1, "Write Keys"),
        ((CONTEXT, CONTEXT, REPLACE, REPLACE), 0, "Write Keys and Pad"),
        ((REPLACE, REPLACE, REPLACE, REPLACE), 0, "Rewrite 4 parts"),
    ],
)
def test_the_button_says_what_will_be_written(parts: tuple[PartSettings, ...], front: int, text: str) -> None:
    assert ask(parts, front=front)[0] == text


def test_selected_bars_come_first_and_other_parts_are_context() -> None:
    bars = BarSelection().with_range(1, 2, 1)
    text, request = ask((CONTEXT, CONTEXT, REPLACE, IGNORE), bars=bars)
    assert text == "Rewrite Bass, bars 2–3"
    assert [part.use for part in request.parts] == [
        PartUse.CONTEXT,
        PartUse.REPLACE,
        PartUse.IGNORE,  # nothing stands in it: silence is no context
        PartUse.IGNORE,
    ]
    assert request.parts[1].bars == (1, 2)


def test_selected_notes_mean_their_bars() -> None:
    text, request = ask((CONTEXT,) * 4, notes=frozenset({NoteRef(1, NOTE)}))
    assert text == "Rewrite Bass, bar 2"
    assert request.parts[1].bars == (1,)


def test_wishes_go_only_to_what_is_written() -> None:
    bass = replace(CONTEXT, controls=(("density", 3.0),))
    keys = replace(REPLACE, controls=(("density", 9.0),))
    _, request = ask((CONTEXT, bass, keys, CONTEXT))
    assert request.parts[1].controls == ()
    assert request.parts[2].controls == (("density", 9.0),)
    assert request.key_locked


def test_a_loop_without_parts_asks_for_nothing() -> None:
    target = target_of(Loop(), (), bars=BarSelection(), notes=NOTHING, front=0)
    assert target.bars == ()
    assert target_text(Loop(), target) == "Write"
