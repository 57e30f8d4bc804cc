"""A model as one file, to be handed on: a zip of the bundle's files, read strictly.

Such a file may come from anywhere. What it claims is checked before anything is unpacked: plain names only, no
links, nothing hidden, encrypted or twice, no more bytes than a model has. What is unpacked is opened as every bundle
is (hashes, vocabulary, shapes) in a folder beside its place, and only then moved there. Nothing of it is executed.
"""

import re
import stat
import tempfile
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO

from engine.errors import ModelBundleError
from engine.inference.bundle import LARGEST_BUNDLE_BYTES, MANIFEST, REQUIRED_FILES, ModelBundle

SUFFIX = ".turnaround"
_BLOCK = 1 << 20
_DO_NOT_USE = "Do not use this file; get it from a source you trust."
_DAMAGED = "It may have been cut off on its way. Get it again."


def pack_bundle(bundle: ModelBundle, path: Path) -> Path:
    """Write a model to one file, whole or not at all.

    Args:
        bundle: What to write.
        path: Where; the suffix `SUFFIX` is added if there is none.

    Raises:
        ModelBundleError: It cannot be written.
    """
    path = path if path.suffix else path.with_name(path.name + SUFFIX)
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in (MANIFEST, *REQUIRED_FILES):
                entry = zipfile.ZipInfo(name)  # of no date: the same model gives the same file
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, bundle.file(name).read_bytes())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise ModelBundleError(f"{path.name} cannot be written.", str(error)) from error
    return path


def unpack_bundle(path: Path, models: Path) -> ModelBundle:
    """Install a model from one file and return it.

    Args:
        path: The file.
        models: The folder that holds a folder a model. A model of the same name is left alone: the new one gets a
            number; the same model is not installed twice.

    Raises:
        ModelBundleError: It is no such file, damaged, or not to be trusted; nothing is installed then.
    """
    models.mkdir(parents=True, exist_ok=True)
    # A folder of the models folder, so that it can be renamed into place; hidden, so that nobody lists it.
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=models, ignore_cleanup_errors=True) as scratch:
        fresh = Path(scratch) / path.stem
        fresh.mkdir()
        try:
            with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
                for entry in _checked_entries(archive, path.name):
                    with archive.open(entry) as source:
                        _copy(source, fresh / entry.filename, entry.file_size, path.name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise ModelBundleError(f"{path.name} is no model file, or is damaged.", _DAMAGED) from error
        except OSError as error:
            raise ModelBundleError(f"{path.name} cannot be installed.", error.strerror or str(error)) from error
        found = ModelBundle.open(fresh)
        for number in range(1, 1000):
            place = models / _folder_name(found.info.name, number)
            if not place.exists():
                fresh.rename(place)
                return ModelBundle.open(place)
            with suppress(ModelBundleError):
                if (there := ModelBundle.open(place)).identity == found.identity:
                    return there
    raise ModelBundleError(f"Too many models are called {found.info.name}.", f"Remove some from {models}.")


def _checked_entries(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """Return the entries to unpack, judged by the archive's directory alone."""
    entries = archive.infolist()
    names = sorted(entry.filename for entry in entries)
    if names != sorted((MANIFEST, *REQUIRED_FILES)):
        odd = sorted(set(names) - {MANIFEST, *REQUIRED_FILES})
        what = f"It holds {odd[0]!r}, which no model has." if odd else "A part of the model is missing or there twice."
        raise ModelBundleError(f"{name} is no model file.", f"{what} {_DO_NOT_USE}")
    for entry in entries:
        if stat.S_ISLNK(entry.external_attr >> 16) or entry.flag_bits & 1:
            raise ModelBundleError(f"{name} holds a link or a locked part.", _DO_NOT_USE)
    if sum(entry.file_size for entry in entries) > LARGEST_BUNDLE_BYTES:
        raise ModelBundleError(
            f"{name} claims to hold more than {LARGEST_BUNDLE_BYTES >> 20} MB; no model is that large.", _DO_NOT_USE
        )
    return entries


def _copy(source: IO[bytes], target: Path, size: int, name: str) -> None:
    """Unpack one entry, of which no byte more is taken than its directory promised."""
    left = size
    with target.open("wb") as out:
        while block := source.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise ModelBundleError(f"{name} holds more than it claims.", _DO_NOT_USE)
            out.write(block)


def _folder_name(name: str, number: int) -> str:
    """Return a folder's name for a model: letters, digits, and single spaces, dots or dashes between them."""
    plain = re.sub(r"[^\w.-]+", " ", name).strip(" .-_")[:60] or "model"
    return plain if number == 1 else f"{plain} {number}"
