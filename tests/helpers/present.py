"""What may be None, and in a test is not."""

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Return a value that must be there."""
    assert value is not None, "there is nothing"
    return value


def or_none(value: T) -> T | None:
    """Return a value that may be None, where Qt's stubs leave that out."""
    return value
