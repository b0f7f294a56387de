"""The ledger: appending custody events to `archive.db`, and reading them back with their proofs.

Appending happens inside the one write transaction of the act itself, so that rows and entries commit together. What
outsiders read, tiles and the signed checkpoint, is made from committed entries by `publish`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archiver import model
from archiver.custody import cosigned, keys, nextkeys, publish
from archiver.custody.database import Database
from archiver.custody.seal import seal
from archiver.errors import ArchiverError, EvidenceError, UsageError
from archiver.model import CustodyEvent, EventType, Holding
from archiver.proof import canonical, disclosure
from archiver.proof.faults import ProofError
from archiver.proof.log import merkle
from archiver.proof.log.checkpoint import Checkpoint

if TYPE_CHECKING:
    import sqlite3


#: Version of the entry's form, its field `v`.
VERSION = 1

#: Entries that are made before they are inserted: statements get cheap, memory stays small.
_CHUNK = 500

#: One proof, or several by entry.
Proof = TypeVar("Proof")

_MILLISECOND = timedelta(milliseconds=1)


class Ledger:
    """The signed record of a vault. `by` is who acts, sealed into every entry as its agent."""

    def __init__(self, folder: Path, database: Database, origin: str, by: str) -> None:
        self.folder = folder
        self.database = database
        self.origin = origin
        self.by = by

    def append(self, transaction: sqlite3.Connection, events: Sequence[CustodyEvent]) -> list[int]:
        """Append one entry per event inside `database.write()`; gives their numbers, from 0.

        All entries of a batch bear the time of the batch. Where a checkpoint was issued since the last batch, an entry
        about it goes before the first. Raises RefusedError for a field that cannot be sealed and ArchiverError for an
        event that the schema does not allow: nothing is appended then, and the transaction is to be given up.
        """
        if not events:
            return []
        connection = transaction
        assert connection.in_transaction, "append belongs inside database.write()"
        first, stamp = _next(connection)
        noted = [*_unrecorded_checkpoint(connection), *cosigned.untold(self.folder, connection)]
        batch = [*noted, *events]
        for start in range(0, len(batch), _CHUNK):
            self._insert(connection, first + start, stamp, batch[start : start + _CHUNK])
        return list(range(first + len(noted), first + len(batch)))

    def publish(self) -> Checkpoint | None:
        """Bring tiles and the signed checkpoint up to the committed entries; see `custody.publish`."""
        return publish.publish(self.folder, self.database, self.origin)

    def unlock(self) -> None:
        """Ask for the passphrase now, where there is one, and not in the middle of the work. Raises as `publish`."""
        keys.load_signer(self.folder / publish.KEYS_NAME, self.origin)

    def latest(self) -> tuple[Checkpoint, bytes] | None:
        """The newest checkpoint and its note, byte for byte. Raises EvidenceError where it is not ours."""
        try:
            return publish.read_checkpoint(self.folder, self.origin)
        except EvidenceError:
            with publish.exclusively(self.folder):  # a change of keys is under way, or was cut off
                publish.settle_keys(self.folder, self.origin)
                return publish.read_checkpoint(self.folder, self.origin)

    def inclusion_proof(self, seq: int, size: int) -> list[bytes]:
        """The proof that entry `seq` is in the published tree of `size`, from its tiles. Raises UsageError."""
        return self.inclusion_proofs([seq], size)[seq]

    def inclusion_proofs(self, seqs: Iterable[int], size: int) -> dict[int, list[bytes]]:
        """The same of several entries, by number: the checkpoint, whose signatures take the time, is read once."""
        return self._prove(size, lambda hash_at: {seq: merkle.inclusion_proof(seq, size, hash_at) for seq in seqs})

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """The proof that the published tree of `new` entries begins with that of `old`. Raises UsageError."""
        return self._prove(new, lambda hash_at: merkle.consistency_proof(old, new, hash_at))

    def entry(self, seq: int) -> bytes:
        """The entry's bytes. Raises UsageError where there is none."""
        row = self.database.read().execute("SELECT body FROM entry WHERE seq = ?", [seq]).fetchone()
        if row is None:
            raise UsageError(f"the ledger has no entry {seq}", next_step="`archiver status` says how many there are")
        return bytes(row[0])

    def clock_behind_ms(self) -> int:
        """How far this machine's clock stands before the last entry's time; 0 where it is right. Raises EvidenceError.

        Entries that are made now say so, and bear the last one's time.
        """
        behind: int = _next(self.database.read())[1].get("clock_behind_ms", 0)
        return behind

    def disclosures(self, seq: int) -> list[str]:
        """What opens the entry's sealed fields (`proof.disclosure.read` takes one apart), by field name."""
        rows = self.database.read().execute(
            "SELECT salt, name, value FROM disclosure WHERE seq = ? ORDER BY name", [seq]
        )
        return [disclosure.make(*row) for row in rows]

    def _insert(
        self, connection: sqlite3.Connection, first: int, stamp: Mapping[str, Any], events: Sequence[CustodyEvent]
    ) -> None:
        bodies: list[tuple[int, bytes, bytes]] = []
        subjects: list[tuple[str, int]] = []
        openings: list[tuple[int, str, str, str]] = []
        for seq, event in enumerate(events, first):
            sealed = seal({"agent": self.by, **event.sealed})
            entry = _entry(event, stamp, sealed.commitments)
            body = _valid(entry)
            bodies.append((seq, body, merkle.leaf_hash(body)))
            subjects += [(subject, seq) for subject in subjects_of(entry)]
            openings += [(seq, *opening) for opening in sealed.openings]
        connection.executemany("INSERT INTO entry (seq, body, leaf) VALUES (?, ?, ?)", bodies)
        connection.executemany("INSERT INTO subject (id, seq) VALUES (?, ?)", subjects)
        connection.executemany("INSERT INTO disclosure (seq, name, salt, value) VALUES (?, ?, ?, ?)", openings)

    def _prove(self, size: int, make: Callable[[merkle.HashAt], Proof]) -> Proof:
        published = self.latest()
        if published is None or size > published[0].size:
            raise UsageError(
                f"no tree of {size} entries was published", next_step="Ask for a size up to the checkpoint"
            )
        try:
            return make(publish.hashes(self.folder, published[0].size))
        except ProofError as error:
            raise UsageError(f"no such proof can be made: {error}") from None


def subjects_of(entry: Mapping[str, Any]) -> list[str]:
    """What an entry concerns, each once: the rows of the table `subject`. `entry` is the decoded entry."""
    detail = entry.get("detail", {})
    found = [entry[name] for name in ("request", "acquisition", "item", "match") if name in entry]
    if entry["type"] == EventType.MATCH:
        found += [detail["a"], detail["b"]]
    elif entry["type"] == EventType.DISSEMINATION:
        found += detail["items"]
    elif entry["type"] == EventType.ACCESSION:
        found.append(received_subject(detail["item"]))
    elif entry["type"] == EventType.CHECKPOINT:
        found.append(_checkpoint_subject(detail["size"]))
    elif entry["type"] == EventType.COSIGNATURE:
        found.append(cosigned.subject(detail["size"], detail["witness"]))
    elif entry["type"] == EventType.TIMESTAMP:
        found.append(f"timestamp.{detail['size']}")
    elif entry["type"] == EventType.ANCHOR:
        found.append(f"anchor.{detail['size']}")
    elif entry["type"] == EventType.ROTATION:
        found.append(nextkeys.SUBJECT)
    elif entry["type"] in (EventType.LIST_IMPORT, EventType.LIST_REMOVAL):
        found.append(detail["list"])
    elif entry["type"] == EventType.DISCLOSURE:
        found.append(entry_subject(detail["entry"]))
    elif entry["type"] == EventType.DELETION:
        found += [entry_subject(seq) for seq, _ in detail["fields"]]
    return list(dict.fromkeys(found))


def entry_subject(seq: int) -> str:
    """The subject of entries about an entry: that a field of it was disclosed or forgotten."""
    return f"entry.{seq}"


def received_subject(item: str) -> str:
    """The subject of entries about what another office calls `item`."""
    return f"received.{item}"


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of an entry, `custody-event.schema.json`."""
    text = resources.files("archiver.schemas").joinpath("custody-event.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def faults_of(entry: Any) -> Iterator[str]:
    """What the schema finds wrong with a decoded entry, one line each."""
    for error in _validator().iter_errors(entry):
        place = "/".join(str(part) for part in error.instance_path) or "the entry"
        yield f"{place}: {error.message[:200]}"


def is_valid(entry: Any) -> bool:
    """Whether the schema finds nothing wrong with a decoded entry."""
    valid: bool = _validator().is_valid(entry)
    return valid


@cache
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema())


def _entry(event: CustodyEvent, stamp: Mapping[str, Any], sealed: list[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"v": VERSION, "type": event.type.value, "outcome": event.outcome.value, **stamp}
    for name in ("reason", "request", "acquisition", "item", "match"):
        value = getattr(event, name)
        if value:
            entry[name] = value
    if event.holdings:
        entry["objects"] = [_object(holding) for holding in event.holdings]
    if event.tools:
        entry["tools"] = [{"name": tool.name, "version": tool.version} for tool in event.tools]
    if event.detail:
        entry["detail"] = dict(event.detail)
    entry["sealed"] = sealed
    return entry


def _object(holding: Holding) -> dict[str, Any]:
    one = holding.object
    return {
        "sha256": one.sha256,
        "sha512": one.sha512,
        "size": one.size,
        "media_type": one.media_type,
        "role": holding.role.value,
    }


def _valid(entry: dict[str, Any]) -> bytes:
    try:
        body = canonical.encode(entry)
    except ProofError as error:
        raise ArchiverError(f"this act cannot be recorded: {error}", code="entry-invalid") from None
    if not is_valid(entry):
        raise ArchiverError(
            f"a {entry['type']} event cannot be recorded: {'; '.join(list(faults_of(entry))[:3])}", code="entry-invalid"
        )
    if len(body) > canonical.MAX_BYTES:
        raise ArchiverError(f"a {entry['type']} event of {len(body)} bytes is too long", code="entry-too-long")
    return body


def _next(connection: sqlite3.Connection) -> tuple[int, dict[str, Any]]:
    """The next entry's number and time: never earlier than the last entry's, and saying so where the clock is."""
    time = model.now()
    row = connection.execute("SELECT seq, body FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None:
        return 0, {"time": time}
    seq, body = row
    try:
        last = canonical.decode(body)["time"]
        behind = model.moment(last) - model.moment(time)
    except (ProofError, KeyError, TypeError, ValueError) as error:
        raise EvidenceError(
            f"the last ledger entry, {seq}, cannot be read: {error}",
            code="entry-altered",
            next_step="`archiver verify`",
        ) from None
    if behind <= timedelta():
        return seq + 1, {"time": time}
    return seq + 1, {"time": last, "clock_behind_ms": -(-behind // _MILLISECOND)}


def _unrecorded_checkpoint(connection: sqlite3.Connection) -> list[CustodyEvent]:
    """The event about the last issued checkpoint, unless an entry has it already."""
    row = connection.execute("SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
    if row is None:
        return []
    size, root, note = row
    if connection.execute("SELECT 1 FROM subject WHERE id = ?", [_checkpoint_subject(size)]).fetchone():
        return []
    detail = {"size": size, "root": bytes(root).hex(), "note_sha256": hashlib.sha256(note).hexdigest()}
    return [CustodyEvent(EventType.CHECKPOINT, detail=detail)]


def _checkpoint_subject(size: int) -> str:
    return f"checkpoint.{size}"
