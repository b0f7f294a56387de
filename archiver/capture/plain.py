"""Text by strangers, made harmless: titles and uploaders for tables, names for files."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

# Marks that turn the direction of what follows them, so that a name reads as another one (Unicode UAX 9).
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Cf stays otherwise: Persian and Hindi need the joiners. Cn and Co have no agreed look, which is no harm.
_DROPPED = frozenset(("Cc", "Cs", "Zl", "Zp"))
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_LABEL_IN_NAME = 40  # format ids are a few characters; the whole name stays far below the 255 bytes of file systems
_EXTENSION = re.compile(r"[a-z0-9]{1,10}")


def text(value: Any, most: int) -> str:
    """One line of at most `most` characters, without control characters and changes of direction.

    What is no string gives the empty string.
    """
    if not isinstance(value, str):
        return ""
    kept = "".join(
        " " if char in _DIRECTION or unicodedata.category(char) in _DROPPED else char for char in value[: 4 * most]
    )
    line = " ".join(kept.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def file_name(number: int, label: Any, extension: Any) -> str:
    """A name for the `number`-th file of a download, such as `00001.hls-720.mp4`: never a title."""
    stem = _NOT_IN_NAME.sub("_", str(label))[:_LABEL_IN_NAME].strip("_-") or "file"
    ending = str(extension).lower()
    return f"{number:05d}.{stem}.{ending if _EXTENSION.fullmatch(ending) else 'bin'}"
