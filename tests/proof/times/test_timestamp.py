"""RFC 3161 with the standard library: real replies are read, every lie and every broken byte is a fault of ours."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.times import der, timestamp, timestamped
from tests.authority import Authority, number, octets, oid, sequence, tlv

VECTORS = Path(__file__).parents[2] / "vectors" / "rfc3161"
QUERY = (VECTORS / "local-sha512.tsq").read_bytes()
REPLY = (VECTORS / "local-sha512.tsr").read_bytes()
STAMPED = b"hello"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


def query(stamped: bytes, nonce: int | None = 77) -> bytes:
    """A query as `openssl ts -query` writes it."""
    imprint = sequence(sequence(oid("2.16.840.1.101.3.4.2.1"), tlv(5, b"")), octets(hashlib.sha256(stamped).digest()))
    return sequence(number(1), imprint, number(nonce) if nonce is not None else b"", tlv(1, b"\xff"))


def test_a_real_reply_is_read_and_answers_its_query() -> None:
    token = timestamp.check(REPLY, QUERY, STAMPED)
    assert (token.time, token.algorithm) == ("2024-10-08T15:40:32.000000Z", "sha512")
    assert token.serial == 693290210947147715387173185458430793885588677084
    assert token.nonce == timestamp.parse_query(QUERY).nonce == 3937359519792308179
    assert token.certificate == token.certificates[0]


def test_a_reply_with_a_name_of_the_first_form_is_read() -> None:
    token = timestamp.parse_reply((VECTORS / "identrust.tsr").read_bytes())
    assert (token.time, token.named[0]) == ("2025-03-11T08:52:08.000000Z", "sha1")
    assert token.certificate in token.certificates
    assert len(token.certificates) == 2


def test_a_token_of_other_bytes_is_named_so() -> None:
    with pytest.raises(ProofError) as caught:
        timestamp.check(REPLY, QUERY, b"other")
    assert caught.value.code == "timestamp-of-other"


def test_a_query_without_a_nonce_proves_no_freshness(authority: Authority) -> None:
    asked = query(b"x", None)
    with pytest.raises(ProofError, match="nonce"):
        timestamp.check(authority.forge(asked), asked, b"x")


@pytest.mark.parametrize(
    "lie",
    [{"digest": bytes(32)}, {"content_type": "1.2.840.113549.1.7.1"}, {"signers": 2}, {"signers": 0}, {"nonce": 78}],
)
def test_what_stands_under_the_signature_is_about_this_text(authority: Authority, lie: dict[str, Any]) -> None:
    asked = query(b"x")
    with pytest.raises(ProofError) as caught:
        timestamp.check(authority.forge(asked, **lie), asked, b"x")
    assert caught.value.code == "timestamp-invalid"


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("20260228235959Z", "2026-02-28T23:59:59.000000Z"),
        ("20260228235959.5Z", "2026-02-28T23:59:59.500000Z"),
        ("20260228235959.123456789Z", "2026-02-28T23:59:59.123456Z"),
    ],
)
def test_times_are_read_to_the_microsecond(authority: Authority, time: str, read: str) -> None:
    asked = query(b"x")
    assert timestamp.check(authority.forge(asked, time=time), asked, b"x").time == read


@pytest.mark.parametrize(
    "time", ["20260230000000Z", "20260228235959.50Z", "20260228235960Z", "202602282359Z", "20260228235959+0100", ""]
)
def test_times_in_another_spelling_are_refused(authority: Authority, time: str) -> None:
    asked = query(b"x")
    with pytest.raises(ProofError) as caught:
        timestamp.check(authority.forge(asked, time=time), asked, b"x")
    assert caught.value.code == "timestamp-invalid"


@pytest.mark.parametrize(
    ("status", "word"), [(1, "changes"), (2, "rejection"), (3, "waiting"), (9, "status 9"), (-1, "-1")]
)
def test_what_was_not_granted_is_no_stamp(authority: Authority, status: int, word: str) -> None:
    with pytest.raises(ProofError, match=word):
        timestamp.parse_reply(authority.forge(query(b"x"), status=status))


def test_a_refusal_without_a_token_is_read_as_one() -> None:
    with pytest.raises(ProofError, match="rejection"):
        timestamp.parse_reply(sequence(sequence(number(2), tlv(0x03, b"\x05\x20"))))


def test_oversized_files_are_not_read() -> None:
    with pytest.raises(ProofError, match="longer"):
        timestamp.parse_reply(bytes(timestamp.MAX_REPLY_BYTES + 1))
    with pytest.raises(ProofError, match="longer"):
        timestamp.parse_query(bytes(timestamp.MAX_QUERY_BYTES + 1))


@given(st.integers(0, len(REPLY) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_another_token_or_our_own_error(at: int, value: int) -> None:
    changed = REPLY[:at] + bytes([value]) + REPLY[at + 1 :]
    codes = {"timestamp-invalid"}
    with suppress(ProofError):
        timestamp.parse_reply(changed)
        codes.clear()
    if codes:
        with pytest.raises(ProofError) as caught:
            timestamp.parse_reply(changed)
        assert {caught.value.code} == codes


@given(st.binary(max_size=300))
@example(b"\x30\x80\x00\x00")
def test_any_bytes_give_our_own_error(data: bytes) -> None:
    for parse in (timestamp.parse_reply, timestamp.parse_query):
        with pytest.raises(ProofError) as caught:
            parse(data)
        assert caught.value.code == "timestamp-invalid"


@pytest.mark.parametrize("cut", range(0, len(REPLY), 37))
def test_a_reply_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(ProofError):
        timestamp.parse_reply(REPLY[:cut])


@pytest.mark.parametrize(
    "wrong",
    [
        b"\x02\x02\x00\x01",  # a number with a zero too many
        b"\x02\x02\xff\xff",
        b"\x02\x00",
        b"\x02\x81\x01\x01",  # a long length where a short one does
        b"\x02\x82\x00\x01\x01",
        b"\x02\x80\x01\x00\x00",
        b"\x02\x85\x00\x00\x00\x00\x01\x01",
        b"\x1f\x02\x01",
        b"\x02\x02\x01",
        b"\x02\x01\x01\x00",
        b"\x02",
        b"",
        b"\x04\x01\x01",
    ],
)
def test_one_spelling_of_a_number_is_accepted(wrong: bytes) -> None:
    with pytest.raises(ProofError):
        der.parse(wrong).integer()


@given(st.integers(-(2**200), 2**200), st.binary(max_size=70_000))
def test_what_is_written_in_der_is_read_back(value: int, data: bytes) -> None:
    first, second = der.parse(sequence(number(value), octets(data))).children()
    assert (first.integer(), second.content, second.raw) == (value, data, octets(data))


def test_values_that_reach_beyond_what_holds_them_are_refused() -> None:
    with pytest.raises(ProofError, match="cut off"):
        der.parse(b"\x30\x03\x04\x05\x00" + bytes(9)[:0]).children()


def test_depth_costs_nothing() -> None:
    data = b""
    for _ in range(10_000):
        data = tlv(0x30, data)
    with pytest.raises(ProofError):
        timestamp.parse_reply(data[: timestamp.MAX_REPLY_BYTES])


@pytest.mark.parametrize(
    ("time", "claimed", "good"),
    [(0, 0, True), (0, 4, True), (0, 6, False), (100_000, 0, True), (23 * 60, 0, True)],
)
def test_a_stamp_is_not_earlier_than_what_it_stamps(time: int, claimed: int, good: bool) -> None:
    def at(minutes: int) -> str:
        base = datetime(2026, 3, 1) + timedelta(minutes=minutes)
        return base.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def check() -> None:
        timestamped.check_time(at(time), at(claimed), at(max(time, claimed)))

    if good:
        check()
    else:
        with pytest.raises(ProofError, match="before"):
            check()
    with pytest.raises(ProofError, match="future"):
        timestamped.check_time(at(25 * 60), at(0), at(0))


@pytest.mark.parametrize(
    "lie", [{"size": 5}, {"root": "00" * 32}, {"time": "2026-03-01T00:00:00.000000Z"}, {"serial": "8"}]
)
def test_an_entry_that_tells_another_token_or_checkpoint_is_named(authority: Authority, lie: dict[str, Any]) -> None:
    signed = "office/archive\n4\n{}\n\n\u2014 office/archive AAAAAAA=\n".format("A" * 43 + "=").encode()
    asked = query(signed)
    detail = {"size": 4, "root": "00" * 32, "time": "2026-03-02T00:00:00.000000Z", "serial": "7"}
    reply = authority.forge(asked, time="20260302000000Z")
    assert timestamped.check(detail, signed, asked, reply)[0].size == 4
    if lie != {"root": "00" * 32}:
        with pytest.raises(ProofError) as caught:
            timestamped.check({**detail, **lie}, signed, asked, reply)
        assert caught.value.code == "timestamp-of-other"
