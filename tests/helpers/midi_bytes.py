"""MIDI files as bytes, so that tests can show what is in them, sound or not.

    midi(track(on(0, 60), off(480, 60), end(0)), division=480)

Times are deltas, as in a file.
"""

import struct


def delta(ticks: int) -> bytes:
    """Return a time as MIDI's variable-length number."""
    encoded = [ticks & 0x7F]
    while ticks := ticks >> 7:
        encoded.append(ticks & 0x7F | 0x80)
    return bytes(reversed(encoded))


def on(ticks: int, pitch: int, velocity: int = 100, *, channel: int = 0) -> bytes:
    return delta(ticks) + bytes((0x90 | channel, pitch, velocity))


def off(ticks: int, pitch: int, *, channel: int = 0) -> bytes:
    return delta(ticks) + bytes((0x80 | channel, pitch, 64))


def pedal(ticks: int, value: int, *, channel: int = 0) -> bytes:
    return delta(ticks) + bytes((0xB0 | channel, 64, value))


def program(ticks: int, number: int, *, channel: int = 0) -> bytes:
    return delta(ticks) + bytes((0xC0 | channel, number))


def meta(ticks: int, kind: int, payload: bytes = b"") -> bytes:
    return delta(ticks) + bytes((0xFF, kind)) + delta(len(payload)) + payload


def name(text: str) -> bytes:
    return meta(0, 0x03, text.encode())


def tempo(ticks: int, microseconds: int) -> bytes:
    return meta(ticks, 0x51, microseconds.to_bytes(3))


def meter(ticks: int, numerator: int, power: int) -> bytes:
    """Return a time signature; the denominator is 2 to the `power`."""
    return meta(ticks, 0x58, bytes((numerator, power, 24, 8)))


def end(ticks: int = 0) -> bytes:
    return meta(ticks, 0x2F)


def track(*events: bytes, length: int | None = None) -> bytes:
    """Return a track chunk; `length` writes another length than the true one."""
    body = b"".join(events)
    return b"MTrk" + struct.pack(">I", len(body) if length is None else length) + body


def header(tracks: int, *, kind: int = 1, division: int = 480) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, tracks, division)


def midi(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    """Return a whole file of chunks as `track` makes them."""
    return header(len(tracks), kind=kind, division=division) + b"".join(tracks)
