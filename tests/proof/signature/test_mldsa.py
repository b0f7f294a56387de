"""ML-DSA-44 in plain Python against NIST's known answers, against `cryptography`, and against every kind of edit."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.proof.signature import mldsa, ntt

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "mldsa_44_kat.json").read_text("utf-8"))["tests"]

#: Where the parts of a signature begin: challenge, four polynomials, places of hints, counts of hints.
CHALLENGE, RESPONSE, HINTS, COUNTS = 0, 32, 32 + 4 * 576, 32 + 4 * 576 + 80

KEY = MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
SIGNATURE = KEY.sign(b"text", b"")


def _accepted(signature: bytes, public: bytes = PUBLIC, message: bytes = b"text") -> bool:
    """What both implementations say, which must be the same."""
    try:
        KEY.public_key().from_public_bytes(public).verify(signature, message)
        theirs = True
    except Exception:
        theirs = False
    assert mldsa.verify(public, signature, message) is theirs
    return theirs


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["count"]))
def test_the_known_answers_of_nist(vector: dict[str, str]) -> None:
    public, message, context, signature = (
        base64.b64decode(vector[name]) for name in ("public_key", "message", "context", "signature")
    )
    assert mldsa.verify(public, signature, message, context)
    assert not mldsa.verify(public, signature, message + b"x", context)
    assert not mldsa.verify(public, signature, message, context + b"x")
    assert not mldsa.verify(public, signature, message)


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.binary(max_size=255))
def test_what_cryptography_signs_is_accepted(seed: bytes, message: bytes, context: bytes) -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(seed)
    public = private.public_key().public_bytes_raw()
    assert mldsa.verify(public, private.sign(message, context), message, context)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, mldsa.SIGNATURE_BYTES * 8 - 1))
def test_one_bit_of_the_signature_is_enough_to_refuse_it(bit: int) -> None:
    assert not _accepted(_flipped(SIGNATURE, bit))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, mldsa.KEY_BYTES * 8 - 1))
def test_one_bit_of_the_key_is_enough_to_refuse_it(bit: int) -> None:
    assert not _accepted(SIGNATURE, _flipped(PUBLIC, bit))


@pytest.mark.parametrize("at", [CHALLENGE, RESPONSE, RESPONSE + 576, HINTS - 1, HINTS, COUNTS, COUNTS + 3])
def test_every_part_of_a_signature_counts(at: int) -> None:
    assert not _accepted(_flipped(SIGNATURE, 8 * at))


@pytest.mark.parametrize("value", [0, 0x3FFFF])
def test_a_response_out_of_bounds_is_refused(value: int) -> None:
    """All zero bits spell gamma1, all one bits the other end: both beyond what a signer lets out."""
    whole = int.from_bytes(SIGNATURE[RESPONSE:HINTS], "little")
    changed = (whole & ~0x3FFFF | value).to_bytes(HINTS - RESPONSE, "little")
    assert not _accepted(SIGNATURE[:RESPONSE] + changed + SIGNATURE[HINTS:])


def test_a_second_spelling_of_the_hints_is_refused() -> None:
    hints = bytearray(SIGNATURE[HINTS:])
    first = hints[80]
    assert first >= 2, "the fixed key and text give at least two hints"
    swapped = bytearray(hints)
    swapped[0], swapped[1] = hints[1], hints[0]
    repeated = bytearray(hints)
    repeated[1] = repeated[0]
    padded = bytearray(hints)
    padded[79] = 255
    beyond = bytearray(hints)
    beyond[83] = 81
    falling = bytearray(hints)
    falling[81] = first - 1
    for changed in (swapped, repeated, padded, beyond, falling):
        assert changed != hints
        assert not _accepted(SIGNATURE[:HINTS] + bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 2419, 2421])
def test_other_lengths_are_no_signature(length: int) -> None:
    assert not mldsa.verify(PUBLIC, (SIGNATURE + b"\0")[:length], b"text")


def test_other_lengths_are_no_key_and_no_context() -> None:
    assert not mldsa.verify(PUBLIC[:-1], SIGNATURE, b"text")
    assert not mldsa.verify(PUBLIC + b"\0", SIGNATURE, b"text")
    assert not mldsa.verify(PUBLIC, SIGNATURE, b"text", b"x" * 256)


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=2420, max_size=2420), st.binary(min_size=1312, max_size=1312))
def test_arbitrary_bytes_are_no_signature_and_no_exception(signature: bytes, public: bytes) -> None:
    assert not mldsa.verify(public, signature, b"")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-ntt.Q, ntt.Q), min_size=256, max_size=256), st.integers(0, 255))
def test_a_product_of_transforms_is_the_product_of_polynomials(poly: list[int], place: int) -> None:
    """Times X^place: the coefficients move up, and come in again below with the other sign."""
    shift = [0] * 256
    shift[place] = 1
    total = [0] * 256
    ntt.multiply_add(total, ntt.forward(poly), ntt.forward(shift))
    moved = [poly[at - place] if at >= place else -poly[at - place] for at in range(256)]
    assert ntt.inverse(total) == [one % ntt.Q for one in moved]


def _flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
