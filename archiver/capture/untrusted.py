"""Values of a result that a process wrote which parsed hostile bytes: of the type that is expected, and bounded."""

from __future__ import annotations

from typing import Any

# Above url_characters and title_characters as anyone would set them.
_TEXT_CHARACTERS = 20_000


def text(value: Any) -> str:
    """`value`, if it is a text that a database holds. Raises TypeError, and UnicodeError for half a character."""
    if not isinstance(value, str) or len(value) > _TEXT_CHARACTERS:
        raise TypeError
    value.encode("utf-8")  # a lone surrogate would fail later, in the database
    return value


def count(value: Any) -> int:
    """`value`, if it is a number that SQLite holds, from 0. Raises TypeError."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise TypeError
    return value
