"""The bar encoder at work: bars in, vectors out.

An encoder is a folder with graph, card and `encoder.json`, which names the version of what it reads and the hashes
of both: what does not fit is refused.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from engine.errors import ModelBundleError
from engine.representation import bars as bar_rows
from engine.representation.bars import BarTokens, bar_tokens, stacked
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import vocabulary_hash
from engine.runtime import RuntimeSettings, Session

SCHEMA_VERSION = 1
MANIFEST, GRAPH, CARD = "encoder.json", "encoder.onnx", "card.md"
BARS_AT_ONCE = 64

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What the manifest says.

    Attributes:
        name: Short name.
        width: Length of its vectors.
        purpose: What it is for.
        provenance: How it was trained, by heading.
        identity: 16 hex digits of the manifest: vectors of one encoder mean nothing to another.
    """

    name: str
    width: int
    purpose: str
    provenance: dict[str, str]
    identity: str


class BarEncoder:
    """An encoder, opened.

    Args:
        folder: Where it lies.
        threads: Of one run; 0 for the runtime's choice.

    Raises:
        ModelBundleError: It is missing, damaged, or made for another version.
    """

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        self.info = _checked(folder)
        self._session = Session(folder / GRAPH, settings=RuntimeSettings(threads=threads))

    def bar_vectors(self, tokens: BarTokens) -> FloatArray:
        """Return a vector a bar: int16 [N, T, 7] -> float32 [N, width]."""
        parts = [
            self._session.run(["vectors"], {"tokens": tokens[start : start + BARS_AT_ONCE]})[0]
            for start in range(0, len(tokens), BARS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.info.width), np.float32)

    def vectors_of(self, sheets: Sequence[Sheet], *, with_tempo: bool = True) -> list[FloatArray]:
        """Return the bar vectors of sheets as they are, tempo told or not: float32 [bars, width] each."""
        if not sheets:
            return []
        vectors = self.bar_vectors(stacked([bar_tokens(sheet, with_tempo=with_tempo) for sheet in sheets]))
        return np.split(vectors, np.cumsum([sheet.bars for sheet in sheets])[:-1])


def write_manifest(folder: Path, *, name: str, width: int, purpose: str, provenance: dict[str, str]) -> None:
    """Write the manifest of a folder that holds graph and card."""
    files = {
        file: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for file in (GRAPH, CARD)
        if (data := (folder / file).read_bytes())
    }
    manifest = {
        "schema": SCHEMA_VERSION,
        "name": name,
        "purpose": purpose,
        "rows": {"version": bar_rows.VERSION, "vocabulary": vocabulary_hash()},
        "width": width,
        "licence": "MIT",
        "provenance": provenance,
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _checked(folder: Path) -> EncoderInfo:
    again = "Install Turnaround again."
    try:
        raw = (folder / MANIFEST).read_bytes()
        manifest = cast(dict[str, Any], json.loads(raw))
        if manifest["schema"] != SCHEMA_VERSION:
            raise ModelBundleError(
                f"The encoder {folder.name} has format {manifest['schema']!r}.", "Update Turnaround."
            )
        if manifest["rows"] != {"version": bar_rows.VERSION, "vocabulary": vocabulary_hash()}:
            raise ModelBundleError(f"The encoder {folder.name} reads other rows than this version writes.", again)
        for name, entry in manifest["files"].items():
            data = (folder / Path(name).name).read_bytes()
            if len(data) != entry["bytes"] or hashlib.sha256(data).hexdigest() != entry["sha256"]:
                raise ModelBundleError(f"{name} of the encoder {folder.name} is damaged or was changed.", again)
        if GRAPH not in manifest["files"]:
            raise ModelBundleError(f"The encoder {folder.name} has no {GRAPH}.", again)
        return EncoderInfo(
            name=str(manifest["name"]),
            width=int(manifest["width"]),
            purpose=str(manifest["purpose"]),
            provenance={str(key): str(value) for key, value in manifest["provenance"].items()},
            identity=hashlib.sha256(raw).hexdigest()[:16],
        )
    except OSError as error:
        raise ModelBundleError(f"There is no encoder in {folder}.", again) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelBundleError(f"{MANIFEST} of the encoder {folder.name} is damaged.", again) from error
