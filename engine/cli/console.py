"""What every command shares: where people read, where scripts read, and how a mistake in an option is told."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console


def people() -> Console:
    """Return the console on stderr: progress, remarks, everything that is not the result."""
    return Console(stderr=True, highlight=False)


def say(text: str = "") -> None:
    """Print a line of the result on stdout."""
    sys.stdout.write(text + "\n")


def say_json(value: dict[str, Any]) -> None:
    """Print the result as one JSON object on stdout."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


@contextmanager
def usage_errors() -> Generator[None]:
    """Tell a `ValueError` from reading options as a mistake of usage: exit status 2."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
