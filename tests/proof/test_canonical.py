"""Canonical JSON: one spelling in, one spelling out, and nothing but ProofError for everything else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof import canonical
from archiver.proof.faults import ProofError

KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
INTEGERS = st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_encoded_is_decoded_again(value: object) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data) == value
    assert json.loads(data) == value


@given(st.binary(max_size=60) | st.text('[]{}",:\\ud8e+-01.fanNI \n', max_size=60).map(str.encode))
def test_arbitrary_bytes_give_a_value_or_the_one_error(data: bytes) -> None:
    try:
        value = canonical.decode(data)
    except ProofError:
        return
    assert canonical.encode(value) == data


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        ({"b": 1, "a": [True, None, ""]}, b'{"a":[true,null,""],"b":1}'),
        ('\u20ac$\x0f\nA\'B"\\\\"/', b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),  # RFC 8785, 3.2.2.2
        ("\x08\x0c\t\r\x7f\u2028", b'"\\b\\f\\t\\r\x7f\xe2\x80\xa8"'),
        (-canonical.MAX_INTEGER, b"-9007199254740991"),
    ],
)
def test_the_spelling_is_that_of_rfc_8785(value: object, spelt: bytes) -> None:
    assert canonical.encode(value) == spelt


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":1}', "json-repeated-key"),
        (b'{"a":{"b":1,"b":2}}', "json-repeated-key"),
        (b'{"b":1,"a":1}', "json-not-canonical"),
        (b'{"a": 1}', "json-not-canonical"),
        (b' {"a":1}', "json-not-canonical"),
        (b'{"a":1}\n', "json-not-canonical"),
        (b'"\\u0041"', "json-not-canonical"),
        (b'"\\/"', "json-not-canonical"),
        (b"-0", "json-not-canonical"),
        (b"1.0", "json-float"),
        (b"1e3", "json-float"),
        (b"NaN", "json-float"),
        (b"-Infinity", "json-float"),
        (b"9007199254740992", "json-integer"),
        (b"9" * 5000, "json-integer"),
        (b'"\\ud800"', "json-surrogate"),
        (b'"\xed\xa0\x80"', "json-not-utf8"),
        (b"\xff", "json-not-utf8"),
        ('{"\u00e9":1}'.encode(), "json-key"),
        (b"", "json-malformed"),
        (b'{"a":1', "json-malformed"),
        (b'"a', "json-malformed"),
        (b"\xef\xbb\xbf1", "json-malformed"),
        (b"[" * 60_000, "json-too-deep"),
        (b'{"a":' * 10_000, "json-too-deep"),
        (b"[" * 33 + b"]" * 33, "json-too-deep"),
        (b'"' + b"a" * 65_534 + b'"', "json-too-long"),
    ],
)
def test_each_other_spelling_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ProofError) as caught:
        canonical.decode(data)
    assert caught.value.code == code


def test_depth_counts_brackets_outside_of_strings_only() -> None:
    deepest = b"[" * 32 + b"]" * 32
    assert canonical.encode(canonical.decode(deepest)) == deepest
    for text in ("[" * 500, '\\"[' * 500, "\\" * 501 + "{" * 100):
        assert canonical.decode(canonical.encode([text])) == [text]


def test_a_long_unclosed_string_is_refused_without_a_long_search() -> None:
    with pytest.raises(ProofError):
        canonical.decode(b"[" * 40 + b'"\\"' * 21_000)


def _circle() -> object:
    circle: list[object] = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"x", (1,), {1}, {1: 2}, {"\u00e9": 1}, 2**53, -(2**53), 10**300, "\ud800", _circle()]
)
def test_what_json_cannot_say_in_one_way_is_not_encoded(value: object) -> None:
    with pytest.raises(ProofError):
        canonical.encode({"a": [value]})


def test_an_integer_too_long_to_print_is_refused_all_the_same() -> None:
    with pytest.raises(ProofError):
        canonical.encode(10**5000)
