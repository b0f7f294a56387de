"""Headers of Bitcoin blocks that a reader brings: what a completed OpenTimestamps proof is held against.

A header is 80 bytes: version (4), previous block (32), Merkle root (32), time (4), target (4), nonce (4). Its digest
has to be below its target. That shows how much work somebody did for these 80 bytes, and not that the block is part of
the chain that everybody knows: anybody can pay for the work of one easy header. So the reader gets headers from a
source of his own (a node, or several public ones that agree), and the work is told, to be compared with other blocks'.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from archiver.proof.faults import ProofError

HEADER_BYTES = 80

#: Difficulty 1. The rules of the chain allow no easier target, so that even one header costs 2^32 hashes.
EASIEST = 0xFFFF << 208

#: 20,000 headers: one of every block in which a ledger could be anchored for four months.
MAX_FILE_BYTES = 4 * 1024**2

CODE = "block-headers-malformed"

_LINE = re.compile(rb"(0|[1-9][0-9]{0,8})[ \t]+([0-9A-Fa-f]{160})", re.ASCII)
_NEGATIVE = 0x800000


@dataclass(frozen=True)
class Header:
    """A block's header. `time` is in seconds since 1970, as its miner set it; `work` the hashes that it took.

    `hash` is what others find the block by: its digest in hex, the last byte first.
    """

    height: int
    raw: bytes
    hash: str
    merkle_root: bytes
    time: int
    work: int


def parse(data: bytes) -> Mapping[int, Header]:
    """The headers in a file, by height: lines `HEIGHT HEX`, empty lines, and comments after `#`.

    Raises ProofError where a line is something else, a height stands twice, or a header bears no proof of work.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ProofError(CODE, f"it is longer than {MAX_FILE_BYTES} bytes")
    found: dict[int, Header] = {}
    for number, line in enumerate(data.splitlines(), 1):
        text = line.partition(b"#")[0].strip()
        if not text:
            continue
        named = _LINE.fullmatch(text)
        if not named:
            raise ProofError(CODE, f"line {number} is no height with the 160 hex digits of a block's header")
        try:
            header = read(int(named[1]), bytes.fromhex(named[2].decode("ascii")))
        except ProofError as error:
            raise ProofError(CODE, f"line {number}: {error.message}") from None
        if header.height in found:
            raise ProofError(CODE, f"line {number} gives block {header.height} a second time")
        found[header.height] = header
    return found


def read(height: int, raw: bytes) -> Header:
    """A header of 80 bytes, whose digest is below its own target, which is one of the chain's. Raises ProofError."""
    if len(raw) != HEADER_BYTES:
        raise ProofError(CODE, f"a header is {HEADER_BYTES} bytes long")
    root, time, bits = struct.unpack("<36x32sII4x", raw)
    exponent, mantissa = bits >> 24, bits & 0xFFFFFF
    target = mantissa << 8 * (exponent - 3) if exponent > 3 else mantissa >> 8 * (3 - exponent)
    digest = hashlib.sha256(hashlib.sha256(raw).digest()).digest()
    if mantissa & _NEGATIVE or not 0 < target < 2**256 or int.from_bytes(digest, "little") > target:
        raise ProofError(CODE, f"the header of block {height} bears no proof of work")
    if target > EASIEST:
        raise ProofError(CODE, f"the header of block {height} shows less work than any block of the Bitcoin chain")
    return Header(height, raw, digest[::-1].hex(), root, time, 2**256 // (target + 1))
