"""Canonical JSON (RFC 8785) for the values that our records hold, and a reader that accepts one spelling only.

With ASCII keys, no floats and |integer| < 2^53, RFC 8785 is what `json.dumps` writes with sorted keys and no spaces.
All else is refused, so that the verifier needs no package.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from archiver.proof.faults import ProofError

#: Length of an entry bundle's uint16 prefix (C2SP tlog-tiles): no entry can be longer.
MAX_BYTES = 65_535

#: Our records nest 4 deep; 32 leaves room, and is far below Python's recursion limit.
MAX_DEPTH = 32

#: Integers above 2^53 are not exact in JavaScript, so RFC 8785 cannot write them.
MAX_INTEGER = 2**53 - 1

_MAX_DIGITS = len(str(MAX_INTEGER)) + 1  # with the sign; checked before int() so that its own limit is never met
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)  # always matches at a quote, so that a scan is linear
_BRACKET = re.compile(r"[\[\]{}]")

# check_circular is off because `_check` bounds the depth first, which a circle cannot pass.
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def encode(value: Any) -> bytes:
    """The canonical bytes of str, int, bool, None, list and dict. Raises ProofError for anything else."""
    _check(value, MAX_DEPTH)
    return _encode(value)


def decode(data: bytes, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES) -> Any:
    """The value of canonical bytes; encoding it gives the same bytes again. Raises ProofError.

    Refused: more than `max_bytes`, other encodings than UTF-8, nesting deeper than `max_depth`, floats, NaN, repeated
    or non-ASCII keys, integers from 2^53, lone surrogates, and every spelling but the canonical one.
    """
    if len(data) > max_bytes:
        raise ProofError("json-too-long", f"a record of {len(data)} bytes is longer than {max_bytes}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ProofError("json-not-utf8", "a record is not UTF-8") from None
    _check_depth(text, max_depth)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ProofError("json-malformed", f"a record is not JSON: {error.msg} at character {error.pos}") from None
    if _encode(value) != data:
        raise ProofError("json-not-canonical", "a record is not spelt in canonical JSON")
    return value


def _encode(value: Any) -> bytes:
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:
        raise ProofError("json-surrogate", "a string holds half a character (a lone surrogate)") from None


def _check(value: Any, depth: int) -> None:
    if isinstance(value, (str, bool)) or value is None:
        return
    if isinstance(value, int):
        _check_integer(value)
    elif depth == 0:
        raise ProofError("json-too-deep", f"a record nests deeper than {MAX_DEPTH}")
    elif isinstance(value, (list, dict)):
        if isinstance(value, dict):
            for key in value:
                _check_key(key)
        for part in value.values() if isinstance(value, dict) else value:
            if not isinstance(part, str):  # most parts are strings, and a call costs more than the question
                _check(part, depth - 1)
    else:
        raise ProofError("json-type", f"a record cannot hold a value of type {type(value).__name__}")


def _check_integer(value: int) -> int:
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ProofError("json-integer", "an integer of a record is beyond 2^53 - 1")
    return value


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not key.isascii():
        raise ProofError("json-key", "a key of a record is not an ASCII string")


def _check_depth(text: str, allowed: int) -> None:
    if text.count("[") + text.count("{") <= allowed:
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > allowed:
            raise ProofError("json-too-deep", f"a record nests deeper than {allowed}")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ProofError("json-integer", "an integer of a record is beyond 2^53 - 1")
    return _check_integer(int(digits))


def _no_float(_: str) -> NoReturn:
    raise ProofError("json-float", "a record holds a number that is no integer")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ProofError("json-repeated-key", "an object of a record has a key twice")
    for key in value:
        if not key.isascii():
            raise ProofError("json-key", "a key of a record is not an ASCII string")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
)
