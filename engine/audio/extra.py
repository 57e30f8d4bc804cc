"""What the `audio` extra brings, found when it is needed; its absence is said in one sentence.

Nothing here is imported with the program: libraries are loaded by name at the first sound file. Of basic-pitch only
the ONNX file inside is used; the package is found on disk and never imported, for it would import TensorFlow.
"""

import importlib
import importlib.util
from pathlib import Path
from types import ModuleType

from engine.errors import EngineError
from engine.resources import assets_folder

_MODEL = Path("saved_models", "icassp_2022", "nmp.onnx")


def _missing(what: str) -> EngineError:
    return EngineError(
        f"Audio cannot be read: {what} is not installed.",
        "Install Turnaround with its extra `audio`: uv sync --extra cpu --extra audio. "
        "With pip: pip install soundfile soxr, then pip install --no-deps basic-pitch.",
    )


def load(name: str) -> ModuleType:
    """Return a module of the extra.

    Raises:
        EngineError: It is not installed, or the system lacks what it needs.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # soundfile raises OSError without libsndfile
        raise _missing(name) from error


def pitch_model() -> Path:
    """Return the ONNX file that hears pitches: the frozen build's, or the one inside basic-pitch.

    Raises:
        EngineError: There is none.
    """
    for folder in _model_folders():
        if folder.is_file():
            return folder
    raise _missing("basic-pitch")


def _model_folders() -> list[Path]:
    package = importlib.util.find_spec("basic_pitch")  # finds it without importing it
    folders = list(package.submodule_search_locations or ()) if package else []
    return [assets_folder() / "audio" / _MODEL.name, *(Path(folder) / _MODEL for folder in folders)]


def is_installed() -> bool:
    """Tell whether sound files can be read and heard."""
    has_libraries = all(importlib.util.find_spec(name) for name in ("soundfile", "soxr"))
    return has_libraries and any(path.is_file() for path in _model_folders())
