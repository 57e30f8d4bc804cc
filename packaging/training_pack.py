"""Make the training pack: `python packaging/training_pack.py` writes `dist/turnaround-training-SYSTEM.tar.xz`.

The archive holds one folder, `training`, to be unpacked in Turnaround's data folder, where the frozen program looks for
it. Torch is the build that is installed here: the CPU's is the smallest, CUDA's is for its own pack. Needs the
`packaging` dependency group and the extras `training` and `cpu`.
"""

import argparse
import platform
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "dist" / "training"


def build() -> None:
    """Write the folder."""
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(BUILT.parent), "--workpath", str(ROOT / "build")]
    subprocess.run([*command, str(ROOT / "packaging" / "training_pack.spec")], check=True, cwd=ROOT)


def archive(preset: int) -> Path:
    """Pack the folder into one file, and return its path."""
    path = BUILT.parent / f"turnaround-training-{platform.system().lower()}-{platform.machine().lower()}.tar.xz"
    with tarfile.open(path, "w:xz", preset=preset) as file:
        file.add(BUILT, BUILT.name)
    return path


def main() -> None:
    """Build, and say how large it became and how long it took."""
    parser = argparse.ArgumentParser(description="Make the training pack.")
    parser.add_argument("--preset", type=int, default=6, help="of xz: 0 is fast, 9 small")
    parser.add_argument("--folder-only", action="store_true", help="make no archive")
    options = parser.parse_args()
    started = time.monotonic()
    build()
    size = sum(path.stat().st_size for path in BUILT.rglob("*") if path.is_file() and not path.is_symlink())
    sys.stdout.write(f"{BUILT}: {size / 1e6:.0f} MB in {time.monotonic() - started:.0f} s\n")
    if not options.folder_only:
        path = archive(options.preset)
        sys.stdout.write(f"{path}: {path.stat().st_size / 1e6:.0f} MB, {time.monotonic() - started:.0f} s in all\n")


if __name__ == "__main__":
    main()
