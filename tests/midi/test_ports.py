"""Messages that wait for their time: in order, taken back whole, and sent by another thread without a loss."""

import threading

import pytest

from engine.errors import MidiPortError
from engine.midi.ports import WaitingMessages, find_port, loopback


def sent_until(waiting: WaitingMessages, seconds: float) -> list[tuple[float, bytes]]:
    sent: list[tuple[float, bytes]] = []

    def send(due: float, data: bytes) -> float:
        sent.append((due, data))
        return 0.0

    waiting.send_until(seconds, send)
    return sent


def test_what_is_due_goes_out_and_the_rest_waits() -> None:
    waiting = WaitingMessages()
    for number in range(4):
        waiting.put(float(number), bytes((number,)))
    assert sent_until(waiting, 2.0) == [(0.0, b"\x00"), (1.0, b"\x01")]
    assert waiting.first_due == 2.0
    waiting.cancel_from(3.0)
    assert sent_until(waiting, 9.0) == [(2.0, b"\x02")]
    assert not waiting.has_waiting


def test_a_message_before_its_forerunner_goes_out_right_after_it() -> None:
    waiting = WaitingMessages()
    waiting.put(1.0, b"\x01")
    waiting.put(0.5, b"\x02")
    assert sent_until(waiting, 2.0) == [(1.0, b"\x01"), (1.0, b"\x02")]


def test_what_could_not_be_sent_waits_for_the_next_time() -> None:
    waiting = WaitingMessages()
    waiting.put(1.0, b"\x01")

    def full(due: float, data: bytes) -> float:
        raise BufferError

    with pytest.raises(BufferError):
        waiting.send_until(2.0, full)
    assert sent_until(waiting, 2.0) == [(1.0, b"\x01")]
    assert waiting.latenesses() == [0.0]
    assert waiting.latenesses() == []


def test_a_thread_that_sends_and_one_that_takes_back_agree_on_every_message() -> None:
    waiting, sent, is_over = WaitingMessages(), list[int](), threading.Event()

    def send(due: float, data: bytes) -> float:
        sent.append(int(due))
        return 0.0

    def keep_sending() -> None:
        while not is_over.is_set():
            waiting.send_until(1e9, send)

    thread = threading.Thread(target=keep_sending)
    thread.start()
    kept = 0
    for number in range(20_000):
        waiting.put(float(2 * number), b"\x01")
        waiting.cancel_from(2.0 * number)  # it was sent by then, or it never is
        waiting.put(float(2 * number + 1), b"\x02")
        kept += 1
    while waiting.has_waiting:
        pass
    is_over.set()
    thread.join()
    assert sent == sorted(sent)
    assert len(sent) == len(set(sent))
    assert sum(number % 2 for number in sent) == kept


def test_ports_are_found_by_a_part_of_their_name() -> None:
    names = ("Synth A:in", "Synth:in", "Default App Loopback (A)")
    assert find_port("Synth:in", names) == 1
    assert find_port("synth", names) == 0
    with pytest.raises(MidiPortError, match="no MIDI port “Organ”"):
        find_port("Organ", names)
    assert loopback(names) == "Default App Loopback (A)"
    assert loopback(names[:2]) == ""
