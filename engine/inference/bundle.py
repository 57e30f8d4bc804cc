"""Model bundles: a folder with the graphs, their one weights file, and a manifest that vouches for them.

A bundle may come from anywhere, so nothing of it is trusted before the manifest has been read and every file
been hashed, and nothing in it is ever executed: graphs, JSON and text only. The manifest says for which
vocabulary the model was trained; another one would make it write nonsense, so that is refused too.
Bundles are written beside their place and renamed into it: there is never half a bundle.
"""

import hashlib
import json
import math
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, cast

from engine.errors import ModelBundleError
from engine.inference.tables import FloatArray
from engine.inference.weights import StoredTensor, unpack_weights
from engine.representation import vocabulary

SCHEMA_VERSION = 2
READABLE_VERSIONS = (1, 2)  # 1 knew no style
MANIFEST = "manifest.json"
STEP_GRAPH, SCORE_GRAPH, WEIGHTS_FILE, CARD = "step.onnx", "score.onnx", "weights.bin", "card.md"
REQUIRED_FILES = (STEP_GRAPH, SCORE_GRAPH, WEIGHTS_FILE, CARD)

# A plain name in the bundle's own folder: no separators, no drive, no leading dot.
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MANIFEST_LIMIT = 4_000_000
# Far above any model that a processor writes with; what claims to be larger is not even read.
LARGEST_BUNDLE_BYTES = 1 << 30
_LARGEST_SHAPE = 1 << 14
_AGAIN = "Install the model again."


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The sizes of a model; all else follows from the vocabulary.

    Attributes:
        d_model: Width of the trunk.
        layers: Its blocks.
        heads: Query heads of each.
        kv_heads: Key and value heads of each; divides `heads`.
        head_dim: Width of a head, a multiple of 16.
        ffn: Width inside a block's SwiGLU.
        head_hidden: Width inside a sampled field's SwiGLU.
        rope_theta: Base of the rotary frequencies.
        norm_eps: Added to mean squares in RMSNorm.
    """

    d_model: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    head_hidden: int
    rope_theta: float = 10000.0
    norm_eps: float = 1e-6

    def __post_init__(self) -> None:
        sizes = (self.d_model, self.layers, self.heads, self.kv_heads, self.head_dim, self.ffn, self.head_hidden)
        fits = min(sizes) >= 1 and max(sizes) <= _LARGEST_SHAPE and math.isfinite(self.rope_theta * self.norm_eps)
        if not fits or self.heads % self.kv_heads or self.head_dim % 16:
            raise ValueError(f"no model has the shape {self}")

    def matrices(self) -> dict[str, tuple[int, int]]:
        """Return the [in, out] of every matrix as it is stored, by its name."""
        query, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        sizes: dict[str, tuple[int, int]] = {}
        for layer in (f"layers.{index}" for index in range(self.layers)):
            sizes |= {f"{layer}.qkv": (self.d_model, query + 2 * kv), f"{layer}.wo": (query, self.d_model)}
            sizes |= {f"{layer}.gate_up": (self.d_model, 2 * self.ffn), f"{layer}.w_down": (self.ffn, self.d_model)}
        for field, size in vocabulary.FIELD_SIZES.items():
            head = f"heads.{field.name.lower()}"
            sizes |= {
                f"{head}.gate_up": (self.d_model, 2 * self.head_hidden),
                f"{head}.w_out": (self.head_hidden, size),
            }
        return sizes


@dataclass(frozen=True, slots=True)
class StyleInfo:
    """What a model learned on top of another one, and can lean on more or less.

    Attributes:
        base: Identity of the model whose weights it holds unchanged.
        rank: Width of the factors beside each matrix.
    """

    base: str
    rank: int


@dataclass(frozen=True, slots=True)
class BundleInfo:
    """What a manifest says about a model besides its files.

    Attributes:
        name: Short name, shown to people.
        shape: The model's sizes.
        bits: How matrices are stored: 32, 8 or 4 bits.
        licence: SPDX expression of the weights.
        provenance: What it was trained on and how, as short text by heading.
        metrics: Measured figures by name, e.g. `nll_per_note` in nats.
        style: Of a model that leans on a style by any share: its graphs have the input `style`, 0 to 1.
    """

    name: str
    shape: ModelShape
    bits: int
    licence: str
    provenance: Mapping[str, str]
    metrics: Mapping[str, float]
    style: StyleInfo | None = None


@dataclass(frozen=True, slots=True)
class ModelBundle:
    """A bundle whose files are all there and unharmed.

    Attributes:
        folder: Where it lies.
        info: What its manifest says.
        tensors: Layout of the weights file.
        identity: 16 hex digits of the manifest, hence of all files: what a take remembers its model by.
    """

    folder: Path
    info: BundleInfo
    tensors: tuple[StoredTensor, ...]
    identity: str

    @property
    def shape(self) -> ModelShape:
        """The model's sizes."""
        return self.info.shape

    @classmethod
    def open(cls, folder: Path) -> "ModelBundle":
        """Read and check a bundle.

        Raises:
            ModelBundleError: it is missing, damaged, made for another vocabulary or by a newer Turnaround.
        """
        raw = _read_manifest(folder)
        try:
            manifest = cast(dict[str, Any], json.loads(raw))
            schema = manifest["schema"]
            if schema not in READABLE_VERSIONS:
                raise ModelBundleError(
                    f"The model {folder.name} has format {schema!r}, this version reads up to {SCHEMA_VERSION}.",
                    "Update Turnaround, or install a model made for this version.",
                )
            _check_vocabulary(folder, manifest["vocabulary"])
            info = _info_from(manifest)
            tensors = tuple(_tensor_from(entry) for entry in manifest["tensors"])
            files = {
                str(name): (int(entry["bytes"]), str(entry["sha256"])) for name, entry in manifest["files"].items()
            }
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ModelBundleError(f"{MANIFEST} of the model {folder.name} is damaged.", _AGAIN) from error
        for name in REQUIRED_FILES:
            if name not in files:
                raise ModelBundleError(f"The model {folder.name} has no {name}.", _AGAIN)
        if sum(size for size, _ in files.values()) > LARGEST_BUNDLE_BYTES:
            raise ModelBundleError(
                f"The model {folder.name} claims to be larger than {LARGEST_BUNDLE_BYTES >> 20} MB.",
                "No model is that large. Do not use it.",
            )
        for name, (size, digest) in files.items():
            _check_file(folder, name, size=size, digest=digest)
        _check_shapes(folder, info.shape, tensors)
        if any(tensor.end > files[WEIGHTS_FILE][0] for tensor in tensors):
            raise ModelBundleError(f"{WEIGHTS_FILE} of the model {folder.name} is too short.", _AGAIN)
        return cls(folder, info, tensors, hashlib.sha256(raw).hexdigest()[:16])

    def file(self, name: str) -> Path:
        """Return the path of one of its files."""
        return self.folder / name

    def card(self) -> str:
        """Return the model card, Markdown."""
        return self.file(CARD).read_text(encoding="utf-8")


def recover_weights(bundle: ModelBundle) -> dict[str, FloatArray]:
    """Return the weights as float32 by the names they are trained under, to train on from.

    They are what the bundle holds: rounded, where it is quantised.
    """
    return unpack_weights(bundle.tensors, bundle.file(WEIGHTS_FILE).read_bytes())


def write_bundle(
    folder: Path, info: BundleInfo, *, files: Mapping[str, bytes], tensors: tuple[StoredTensor, ...]
) -> ModelBundle:
    """Write a bundle, replacing one of that name, and return it as opened again.

    Args:
        folder: Where it shall lie; its parent is made if need be.
        info: What its manifest says.
        files: At least `REQUIRED_FILES`, by name.
        tensors: Layout of the weights file.

    Raises:
        ModelBundleError: it cannot be written.
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # What a running model still maps cannot be removed on every system; the new bundle is in place all the same.
        with tempfile.TemporaryDirectory(
            prefix=f".{folder.name}-", dir=folder.parent, ignore_cleanup_errors=True
        ) as scratch:
            fresh = Path(scratch) / folder.name
            fresh.mkdir()
            for name, content in files.items():
                (fresh / name).write_bytes(content)
            (fresh / MANIFEST).write_text(_manifest_text(info, files, tensors), encoding="utf-8", newline="\n")
            ModelBundle.open(fresh)
            if folder.exists():
                folder.rename(Path(scratch) / "replaced")
            fresh.rename(folder)
    except OSError as error:
        raise ModelBundleError(f"The model {folder.name} cannot be written.", str(error)) from error
    return ModelBundle.open(folder)


def _manifest_text(info: BundleInfo, files: Mapping[str, bytes], tensors: tuple[StoredTensor, ...]) -> str:
    manifest = {
        "schema": SCHEMA_VERSION,
        "name": info.name,
        "vocabulary": {"version": vocabulary.VERSION, "hash": vocabulary.vocabulary_hash()},
        "shape": asdict(info.shape),
        "bits": info.bits,
        "licence": info.licence,
        "provenance": dict(info.provenance),
        "metrics": dict(info.metrics),
        "style": asdict(info.style) if info.style else None,
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }
    # One tensor a line keeps it readable.
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in manifest.items()]
    entries = ",\n  ".join(json.dumps(asdict(tensor)) for tensor in tensors)
    return "{\n" + ",\n".join(lines) + ',\n"tensors": [\n  ' + entries + "\n]\n}\n"


def _read_manifest(folder: Path) -> bytes:
    path = folder / MANIFEST
    try:
        if path.stat().st_size > _MANIFEST_LIMIT:
            raise ModelBundleError(f"{MANIFEST} of the model {folder.name} is too large.", _AGAIN)
        return path.read_bytes()
    except OSError as error:
        raise ModelBundleError(
            f"There is no model in {folder}.", f"A model is a folder with a {MANIFEST}; {path} cannot be read."
        ) from error


def _check_vocabulary(folder: Path, entry: Mapping[str, Any]) -> None:
    found = (entry["version"], entry["hash"])
    wanted = (vocabulary.VERSION, vocabulary.vocabulary_hash())
    if found != wanted:
        raise ModelBundleError(
            f"The model {folder.name} was made for vocabulary {found[0]} ({found[1]}), not {wanted[0]} ({wanted[1]}).",
            "Install a model made for this version of Turnaround, or train one.",
        )


def _info_from(manifest: Mapping[str, Any]) -> BundleInfo:
    sizes: Mapping[str, Any] = manifest["shape"]
    floats = {"rope_theta", "norm_eps"}
    shape = {field.name: (float if field.name in floats else int)(sizes[field.name]) for field in fields(ModelShape)}
    return BundleInfo(
        name=str(manifest["name"]),
        shape=ModelShape(**cast(Any, shape)),
        bits=int(manifest["bits"]),
        licence=str(manifest["licence"]),
        provenance={str(key): str(value) for key, value in manifest["provenance"].items()},
        metrics={str(key): float(value) for key, value in manifest["metrics"].items()},
        style=StyleInfo(str(style["base"]), int(style["rank"])) if (style := manifest.get("style")) else None,
    )


def _tensor_from(entry: Mapping[str, Any]) -> StoredTensor:
    return StoredTensor(
        name=str(entry["name"]),
        shape=tuple(int(size) for size in entry["shape"]),
        parts=tuple((str(name), int(size)) for name, size in entry["parts"]),
        axis=int(entry["axis"]),
        bits=int(entry["bits"]),
        block=int(entry["block"]),
        offset=int(entry["offset"]),
        scale_offset=int(entry["scale_offset"]),
    )


def _check_shapes(folder: Path, shape: ModelShape, tensors: tuple[StoredTensor, ...]) -> None:
    found = {tensor.name: tensor.shape for tensor in tensors}
    matrices = shape.matrices()
    layers = {name.split(".")[1] for name in found if name.startswith("layers.")}
    if any(found.get(name) != size for name, size in matrices.items()) or len(layers) != shape.layers:
        raise ModelBundleError(f"The weights of the model {folder.name} do not have the shapes it tells of.", _AGAIN)


def _check_file(folder: Path, name: str, *, size: int, digest: str) -> None:
    if not _FILE_NAME.fullmatch(name) or name == MANIFEST:
        raise ModelBundleError(
            f"The model {folder.name} names a file outside its folder: {name!r}.",
            "Do not use this model; get it from a source you trust.",
        )
    try:
        path = folder / name
        if path.is_symlink() and path.resolve().parent != folder.resolve():
            raise ModelBundleError(f"{name} of the model {folder.name} is a link out of its folder.", _AGAIN)
        found = path.stat().st_size
        if found != size:
            raise ModelBundleError(
                f"{name} of the model {folder.name} has {found} bytes instead of {size}.",
                f"The download may have been cut off. {_AGAIN}",
            )
        with path.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ModelBundleError(f"{name} of the model {folder.name} cannot be read.", _AGAIN) from error
    if actual != digest:
        raise ModelBundleError(f"{name} of the model {folder.name} is damaged or was changed.", _AGAIN)
