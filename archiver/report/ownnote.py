"""The note in an export's own entry: what only the office is to know of it. It is sealed, and in no bundle."""

from __future__ import annotations

import re
from collections.abc import Collection

_ACCEPTED = "accepted to be found in the bundle: "
_SEALED = "encrypted to: "
_READ = re.compile(rf"(?:^|; ){_ACCEPTED}([^;]*)")


def write(accepted: Collection[str], recipients: Collection[str]) -> str:
    """Which withheld values may be found in the bundle after all, and to whom it was encrypted."""
    parts = [f"{_ACCEPTED}{', '.join(sorted(accepted))}"] if accepted else []
    parts += [f"{_SEALED}{', '.join(recipients)}"] if recipients else []
    return "; ".join(parts)


def accepted(note: str) -> frozenset[str]:
    """What `write` was told of them."""
    found = _READ.search(note)
    return frozenset(found[1].split(", ")) if found else frozenset()
