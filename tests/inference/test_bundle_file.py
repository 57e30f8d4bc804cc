"""Models as one file: there and back, and what a stranger may put into one."""

import json
import pickle
import zipfile
from pathlib import Path

import pytest

from engine.errors import ModelBundleError
from engine.inference.bundle import CARD, MANIFEST, REQUIRED_FILES, WEIGHTS_FILE, ModelBundle
from engine.inference.bundle_file import pack_bundle, unpack_bundle
from engine.inference.model import OnnxLoopModel
from tests.helpers.tiny_bundle import write_tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


def _contents(bundle: ModelBundle) -> dict[str, bytes]:
    return {name: bundle.file(name).read_bytes() for name in (MANIFEST, *REQUIRED_FILES)}


def _zip(path: Path, entries: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def _refused(path: Path, models: Path) -> str:
    with pytest.raises(ModelBundleError) as caught:
        unpack_bundle(path, models)
    assert list(models.iterdir()) == [], "nothing is left behind"
    assert not list(models.parent.glob("evil*")), "nothing was written elsewhere"
    return str(caught.value)


def test_a_model_travels_as_one_file(bundle: ModelBundle, tmp_path: Path) -> None:
    path = pack_bundle(bundle, tmp_path / "mine")
    assert path.name == "mine.turnaround"
    found = unpack_bundle(path, tmp_path / "models")
    assert found.identity == bundle.identity
    assert found.folder == tmp_path / "models" / "tiny"
    assert pack_bundle(found, tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_model_is_installed_once_and_another_of_its_name_beside_it(bundle: ModelBundle, tmp_path: Path) -> None:
    other = write_tiny_bundle(tmp_path / "other" / "tiny", seed=1)
    models = tmp_path / "models"
    folders = [
        unpack_bundle(pack_bundle(each, tmp_path / f"{index}.turnaround"), models).folder.name
        for index, each in enumerate((bundle, bundle, other, other))
    ]
    assert folders == ["tiny", "tiny", "tiny 2", "tiny 2"]


@pytest.mark.parametrize("name", ["../evil.txt", "/tmp/evil.txt", "..\\evil.txt", "sub/evil.txt", "evil.pkl"])
def test_names_outside_the_bundle_are_refused(bundle: ModelBundle, tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "bad.turnaround", [*_contents(bundle).items(), (name, b"x")])
    assert "no model file" in _refused(path, tmp_path / "models")


def test_links_are_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    link = zipfile.ZipInfo(CARD)
    link.external_attr = 0o120777 << 16
    contents = _contents(bundle)
    del contents[CARD]
    path = _zip(tmp_path / "bad.turnaround", [*contents.items(), (link, b"/etc/passwd")])
    assert "link" in _refused(path, tmp_path / "models")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_is_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    path = _zip(tmp_path / "bad.turnaround", [*_contents(bundle).items(), (CARD, b"another")])
    assert "twice" in _refused(path, tmp_path / "models")


def test_ten_gigabytes_of_nothing_are_refused_unread(bundle: ModelBundle, tmp_path: Path) -> None:
    path = tmp_path / "bad.turnaround"
    _zip(path, list(_contents(bundle).items()))
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\x01\x02", 0, data.rindex(WEIGHTS_FILE.encode()) + 1)
    data[directory + 24 : directory + 28] = (4_000_000_000).to_bytes(4, "little")  # the claimed size
    path.write_bytes(data)
    assert "more than 1024 MB" in _refused(path, tmp_path / "models")


def test_a_sparse_folder_is_refused_unread(bundle: ModelBundle, tmp_path: Path) -> None:
    folder = tmp_path / "sparse"
    folder.mkdir()
    for name, content in _contents(bundle).items():
        (folder / name).write_bytes(content)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][WEIGHTS_FILE]["bytes"] = 10 << 30
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with (folder / WEIGHTS_FILE).open("r+b") as stream:
        stream.truncate(10 << 30)
    with pytest.raises(ModelBundleError, match="larger than 1024 MB"):
        ModelBundle.open(folder)


class Payload:
    """Would write a file if anything unpickled it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.write_text, (self.path, "executed"))


@pytest.mark.parametrize("part", [MANIFEST, *REQUIRED_FILES])
def test_a_pickle_in_any_place_is_refused_and_not_run(bundle: ModelBundle, tmp_path: Path, part: str) -> None:
    mark = tmp_path / "executed"
    contents = _contents(bundle) | {part: pickle.dumps(Payload(mark))}
    message = _refused(_zip(tmp_path / "bad.turnaround", list(contents.items())), tmp_path / "models")
    assert part in message
    assert not mark.exists()


def test_a_pickle_whose_hash_is_right_is_refused_when_the_model_loads(bundle: ModelBundle, tmp_path: Path) -> None:
    import hashlib

    mark = tmp_path / "executed"
    payload = pickle.dumps(Payload(mark))
    contents = _contents(bundle)
    manifest = json.loads(contents[MANIFEST])
    manifest["files"]["step.onnx"] = {"bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}
    contents |= {"step.onnx": payload, MANIFEST: json.dumps(manifest).encode()}
    found = unpack_bundle(_zip(tmp_path / "bad.turnaround", list(contents.items())), tmp_path / "models")
    with pytest.raises(ModelBundleError, match="cannot be loaded"):
        OnnxLoopModel(found)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("shape", "d_model"), 64),
        (("shape", "d_model"), 1 << 40),
        (("shape", "layers"), 1),
        (("shape", "heads"), 3),
        (("shape", "norm_eps"), float("nan")),
        (("tensors", 0, "offset"), 1 << 40),
        (("tensors", 0, "shape"), [7, 7]),
        (("vocabulary", "hash"), "0" * 16),
        (("schema",), 99),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    bundle: ModelBundle, tmp_path: Path, where: tuple[str | int, ...], value: object
) -> None:
    contents = _contents(bundle)
    manifest = json.loads(contents[MANIFEST])
    entry = manifest
    for key in where[:-1]:
        entry = entry[key]
    entry[where[-1]] = value
    contents[MANIFEST] = json.dumps(manifest).encode()
    _refused(_zip(tmp_path / "bad.turnaround", list(contents.items())), tmp_path / "models")


@pytest.mark.parametrize("cut", [0, 10, 1000, -100])
def test_a_cut_file_is_refused(bundle: ModelBundle, tmp_path: Path, cut: int) -> None:
    path = pack_bundle(bundle, tmp_path / "mine.turnaround")
    path.write_bytes(path.read_bytes()[:cut])
    assert "damaged" in _refused(path, tmp_path / "models")
