"""Reads `--stem drums=beat.mid`: a file that the producer gives as context, and what it plays."""

from pathlib import Path

from engine.cli.part_options import parse_role
from engine.stems.merge import Stem


def parse_stem(text: str) -> Stem:
    """Read `ROLE=FILE`, or `FILE` alone for all its parts in their own roles.

    Raises:
        ValueError: The role is unknown.
    """
    role, equals, path = text.partition("=")
    if not equals or Path(text).exists():
        return Stem(None, Path(text).expanduser())
    return Stem(parse_role(role), Path(path).expanduser())
