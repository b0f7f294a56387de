"""Ed25519 signatures (RFC 8032), checked in plain Python so that the bundle's verifier needs no package.

Only checking, so nothing here is secret and nothing needs constant time. Points are in extended homogeneous
coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, x * y = T/Z.
"""

from __future__ import annotations

import hashlib

from archiver.proof.faults import ProofError

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_1 = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]
_IDENTITY: _Point = (0, 1, 1, 0)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes) is that of `message` under `public_key` (32 bytes); RFC 8032, 5.1.7.

    Only canonical encodings are accepted: y below p, no negative zero, S below the group's order.
    """
    if len(public_key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    key = _decompress(public_key)
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or scalar >= _ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    # S * B = R + k * A, written as R = S * B + k * (-A): encoding the right side leaves one spelling of R only.
    return _compress(_combine(scalar, _BASE, challenge, _negate(key))) == signature[:32]


def check_key(public_key: bytes) -> None:
    """Raises ProofError unless this is a point that a signature can mean something under.

    Refused are encodings of no point and the points of small order, under which one signature fits many messages.
    """
    point = _decompress(public_key) if len(public_key) == KEY_BYTES else None
    if point is None:
        raise ProofError("key-malformed", "an Ed25519 public key is not the encoding of a point")
    for _ in range(3):
        point = _double(point)
    if point[0] == 0 and point[1] == point[2]:
        raise ProofError("key-weak", "an Ed25519 public key is of small order: anybody can sign under it")


def _decompress(data: bytes) -> _Point | None:
    """RFC 8032, 5.1.3; None where no point is so encoded."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if v * x * x % _P != u:
        x = x * _SQRT_MINUS_1 % _P
        if v * x * x % _P != u:
            return None
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _compress(point: _Point) -> bytes:
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _negate(point: _Point) -> _Point:
    x, y, z, t = point
    return _P - x, y, z, _P - t


def _add(first: _Point, second: _Point) -> _Point:
    x1, y1, z1, t1 = first
    x2, y2, z2, t2 = second
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * _D * t1 * t2 % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(point: _Point) -> _Point:
    x, y, z, _ = point
    a, b = x * x % _P, y * y % _P
    h = a + b
    e = h - (x + y) * (x + y) % _P
    g = a - b
    f = 2 * z * z % _P + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _combine(m: int, first: _Point, n: int, second: _Point) -> _Point:
    """m * first + n * second in one pass of doublings (Straus)."""
    table = (_IDENTITY, first, second, _add(first, second))
    total = _IDENTITY
    for bit in range(max(m.bit_length(), n.bit_length()) - 1, -1, -1):
        total = _double(total)
        choice = m >> bit & 1 | (n >> bit & 1) << 1
        if choice:
            total = _add(total, table[choice])
    return total


def _base() -> _Point:
    point = _decompress((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    assert point is not None
    return point


_BASE = _base()
