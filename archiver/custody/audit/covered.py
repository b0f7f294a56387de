"""What a proof of time in a vault is of: its objects, the note that it covers, and the hour that this note claims."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from archiver import model
from archiver.custody.audit.snapshot import Snapshot, read_plain
from archiver.custody.store import Store
from archiver.errors import ArchiverError
from archiver.proof.faults import ProofError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proof: its word, the codes of its faults, and the most that one of its objects can hold."""

    word: str
    missing: str
    invalid: str
    other: str
    max_bytes: int

    def note(self, seen: Snapshot, size: int, entry: int) -> bytes:
        """The checkpoint of `size` entries as it was issued, before entry `entry`. Raises ProofError."""
        row = seen.connection.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()
        if row is None or not isinstance(row[0], bytes) or not 0 < size <= entry:
            raise ProofError(self.other, f"no checkpoint of {size} entries was issued before it")
        return row[0]

    def object(self, seen: Snapshot, sha256: str) -> bytes:
        """An object that the entry names. Raises ProofError, and OSError where it cannot be read."""
        try:
            data = read_plain(Store(seen.folder / "objects").path(sha256), self.max_bytes)
        except FileNotFoundError:
            raise ProofError(self.missing, f"object {sha256} of this {self.word} is missing") from None
        except ArchiverError:
            raise ProofError(self.invalid, f"the entry does not name the objects of a {self.word}") from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ProofError(self.invalid, f"object {sha256} of this {self.word} was changed")
        return data

    def claimed(self, seen: Snapshot, size: int) -> str:
        """The time of the last of `size` entries, which are the ones that the proof covers. Raises ProofError."""
        row = seen.connection.execute("SELECT body FROM entry WHERE seq = ?", (size - 1,)).fetchone()
        try:
            time = str(json.loads(row[0])["time"]) if row and isinstance(row[0], bytes) else ""
            model.moment(time)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ProofError(self.invalid, "the last entry under it tells no time") from None
        return time
