from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.custody import ledger
from archiver.custody.audit import reading
from archiver.proof import canonical
from archiver.proof.faults import ProofError

SEALED = [f"{letter}{'A' * 42}" for letter in "ABCDEFGHIJKLMNOP"]
ENTRY: dict[str, Any] = {
    "v": 1,
    "type": "request",
    "outcome": "success",
    "time": "2026-11-23T16:08:04.000000Z",
    "request": "rsjunm9kwq4",
    "detail": {"priority": 0, "limits": {"file_bytes": 1}},
    "sealed": SEALED,
}
BODY = canonical.encode(ENTRY)


def test_an_entry_is_read_at_once() -> None:
    assert reading.read(BODY) == canonical.decode(BODY) == ENTRY


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"priority":0', b'"priority":0.0'),
        (b'"priority":0', b'"priority":-0'),
        (b'"priority":0', b'"priority":1e2'),
        (b'"priority":0', b'"priority":9007199254740992'),
        (b'"priority":0', b'"priority":NaN'),
        (b'"priority":0', b'"priority":0,"priority":0'),
        (b'"priority":0', b'"priority": 0'),
        (b'"file_bytes":1', b'"file_bytes":1.0'),
        (b'"file_bytes":1', b'"f\xc3\xbcr":1'),
        (b'"outcome":"success"', b'"outcome":"s\\u0075ccess"'),
        (b'"v":1}', b'"v":1}\n'),
        (b'"v":1}', b'"v":1'),
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":1,"x":1'),
        (b'"v":1', b'"v":' + b"[" * 5000),
        (b'"request":"rsjunm9kwq4"', b'"request":"' + b"r" * 70_000 + b'"'),
    ],
)
def test_what_is_not_canonical_or_not_valid_takes_a_closer_look(old: bytes, new: bytes) -> None:
    assert old in BODY
    assert reading.read(BODY.replace(old, new, 1)) is None


@given(st.binary(max_size=40), st.integers(0, len(BODY)), st.integers(0, 12))
def test_what_is_taken_at_once_is_what_the_slow_reader_takes(noise: bytes, at: int, cut: int) -> None:
    body = BODY[:at] + noise + BODY[at + cut :]
    fast = reading.read(body)
    try:
        slow = canonical.decode(body)
    except ProofError:
        assert fast is None
    else:
        assert (fast == slow) if ledger.is_valid(slow) else fast is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(ENTRY)), json_values)
def test_no_value_in_any_place_makes_the_two_readers_differ(name: str, value: Any) -> None:
    body = json.dumps({**ENTRY, name: value}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    fast = reading.read(body)
    if fast is not None:
        assert fast == canonical.decode(body)
        assert ledger.is_valid(fast)


@given(st.text())
def test_the_fast_writer_spells_ascii_strings_as_rfc_8785_does(text: str) -> None:
    if text.isascii():
        assert orjson.dumps(text) == canonical.encode(text)


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_a_float_that_equals_an_integer_shows_by_its_point(number: int) -> None:
    assert orjson.dumps(float(number)).endswith(b".0")


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from _parts(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _parts(part)


def test_the_schema_bounds_every_integer_and_allows_no_other_number() -> None:
    # What the fast reader relies on: a float beyond 2^53 is written without a point.
    integers = [part for part in _parts(ledger.schema()) if part.get("type") == "integer"]
    assert integers
    assert all(part["minimum"] > -(2**53) and part["maximum"] < 2**53 for part in integers)
    assert not [part for part in _parts(ledger.schema()) if part.get("type") == "number"]
