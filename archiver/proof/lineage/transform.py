"""What was done to a copy: as a match's entry holds it, and as report.json shows it.

An entry has no fractions, so each value is JSON text there ("1.05"). A report shows whole numbers and yes or no as they
are, and everything else in words. Writer and verifier take the same road from one to the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from archiver.proof.faults import ProofError

_CODE = "entry-malformed"

#: Longer names and texts are no measure of a picture.
_NAME_CHARACTERS, _TEXT_CHARACTERS = 40, 200


def shown(texts: Mapping[str, Any]) -> dict[str, int | str | bool]:
    """What a report shows of an entry's `transform`. Raises ProofError where that is no JSON text by name."""
    return {name[:_NAME_CHARACTERS]: _plain(text) for name, text in texts.items()}


def _plain(text: Any) -> int | str | bool:
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise ProofError(_CODE, "a match's entry does not say in JSON what was done to the copy") from None
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return (value if isinstance(value, str) else str(text))[:_TEXT_CHARACTERS]
