"""ML-DSA-44 signatures (FIPS 204), checked in plain Python so that the bundle's verifier needs no package.

Only checking, so nothing here is secret and nothing needs constant time. A polynomial is a list of 256 coefficients
modulo Q; "hat" in a name says that it is in the domain of the number-theoretic transform (`proof.ntt`).
"""

from __future__ import annotations

import hashlib

from archiver.proof.signature.ntt import Poly, Q, forward, inverse, multiply_add

KEY_BYTES = 1312
SIGNATURE_BYTES = 2420

# FIPS 204, table 1, ML-DSA-44.
_K = _L = 4  # rows and columns of the matrix
_D = 13  # low bits of t that the public key leaves out
_TAU = 39  # coefficients of the challenge that are 1 or -1
_GAMMA_1 = 1 << 17
_GAMMA_2 = (Q - 1) // 88
_BETA = 78
_OMEGA = 80  # most hints in a signature
_CHALLENGE_BYTES = 32

_BANDS = (Q - 1) // (2 * _GAMMA_2)  # 44: high bits are 0 to 43
_T1_BITS, _Z_BITS, _W1_BITS = 10, 18, 6
_Z_BYTES = 256 * _Z_BITS // 8
_MAX_CONTEXT_BYTES = 255


def verify(public_key: bytes, signature: bytes, message: bytes, context: bytes = b"") -> bool:
    """Whether `signature` (2,420 bytes) is that of `message` under `public_key` (1,312 bytes); algorithms 3 and 8.

    One spelling of a signature is accepted: hints ascend, and what is behind them is zero.
    """
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES or len(context) > _MAX_CONTEXT_BYTES:
        return False
    challenge = signature[:_CHALLENGE_BYTES]
    z = _unpack_z(signature[_CHALLENGE_BYTES : _CHALLENGE_BYTES + _L * _Z_BYTES])
    hints = _unpack_hints(signature[_CHALLENGE_BYTES + _L * _Z_BYTES :])
    if hints is None or any(abs(one) >= _GAMMA_1 - _BETA for poly in z for one in poly):
        return False
    representative = _shake(
        _shake(public_key, 64) + bytes([0, len(context)]) + context + message,
        64,
    )
    high = [_use_hints(hint, row) for hint, row in zip(hints, _approximate(public_key, challenge, z))]
    return _shake(representative + b"".join(_pack(one, _W1_BITS) for one in high), _CHALLENGE_BYTES) == challenge


def _approximate(public_key: bytes, challenge: bytes, z: list[Poly]) -> list[Poly]:
    """A * z - c * t1 * 2^d, row by row."""
    seed = public_key[:32]
    z_hat = [forward(poly) for poly in z]
    minus_c_hat = [Q - one for one in forward(_challenge(challenge))]
    rows = []
    for row in range(_K):
        t1 = _unpack(public_key[32 + row * 320 : 352 + row * 320], _T1_BITS)
        total = [0] * 256
        multiply_add(total, minus_c_hat, forward([one << _D for one in t1]))
        for column in range(_L):
            multiply_add(total, _sample_uniform(seed + bytes([column, row])), z_hat[column])
        rows.append(inverse(total))
    return rows


def _sample_uniform(seed: bytes) -> Poly:
    """A polynomial of the matrix, in the transform's domain (algorithm 30)."""
    length = 1008  # six blocks of SHAKE128: 336 candidates, of which one in 1,025 is refused
    poly: Poly = []
    while True:
        stream = hashlib.shake_128(seed).digest(length)
        poly = [
            one
            for one in (stream[at] | stream[at + 1] << 8 | (stream[at + 2] & 0x7F) << 16 for at in range(0, length, 3))
            if one < Q
        ]
        if len(poly) >= 256:
            return poly[:256]
        length *= 2


def _challenge(seed: bytes) -> Poly:
    """The challenge polynomial: `_TAU` coefficients are 1 or -1 (algorithm 29)."""
    length = 136
    while True:
        stream = hashlib.shake_256(seed).digest(length)
        signs = int.from_bytes(stream[:8], "little")
        poly = [0] * 256
        at = 8
        for i in range(256 - _TAU, 256):
            while at < length and stream[at] > i:
                at += 1
            if at == length:
                break
            poly[i] = poly[stream[at]]
            poly[stream[at]] = Q - 1 if signs & 1 else 1
            signs >>= 1
            at += 1
        else:
            return poly
        length *= 2


def _unpack_z(data: bytes) -> list[Poly]:
    """Coefficients between -gamma1 + 1 and gamma1, so that nothing is reduced yet."""
    parts = (data[at : at + _Z_BYTES] for at in range(0, len(data), _Z_BYTES))
    return [[_GAMMA_1 - one for one in _unpack(part, _Z_BITS)] for part in parts]


def _unpack_hints(data: bytes) -> list[frozenset[int]] | None:
    """Places of the hints of each row; None for a spelling that no signer makes (algorithm 21)."""
    hints: list[frozenset[int]] = []
    first = 0
    for end in data[_OMEGA:]:
        places = data[first:end]
        if not first <= end <= _OMEGA or any(one >= two for one, two in zip(places, places[1:])):
            return None
        hints.append(frozenset(places))
        first = end
    return None if any(data[first:_OMEGA]) else hints


def _use_hints(hints: frozenset[int], row: Poly) -> Poly:
    """The high bits of each coefficient, moved by one where there is a hint (algorithms 36 and 40)."""
    high = []
    for place, value in enumerate(row):
        low = value % (2 * _GAMMA_2)
        if low > _GAMMA_2:
            low -= 2 * _GAMMA_2
        band = (value - low) // (2 * _GAMMA_2)
        if band == _BANDS:  # value - low is Q - 1
            band, low = 0, low - 1
        if place in hints:
            band = (band + (1 if low > 0 else -1)) % _BANDS
        high.append(band)
    return high


def _unpack(data: bytes, bits: int) -> Poly:
    """256 numbers of `bits` bits each, lowest bit first (algorithm 18)."""
    whole = int.from_bytes(data, "little")
    text = f"{whole:0{256 * bits}b}"
    return [int(text[at - bits : at], 2) for at in range(len(text), 0, -bits)]


def _pack(poly: Poly, bits: int) -> bytes:
    """The inverse of `_unpack` (algorithm 16)."""
    text = "".join(f"{one:0{bits}b}" for one in reversed(poly))
    return int(text, 2).to_bytes(len(text) // 8, "little")


def _shake(data: bytes, length: int) -> bytes:
    return hashlib.shake_256(data).digest(length)
