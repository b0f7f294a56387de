"""Checkpoints with their cosignatures: one note for each size, and which cosignatures the ledger has yet to tell.

A cosignature is told by an entry of the next batch, never of a batch of its own: or each would make a newer checkpoint
that nobody has cosigned. Until then it is in `untold.json`.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archiver.model import CustodyEvent, EventType
from archiver.proof import durable
from archiver.proof.log import note
from archiver.proof.trust.cosignature import WitnessKey

FOLDER_NAME = "cosigned"
UNTOLD_NAME = "untold.json"

NAME = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)

#: A witness cosigns each checkpoint once: far fewer than this wait for the next batch.
_MAX_UNTOLD_BYTES = 1024 * 1024

#: Notes that are looked through for the best one, from the newest: two years of weekly cosigning.
_LOOKED_THROUGH = 100


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A cosignature that was received and checked: of which checkpoint, by which witness, when (seconds since 1970)."""

    size: int
    root: str
    witness: str
    time: int

    @property
    def subject(self) -> str:
        """By which the index of entries leads to the entry that tells of it."""
        return subject(self.size, self.witness)

    def event(self) -> CustodyEvent:
        """The act."""
        detail = {"size": self.size, "root": self.root, "witness": self.witness, "time": self.time}
        return CustodyEvent(EventType.COSIGNATURE, detail=detail)


def subject(size: int, witness: str) -> str:
    """`witness` is a verifier key in text; its hash stands for it."""
    return f"cosignature.{size}.{witness.split('+')[1]}"


def read(folder: Path, size: int) -> bytes | None:
    """The note of the checkpoint of this size with its cosignatures; None where nobody cosigned it."""
    try:
        with (folder / FOLDER_NAME / str(size)).open("rb") as stream:
            return stream.read(note.MAX_BYTES + 1)
    except FileNotFoundError:
        return None


def sizes(folder: Path) -> list[int]:
    """Sizes of cosigned checkpoints, ascending."""
    try:
        return sorted(int(path.name) for path in (folder / FOLDER_NAME).iterdir() if NAME.fullmatch(path.name))
    except FileNotFoundError:
        return []


def names(folder: Path) -> tuple[str, ...]:
    """Everything that lies among the cosigned checkpoints."""
    try:
        return tuple(sorted(path.name for path in (folder / FOLDER_NAME).iterdir()))
    except OSError:
        return ()


@dataclass(frozen=True, slots=True)
class Vouched:
    """A cosigned checkpoint: its note with the lines of `witnesses`, who are sorted by name."""

    size: int
    note: bytes
    witnesses: tuple[Cosigned, ...]


def best(folder: Path, connection: sqlite3.Connection, before: int | None = None) -> Vouched | None:
    """The checkpoint with the most witnesses among the newest that are cosigned, the largest of those.

    With `before` only those count, and are in the note, of whom an entry below that number tells: what it is then does
    not depend on when it is asked for.
    """
    found: Vouched | None = None
    untold = _untold(folder) if before is None else []
    for size in [one for one in sizes(folder) if before is None or one <= before][: -_LOOKED_THROUGH - 1 : -1]:
        signed = note.parse(read(folder, size) or b"")
        told = [*_told(connection, size, before), *(one for one in untold if one.size == size)]
        of = {tuple(one.witness.split("+")[:2]): one for one in told}
        own = _own_lines(connection, size)
        lines = tuple(one for one in signed.signatures if one in own or (one.name, one.key_id.hex()) in of)
        present = {(one.name, one.key_id.hex()) for one in lines} & of.keys()
        if present and own and (found is None or len(present) > len(found.witnesses)):
            witnesses = tuple(of[name] for name in sorted(present))
            found = Vouched(size, note.Note(signed.text, lines).encode(), witnesses)
    return found


def _own_lines(connection: sqlite3.Connection, size: int) -> tuple[note.Signature, ...]:
    """The signature lines with which a checkpoint was issued."""
    row = connection.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)).fetchone()
    return note.parse(bytes(row[0])).signatures if row else ()


def _told(connection: sqlite3.Connection, size: int, before: int | None) -> Iterator[Cosigned]:
    """The cosignatures of a checkpoint of which entries tell, of those below a number."""
    rows = connection.execute(
        "SELECT body FROM subject JOIN entry USING (seq) WHERE id >= ? AND id < ? AND seq < ?",
        (f"cosignature.{size}.", f"cosignature.{size}/", before if before is not None else 2**62),
    )
    for (body,) in rows:
        detail = json.loads(body)["detail"]
        yield Cosigned(detail["size"], detail["root"], detail["witness"], detail["time"])


def last_of(folder: Path, key: WitnessKey) -> int:
    """The largest size that a witness cosigned; 0 before the first."""
    for size in reversed(sizes(folder)):
        if any(key.made(line) for line in note.parse(read(folder, size) or b"").signatures):
            return size
    return 0


def put(folder: Path, one: Cosigned, signed: bytes) -> None:
    """Keep a cosigned note, and that the ledger has yet to tell of it. Called with the publishing lock held."""
    target = folder / FOLDER_NAME
    if not target.is_dir():
        target.mkdir()
        durable.sync_folder(folder)
    # First the list: an interruption leaves it with one that is not kept, which is not told.
    _put_untold(folder, [*(other for other in _untold(folder) if other.subject != one.subject), one])
    durable.replace(target / str(one.size), signed, 0o644)


def untold(folder: Path, connection: sqlite3.Connection) -> Iterator[CustodyEvent]:
    """The events of cosignatures that no entry tells of yet, and that are kept."""
    for one in _untold(folder):
        told = connection.execute("SELECT 1 FROM subject WHERE id = ?", [one.subject]).fetchone()
        if not told and _is_kept(folder, one):
            yield one.event()


def settle(folder: Path, connection: sqlite3.Connection) -> None:
    """Forget what entries tell by now. Called with the publishing lock held."""
    waiting = _untold(folder)
    left = [
        one for one in waiting if not connection.execute("SELECT 1 FROM subject WHERE id = ?", [one.subject]).fetchone()
    ]
    if left != waiting:
        _put_untold(folder, left)


def _is_kept(folder: Path, one: Cosigned) -> bool:
    data = read(folder, one.size)
    return data is not None and any(
        [line.name, line.key_id.hex()] == one.witness.split("+")[:2] for line in note.parse(data).signatures
    )


def _untold(folder: Path) -> list[Cosigned]:
    try:
        with (folder / FOLDER_NAME / UNTOLD_NAME).open("rb") as stream:
            rows: list[Any] = json.loads(stream.read(_MAX_UNTOLD_BYTES))
        return [Cosigned(int(size), str(root), str(witness), int(time)) for size, root, witness, time in rows]
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return []  # what somebody else wrote here is not told; the notes themselves are checked by `verify`


def _put_untold(folder: Path, left: list[Cosigned]) -> None:
    rows = [[one.size, one.root, one.witness, one.time] for one in left]
    durable.replace(folder / FOLDER_NAME / UNTOLD_NAME, json.dumps(rows).encode("utf-8"), 0o644)
