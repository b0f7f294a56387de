"""C2SP tlog-cosignature, version cosignature/v1: a witness's timestamped Ed25519 signature over a checkpoint.

It says: at this time, this was the largest tree of this origin that I know to continue all that I saw before. The
signed message has a header of its own, so that no cosignature can pass for a log's signature or the other way round.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from archiver.proof.faults import ProofError
from archiver.proof.log import note
from archiver.proof.signature import ed25519

#: The signature type of cosignature/v1 in key ids and verifier keys (C2SP signed-note).
ALGORITHM = b"\x04"

#: Eight bytes of time, then the Ed25519 signature.
SIGNATURE_BYTES = 8 + ed25519.SIGNATURE_BYTES

#: Canonical JSON and SQLite hold times up to here; the year is 292 billion.
MAX_TIME = 2**53 - 1

#: `verify(public_key, signature, message)`, as `proof.ed25519` has it.
Verify = Callable[[bytes, bytes, bytes], bool]

_KEY_ID_BYTES = 4


@dataclass(frozen=True)
class WitnessKey:
    """The key by which a witness's cosignatures are checked: `name+hash+base64` in text, of type 0x04."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || newline || 0x04 || public key)."""
        return hashlib.sha256(self.name.encode("utf-8") + b"\n" + ALGORITHM + self.public_key).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ALGORITHM + self.public_key).decode()}"

    def signed(self, time: int, signature: bytes) -> note.Signature:
        """The signature line for the 64 bytes that the private key made of `message(text, time)`."""
        return note.Signature(self.name, self.key_id, time.to_bytes(8, "big") + signature)

    def made(self, line: note.Signature) -> bool:
        """Whether the line claims to be this key's. Every other line is to be ignored."""
        return (line.name, line.key_id) == (self.name, self.key_id)


def parse_key(text: str) -> WitnessKey:
    """The witness key that a verifier key in text spells. Raises ProofError, also for keys of small order."""
    name, _, rest = text.partition("+")
    note.check_name(name)
    try:
        data = base64.b64decode(rest.partition("+")[2], validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise ProofError("key-malformed", "a witness key holds wrong base64") from None
    if data[:1] != ALGORITHM:
        raise ProofError("key-malformed", "a witness key is not of the type of cosignatures (0x04)")
    key = WitnessKey(name, data[1:])
    ed25519.check_key(key.public_key)
    if str(key) != text:
        raise ProofError("key-malformed", "a witness key's hash is not that of its name and bytes")
    return key


def message(text: str, time: int) -> bytes:
    """What a witness signs: header line, time in seconds since 1970 and the whole text of the checkpoint's note."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def check_line(text: str, line: note.Signature, key: WitnessKey, verify: Verify = ed25519.verify) -> int:
    """The time at which `key` cosigned `text` by this line. Raises ProofError where it did not.

    `verify` may be another implementation of `ed25519.verify`, where a faster one is at hand.
    """
    if len(line.signature) != SIGNATURE_BYTES:
        raise ProofError("cosignature-malformed", f"a cosignature is {SIGNATURE_BYTES} bytes, time and signature")
    time = int.from_bytes(line.signature[:8], "big")
    if not 0 < time <= MAX_TIME:
        raise ProofError("cosignature-malformed", "a cosignature's time is no time")
    if not verify(key.public_key, line.signature[8:], message(text, time)):
        raise ProofError("cosignature-wrong", f"the cosignature of {key.name} is not that of this checkpoint")
    return time


def check(signed: note.Note, key: WitnessKey, verify: Verify = ed25519.verify) -> int | None:
    """When `key` cosigned the note; None where it did not. Raises ProofError for a wrong or repeated line of it."""
    lines = [line for line in signed.signatures if key.made(line)]
    if len(lines) > 1:
        raise ProofError("cosignature-repeated", f"the checkpoint bears {len(lines)} cosignatures of {key.name}")
    return check_line(signed.text, lines[0], key, verify) if lines else None


def parse_lines(data: bytes) -> tuple[note.Signature, ...]:
    """The signature lines of a witness's answer. Raises ProofError. Nothing is checked here but their spelling."""
    read = note.parse(b"-\n\n" + data)  # a note's lines are read by one reader, whatever they sign
    if read.text != "-\n":
        raise ProofError("note-malformed", "an answer is signature lines and nothing else")
    return read.signatures


def encode_lines(lines: Iterable[note.Signature]) -> bytes:
    """The lines as a witness answers with them."""
    return "".join(line.line() for line in lines).encode("utf-8")


def with_line(signed: note.Note, line: note.Signature) -> note.Note:
    """The note with this line in the place of an earlier one of the same key, else at its end."""
    kept: Sequence[note.Signature] = [
        one for one in signed.signatures if (one.name, one.key_id) != (line.name, line.key_id)
    ]
    return note.Note(signed.text, (*kept, line))
