"""Writes loops as Standard MIDI Files the way DAWs take them best.

One part gives a type-0 file, several a type-1 file with a tempo track in front. Every track ends exactly where
the loop ends, so that it repeats without a bar missing; tempo and meter stand once, at the beginning; drums
are on channel 10, nothing else is; note-offs come before note-ons; no program change unless asked, because in
some hosts it would change the producer's sound.
"""

import os
import unicodedata
from pathlib import Path

import mido

from engine.errors import MidiFileError
from engine.music.general_midi import DRUM_CHANNEL
from engine.music.loop import Loop, Track
from engine.music.timing import PPQ, Meter, microseconds_per_quarter

MAX_NAME_LENGTH = 32
ALL_NOTES_OFF = 123
_FREE_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)


def write(
    loop: Loop,
    path: str | Path,
    *,
    include_tempo: bool = True,
    programs: bool = False,
    part: int | None = None,
    is_padded: bool = False,
) -> None:
    """Write a loop to a MIDI file, replacing what is there.

    Args:
        loop: What to write.
        path: Where; its folder must exist. It appears whole or not at all.
        include_tempo: Whether the file tells its tempo; without, it takes that of the project it is dropped into.
        programs: Whether each part selects its General MIDI sound.
        part: Index of the only part to write; None for all.
        is_padded: Whether a silent event stands at each part's end, for hosts that cut a clip at its last note.

    Raises:
        MidiFileError: The file cannot be written.
    """
    path = Path(path)
    data = encode(loop, include_tempo=include_tempo, programs=programs, part=part, is_padded=is_padded)
    try:
        _replace(path, data)
    except OSError as error:
        raise MidiFileError(f"{path.name} cannot be written: {error.strerror or error}.") from error


def write_part(track: Track, path: str | Path, *, tempo_bpm: float, meter: Meter) -> None:
    """Write one part of any length to a type-0 file, to the end of its last bar; it appears whole or not at all.

    Raises:
        MidiFileError: The file cannot be written.
    """
    path = Path(path)
    end = max((note.end for note in track.notes), default=1)
    length = -(-end // meter.ticks_per_bar) * meter.ticks_per_bar
    events = _conductor_events(Loop(meter=meter, tempo_bpm=tempo_bpm, bars=1), include_tempo=True)
    channel = _channels((track,))[0]
    file = mido.MidiFile(type=0, ticks_per_beat=PPQ)
    file.tracks.append(_timed([*events, *_part_events(track, channel, programs=False)], length))
    try:
        _replace(path, file)
    except OSError as error:
        raise MidiFileError(f"{path.name} cannot be written: {error.strerror or error}.") from error


def encode(
    loop: Loop,
    *,
    include_tempo: bool = True,
    programs: bool = False,
    part: int | None = None,
    is_padded: bool = False,
) -> mido.MidiFile:
    """Return what `write` writes."""
    chosen = loop.tracks if part is None else (loop.tracks[part],)
    conductor = _conductor_events(loop, include_tempo=include_tempo)
    file = mido.MidiFile(type=0 if len(chosen) < 2 else 1, ticks_per_beat=PPQ)
    parts = [
        [*_part_events(track, channel, programs=programs), *_pad(channel, loop.length if is_padded else None)]
        for track, channel in zip(chosen, _channels(chosen), strict=True)
    ]
    if len(chosen) < 2:
        file.tracks.append(_timed([*conductor, *(parts[0] if parts else [])], loop.length))
        return file
    title = [(0, mido.MetaMessage("track_name", name=safe_name(loop.name)))] if safe_name(loop.name) else []
    file.tracks.extend(_timed(events, loop.length) for events in ([*title, *conductor], *parts))
    return file


def safe_name(name: str) -> str:
    """Return a track name that every host shows: printable ASCII, at most 32 characters, accents taken off."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain if letter.isprintable())[:MAX_NAME_LENGTH].strip()


_Timed = tuple[int, mido.Message | mido.MetaMessage]


def _conductor_events(loop: Loop, *, include_tempo: bool) -> list[_Timed]:
    meter = mido.MetaMessage("time_signature", numerator=loop.meter.numerator, denominator=loop.meter.denominator)
    tempo = mido.MetaMessage("set_tempo", tempo=microseconds_per_quarter(loop.tempo_bpm))
    return [(0, tempo), (0, meter)] if include_tempo else [(0, meter)]


def _channels(tracks: tuple[Track, ...]) -> list[int]:
    """Give drums channel 10 and the others the rest in order; a sixteenth pitched part shares the first."""
    channels: list[int] = []
    pitched = 0
    for track in tracks:
        channels.append(DRUM_CHANNEL if track.is_drums else _FREE_CHANNELS[pitched % len(_FREE_CHANNELS)])
        pitched += not track.is_drums
    return channels


def _part_events(track: Track, channel: int, *, programs: bool) -> list[_Timed]:
    name = safe_name(track.label) or track.role.value.capitalize()
    events: list[_Timed] = [(0, mido.MetaMessage("track_name", name=name))]
    if programs and track.program is not None:
        events.append((0, mido.Message("program_change", channel=channel, program=track.program)))
    ends = [(n.end, 0, mido.Message("note_off", channel=channel, note=n.pitch, velocity=64)) for n in track.notes]
    starts = [
        (n.onset, 1, mido.Message("note_on", channel=channel, note=n.pitch, velocity=n.velocity)) for n in track.notes
    ]
    ordered = sorted([*ends, *starts], key=lambda event: (event[0], event[1], event[2].note))
    return events + [(tick, message) for tick, _, message in ordered]


def _pad(channel: int, end: int | None) -> list[_Timed]:
    """Return an "all notes off" at a part's end: of the silent events tried, the only one that Qtractor counts."""
    if end is None:
        return []
    return [(end, mido.Message("control_change", channel=channel, control=ALL_NOTES_OFF, value=0))]


def _timed(events: list[_Timed], length: int) -> mido.MidiTrack:
    """Return a track of delta times that ends exactly at `length`."""
    track = mido.MidiTrack()
    before = 0
    for tick, message in [*events, (length, mido.MetaMessage("end_of_track"))]:
        track.append(message.copy(time=tick - before))
        before = tick
    return track


def _replace(path: Path, file: mido.MidiFile) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        file.save(temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
