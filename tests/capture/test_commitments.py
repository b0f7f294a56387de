"""Secret values leave a head, and whoever has the key can prove which they were."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture.commitments import acquisition_key, commitment, redacted

KEY = acquisition_key(b"k" * 32, "rabc.1")


def test_the_owner_can_prove_which_value_it_was() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nCookie: session=secret\r\n\r\n"
    proof = commitment(KEY, 7, "request", "Cookie", 2, b"session=secret")
    assert redacted(KEY, 7, "request", head) == head.replace(b"session=secret", proof)
    assert re.fullmatch(rb"sha256-commitment:[A-Za-z0-9_-]{43}", proof)


def test_a_commitment_opens_to_nothing_else() -> None:
    same = (KEY, 7, "request", "cookie", 2, b"a")
    others = [
        (acquisition_key(b"k" * 32, "rabc.2"), *same[1:]),
        (acquisition_key(b"l" * 32, "rabc.1"), *same[1:]),
        (KEY, 8, *same[2:]),
        (KEY, 7, "response", *same[3:]),
        (*same[:3], "authorization", *same[4:]),
        (*same[:4], 3, b"a"),
        (*same[:5], b"b"),
    ]
    assert len({commitment(*one) for one in [same, *others]}) == 8


@pytest.mark.parametrize(
    "line",
    [
        b"Cookie: secret",
        b"COOKIE:secret",
        b"Set-Cookie : secret; Path=/",
        b"Authorization: Bearer\r\n secret",
        b"Proxy-Authorization:\r\n\tBasic\r\n\tsecret",
        b"X: 1\rSet-Cookie: secret",
        b"X: 1\nSet-Cookie: secret",
        b"\xa0Cookie: secret",
    ],
)
@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b""])
def test_no_spelling_keeps_a_secret_in(line: bytes, end: bytes) -> None:
    told = redacted(KEY, 1, "response", b"HTTP/1.1 200 OK\r\nServer: a\r\n" + line + end)
    assert b"secret" not in told
    assert told.startswith(b"HTTP/1.1 200 OK\r\nServer: a\r\n")
    assert told.endswith(end)
    assert told.count(b"sha256-commitment:") == 1


@given(
    head=st.binary(max_size=300).filter(lambda head: b"cookie" not in head.lower() and b"authoriz" not in head.lower())
)
def test_other_bytes_stay_as_they_are(head: bytes) -> None:
    assert redacted(KEY, 1, "request", head) == head
