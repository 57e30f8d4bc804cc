"""The pictures of the user guide: the real window with the shipped model, brought to each scene by real keys and hands.

`python -m benchmarks.pictures` makes all of docs/images anew, `python -m benchmarks.pictures library scenes` two of
them. Each group of scenes has a home and a screen of its own and a JACK server without a sound card; what is dropped is
made of the first loop. The seed is given, so that the same model writes the same takes; where the playhead is, and what
the clock says, is as it happens. Needs Xvfb, openbox, xdotool, wmctrl, xwininfo, ImageMagick and jackd2, for sounds the
extra `audio`, for its one picture Ardour.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtGui import QColor, QImage

from engine.audio.extra import is_installed
from engine.live.synth import DEFAULT_SAMPLE_RATE, render_loop, write_wav
from gui.app import first_loop
from gui.theme import THEMES, ThemeName
from tests.helpers.daws import SETTLE_SECONDS, Ardour, path_of_program
from tests.helpers.desktop import Desktop, missing_tools, until
from tests.helpers.dropping import PANEL, SCREEN, drop, song
from tests.helpers.jack import JackServer, is_jack_installed
from tests.helpers.trial import WINDOW, Trial

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZE = (1440, 900)
WIDE_SCREEN = (2600, 960)
BESIDE_PX = 1150  # Ardour is no narrower
# Places from the corner of their window.
BASS_BAR_3 = (150, 264)
BADGE = (1130, 48)
SEED_BOX = (1240, 318)
ARDOUR_BAR_5 = (298, 600)  # it takes the pointer to be further right
STATUS_BAR = (700, 880)
PARTS_TAB = (39, 24)
USE = (1042, 784)  # beside the words of the import panel's button
ASIDE = (1470, 1090)  # where a pointer shines on nothing
# What is lost of a window's colours are shades of its letters' edges.
SMALL = ("+dither", "-colors", "256", "-depth", "8", "-define", "png:compression-level=9", "-strip")
SEED = 1412510677
PASSES, LEAD_SECONDS = 6, 0.25
LOOK_SECONDS = 1.0  # until what was pressed is painted
PATIENCE_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Studio:
    """A screen, and the folder into which its pictures go; those that nobody asked for are not taken."""

    desktop: Desktop
    folder: Path
    wanted: frozenset[str]

    def picture(self, name: str, title: str = WINDOW) -> None:
        """Take a picture of a window's inside."""
        if name not in self.wanted:
            return
        self.desktop.point(*ASIDE)
        time.sleep(LOOK_SECONDS)
        self.desktop.picture(self.folder / f"{name}.png", title, *SMALL)
        print(f"{name}.png", flush=True)

    def open(self) -> Trial:
        """Open the window in its place and size."""
        trial = Trial(self.desktop)
        until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
        self.desktop.place(WINDOW, 0, 0, *SIZE)
        until(lambda: self.desktop.size(WINDOW) == SIZE, "the window in its size")
        time.sleep(LOOK_SECONDS)
        return trial

    def drop(self, theme: ThemeName, *paths: Path) -> None:
        """Drop files on the window, and wait until they can be used, told by the colour of the panel's button."""
        drop(self.desktop, *paths)
        self.await_color(PANEL, USE, THEMES[theme].accent)

    def next_theme(self, theme: ThemeName) -> None:
        """Go to the next theme, which is this one, and wait until the window wears it."""
        self.desktop.press("ctrl+shift+l")
        self.await_color(WINDOW, STATUS_BAR, THEMES[theme].window)

    def await_color(self, title: str, place: tuple[int, int], color: str) -> None:
        """Wait until there is a colour at a place of a window."""
        path, wanted = self.desktop.home / "look.png", QColor(color).rgb()

        def is_there() -> bool:
            self.desktop.picture(path, title)
            return QImage(str(path)).pixel(*place) == wanted

        until(is_there, f"{color} at {place} of “{title}”", PATIENCE_SECONDS)


@contextmanager
def studio(
    wanted: frozenset[str], folder: Path, screen: tuple[int, int] = SCREEN, **settings: object
) -> Generator[Studio]:
    """Give a screen with a home of its own, in which these settings hold; all on it ends with it."""
    with tempfile.TemporaryDirectory() as home:
        config = Path(home) / ".config" / "Turnaround"
        config.mkdir(parents=True)
        (config / "settings.json").write_text(json.dumps({"schema_version": 1, **settings}))
        desktop = Desktop(Path(home), screen)
        try:
            with JackServer(desktop.environment) as server:
                desktop.environment |= server.environment
                try:
                    yield Studio(desktop, folder, wanted)
                    _quit(desktop)
                finally:
                    desktop.close()  # before the server, which waits for its clients
        finally:
            desktop.close()


def _quit(desktop: Desktop) -> None:
    """Close the panel that is open, and the window."""
    desktop.press("Escape")
    time.sleep(LOOK_SECONDS)
    desktop.focus(WINDOW)
    time.sleep(LOOK_SECONDS)
    desktop.press("ctrl+q")
    until(lambda: WINDOW not in desktop.windows(), "the window's end")


def writing(wanted: frozenset[str], folder: Path) -> None:
    """The window, from the first loop to eight takes."""
    with studio(wanted, folder) as here:
        trial, desktop = here.open(), here.desktop
        here.picture("ways-out")
        desktop.click(*trial.at(SEED_BOX))
        desktop.press("ctrl+a")
        desktop.type(str(SEED))
        desktop.press("Return")
        write(trial, 4)
        here.picture("window-dark")
        desktop.press("2")
        here.picture("hearing-a-take")
        use(trial, 1)
        desktop.click(*trial.at(BASS_BAR_3))
        write(trial, 8)
        desktop.press("2")
        use(trial, 2)
        desktop.click(*trial.at(BASS_BAR_3))
        here.next_theme(ThemeName.LIGHT)
        here.picture("window-light")
        here.next_theme(ThemeName.CONTRAST)
        here.picture("window-contrast")
        desktop.press("Escape")
        here.next_theme(ThemeName.DARK)
        show_panel(here, "l", "Library of takes", "library", "Down", "Down")  # the second one is heard
        show_panel(here, "ctrl+p", "Playing live", "live-panel")
        show_scenes(here)
        show_cursor(here)


def write(trial: Trial, takes: int) -> None:
    """Press G, and wait until there are so many takes."""
    trial.desktop.press("g")
    until(lambda: len(trial.takes()) == takes, f"{takes} takes")
    time.sleep(LOOK_SECONDS)


def use(trial: Trial, steps: int) -> None:
    """Use the take that is heard, the last of so many steps."""
    trial.desktop.press("Return")
    until(lambda: len(trial.done()) == steps, "the accepted take")


def show_panel(here: Studio, key: str, title: str, name: str, *then: str) -> None:
    """Open a panel with a key, press others in it, and close it."""
    here.desktop.press(key)
    here.desktop.wait_for_window(title)
    here.desktop.press(*then)
    here.picture(name, title)
    here.desktop.press("Escape")
    until(lambda: title not in here.desktop.windows(), f"the end of “{title}”")
    here.desktop.focus(WINDOW)


def show_scenes(here: Studio) -> None:
    """Two favourites as scenes, the first of them launched, with Evolve on; what was on is off again after."""
    here.desktop.press("1", "f", "3", "f", "Escape", "shift+s", "e", "1")
    here.picture("scenes")
    here.desktop.press("e", "shift+s", "Escape")


def show_cursor(here: Studio) -> None:
    """Silent and light: the keyboard's cursor on a note of the bass, and a bar chosen."""
    here.desktop.press("space")
    here.next_theme(ThemeName.LIGHT)
    here.desktop.press("Next", "Next", "w", *["ctrl+Right"] * 4)
    here.picture("by-keyboard")


def importing_a_song(wanted: frozenset[str], folder: Path) -> None:
    """A song in the import panel."""
    with studio(wanted, folder, theme=ThemeName.LIGHT.value) as here:
        here.drop(ThemeName.LIGHT, song(here.desktop.home / "My song.mid"))  # shows its loops first
        x, y = here.desktop.origin(PANEL)
        here.desktop.click(x + PARTS_TAB[0], y + PARTS_TAB[1])
        here.picture("import-stems", PANEL)


def loops_of_a_song(wanted: frozenset[str], folder: Path) -> None:
    """The loops that were found in a song."""
    with studio(wanted, folder) as here:
        here.drop(ThemeName.DARK, song(here.desktop.home / "My song.mid"))
        here.picture("song-loops", PANEL)


def importing_sounds(wanted: frozenset[str], folder: Path) -> None:
    """Sounds in the import panel."""
    if not is_installed():
        print("import-sounds is left out: it needs the extra `audio`")
        return
    with studio(wanted, folder) as here:
        here.drop(ThemeName.DARK, *sounds(here.desktop.home))
        here.picture("import-sounds", PANEL)


def sounds(folder: Path) -> list[Path]:
    """Write the parts of the first loop as sound, six times round, after a quarter of a second of silence."""
    loop, paths = first_loop(), []
    for track in loop.tracks:
        heard = render_loop(loop.with_tracks([track]), passes=PASSES)
        lead = np.zeros((round(LEAD_SECONDS * DEFAULT_SAMPLE_RATE), 2), np.float32)
        paths.append(folder / f"{track.label.lower()}.wav")
        write_wav(paths[-1], np.concatenate([lead, heard]), DEFAULT_SAMPLE_RATE)
    return paths


def dropping_into_ardour(wanted: frozenset[str], folder: Path) -> None:
    """The window beside Ardour, which took the loop."""
    if not path_of_program("ardour").exists():
        print("dropped-into-ardour is left out: Ardour is not installed")
        return
    with studio(wanted, folder, WIDE_SCREEN, is_padded=True) as here:
        desktop = here.desktop
        ardour = Ardour(desktop)
        trial = here.open()
        desktop.move(WINDOW, BESIDE_PX, 0)
        desktop.keep_above(WINDOW)
        until(lambda: desktop.origin(WINDOW)[0] >= BESIDE_PX, "the window in its place")
        time.sleep(SETTLE_SECONDS)
        x, y = desktop.origin(ardour.title)
        desktop.drag(trial.at(BADGE), (x + ARDOUR_BAR_5[0], y + ARDOUR_BAR_5[1]), hold_seconds=SETTLE_SECONDS)
        until(lambda: ardour.is_modified, "the drop")
        time.sleep(SETTLE_SECONDS)
        desktop.picture(folder / "dropped-into-ardour.png", "", "-crop", "2592x900+0+0", "-resize", "50%", *SMALL)
        print("dropped-into-ardour.png")


SCENES: dict[Callable[[frozenset[str], Path], None], tuple[str, ...]] = {
    writing: (
        *("ways-out", "window-dark", "hearing-a-take", "window-light", "window-contrast"),
        *("library", "live-panel", "scenes", "by-keyboard"),
    ),
    importing_a_song: ("import-stems",),
    loops_of_a_song: ("song-loops",),
    importing_sounds: ("import-sounds",),
    dropping_into_ardour: ("dropped-into-ardour",),
}
NAMES = [name for names in SCENES.values() for name in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; none: all")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    options = parser.parse_args()
    missing = missing_tools() + ([] if is_jack_installed() else ["jackd2"])
    unknown = set(options.names) - set(NAMES)
    if missing or unknown:
        sys.exit(
            f"not installed: {', '.join(missing)}" if missing else f"no such picture: {', '.join(sorted(unknown))}"
        )
    options.out.mkdir(parents=True, exist_ok=True)
    for scene, names in SCENES.items():
        if wanted := frozenset(names) & frozenset(options.names or NAMES):
            scene(wanted, options.out)


if __name__ == "__main__":
    main()
