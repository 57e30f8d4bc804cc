"""Every error a user can meet, in one family; imports nothing.

`title` fits a banner, `message` says what to do. Foreign exceptions are converted at the edge
(`smf.py`, `ports.py`, `bundle.py`) and raised `from` the original.
"""


class EngineError(Exception):
    """Base of all errors that are shown to a person.

    Args:
        title: One line that fits a banner and names the file or part concerned.
        message: What to do about it; may be empty.
    """

    def __init__(self, title: str, message: str = "") -> None:
        super().__init__(title, message)
        self.title = title
        self.message = message

    def __str__(self) -> str:
        return f"{self.title} {self.message}".strip()


class MidiFileError(EngineError):
    """Raised when a MIDI file cannot be read or written."""


class MidiPortError(EngineError):
    """Raised when a MIDI port cannot be opened."""


class RequestError(EngineError):
    """Raised when a generation request asks for something that cannot be."""


class ModelBundleError(EngineError):
    """Raised when a model bundle is missing, damaged or made for another vocabulary."""


class GenerationError(EngineError):
    """Raised when a valid request could not be turned into a take."""


class SoundError(EngineError):
    """Raised when a loop cannot be rendered to sound."""


class AudioFileError(EngineError):
    """Raised when a sound file cannot be read, written or heard as notes."""


class NothingHeardError(AudioFileError):
    """Raised when a sound file can be read, but has no notes in it."""


class CorpusError(EngineError):
    """Raised when training material cannot be found, read or used."""


class LibraryError(EngineError):
    """Raised when the library of takes cannot be opened, read or written."""


class WorkerStoppedError(EngineError):
    """Raised when the worker process ended while it was needed."""
