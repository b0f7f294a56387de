"""Ed25519 against RFC 8032, against `cryptography`, and against the Wycheproof vectors where they are at hand."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.signature import ed25519

WYCHEPROOF = Path(__file__).parents[4] / "shared" / "vectors" / "wycheproof" / "ed25519_test.json"

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032(key: str, message: str, signature: str) -> None:
    public, text, signed = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    ed25519.check_key(public)
    assert ed25519.verify(public, signed, text)
    assert not ed25519.verify(public, signed, text + b"x")


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_what_cryptography_signs_is_accepted_until_one_bit_differs(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    signature = private.sign(message)
    assert ed25519.verify(public, signature, message)
    flipped = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
    assert not ed25519.verify(public, flipped, message)


@given(st.binary(max_size=40), st.binary(max_size=70), st.binary(max_size=10))
def test_arbitrary_bytes_are_no_signature_and_no_exception(key: bytes, signature: bytes, message: bytes) -> None:
    assert not ed25519.verify(key, signature, message)


@pytest.mark.skipif(not WYCHEPROOF.is_file(), reason="the Wycheproof vectors are not beside this checkout")
def test_every_wycheproof_vector_is_judged_rightly() -> None:
    judged = 0
    for group in json.loads(WYCHEPROOF.read_text())["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            accepted = ed25519.verify(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert accepted == (case["result"] == "valid"), case
            judged += 1
    assert judged >= 150


def test_s_beyond_the_order_is_a_second_spelling_and_refused() -> None:
    key, message, signature = (bytes.fromhex(part) for part in RFC_8032[1])
    order = 2**252 + 27742317777372353535851937790883648493
    other = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not ed25519.verify(key, signature[:32] + other, message)


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]


@pytest.mark.parametrize("key", SMALL_ORDER)
def test_a_key_of_small_order_is_refused(key: str) -> None:
    with pytest.raises(ProofError) as caught:
        ed25519.check_key(bytes.fromhex(key))
    assert caught.value.code == "key-weak"


@pytest.mark.parametrize(
    "key",
    [
        b"", bytes(31), bytes(33), b"\xff" * 32,
        (2**255 - 19 + 1).to_bytes(32, "little"),  # the identity, spelt a second time
        (1 | 1 << 255).to_bytes(32, "little"),  # the identity with a negative zero
        (2).to_bytes(32, "little"),  # no point has this y
    ],
)  # fmt: skip
def test_what_encodes_no_point_is_refused(key: bytes) -> None:
    with pytest.raises(ProofError) as caught:
        ed25519.check_key(key)
    assert caught.value.code == "key-malformed"
