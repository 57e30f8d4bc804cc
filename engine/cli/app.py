"""Makes one Typer application of commands that live in their own modules, and turns errors into one line.

Exit status: 0 done; 1 one line on stderr says what went wrong and what to do; 2 the command was not written right.
Only the module of the command that runs is imported; `--help` imports them all.
"""

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import typer

from engine.cli.console import people
from engine.errors import EngineError
from engine.resources import log_folder

logger = logging.getLogger(__name__)

# Name of the command: module and function.
ENGINE_COMMANDS: Mapping[str, str] = {
    "generate": "engine.cli.generate_command:generate",
    "render": "engine.cli.render_command:render",
    "transcribe": "engine.cli.transcribe_command:transcribe_files",
    "extract": "engine.cli.extract_command:extract_loops",
    "play": "engine.cli.play_command:play",
    "ports": "engine.cli.play_command:ports",
    "inspect": "engine.cli.inspect_command:inspect",
    "bench": "engine.cli.bench_command:bench",
}


def build_app(commands: Mapping[str, str], *, only: str | None = None) -> typer.Typer:
    """Return an application of commands.

    Args:
        commands: `module:function` by name.
        only: The one command that is needed; any other value than a name loads all.
    """
    app = typer.Typer(
        name="turnaround",
        help="Writes multi-track MIDI loops beside your DAW, on your own machine. Without a command: opens the window.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_no_common_options)
    for name, place in commands.items():
        if only not in commands or name == only:
            module, _, function = place.partition(":")
            app.command(name)(cast(Callable[..., Any], getattr(importlib.import_module(module), function)))
    return app


def _no_common_options() -> None:
    """Keep commands named even where only one is loaded."""


def main(arguments: Sequence[str], commands: Mapping[str, str] = ENGINE_COMMANDS) -> int:
    """Run a command line and return its exit status."""
    try:
        app = build_app(commands, only=arguments[0] if arguments else None)
        app(list(arguments), prog_name="turnaround", standalone_mode=True)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except EngineError as error:
        _say_error(str(error))
        return 1
    except Exception as error:
        path = _log_to_file()
        logger.exception("turnaround %s", " ".join(arguments))
        _say_error(f"{error!r}; details are in {path}")
        return 1
    return 0


def _say_error(text: str) -> None:
    people().print("error:", " ".join(text.split()), style="red", markup=False, soft_wrap=True)


def _log_to_file() -> Path:
    """Let this process's log go to a file in the user's log folder, and return the file."""
    path = log_folder() / "turnaround.log"
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    return path
