"""C2SP signed notes and their Ed25519 verifier keys. One spelling is accepted: re-encoding gives the same bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from archiver.proof.faults import ProofError
from archiver.proof.signature import ed25519

#: C2SP asks for at least 16; a log has one or two keys and a handful of witnesses.
MAX_SIGNATURES = 64

#: 64 post-quantum signatures of 5 kB in base64, rounded up.
MAX_BYTES = 512 * 1024

#: Longer than any origin that people would copy.
MAX_NAME_CHARACTERS = 255

_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_DASH = "\u2014 "


@dataclass(frozen=True)
class Signature:
    """One signature line: key name, key id (4 bytes) and what the key made of the text."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line, newline included."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True)
class Note:
    """Text that ends in a newline, and who signed it. Nothing here says that a signature is good: see `check`."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The note as it is stored and served."""
        return (self.text + "\n" + "".join(one.line() for one in self.signatures)).encode("utf-8")


@dataclass(frozen=True)
class VerifierKey:
    """A key by which notes are checked: `name+hash+base64` in text."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || newline || 0x01 || public key)."""
        return hashlib.sha256(self.name.encode("utf-8") + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public_key).decode()}"

    def signature(self, signed: bytes) -> Signature:
        """The signature line for the 64 bytes that the private key made."""
        return Signature(self.name, self.key_id, signed)


def parse_key(text: str) -> VerifierKey:
    """The key that `name+hash+base64` spells. Raises ProofError, also for keys of small order."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    check_name(name)
    data = _decode_base64(encoded)
    if data[:1] != _ED25519:
        raise ProofError("key-malformed", "a verifier key is not an Ed25519 key")
    key = VerifierKey(name, data[1:])
    ed25519.check_key(key.public_key)
    if str(key) != text:
        raise ProofError("key-malformed", "a verifier key's hash is not that of its name and bytes")
    return key


def parse(data: bytes) -> Note:
    """The note that these bytes spell. Raises ProofError. Signatures are not checked here."""
    if len(data) > MAX_BYTES:
        raise ProofError("note-malformed", f"a note of {len(data)} bytes is longer than {MAX_BYTES}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise ProofError("note-malformed", "a note is not UTF-8") from None
    if any(character < " " and character != "\n" for character in whole):
        raise ProofError("note-malformed", "a note holds control characters")
    text, separator, lines = whole.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        raise ProofError("note-malformed", "a note is text, an empty line and signature lines")
    signatures = lines[:-1].split("\n")
    if len(signatures) > MAX_SIGNATURES:
        raise ProofError("note-malformed", f"a note has more than {MAX_SIGNATURES} signatures")
    note = Note(text + "\n", tuple(_parse_line(line) for line in signatures))
    if note.encode() != data:
        raise ProofError("note-malformed", "a note is not spelt as it must be")
    return note


def check(note: Note, key: VerifierKey) -> None:
    """Raises ProofError unless `key` signed the text, once and rightly. Other keys' lines are left alone."""
    lines = [line for line in note.signatures if line.name == key.name and line.key_id == key.key_id]
    if not lines:
        raise ProofError("signature-missing", f"the note bears no signature of {key.name}")
    if len(lines) > 1:
        raise ProofError("signature-repeated", f"the note bears {len(lines)} signatures of one key of {key.name}")
    if not ed25519.verify(key.public_key, lines[0].signature, note.text.encode("utf-8")):
        raise ProofError("signature-wrong", f"the signature of {key.name} is not that of this text")


def check_name(name: str) -> None:
    """Raises ProofError unless `name` can be a key's: not empty, no spaces, no plus, nothing invisible."""
    if (
        not 0 < len(name) <= MAX_NAME_CHARACTERS
        or "+" in name
        or any(character.isspace() or not character.isprintable() for character in name)
    ):
        raise ProofError("key-name", f"{name[:100]!r} cannot be the name of a key")


def _parse_line(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator:
        raise ProofError("note-malformed", "a signature line is not of the form dash, name, base64")
    check_name(name)
    data = _decode_base64(encoded)
    if len(data) <= _KEY_ID_BYTES:
        raise ProofError("note-malformed", "a signature line holds no signature")
    return Signature(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


def _decode_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: characters beyond ASCII
        raise ProofError("note-malformed", "a note or key holds wrong base64") from None
    if base64.b64encode(data).decode() != text:
        raise ProofError("note-malformed", "a note or key holds base64 in a second spelling")
    return data
