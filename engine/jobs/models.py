"""Models: which there are, which one writes, and how they come and go as files."""

from dataclasses import dataclass

from engine.jobs.numbers import NO_JOB


@dataclass(frozen=True, slots=True)
class ModelRow:
    """An installed model.

    Attributes:
        folder: Its place, which names it without doubt.
        name: For people.
        licence: Of its weights.
        has_style: Whether it leans on a style by a share.
        card: What it is made of, Markdown.
    """

    folder: str
    name: str
    licence: str
    has_style: bool
    card: str


@dataclass(frozen=True, slots=True)
class FindModels:
    """List the installed models. Answered by `ModelsFound`."""

    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class InstallModel:
    """Install a model from one file. Answered by `ModelsFound`, the new one told, or `Failed`."""

    path: str
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class ExportModel:
    """Write a model to one file. Answered by `FilesWritten` or `Failed`."""

    folder: str
    path: str
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class UseModel:
    """Write with another model from now on; `WorkerReady` comes, or `Failed` and the old one stays."""

    folder: str


@dataclass(frozen=True, slots=True)
class ModelsFound:
    """The installed models.

    Attributes:
        models: All that can be opened, those that ship first.
        installed: Folder of the one that just came, or "".
    """

    models: tuple[ModelRow, ...]
    installed: str = ""
