"""MIDI messages as bytes on the wire."""

from typing import NamedTuple

from engine.music.timing import PPQ

TICKS_PER_CLOCK = PPQ // 24
TICKS_PER_SIXTEENTH = PPQ // 4  # what song positions are told in
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x80, 0x90, 0xB0, 0xC0
VOLUME, SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 7, 64, 120, 123
SONG_POSITION = 0xF2
CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


class TimedMessage(NamedTuple):
    """A MIDI message, its port and when it is due, in the clock's seconds."""

    seconds: float
    port: str
    data: bytes


def note_on(channel: int, pitch: int, velocity: int) -> bytes:
    return bytes((NOTE_ON | channel, pitch, velocity))


def note_off(channel: int, pitch: int) -> bytes:
    return bytes((NOTE_OFF | channel, pitch, 0))


def control(channel: int, number: int, value: int) -> bytes:
    return bytes((CONTROL | channel, number, value))


def program(channel: int, number: int) -> bytes:
    return bytes((PROGRAM | channel, number))


def song_position(sixteenths: int) -> bytes:
    """Return a song position pointer; those above 16,383 begin anew."""
    return bytes((SONG_POSITION, sixteenths & 0x7F, sixteenths >> 7 & 0x7F))
