"""OpenTimestamps proofs (.ots): read, write, and work out what they lead to. Standard library only, no network.

A proof starts with the SHA-256 digest of a file and leads over operations (append, prepend, digests) to attestations:
a calendar's promise to put the result into Bitcoin (pending), or the number of the Bitcoin block that has it as its
Merkle root. Nothing is believed here: whether a block has that root is for `blockheaders` and a header of the reader's.

The format is that of the reference implementation, python-opentimestamps 0.4.5, with its limits: a node is any number
of `0xff` branch, then a branch; a branch is `0x00` attestation, or an operation and the node of its result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from archiver.proof.faults import ProofError
from archiver.proof.times.otsbytes import CODE, Reader, number
from archiver.proof.times.ripemd160 import ripemd160

MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"

#: A completed proof of four calendars is 3 kB.
MAX_PROOF_BYTES = 64 * 1024

#: What the reference client reads of a calendar's answer.
MAX_REPLY_BYTES = 10_000

#: Operations one after the other, as the reference implementation limits them.
MAX_DEPTH = 256

#: All operations of a proof: a completed proof of four calendars has 400. Bounds the work together with the next one.
MAX_OPERATIONS = 1_000

#: Each calendar has its promise and a block, or two where the chain was reorganised. Bounds the work, too.
MAX_ATTESTATIONS = 100

#: Of a message between two operations or an argument, of an attestation, of a calendar's address: the reference's.
MAX_MESSAGE_BYTES = 4096
MAX_PAYLOAD_BYTES = 8192
MAX_ADDRESS_BYTES = 1000

OTHER = "anchor-of-other"

PENDING = bytes.fromhex("83dfe30d2ef90c8e")
BITCOIN = bytes.fromhex("0588960d73d71901")

SHA1, RIPEMD160, SHA256, KECCAK256 = 0x02, 0x03, 0x08, 0x67
APPEND, PREPEND, REVERSE, HEXLIFY = 0xF0, 0xF1, 0xF2, 0xF3

_ATTESTATION, _ANOTHER = 0x00, 0xFF
_VERSION = 1
_DIGEST_BYTES = 32
_TAG_BYTES = 8
_ADDRESS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:")


@dataclass(frozen=True)
class Operation:
    """One step: `tag` is its byte in the format, `argument` what is appended or prepended."""

    tag: int
    argument: bytes = b""

    def apply(self, message: bytes) -> bytes:
        """The result for `message`. Raises ProofError for an operation that is not known, or too long a result."""
        if self.tag == APPEND:
            result = message + self.argument
        elif self.tag == PREPEND:
            result = self.argument + message
        elif self.tag == REVERSE:
            result = message[::-1]
        elif self.tag == HEXLIFY:
            result = message.hex().encode("ascii")
        elif self.tag == SHA256:
            result = hashlib.sha256(message).digest()
        elif self.tag == SHA1:  # to find a second message for a known digest is as hard as it ever was
            result = hashlib.sha1(message).digest()  # noqa: S324
        elif self.tag == RIPEMD160:
            result = ripemd160(message)
        elif self.tag == KECCAK256:
            raise ProofError(CODE, "it uses keccak256, which only attestations of other chains than Bitcoin need")
        else:
            raise ProofError(CODE, f"it uses an unknown operation, 0x{self.tag:02x}")
        if len(result) > MAX_MESSAGE_BYTES:
            raise ProofError(CODE, f"a message in it is longer than {MAX_MESSAGE_BYTES} bytes")
        return result


@dataclass(frozen=True)
class Attestation:
    """What stands at the end of a path. One of another kind than pending and Bitcoin is kept and says nothing."""

    tag: bytes
    payload: bytes

    @property
    def calendar(self) -> str | None:
        """The address of the calendar that is to be asked later."""
        return str(self._value) if self.tag == PENDING else None

    @property
    def block(self) -> int | None:
        """The height of the Bitcoin block."""
        return int(self._value) if self.tag == BITCOIN else None

    @property
    def order(self) -> tuple[bytes, Any]:
        """Where it stands among others of one node, as the reference implementation sorts them."""
        return self.tag, self._value

    @property
    def _value(self) -> bytes | int | str:
        if self.tag not in (PENDING, BITCOIN):
            return self.payload
        reader = Reader(self.payload)
        if self.tag == BITCOIN:
            height = reader.number()
            reader.end_as(number(height))
            return height
        address = reader.take(reader.length(MAX_ADDRESS_BYTES, "a calendar's address"))
        reader.end_as(number(len(address)) + address)
        if not _ADDRESS.issuperset(address):
            raise ProofError(CODE, "a calendar's address in it holds characters that none has")
        return address.decode("ascii")


@dataclass(frozen=True)
class Path:
    """The operations that lead to an attestation, and `message`, their result: what is attested."""

    operations: tuple[Operation, ...]
    message: bytes
    attestation: Attestation


@dataclass(frozen=True)
class Proof:
    """The SHA-256 digest that it starts from, and every path from there to an attestation."""

    digest: bytes
    paths: tuple[Path, ...]

    @property
    def blocks(self) -> tuple[int, ...]:
        """Heights of the Bitcoin blocks that are said to attest it, ascending; none while it is pending."""
        found = {one.attestation.block for one in self.paths}
        return tuple(sorted(height for height in found if height is not None))

    @property
    def pending(self) -> tuple[Path, ...]:
        """The paths that end with a calendar's promise."""
        return tuple(one for one in self.paths if one.attestation.calendar is not None)


def parse(data: bytes) -> Proof:
    """The proof in a file, in whatever order its parts stand. Raises ProofError."""
    if len(data) > MAX_PROOF_BYTES:
        raise ProofError(CODE, f"a proof is longer than {MAX_PROOF_BYTES} bytes")
    if not data.startswith(MAGIC):
        raise ProofError(CODE, "it is no OpenTimestamps proof")
    reader = Reader(data, len(MAGIC))
    if reader.number() != _VERSION:
        raise ProofError(CODE, "it is of another version of the format")
    if reader.byte() != SHA256:
        raise ProofError(CODE, "it is of a digest that is not SHA-256")
    digest = reader.take(_DIGEST_BYTES)
    return Proof(digest, _paths(reader, digest))


def parse_strictly(data: bytes) -> Proof:
    """The proof in a file that is spelt in the one way in which `encode` spells it. Raises ProofError."""
    proof = parse(data)
    if encode(proof) != data:
        raise ProofError(CODE, "it is not spelt in the one way: order, lengths, or a part that stands twice")
    return proof


def parse_reply(data: bytes, message: bytes) -> tuple[Path, ...]:
    """What a calendar answers about `message`: paths that begin there. Raises ProofError."""
    if len(data) > MAX_REPLY_BYTES:
        raise ProofError(CODE, f"a calendar's answer is longer than {MAX_REPLY_BYTES} bytes")
    return _paths(Reader(data), message)


def after(operations: Sequence[Operation], paths: Iterable[Path]) -> tuple[Path, ...]:
    """The same paths from further back: `operations` lead to where they begin."""
    return tuple(Path((*operations, *one.operations), one.message, one.attestation) for one in paths)


def encode(proof: Proof) -> bytes:
    """The proof as a file, byte for byte as the reference implementation writes it."""
    return MAGIC + bytes([_VERSION, SHA256]) + proof.digest + _node(list(dict.fromkeys(proof.paths)), 0)


def encode_reply(paths: Sequence[Path]) -> bytes:
    """Paths as a calendar answers with them."""
    return _node(list(paths), 0)


def _node(paths: Sequence[Path], depth: int) -> bytes:
    ends = {one.attestation for one in paths if len(one.operations) == depth}
    branches = [_attestation(one) for one in sorted(ends, key=lambda one: one.order)]
    further: dict[Operation, list[Path]] = {}
    for one in paths:
        if len(one.operations) > depth:
            further.setdefault(one.operations[depth], []).append(one)
    for step in sorted(further, key=lambda step: (step.tag, step.argument)):
        argument = number(len(step.argument)) + step.argument if step.tag in (APPEND, PREPEND) else b""
        branches.append(bytes([step.tag]) + argument + _node(further[step], depth + 1))
    return b"".join(bytes([_ANOTHER]) + one for one in branches[:-1]) + branches[-1]


def _attestation(one: Attestation) -> bytes:
    return bytes([_ATTESTATION]) + one.tag + number(len(one.payload)) + one.payload


def _paths(reader: Reader, message: bytes) -> tuple[Path, ...]:
    """Every path of the node that stands here, and nothing behind it.

    `open_nodes` are the nodes with more branches to come; there is no recursion that an attacker could deepen.
    """
    found = []
    operations: tuple[Operation, ...] = ()
    open_nodes: list[tuple[tuple[Operation, ...], bytes]] = []
    count = 0
    while True:
        tag = reader.byte()
        if tag == _ANOTHER:
            open_nodes.append((operations, message))
            tag = reader.byte()
        if tag == _ATTESTATION:
            kind = reader.take(_TAG_BYTES)
            one = Attestation(kind, reader.take(reader.length(MAX_PAYLOAD_BYTES, "an attestation")))
            _ = one.order  # a known kind has a content that can be read
            found.append(Path(operations, message, one))
            if len(found) > MAX_ATTESTATIONS:
                raise ProofError(CODE, f"it has more than {MAX_ATTESTATIONS} attestations")
            if not open_nodes:
                break
            operations, message = open_nodes.pop()
            continue
        step = Operation(tag, _argument(reader) if tag in (APPEND, PREPEND) else b"")
        operations, message = (*operations, step), step.apply(message)
        count += 1
        if len(operations) >= MAX_DEPTH or count > MAX_OPERATIONS:
            raise ProofError(CODE, f"it has more than {MAX_OPERATIONS} operations, or {MAX_DEPTH} in a row")
    reader.end()
    return tuple(found)


def _argument(reader: Reader) -> bytes:
    """What an operation appends or prepends: not nothing."""
    found = reader.take(reader.length(MAX_MESSAGE_BYTES, "an argument"))
    if not found:
        raise ProofError(CODE, "an operation in it appends nothing")
    return found
