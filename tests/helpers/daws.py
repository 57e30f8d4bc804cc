"""Real DAWs as drop targets: how each is started into an empty session, and what its saved session holds.

Both come from Debian (`apt-get install qtractor ardour`). Each runs on a `Desktop` with a home of its own and beside
a `JackServer`; dialogs that a first start shows are answered here, so that a test only drops and saves.
"""

import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import mido

from engine.music.loop import Loop, Note
from tests.helpers.desktop import GLANCE_SECONDS, Desktop, until
from tests.helpers.jack import PERIOD_FRAMES, SAMPLE_RATE

ARDOUR_TICKS_A_BEAT = 1920
MARGIN_PX = 20
STARTS = 4
SETTLE_SECONDS = 2.0  # a window that was just placed draws itself before it takes a drop


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip on a track of a saved session.

    Attributes:
        track: Name of the track.
        channel: 0 to 15, of its notes.
        length_beats: Of the clip.
        notes: (onset in beats from the clip's start, pitch, length in beats, velocity), sorted.
    """

    track: str
    channel: int
    length_beats: float
    notes: tuple[tuple[float, int, float, int], ...]


def expected_notes(loop: Loop, part: int) -> tuple[tuple[float, int, float, int], ...]:
    """Return a part's notes as a clip has them."""

    def of(note: Note) -> tuple[float, int, float, int]:
        return note.onset / 480, note.pitch, note.duration / 480, note.velocity

    return tuple(sorted(map(of, loop.tracks[part].notes)))


class Daw(Protocol):
    """A running DAW."""

    @property
    def title(self) -> str:
        """Title of its window, as it is now."""
        ...

    @property
    def drop_point(self) -> tuple[int, int]:
        """Where in the window to drop, away from the tracks there are."""
        ...

    @property
    def is_modified(self) -> bool: ...

    def clips(self) -> list[Clip]:
        """Return what the saved session holds, in the order of its tracks."""
        ...


def save(desktop: Desktop, daw: Daw) -> None:
    """Save the session, and wait until the DAW says that it is."""
    until(lambda: daw.is_modified, "the drop")
    press(desktop, daw, "ctrl+s", lambda: not daw.is_modified)


def press(desktop: Desktop, daw: Daw, key: str, has_worked: Callable[[], bool]) -> None:
    """Press a key in the DAW's window, again if need be: while it is busy it lets keys pass by."""

    def try_once() -> bool:
        desktop.focus(daw.title)
        time.sleep(GLANCE_SECONDS)
        desktop.press(key)
        with suppress(TimeoutError):
            until(has_worked, key, patience_seconds=SETTLE_SECONDS)
        return has_worked()

    until(try_once, f"what {key} does")


def _notes_of_track(track: mido.MidiTrack, ticks_a_beat: int) -> tuple[int, tuple[tuple[float, int, float, int], ...]]:
    """Return the channel and the notes of a track, read from the file by mido alone."""
    now, open_notes, found, channels = 0, {}, [], {0}
    for message in track:
        now += message.time
        if not isinstance(message, mido.Message):
            continue
        if message.type == "note_on" and message.velocity:
            channels = {message.channel}
            open_notes[message.note] = (now, message.velocity)
        elif message.type in ("note_on", "note_off") and message.note in open_notes:
            onset, velocity = open_notes.pop(message.note)
            found.append((onset / ticks_a_beat, message.note, (now - onset) / ticks_a_beat, velocity))
    return channels.pop(), tuple(sorted(found))


class Qtractor:
    """Qtractor with an empty session at a loop's tempo.

    It keeps a reference to the dropped file, so its notes are read there; where each clip begins and how long it is
    stands in the session.
    """

    drop_point = (420, 700)

    def __init__(self, desktop: Desktop, tempo_bpm: float) -> None:
        self._desktop = desktop
        self._session = desktop.home / "Set.qtr"
        properties = {"directory": desktop.home, "sample-rate": SAMPLE_RATE, "tempo": tempo_bpm}
        properties |= {"ticks-per-beat": 960, "beats-per-bar": 4, "beat-divisor": 2}
        text = "".join(f"<{name}>{value}</{name}>" for name, value in properties.items())
        self._session.write_text(
            f'<!DOCTYPE qtractorSession><session name="Set" version="0.9"><properties>{text}</properties></session>'
        )
        desktop.run("qtractor", str(self._session))
        # Without ALSA's sequencer it complains once; nothing of it matters here.
        error = desktop.wait_for_window_like("Error")
        desktop.focus(error)
        desktop.press("Return")
        until(lambda: "Set.qtr" in self.title, "Qtractor's session")
        desktop.place(self.title, 0, 0, 640, 900)
        time.sleep(SETTLE_SECONDS)

    @property
    def title(self) -> str:
        return self._desktop.wait_for_window_like("Qtractor")

    @property
    def is_modified(self) -> bool:
        return "[modified]" in self.title

    def clips(self) -> list[Clip]:
        session = ET.parse(self._session).getroot()
        tempo_bpm = float(session.findtext("properties/tempo", "0"))
        beats_a_frame = tempo_bpm / 60 / SAMPLE_RATE
        found: list[Clip] = []
        for track in session.iterfind("tracks/track"):
            for clip in track.iterfind("clips/clip"):
                file = mido.MidiFile(self._session.parent / clip.findtext("midi-clip/filename", ""))
                index = int(clip.findtext("midi-clip/track-channel", "0")) if file.type == 1 else 0
                channel, notes = _notes_of_track(file.tracks[index], file.ticks_per_beat)
                length = int(clip.findtext("properties/length", "0")) * beats_a_frame
                found.append(Clip(track.get("name", ""), channel, length, notes))
        return found


class Ardour:
    """Ardour with an empty session; it copies what is dropped into the session's own files."""

    drop_point = (600, 600)

    def __init__(self, desktop: Desktop) -> None:
        self._desktop = desktop
        self._folder = desktop.home / "Set"
        command = ["ardour7-new_empty_session", "-s", str(SAMPLE_RATE), str(self._folder), "Set"]
        subprocess.run(command, env=desktop.environment, check=True, capture_output=True)
        config = desktop.home / ".config" / "ardour7"
        (config / ".a7").touch()  # the first-run wizard is done
        empty = ("driver", "device", "input-device", "output-device", "lm-input", "lm-output")
        values = dict.fromkeys(empty, "") | dict.fromkeys(("n-periods", "input-latency", "output-latency"), "0")
        values |= {"backend": "JACK", "sample-rate": str(SAMPLE_RATE), "buffer-size": str(PERIOD_FRAMES)}
        values |= {"active": "1", "use-buffered-io": "0", "midi-option": "None", "lru": "1"}
        attributes = " ".join(f'{name}="{value}"' for name, value in values.items())
        state = f"<State {attributes}/>"
        (config / "config").write_text(
            '<?xml version="1.0" encoding="UTF-8"?><Ardour><Config><Option name="try-autostart-engine" value="1"/>'
            f"</Config><Extra><AudioMIDISetup><EngineStates>{state}</EngineStates></AudioMIDISetup></Extra></Ardour>"
        )
        for _ in range(STARTS):
            self._process = desktop.run("ardour", str(self._folder / "Set.ardour"))
            until(lambda: any("Set - Ardour" in title for title in desktop.windows()), "Ardour's session")
            until(self._is_placed, "Ardour's window in its place")
            time.sleep(SETTLE_SECONDS)
            if self._hears_jack():
                return
            self._process.terminate()
            self._process.wait()
        raise TimeoutError("Ardour does not find JACK")

    def _hears_jack(self) -> bool:
        """Tell whether it is JACK's client; on a busy machine it sometimes gives up, and then takes no drop."""
        ports = subprocess.run(["jack_lsp"], env=self._desktop.environment, capture_output=True, text=True, check=False)
        return "ardour:" in ports.stdout

    def _is_placed(self) -> bool:
        """Place the window, and tell whether it stayed: it places itself when it is done with its session."""
        self._desktop.restore(self.title)
        self._desktop.place(self.title, 0, 0, 900, 900)
        time.sleep(SETTLE_SECONDS)
        return self._desktop.origin(self.title)[0] < MARGIN_PX

    @property
    def title(self) -> str:
        return self._desktop.wait_for_window_like("Ardour")

    @property
    def is_modified(self) -> bool:
        return self.title.startswith("*")

    def clips(self) -> list[Clip]:
        session = ET.parse(self._folder / "Set.ardour").getroot()
        sources = {source.get("id"): source.get("name", "") for source in session.iterfind("Sources/Source")}
        found: list[Clip] = []
        for playlist in session.iterfind("Playlists/Playlist"):
            for region in playlist.iterfind("Region"):
                name = sources[region.get("source-0")]
                file = mido.MidiFile(self._folder / "interchange" / "Set" / "midifiles" / name)
                channel, notes = _notes_of_track(file.tracks[0], file.ticks_per_beat)
                length = region.get("length", "").split("@")[0]
                assert length.startswith("b"), "a MIDI region's length is in beats"
                beats = int(length[1:]) / ARDOUR_TICKS_A_BEAT
                found.append(Clip(playlist.get("name", ""), channel, beats, notes))
        return found


DAWS: dict[str, tuple[str, Callable[[Desktop, float], Daw]]] = {
    "qtractor": ("qtractor", Qtractor),
    "ardour": ("ardour7-new_empty_session", lambda desktop, tempo_bpm: Ardour(desktop)),
}


def path_of_program(name: str) -> Path:
    """Return where a DAW's program is looked for."""
    return Path("/usr/bin") / DAWS[name][0]
