"""Where things lie: what ships with the program, and the user's folders; nobody else builds such paths.

What ships is `assets/`: beside the packages in a checkout and where they are installed, inside the archive's own
folder in a frozen build. Nothing is ever written there. What the user makes or chooses goes to the platform's
folders, so that an update or a removal of the program never takes it along.
"""

import importlib.util
import os
import sys
from pathlib import Path

import platformdirs

from engine.errors import EngineError, ModelBundleError

APPLICATION = "Turnaround"
DEFAULT_MODEL = "base"
_MANIFEST = "manifest.json"
_LIBRARIES = "LD_LIBRARY_PATH"


def assets_folder() -> Path:
    """Return the folder of what ships with the program."""
    frozen = getattr(sys, "_MEIPASS", None)
    root = Path(frozen) if frozen else Path(__file__).resolve().parent.parent
    return root / "assets"


def asset(*parts: str) -> Path:
    """Return the path of something that ships, e.g. `asset("demo", "drums.mid")`.

    Raises:
        EngineError: it is not there.
    """
    path = assets_folder().joinpath(*parts)
    if not path.exists():
        raise EngineError(f"A part of Turnaround is missing: {'/'.join(parts)}.", f"Install it again. ({path})")
    return path


def config_folder() -> Path:
    """Return the folder of the user's settings, made if need be."""
    return _made(Path(platformdirs.user_config_dir(APPLICATION, appauthor=False)))


def data_folder() -> Path:
    """Return the folder of what the program keeps for the user (takes, models), made if need be; never roaming."""
    return _made(Path(platformdirs.user_data_dir(APPLICATION, appauthor=False)))


def cache_folder() -> Path:
    """Return a folder whose content may vanish at any time, made if need be."""
    return _made(Path(platformdirs.user_cache_dir(APPLICATION, appauthor=False)))


def log_folder() -> Path:
    """Return the folder of log files, made if need be."""
    return _made(Path(platformdirs.user_log_dir(APPLICATION, appauthor=False)))


def models_folder() -> Path:
    """Return the folder of models that the user installed or trained, made if need be."""
    return _made(data_folder() / "models")


def training_program() -> tuple[str, ...] | None:
    """Return how to start `python -m training` in a process of its own, None where nothing can be trained.

    An installation that has the training extra runs it itself. The frozen program holds no torch: it takes the
    training pack, which was unpacked into `training` in the user's data folder, or a Python with the extra there.
    """
    if not hasattr(sys, "_MEIPASS"):
        has_extra = all(importlib.util.find_spec(name) for name in ("torch", "lightning", "onnx", "training"))
        return (sys.executable, "-m", "training") if has_extra else None
    folder = data_folder() / "training"
    for name in ("turnaround-training", "turnaround-training.exe"):
        if (folder / name).is_file():
            return (str(folder / name),)
    for name in ("bin/python3", "python.exe", "Scripts/python.exe"):
        if (folder / name).is_file():
            return (str(folder / name), "-m", "training")
    return None


def outside_environment() -> dict[str, str]:
    """Return the environment that this program was started in, for programs that are not part of it.

    The frozen program's loader points LD_LIBRARY_PATH at the program's own libraries and keeps what stood there; the
    training pack must not load those.
    """
    environment = dict(os.environ)
    if hasattr(sys, "_MEIPASS"):
        before = environment.get(f"{_LIBRARIES}_ORIG")
        environment.pop(_LIBRARIES, None)
        if before:
            environment[_LIBRARIES] = before
    return environment


def library_file() -> Path:
    """Return the file of the library of takes."""
    return data_folder() / "takes.sqlite"


def loops_folder() -> Path:
    """Return the folder that written loops go to unless the user chose another: in Music; not made."""
    return Path(platformdirs.user_music_dir()) / APPLICATION


def installed_models() -> dict[str, Path]:
    """Return the models to choose from by name: those that ship, overlaid by the user's own."""
    found: dict[str, Path] = {}
    for folder in (assets_folder() / "models", models_folder()):
        for manifest in sorted(folder.glob(f"*/{_MANIFEST}")):
            if not manifest.parent.name.startswith("."):  # being written, or trained
                found[manifest.parent.name] = manifest.parent
    return found


def model_folder(chosen: str = "") -> Path:
    """Return the folder of a model's bundle.

    Args:
        chosen: Name of an installed model or path of a bundle; empty for the default model.

    Raises:
        ModelBundleError: there is none of that name or at that path.
    """
    is_path = any(separator and separator in chosen for separator in (os.sep, os.altsep)) or chosen.startswith(".")
    if chosen and (is_path or (Path(chosen) / _MANIFEST).is_file()):
        return Path(chosen)
    models = installed_models()
    name = chosen or DEFAULT_MODEL
    if name in models:
        return models[name]
    if not chosen and models:
        return next(iter(models.values()))
    known = ", ".join(sorted(models)) or "none"
    raise ModelBundleError(f"There is no model named {name}.", f"Installed: {known}. A path with a / names a folder.")


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {folder} cannot be made.", str(error)) from error
    return folder
