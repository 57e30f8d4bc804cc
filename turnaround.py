"""The front door: `turnaround` opens the window, `turnaround COMMAND` does one thing and ends.

Nothing heavy is imported before it is known what is wanted. Training is part of the project, not of every
installation: its commands say what to install where torch is missing; the frozen program leaves them to its training
pack.
"""

import multiprocessing
import sys
from collections.abc import Mapping

TRAINING_COMMANDS: Mapping[str, str] = {
    "prepare": "training.cli:prepare_command",
    "train": "training.cli:train_command",
    "check": "training.finetune.cli:check_command",
    "finetune": "training.finetune.cli:finetune_command",
    "export": "training.cli:export_command",
    "evaluate": "training.cli:evaluate_command",
}


PACK_COMMANDS = frozenset({"train", "finetune", "export"})  # that need torch


def main() -> int:
    """Run the command line of this process and return its exit status."""
    multiprocessing.freeze_support()  # a spawned child of the frozen program begins here
    arguments = sys.argv[1:]
    if not arguments:
        return _open_window()
    if arguments[0] in PACK_COMMANDS and hasattr(sys, "_MEIPASS"):
        return _run_pack(arguments)
    from engine.cli import app

    return app.main(arguments, all_commands())


def all_commands() -> dict[str, str]:
    """Return where every command is, `module:function` by name."""
    from engine.cli import app

    return {**app.ENGINE_COMMANDS, **TRAINING_COMMANDS}


def _run_pack(arguments: list[str]) -> int:
    """Have the frozen program's training pack do a command."""
    import subprocess

    from engine.resources import data_folder, outside_environment, training_program

    program = training_program()
    if program is None:
        sys.stderr.write(f"error: Training needs the training pack. Unpack it in {data_folder()}.\n")
        return 1
    return subprocess.run([*program, *arguments], env=outside_environment(), check=False).returncode


def _open_window() -> int:
    from gui.app import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
