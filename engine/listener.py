"""The listener: a process that hears sound files as notes, so that neither files nor takes wait for it.

Hearing a song takes seconds to minutes. The service starts this process at the first sound file. Like the worker it
raises nothing across the pipe, and looks into it for a stop between the network's steps.
"""

import logging
import signal
from collections import deque
from multiprocessing.connection import Connection
from pathlib import Path

from engine.audio.folders import sounds_within
from engine.audio.transcribing import common_tempo, transcribe
from engine.errors import AudioFileError, EngineError
from engine.jobs.listening import FileHeard, Listened, ListenProgress, ListenTo, StopListening
from engine.jobs.pipes import Event, JobEvent, ListenerCommand, Shutdown
from engine.messages import Failed
from engine.music.general_midi import Role

logger = logging.getLogger(__name__)

_PROGRESS_STEP = 0.02


class _StoppedError(Exception):
    """The job is not wanted any more."""


def main(connection: Connection) -> None:
    """Serve commands until told to stop, or until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _Listener(connection).serve()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        logger.info("the window is gone; the listener ends")


class _Listener:
    """The listener's pipe, and commands that came while it listened."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[ListenTo] = deque()
        self._stopped: set[int] = set()
        self._is_ending = False

    def serve(self) -> None:
        while not self._is_ending:
            if not self._waiting:
                self._take(self._connection.recv())
                continue
            command = self._waiting.popleft()
            try:
                self._send(command.job, self._listen(command))
            except EngineError as error:
                self._send(command.job, Failed(error.title, error.message))
            self._stopped.discard(command.job)

    def _take(self, command: ListenerCommand) -> None:
        match command:
            case ListenTo():
                self._waiting.append(command)
            case StopListening(job):
                self._stopped.add(job)
            case Shutdown():
                self._is_ending = True

    def _listen(self, command: ListenTo) -> Listened:
        """Hear all files of a command.

        Raises:
            EngineError: What is needed to hear is not installed.
        """
        files: list[FileHeard] = []
        wanted = _files_of(command)
        try:
            for path, role in wanted:
                files.append(self._hear(command, path, role))
                self._send(command.job, files[-1])
        except _StoppedError:
            pass
        stems = [file.stem for file in files if file.stem is not None]
        tempo = common_tempo(stems, meter=command.meter, tempo_bpm=command.tempo_bpm) if stems else None
        return Listened(tuple(files), tempo, was_stopped=len(files) < len(wanted))

    def _hear(self, command: ListenTo, path: Path, role: Role | None) -> FileHeard:
        told = -1.0

        def progress(done: float) -> None:
            nonlocal told
            self._check_wanted(command.job)
            if done - told >= _PROGRESS_STEP or done >= 1.0:
                told = done
                self._send(command.job, ListenProgress(str(path), done))

        try:
            progress(0.0)
            stem = transcribe(path, role=role, tempo_bpm=command.tempo_bpm, meter=command.meter, progress=progress)
        except AudioFileError as error:
            return FileHeard(str(path), None, str(error))
        return FileHeard(str(path), stem)

    def _check_wanted(self, job: int) -> None:
        while self._connection.poll():
            self._take(self._connection.recv())
        if self._is_ending or job in self._stopped:
            raise _StoppedError

    def _send(self, job: int, event: Event) -> None:
        self._connection.send(JobEvent(job, event))


def _files_of(command: ListenTo) -> list[tuple[Path, Role | None]]:
    """Return the files that are meant, and what each plays."""
    roles = command.roles or (None,) * len(command.paths)
    return [
        (file, role)
        for path, role in zip(map(Path, command.paths), roles, strict=True)
        for file in (sounds_within(path) if path.is_dir() else (path,))
    ]
