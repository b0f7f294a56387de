"""Bytes and numbers as OpenTimestamps proofs are made of them, one after the other, with nothing beyond their end."""

from __future__ import annotations

from archiver.proof.faults import ProofError

#: Of whatever is wrong with the form of a proof.
CODE = "anchor-invalid"

_MAX_NUMBER_BYTES = 9  # 63 bits


def number(value: int) -> bytes:
    """A number in little-endian base 128 (LEB128)."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


class Reader:
    """Bytes one after the other. Every method raises ProofError where they end too early."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    def take(self, count: int) -> bytes:
        """That many bytes."""
        if count > len(self._data) - self._at:
            raise ProofError(CODE, "it is cut off")
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        """One byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """A number in LEB128, at most 63 bits."""
        value = 0
        for place in range(_MAX_NUMBER_BYTES):
            part = self.byte()
            value |= (part & 0x7F) << 7 * place
            if part < 0x80:
                return value
        raise ProofError(CODE, "a number in it is larger than any")

    def length(self, most: int, what: str) -> int:
        """The length of what follows."""
        value = self.number()
        if value > most:
            raise ProofError(CODE, f"{what} in it is longer than {most} bytes")
        return value

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._data):
            raise ProofError(CODE, "something follows that does not belong to it")

    def end_as(self, spelt: bytes) -> None:
        """Nothing may follow, and what was read is spelt in its one way."""
        self.end()
        if self._data != spelt:
            raise ProofError(CODE, "a number in it is spelt longer than it has to be")
