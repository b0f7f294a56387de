"""Whose signature it is: real replies and forged ones, under the right roots, wrong ones and none."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from archiver.custody.timestamps import trust
from archiver.errors import UsageError
from archiver.proof.faults import ProofError
from tests.authority import Authority
from tests.proof.times.test_timestamp import QUERY, REPLY, STAMPED, VECTORS, query

CHAIN = (VECTORS / "local-chain.pem").read_bytes()
SHARED = Path(__file__).parents[3] / "shared" / "vectors" / "rfc3161"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


def code(reply: bytes, asked: bytes, stamped: bytes, roots: bytes, carried: bytes = b"") -> str:
    """The fault that a check finds, "" for none."""
    try:
        trust.check(reply, asked, stamped, trust.read_pem(roots), carried)
    except ProofError as error:
        return error.code
    return ""


def test_a_real_reply_is_good_under_its_chain() -> None:
    checked = trust.check(REPLY, QUERY, STAMPED, trust.read_pem(CHAIN))
    assert checked.expires == "2033-10-07T13:47:50.000000Z", "the first of the chain to end"
    assert checked.chain == CHAIN.replace(b"\r", b"") or checked.chain.count(b"BEGIN") == 3


def test_a_chain_that_came_along_fills_gaps_and_is_never_a_root() -> None:
    root = trust.read_pem(CHAIN)[-1].public_bytes(Encoding.PEM)
    assert code(REPLY, QUERY, STAMPED, root) == "timestamp-unknown-authority", "the intermediate is missing"
    assert code(REPLY, QUERY, STAMPED, root, CHAIN) == ""
    other = (VECTORS / "local-chain.pem").read_bytes()
    assert other  # the stranger's root below is not in it


def test_an_authority_that_no_root_vouches_for_is_unknown(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger", "Strangers")
    asked = query(b"x")
    reply = stranger.forge(asked, certificates=[stranger.certificate, stranger.middle, stranger.root_certificate])
    carried = stranger.root.read_bytes()
    assert code(reply, asked, b"x", authority.root.read_bytes(), carried) == "timestamp-unknown-authority"
    assert code(reply, asked, b"x", carried) == ""
    trust.check_by_itself(reply, asked, b"x", carried)


def test_a_signature_that_does_not_hold_is_found_without_any_root(authority: Authority) -> None:
    asked = query(b"x")
    reply = authority.forge(asked, signature=authority.key.sign(b"other", ec.ECDSA(hashes.SHA256())))
    with pytest.raises(ProofError) as caught:
        trust.check_by_itself(reply, asked, b"x", authority.root.read_bytes())
    assert caught.value.code == "timestamp-invalid"


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [
        ((), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING,), False),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), True),
        ((ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING), True),
    ],
)
def test_a_certificate_for_anything_else_stamps_no_time(purposes: tuple, critical: bool, tmp_path: Path) -> None:  # type: ignore[type-arg]  # of identifiers
    wrong = Authority(tmp_path / "wrong", purposes=purposes, critical=critical)
    asked = query(b"x")
    assert code(wrong.forge(asked), asked, b"x", wrong.root.read_bytes()) == "timestamp-invalid"


def test_certificates_are_judged_at_the_time_of_the_token(tmp_path: Path) -> None:
    ended = Authority(tmp_path / "ended", ends=timedelta(days=-5))
    asked, roots = query(b"x"), ended.root.read_bytes()
    assert code(ended.forge(asked), asked, b"x", roots) == "timestamp-invalid", "a stamp of today"
    within = (datetime.now(UTC) - timedelta(days=7)).strftime("%Y%m%d%H%M%SZ")
    before = (datetime.now(UTC) - timedelta(days=70)).strftime("%Y%m%d%H%M%SZ")
    assert code(ended.forge(asked, time=within), asked, b"x", roots) == "", "when it was valid"
    assert code(ended.forge(asked, time=before), asked, b"x", roots) == "timestamp-invalid", "before it was valid"


def test_certificates_in_another_order_are_accepted_and_the_reply_kept(authority: Authority) -> None:
    asked = query(b"x")
    reply = authority.forge(asked, unsorted=True)
    assert trust.sorted_certificates(reply) != reply
    assert len(trust.sorted_certificates(reply)) == len(reply)
    assert code(reply, asked, b"x", authority.root.read_bytes()) == ""


def test_a_token_that_names_a_certificate_of_another_number_is_refused(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other")
    asked = query(b"x")
    named = hashlib.sha256(other.certificate.public_bytes(Encoding.DER)).digest()
    reply = authority.forge(asked, named=named, certificates=[other.certificate, authority.certificate])
    assert code(reply, asked, b"x", authority.root.read_bytes()) == "timestamp-invalid"


@given(st.lists(st.tuples(st.integers(0, len(REPLY) - 1), st.integers(0, 255)), min_size=1, max_size=3))
def test_a_changed_reply_gives_our_own_error_or_is_good(changes: list[tuple[int, int]]) -> None:
    reply = bytearray(REPLY)
    for at, value in changes:
        reply[at] = value
    found = code(bytes(reply), QUERY, STAMPED, CHAIN)
    assert found in ("", "timestamp-invalid", "timestamp-of-other", "timestamp-unknown-authority")


def test_what_is_no_list_of_certificates_is_refused() -> None:
    for wrong in (b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", bytes(300_000)):
        with pytest.raises(UsageError):
            trust.read_pem(wrong)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared vectors are not here")
@pytest.mark.parametrize(
    ("name", "good"),
    [("response-injected-certs", True), ("response", True), ("../sigstage/response-invalid-signature", False)],
)
def test_shared_replies(name: str, good: bool) -> None:
    folder = SHARED / "test_tsa"
    reply = (folder / f"{name}.tsr").read_bytes()
    asked = (folder / "request.der").read_bytes()
    assert (code(reply, asked, STAMPED, CHAIN) == "") is good
