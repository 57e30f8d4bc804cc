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
    sounds = _sound_files(files)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {out} cannot be made.", error.strerror or str(error)) from error
    failed = 0
    for path in sounds:
        try:
            say(str(_transcribed(path, out, role=role, tempo_bpm=tempo, meter=bars)))
        except AudioFileError as error:
            failed += 1
            people().print(str(error), style="red", markup=False, soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def _sound_files(paths: list[Path]) -> list[Path]:
    """Return the files as named, and the sound files that folders hold.

    Raises:
        AudioFileError: A folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(each for each in path.iterdir() if is_audio_path(each)) if path.is_dir() else [path]
        if not inside:
            raise AudioFileError(f"{path} holds no sound files.", "Give WAV, AIFF, FLAC, OGG or MP3 files.")
        found += inside
    return found


def _transcribed(path: Path, out: Path, *, role: Role | None, tempo_bpm: float | None, meter: Meter) -> Path:
    heard = transcribe(path, role=role, tempo_bpm=tempo_bpm, meter=meter)
    track = as_track(heard)
    if not track.notes:
        raise AudioFileError(f"{path.name} has no notes after its bar 1.", "Tell the tempo with --tempo.")
    written = out / f"{path.stem}.mid"
    smf.write_part(track, written, tempo_bpm=heard.tempo.bpm, meter=meter)
    key = f", {heard.key}" if heard.key else ""
    notes = f"{len(track.notes)} {heard.role.value} notes, {heard.tempo.bpm:.2f} BPM{key}"
    people().print(f"{path.name}: {notes}, bar 1 at {heard.tempo.bar_one_seconds:.2f} s", markup=False, soft_wrap=True)
    return written
