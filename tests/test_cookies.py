"""cookies.txt as browsers' add-ons write it: only the site's own are taken, and no value is ever quoted."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cookies import MOST_COOKIES, Cookie, parse
from archiver.errors import UsageError

NOW = 2_000_000_000.0
TEXT = (
    "# Netscape HTTP Cookie File\r\n"
    "\r\n"
    ".example.org\tTRUE\t/\tTRUE\t2100000000\tsession\tkey-to-an-account\r\n"
    "#HttpOnly_www.example.org\tFALSE\t/a\tFALSE\t0\tsid\tx=y\r\n"
    ".example.org\tTRUE\t/\tFALSE\t1900000000\told\tgone\r\n"
    ".other.example\tTRUE\t/\tFALSE\t0\ta\tb\r\n"
    "notexample.org\tFALSE\t/\tFALSE\t0\ta\tb\r\n"
    "example.org\tFALSE\t/\tFALSE\t2100000000.5\tempty\r\n"
)


def test_the_sites_own_are_taken_and_the_rest_is_told() -> None:
    parsed = parse(TEXT.encode(), "example.org", NOW)
    assert parsed.cookies == (
        Cookie("example.org", True, "/", True, 2_100_000_000, "session", "key-to-an-account"),
        Cookie("www.example.org", False, "/a", False, 0, "sid", "x=y"),
        Cookie("example.org", False, "/", False, 2_100_000_000, "empty", ""),
    )
    assert parsed.others == {"other.example": 1, "notexample.org": 1}
    assert parsed.ended == 1
    assert "key-to-an-account" not in repr(parsed)


def test_of_a_name_below_only_what_is_below_is_taken() -> None:
    parsed = parse(TEXT.encode(), "www.example.org", NOW)
    assert [cookie.name for cookie in parsed.cookies] == ["sid"]
    assert parsed.others["example.org"] == 3


@pytest.mark.parametrize(
    "line",
    [
        "example.org\tTRUE\t/\tTRUE\t0",
        "example.org TRUE / TRUE 0 name value",
        "exa mple.org\tTRUE\t/\tTRUE\t0\tn\tsecret",
        "example.org\tyes\t/\tTRUE\t0\tn\tsecret",
        "example.org\tTRUE\t/\tTRUE\tsoon\tn\tsecret",
        "example.org\tTRUE\t/\tTRUE\t0\tn\tsecret; x",
        "example.org\tTRUE\t/\tTRUE\t0\tn\tsecret\rSet-Cookie: x",
        "example.org\tTRUE\t/\tTRUE\t0\tn m\tsecret",
        "example.org\tTRUE\tpath\tTRUE\t0\tn\tsecret",
        '{"name": "secret"}',
    ],
)
def test_a_line_that_is_no_cookie_is_named_by_its_number(line: str) -> None:
    with pytest.raises(UsageError, match="line 2 is no cookie") as caught:
        parse(f"# comment\n{line}\n".encode(), "example.org", NOW)
    assert "secret" not in caught.value.line()


def test_too_many_are_refused() -> None:
    lines = "".join(f"example.org\tTRUE\t/\tTRUE\t0\tn{number}\tv\n" for number in range(MOST_COOKIES + 1))
    with pytest.raises(UsageError, match="more than"):
        parse(lines.encode(), "example.org", NOW)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(data: bytes) -> None:
    with contextlib.suppress(UsageError):
        parse(data, "example.org", NOW)
