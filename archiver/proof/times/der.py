"""Distinguished Encoding Rules (X.690), as much as time stamps need: one value after another, in one spelling.

Refused: indefinite and padded lengths, tags above 30, values that reach beyond what holds them. Nothing recurses, so
that depth costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from archiver.proof.faults import ProofError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OBJECT, GENERALIZED_TIME = 0x01, 0x02, 0x03, 0x04, 0x06, 0x18
SEQUENCE, SET = 0x30, 0x31

#: Constructed, context-specific: `CONTEXT + n` is [n].
CONTEXT = 0xA0

#: Four bytes of length are 4 GiB; nothing that we read is nearly so long.
_MAX_LENGTH_BYTES = 4

_CODE = "der-malformed"


@dataclass(frozen=True)
class Value:
    """One value: its tag, and where it lies in `data`. The content is `data[body:end]`, the whole `data[start:end]`."""

    data: bytes
    tag: int
    start: int
    body: int
    end: int

    @property
    def content(self) -> bytes:
        """The bytes behind tag and length."""
        return self.data[self.body : self.end]

    @property
    def raw(self) -> bytes:
        """The whole value, tag and length included."""
        return self.data[self.start : self.end]

    def children(self) -> list[Value]:
        """The values of a constructed one, in order. Raises ProofError."""
        found, at = [], self.body
        while at < self.end:
            one = _read(self.data, at, self.end)
            found.append(one)
            at = one.end
        return found

    def integer(self) -> int:
        """The number. Raises ProofError for another type or a padded spelling."""
        content = self.want(INTEGER).content
        padded = len(content) > 1 and (content[0], content[1] >> 7) in ((0, 0), (0xFF, 1))
        if not content or padded:
            raise ProofError(_CODE, "a number is not spelt as it must be")
        return int.from_bytes(content, "big", signed=True)

    def want(self, tag: int) -> Value:
        """Itself, once it is of this type. Raises ProofError."""
        if self.tag != tag:
            raise ProofError(_CODE, f"there is a value of type 0x{self.tag:02x} where 0x{tag:02x} belongs")
        return self


class Fields:
    """The values of a sequence, taken one after the other: some may be absent, and none may be left over."""

    def __init__(self, sequence: Value, tag: int = SEQUENCE) -> None:
        self._left = sequence.want(tag).children()

    def take(self, tag: int) -> Value:
        """The next value, of this type. Raises ProofError."""
        if not self._left:
            raise ProofError(_CODE, "a value is missing")
        return self._left.pop(0).want(tag)

    def maybe(self, tag: int) -> Value | None:
        """The next value where it is of this type, else None."""
        return self._left.pop(0) if self._left and self._left[0].tag == tag else None

    def end(self) -> None:
        """Raises ProofError where values are left."""
        if self._left:
            raise ProofError(_CODE, "there are more values than belong here")


def parse(data: bytes) -> Value:
    """The one value that these bytes spell. Raises ProofError."""
    value = _read(data, 0, len(data))
    if value.end != len(data):
        raise ProofError(_CODE, "bytes follow the value")
    return value


def _read(data: bytes, at: int, end: int) -> Value:
    if end - at < 2:
        raise ProofError(_CODE, "a value is cut off")
    tag, length, body = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise ProofError(_CODE, "a tag is longer than any that belongs here")
    if length >= 0x80:
        count = length - 0x80
        if not 0 < count <= _MAX_LENGTH_BYTES or end - body < count:
            raise ProofError(_CODE, "a length is not spelt as it must be")
        length = int.from_bytes(data[body : body + count], "big")
        if length < 0x80 or length >> (8 * (count - 1)) == 0:
            raise ProofError(_CODE, "a length is not spelt as it must be")
        body += count
    if end - body < length:
        raise ProofError(_CODE, "a value is cut off")
    return Value(data, tag, at, body, body + length)
