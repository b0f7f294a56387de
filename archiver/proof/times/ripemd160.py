"""RIPEMD-160 (Dobbertin, Bosselaers, Preneel 1996; ISO/IEC 10118-3), which OpenSSL 3 often does not offer.

Proofs of OpenTimestamps may use it, and a verdict must not depend on how somebody's Python was built.
"""

from __future__ import annotations

import hashlib
import struct

#: For each of the five rounds, left and right line: which word is taken at each of 16 steps, and the turns to the left.
_LEFT = (
    ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), (11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8)),
    ((7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8), (7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12)),
    ((3, 10, 14, 4, 9, 15, 8, 1, 2, 7, 0, 6, 13, 11, 5, 12), (11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5)),
    ((1, 9, 11, 10, 0, 8, 12, 4, 13, 3, 7, 15, 14, 5, 6, 2), (11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12)),
    ((4, 0, 5, 9, 7, 12, 2, 10, 14, 1, 3, 8, 11, 6, 15, 13), (9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6)),
)
_RIGHT = (
    ((5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12), (8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6)),
    ((6, 11, 3, 7, 0, 13, 5, 10, 14, 15, 8, 12, 4, 9, 1, 2), (9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11)),
    ((15, 5, 1, 3, 7, 14, 6, 9, 11, 8, 12, 2, 10, 0, 4, 13), (9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5)),
    ((8, 6, 4, 1, 3, 11, 15, 0, 5, 12, 2, 13, 9, 7, 10, 14), (15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8)),
    ((12, 15, 10, 4, 1, 5, 8, 7, 6, 2, 13, 14, 0, 3, 9, 11), (8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11)),
)
_LEFT_ADDED = (0x00000000, 0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xA953FD4E)
_RIGHT_ADDED = (0x50A28BE6, 0x5C4DD124, 0x6D703EF3, 0x7A6D76E9, 0x00000000)
_Numbers = tuple[int, ...]
_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)
_MASK = 0xFFFFFFFF
_BLOCK = 64


def ripemd160(message: bytes) -> bytes:
    """The digest, 20 bytes: by OpenSSL where it has it, because that is a hundred times as fast."""
    try:
        return hashlib.new("ripemd160", message).digest()
    except ValueError:
        return pure(message)


def pure(message: bytes) -> bytes:
    """The same without OpenSSL."""
    padded = message + b"\x80" + bytes(-(len(message) + 9) % _BLOCK) + struct.pack("<Q", 8 * len(message))
    state: _Numbers = _START
    for at in range(0, len(padded), _BLOCK):
        words = struct.unpack_from("<16I", padded, at)
        left = right = state
        for one in range(5):
            left = _round(left, words, one, *_LEFT[one], _LEFT_ADDED[one])
            right = _round(right, words, 4 - one, *_RIGHT[one], _RIGHT_ADDED[one])
        state = tuple((state[(i + 1) % 5] + left[(i + 2) % 5] + right[(i + 3) % 5]) & _MASK for i in range(5))
    return struct.pack("<5I", *state)


def _round(
    state: tuple[int, ...],
    words: tuple[int, ...],
    kind: int,
    order: tuple[int, ...],
    turns: tuple[int, ...],
    added: int,
) -> tuple[int, ...]:
    a, b, c, d, e = state
    for word, turn in zip(order, turns):
        total = (a + _mixed(kind, b, c, d) + words[word] + added) & _MASK
        a, e, d, c, b = e, d, (c << 10 | c >> 22) & _MASK, b, ((total << turn | total >> 32 - turn) + e) & _MASK
    return a, b, c, d, e


def _mixed(kind: int, x: int, y: int, z: int) -> int:
    if kind == 0:
        return x ^ y ^ z
    if kind == 1:
        return x & y | ~x & z
    if kind == 2:
        return (x | ~y) ^ z
    if kind == 3:
        return x & z | y & ~z
    return x ^ (y | ~z)
