"""The ledger's second, post-quantum signature: a C2SP tlog-cosignature of the type for ML-DSA-44 (`subtree/v1`).

C2SP tells new logs to sign checkpoints in this form. The log is its own cosigner then: name of the key = origin.
Readers that do not know the type ignore the line, because its key id is not theirs.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from archiver.proof.faults import ProofError
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.signature import mldsa

#: Signature type of a verifier key and of a key id (C2SP signed-note, tlog-cosignature).
TYPE = b"\x06"

#: Twelve bytes that nothing else begins with which such a key signs.
_LABEL = b"subtree/v1\n\0"

_TIME_BYTES = 8
_KEY_ID_BYTES = 4

#: C2SP: a time beyond this is no POSIX time.
MAX_TIME = 2**63 - 1

#: Length of a name in the signed message, in bytes: its length is one byte there.
_MAX_NAME_BYTES = 255


@dataclass(frozen=True)
class SubtreeKey:
    """An ML-DSA-44 key (1,312 bytes) by which checkpoints are checked: `name+hash+base64` in text."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || newline || 0x06 || public key)."""
        return hashlib.sha256(self.name.encode("utf-8") + b"\n" + TYPE + self.public_key).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(TYPE + self.public_key).decode()}"

    def signature(self, time: int, signed: bytes) -> note.Signature:
        """The signature line for the 2,420 bytes that the private key made of `message`."""
        return note.Signature(self.name, self.key_id, time.to_bytes(_TIME_BYTES, "big") + signed)


def parse_key(text: str) -> SubtreeKey:
    """The key that `name+hash+base64` spells. Raises ProofError."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    note.check_name(name)
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise ProofError("key-malformed", "a verifier key holds wrong base64") from None
    if data[:1] != TYPE or len(data) != 1 + mldsa.KEY_BYTES:
        raise ProofError("key-malformed", "a verifier key is not an ML-DSA-44 key")
    key = SubtreeKey(name, data[1:])
    if str(key) != text:
        raise ProofError("key-malformed", "a verifier key's hash is not that of its name and bytes")
    if not any(key.public_key[32:]):
        raise ProofError("key-weak", "an ML-DSA-44 public key is zero: anybody can sign under it")
    return key


def message(name: str, time: int, checkpoint: Checkpoint) -> bytes:
    """What is signed: `cosigned_message` for the whole tree. `time` is in seconds since 1970. Raises ProofError."""
    names = [one.encode("utf-8") for one in (name, checkpoint.origin)]
    if any(not 0 < len(one) <= _MAX_NAME_BYTES for one in names) or not 0 <= time <= MAX_TIME:
        raise ProofError("signature-malformed", "a name or time does not fit a post-quantum signature")
    parts = [bytes([len(one)]) + one for one in names]
    span = (0).to_bytes(8, "big") + checkpoint.size.to_bytes(8, "big")
    return _LABEL + parts[0] + time.to_bytes(_TIME_BYTES, "big") + parts[1] + span + checkpoint.root


def split(line: note.Signature) -> tuple[int, bytes]:
    """The time and the signature proper of a line. Raises ProofError for one of another length."""
    if len(line.signature) != _TIME_BYTES + mldsa.SIGNATURE_BYTES:
        raise ProofError("signature-wrong", f"a post-quantum signature of {line.name} is not of the right length")
    return int.from_bytes(line.signature[:_TIME_BYTES], "big"), line.signature[_TIME_BYTES:]
