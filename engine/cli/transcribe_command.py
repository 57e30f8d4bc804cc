"""`turnaround transcribe`: sound files as MIDI, one part a file, in the tempo that was heard or told."""

from pathlib import Path
from typing import Annotated

import typer

from engine.audio.reading import is_audio_path
from engine.audio.transcribing import as_track, transcribe
from engine.cli.console import people, say
from engine.errors import AudioFileError, EngineError
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter


def transcribe_files(
    files: Annotated[list[Path], typer.Argument(help="Sound files, or folders of them.")],
    out: Annotated[Path, typer.Option(help="Folder of the MIDI files.")],
    role: Annotated[Role | None, typer.Option(help="What they play. (Default: by name and sound)")] = None,
    tempo: Annotated[
        float | None, typer.Option(min=MIN_TEMPO_BPM, max=MAX_TEMPO_BPM, help="In BPM, where it is known.")
    ] = None,
    meter: Annotated[str, typer.Option(help="In which bar 1 is sought.")] = "4/4",
) -> None:
    """Write what is heard in sound files as MIDI files of the same names.

    A file that cannot be read or heard is named with the reason, and the others go on; the exit status is 1 then.
    """
    try:
        bars = Meter.parse(meter)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {out} cannot be made.", error.strerror or str(error)) from error
    sounds, failures = _sound_files(files)
    written: set[Path] = set()
    for path in sounds:
        goal = out / f"{path.stem}.mid"
        try:
            _check_is_new(goal, path, written)
            _transcribe_to(goal, path, role=role, tempo_bpm=tempo, meter=bars)
        except AudioFileError as error:
            failures.append(error)
            _tell(error)
        else:
            written.add(goal)
            say(str(goal))
    if failures:
        raise typer.Exit(1)


def _check_is_new(goal: Path, path: Path, written: set[Path]) -> None:
    if goal in written:
        raise AudioFileError(f"{path} would overwrite {goal.name} of another file.", "Give it another name.")


def _tell(error: AudioFileError) -> None:
    people().print(str(error), style="red", markup=False, soft_wrap=True)


def _sound_files(paths: list[Path]) -> tuple[list[Path], list[AudioFileError]]:
    """Return the files as named and the sound files that folders hold, and what was told of folders without any."""
    found: list[Path] = []
    failures: list[AudioFileError] = []
    for path in paths:
        try:
            inside = sorted(each for each in path.iterdir() if is_audio_path(each)) if path.is_dir() else [path]
        except OSError as error:
            failures.append(AudioFileError(f"The folder {path} cannot be read: {error.strerror}."))
            _tell(failures[-1])
            continue
        if not inside:
            failures.append(AudioFileError(f"{path} holds no sound files.", "Give WAV, AIFF, FLAC, OGG or MP3 files."))
            _tell(failures[-1])
        found += inside
    return found, failures


def _transcribe_to(goal: Path, path: Path, *, role: Role | None, tempo_bpm: float | None, meter: Meter) -> None:
    heard = transcribe(path, role=role, tempo_bpm=tempo_bpm, meter=meter)
    track = as_track(heard)
    if not track.notes:
        raise AudioFileError(f"{path.name} has no notes after its bar 1.", "Tell the tempo with --tempo.")
    smf.write_part(track, goal, tempo_bpm=heard.tempo.bpm, meter=meter)
    key = f", {heard.key}" if heard.key else ""
    notes = f"{len(track.notes)} {heard.role.value} notes, {heard.tempo.bpm:.2f} BPM{key}"
    people().print(f"{path.name}: {notes}, bar 1 at {heard.tempo.bar_one_seconds:.2f} s", markup=False, soft_wrap=True)
