"""Make the frozen build: `python packaging/build.py` writes `dist/turnaround/`.

The sounds that ship are sonivox.sf2 (Apache-2.0), taken from the npm package that carries it, checked by hash and kept
with its licence; nothing of it is in the repository. Needs npm, and the `packaging` dependency group.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOUNDS_PACKAGE = "@coderline/alphatab@1.8.4"
SOUND_FILES = {
    "sonivox.sf2": "4978cf37e7164206f2d22dc4fdf4020ffe040787210bf781e31bdc79961f59ef",
    "LICENSE": "57d801cd718614be838c71f35cf3dcbf5c011fa20130c194a447483dfa2771c5",
}


def fetch_sounds(folder: Path) -> None:
    """Put the SoundFont and its licence into a folder.

    Raises:
        SystemExit: The package cannot be had, or a file in it is not the one that is expected.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is needed to fetch the sounds")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([npm, "pack", "--silent", SOUNDS_PACKAGE], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
            for name, expected in SOUND_FILES.items():
                member = archive.extractfile(f"package/dist/soundfont/{name}")
                data = member.read() if member else b""
                if hashlib.sha256(data).hexdigest() != expected:
                    raise SystemExit(f"{name} of {SOUNDS_PACKAGE} is not the file that was tested")
                (folder / name).write_bytes(data)


def folder_megabytes(folder: Path) -> float:
    """Return the size of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def main() -> None:
    """Build, and say how large it became and how long it took."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as sounds:
        fetch_sounds(Path(sounds))
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
        command += ["--distpath", str(ROOT / "dist"), "--workpath", str(ROOT / "build")]
        command += [str(ROOT / "packaging" / "turnaround.spec")]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"TURNAROUND_BUILD_SOUNDS": sounds})
    built = ROOT / "dist" / "turnaround"
    sys.stdout.write(f"{built}: {folder_megabytes(built):.0f} MB in {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    main()
