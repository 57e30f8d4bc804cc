"""`turnaround transcribe`: sound files as MIDI, one part a file or a piece of it, and the pieces as sound if wanted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.audio.cropping import WHOLE, Crop, Piece, parse_crop, pieces_of, write_piece
from engine.audio.folders import sounds_within
from engine.audio.transcribing import as_track, transcribe
from engine.cli.console import people, say, usage_errors
from engine.errors import AudioFileError, EngineError, NothingHeardError
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter


class SoundForm(StrEnum):
    """How pieces are written as sound."""

    NONE = "none"
    WAV = "wav"
    AIFF = "aiff"
    FLAC = "flac"
    OGG = "ogg"
    MP3 = "mp3"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is made of each file; see the options."""

    role: Role | None
    tempo_bpm: float | None
    meter: Meter | None
    crop: Crop
    sound: SoundForm
    rate: int | None
    is_mono: bool
    has_notes: bool


def transcribe_files(
    files: Annotated[list[Path], typer.Argument(readable=False, help="Sound files, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder of what is written.")],
    role: Annotated[Role | None, typer.Option(help="What they play. (Default: by name and sound)")] = None,
    tempo: Annotated[
        float | None, typer.Option(min=MIN_TEMPO_BPM, max=MAX_TEMPO_BPM, help="In BPM, where it is known.")
    ] = None,
    meter: Annotated[str | None, typer.Option(help="Such as 3/4. (Default: told from the notes)")] = None,
    crop: Annotated[
        str, typer.Option(metavar="none|every:SECONDS|positions:FILE", help="Cut the files; each piece is one part.")
    ] = "none",
    sound: Annotated[SoundForm, typer.Option(help="Write the files, or their pieces, as sound, too.")] = SoundForm.NONE,
    rate: Annotated[int | None, typer.Option(min=4000, max=192_000, help="Of that sound, in Hz.")] = None,
    mono: Annotated[bool, typer.Option("--mono", help="Mix that sound to one channel.")] = False,
    notes: Annotated[
        bool, typer.Option("--notes/--no-notes", help="Write MIDI; without, only cut and convert.")
    ] = True,
) -> None:
    """Write what is heard in sound files as MIDI files of the same names.

    A file that cannot be read or heard is named with the reason, and the others go on; the exit status is 1 then.
    A positions file has a line for each piece: a start, and if wanted an end and a name, such as 0:30 1:02.5 chorus.
    """
    with usage_errors():
        wish = Wish(role, tempo, Meter.parse(meter) if meter else None, parse_crop(crop), sound, rate, mono, notes)
        if not notes and sound is SoundForm.NONE:
            raise ValueError("nothing would be written; give --sound, or leave out --no-notes")
    _make_folder(out)
    sounds, failures = _sound_files(files)
    console = people()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=max(len(sounds), 1))
        batch = _Batch(wish, lambda name, done: bar.update(task, description=name, completed=done))
        for number, (path, stem) in enumerate(sounds):
            failures += batch.run(path, out / stem, number)
    if failures:
        raise typer.Exit(1)


class _Batch:
    """Goes through files; what goes wrong with one is told and does not stop the others.

    Args:
        wish: What is made of each.
        show: Shows a name, and how many files are done.
    """

    def __init__(self, wish: Wish, show: Callable[[str, float], None]) -> None:
        self._wish, self._show = wish, show
        self._written: set[Path] = set()

    def run(self, path: Path, stem: Path, number: int) -> int:
        """Make all of the file `number`; return how often something went wrong.

        Args:
            path: The sound file.
            stem: Where to, without a suffix.
            number: How many files were before it.
        """
        try:
            pieces = pieces_of(self._wish.crop, path)
        except AudioFileError as error:
            _tell(error)
            return 1
        failures = 0
        for index, piece in enumerate(pieces):
            goal = stem.with_name(f"{stem.name}-{piece.name}") if piece.name else stem
            before = number + index / len(pieces)
            try:
                self._make(path, piece, goal, lambda done, b=before: self._show(path.name, b + done / len(pieces)))
            except NothingHeardError as error:
                _tell(error, piece)
                failures += piece == WHOLE  # a piece may well be a rest
            except AudioFileError as error:
                _tell(error, piece)
                failures += 1
        return failures

    def _make(self, path: Path, piece: Piece, stem: Path, progress: Callable[[float], None]) -> None:
        wish = self._wish
        if wish.sound is not SoundForm.NONE:
            goal = self._goal(path, stem, f".{wish.sound.value}")
            write_piece(path, piece, goal, rate=wish.rate, is_mono=wish.is_mono)
            say(str(goal))
        if wish.has_notes:
            goal = self._goal(path, stem, ".mid")
            _transcribe(path, piece, goal, wish, progress)
            say(str(goal))

    def _goal(self, path: Path, stem: Path, suffix: str) -> Path:
        """Return where to write, in a folder that is there.

        Raises:
            AudioFileError: It is there already from this run, or is the sound file itself.
        """
        goal = stem.with_name(stem.name + suffix)
        if goal in self._written or (goal.exists() and goal.samefile(path)):
            other = "itself" if goal not in self._written else f"{goal.name} of another file"
            raise AudioFileError(f"{path} would overwrite {other}.", "Give it another name, or choose another folder.")
        self._written.add(goal)
        _make_folder(goal.parent)
        return goal


def _transcribe(path: Path, piece: Piece, goal: Path, wish: Wish, progress: Callable[[float], None]) -> None:
    heard = transcribe(
        path,
        role=wish.role,
        tempo_bpm=wish.tempo_bpm,
        meter=wish.meter,
        start_seconds=piece.start_seconds,
        end_seconds=piece.end_seconds,
        progress=progress,
    )
    track = as_track(heard)
    if not track.notes:
        raise NothingHeardError(f"{path.name} has no notes after its bar 1.", "Tell the tempo with --tempo.")
    smf.write_part(track, goal, tempo_bpm=heard.tempo.bpm, meter=heard.tempo.meter)
    key = f", {heard.key}" if heard.key else ""
    notes = f"{len(track.notes)} {heard.role.value} notes, {heard.tempo.bpm:.2f} BPM, {heard.tempo.meter}{key}"
    text = f"{goal.name}: {notes}, bar 1 at {heard.tempo.bar_one_seconds:.2f} s"
    people().print(text, markup=False, soft_wrap=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {folder} cannot be made.", error.strerror or str(error)) from error


def _tell(error: AudioFileError, piece: Piece = WHOLE) -> None:
    where = f"Piece {piece.name}: " if piece.name else ""
    people().print(f"{where}{error}", style="red", markup=False, soft_wrap=True)


def _sound_files(paths: list[Path]) -> tuple[list[tuple[Path, Path]], int]:
    """Return the files as named and those within folders, each with its goal's name, and how many paths had none.

    What lies deeper in a folder keeps its place below it, so that files of one name do not meet.
    """
    found: list[tuple[Path, Path]] = []
    failures = 0
    for path in paths:
        inside = list(_within(path)) if path.is_dir() else [(path, Path(path.stem))]
        if not inside:
            _tell(AudioFileError(f"{path} holds no sound files.", "Give WAV, AIFF, FLAC, OGG or MP3 files."))
            failures += 1
        found += inside
    return found, failures


def _within(folder: Path) -> Iterator[tuple[Path, Path]]:
    def on_error(error: OSError) -> None:
        _tell(AudioFileError(f"The folder {error.filename} cannot be read: {error.strerror}."))

    for path in sounds_within(folder, on_error):
        yield path, path.relative_to(folder).with_suffix("")
