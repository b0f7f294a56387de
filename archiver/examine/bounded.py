"""How what comes out of the sandbox is looked at: nothing of it is used that is not of the known kind and size."""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_VALUES = 1_000_000  # embedded telemetry of a day; parsed, it fills some 100 MB
MAX_DEPTH = 32  # XMP structures nest a few levels; deeper ones are attacks on whoever reads them next
MAX_STRING = 1 << 20  # an embedded text; binary values are left out by ExifTool


class RefusedAnswer(ValueError):
    """What came out of the sandbox is not what it has to be. Nothing of it is used."""


def bounded_json(
    data: bytes, *, max_values: int = MAX_VALUES, max_depth: int = MAX_DEPTH, max_string: int = MAX_STRING
) -> Any:
    """Parse untrusted JSON, or raise RefusedAnswer: no more values, depth, length and digits than the limits allow."""
    # Counted before parsing, because a megabyte of brackets becomes a hundred megabytes of lists.
    check(data.count(b",") + data.count(b"[") + data.count(b"{") <= max_values, "number of values")
    try:
        parsed = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedAnswer("JSON") from error
    level = [parsed]
    for _ in range(max_depth):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            else:
                _check_scalar(value, max_string)
        if not below:
            return parsed
        level = below
    raise RefusedAnswer("depth")


def _check_scalar(value: Any, max_string: int) -> None:
    if isinstance(value, str):
        check(len(value) <= max_string, "length of a text")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise RefusedAnswer("text") from error
    elif isinstance(value, float):
        check(math.isfinite(value), "number")
    elif isinstance(value, int):
        check(abs(value) < 10**18, "number")


def _no_constant(name: str) -> None:
    raise RefusedAnswer(f"{name} is no number of JSON")


def is_object(value: Any, keys: set[str]) -> bool:
    return isinstance(value, dict) and set(value) == keys


def spelled(value: Any, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def whole(value: Any, high: int) -> int:
    check(is_whole(value, 0, high), "number")
    return int(value)


def check(holds: bool, what: str) -> None:
    if not holds:
        raise RefusedAnswer(what)
