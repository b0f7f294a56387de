"""An entry read at speed: what is surely canonical and valid is taken at once, all else goes the slow way round.

`proof.canonical` hooks into every object and number of a record, which costs four times as much as all other checks of
an entry together. Here the same is established otherwise: writing the value again gives the same bytes (so that no key
is repeated or out of order, and nothing is spelt differently), the schema closes every object and bounds every integer,
and a float that the schema takes for an integer shows by its decimal point. In doubt the answer is None, and the slow
way says what is wrong. orjson writes RFC 8785 for ASCII records without floats; a test compares the two readers.
"""

from __future__ import annotations

from typing import Any

import orjson

from archiver.custody import ledger
from archiver.proof.canonical import MAX_BYTES


def read(body: bytes) -> dict[str, Any] | None:
    """The entry, where it is canonical JSON that the schema allows; None where that takes a closer look."""
    if len(body) > MAX_BYTES or not body.isascii():
        return None
    try:
        value = orjson.loads(body)
        if orjson.dumps(value, option=orjson.OPT_SORT_KEYS) != body:
            return None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    # How a float ends that equals an integer; a string with such characters in it costs a second look, no more.
    if b".0," in body or b".0}" in body or b".0]" in body or not ledger.is_valid(value):
        return None
    return value  # type: ignore[no-any-return]  # the schema says that it is an object
