"""What was played in: the last bars as notes in the loop's time, and the latest value of each controller."""

from engine.jobs.live import ControlMoved
from engine.live.play_in import PlayIn
from engine.midi.wire import control, note_off, note_on
from engine.music.loop import Loop, Note

LOOP = Loop(bars=2)
BAR = 1920


def played(*notes: tuple[float, float, int]) -> PlayIn:
    """Return what hears notes as (onset, end, pitch), in ticks of the song."""
    heard = PlayIn()
    messages = [(onset, note_on(3, pitch, 90)) for onset, _, pitch in notes]
    messages += [(end, note_off(3, pitch)) for _, end, pitch in notes if end]
    for tick, data in sorted(messages):
        heard.hear(tick, data)
    return heard


def test_the_last_bars_come_in_the_loop_s_own_ticks() -> None:
    begun = 100
    heard = played((begun + 10.4, begun + 480, 60), (begun + 3 * BAR + 240, begun + 3 * BAR + 480, 62))
    assert heard.captured(begun + 4 * BAR + 5, 4, LOOP, begun) == (Note(BAR + 240, 62, 240, 90),)
    assert heard.captured(begun + 2 * BAR + 5, 2, LOOP, begun) == (Note(10, 60, 470, 90),)


def test_a_bar_that_is_nearly_over_counts_and_one_that_has_begun_does_not() -> None:
    heard = played((0.0, 100.0, 60), (BAR + 1.0, BAR + 100.0, 62))
    assert [note.pitch for note in heard.captured(2 * BAR - 100, 1, LOOP, 0)] == [62]
    assert [note.pitch for note in heard.captured(BAR + 500, 1, LOOP, 0)] == [60]


def test_while_nothing_plays_the_first_note_begins_bar_1() -> None:
    heard = played((5000.0, 5100.0, 60), (5480.0, 5600.0, 64))
    assert heard.captured(7000, 2, LOOP, None) == (Note(0, 60, 100, 90), Note(480, 64, 120, 90))
    assert PlayIn().captured(7000, 2, LOOP, None) == ()


def test_a_key_that_is_still_down_ends_now_and_none_rings_over_the_seam() -> None:
    heard = played((100.0, 0.0, 60), (2 * BAR - 200.0, 2 * BAR + 300.0, 62))
    assert heard.captured(2 * BAR + 10, 2, LOOP, 0) == (
        Note(100, 60, 2 * BAR - 100, 90),
        Note(2 * BAR - 200, 62, 200, 90),
    )


def test_the_same_key_twice_is_two_notes_and_none_overlap() -> None:
    heard = PlayIn()
    for tick, data in ((0, note_on(0, 60, 80)), (100, note_on(0, 60, 70)), (150, note_on(0, 60, 0))):
        heard.hear(tick, data)
    assert heard.captured(BAR, 1, LOOP, 0) == (Note(0, 60, 100, 80), Note(100, 60, 50, 70))


def test_of_each_controller_the_latest_value_is_told_once() -> None:
    heard = PlayIn()
    for value in (1, 2, 3):
        heard.hear(0.0, control(2, 74, value))
    heard.hear(0.0, control(2, 75, 9))
    assert heard.moved() == [ControlMoved(2, 74, 3), ControlMoved(2, 75, 9)]
    assert heard.moved() == []


def test_ticks_that_are_counted_anew_leave_nothing_of_before() -> None:
    heard = played((0.0, 100.0, 60))
    heard.forget()
    assert heard.captured(BAR, 1, LOOP, 0) == ()
