"""`python -m training COMMAND`: the training commands alone, as the window starts them in a process of their own.

It is also the program of the training pack (`packaging/training_pack.spec`).
"""

import multiprocessing
import sys
from collections.abc import Sequence

import typer

from engine.errors import EngineError
from training import cli
from training.finetune import cli as finetune_cli

COMMANDS = {
    "check": finetune_cli.check_command,
    "finetune": finetune_cli.finetune_command,
    "prepare": cli.prepare_command,
    "train": cli.train_command,
    "export": cli.export_command,
    "evaluate": cli.evaluate_command,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    app = typer.Typer(name="training", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    for name, command in COMMANDS.items():
        app.command(name)(command)
    try:
        app(list(sys.argv[1:] if arguments is None else arguments), prog_name="training")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except EngineError as error:
        typer.echo(f"error: {error}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    multiprocessing.freeze_support()  # a spawned child of the training pack begins here
    sys.exit(main())
