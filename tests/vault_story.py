"""A small finished vault in which everything happened once, built through the public functions, without network."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiver.custody import acquisitions, findings, queue
from archiver.custody.audit import verify
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault, create, open_vault
from archiver.model import (
    Acquisition,
    ErrorRate,
    Examined,
    Finding,
    Holding,
    Item,
    Match,
    MatchKind,
    Outcome,
    Role,
    Ruling,
    Segment,
    StoredObject,
    Tool,
    now,
)
from archiver.proof.faults import Verdict

ORIGIN = "office-a.example/archive"

#: Enough requests that tiles become full and the tree has a second level.
REQUESTS = 280

FIRST, SECOND, MATCH = "ifirst2222", "isecond222", "mmatch2222"

_TOOLS = (Tool("yt-dlp", "2026.10.26"),)


def held(vault: Vault, data: bytes, role: Role, media_type: str, name: str = "") -> Holding:
    """`data` as an object of the vault's store."""
    digests = vault.store.put(data)
    return Holding(StoredObject(digests.sha256, digests.sha512, digests.size, media_type), role, name)


def item(vault: Vault, name: str, acquisition: str, footage: bytes, **fields: str) -> Item:
    """An item with an original, the extractor's JSON, metadata and a fingerprint."""
    return Item(
        id=name,
        acquisition_id=acquisition,
        case=fields.get("case", "square"),
        url=fields.get("url", ""),
        title=fields.get("title", ""),
        acquired_at=now(),
        holdings=(
            held(vault, footage, Role.ORIGINAL, "video/mp4", f"{name}.mp4"),
            held(vault, b'{"id":"%s"}' % name.encode(), Role.INFO, "application/json"),
            held(vault, b'{"Duration":"%d"}' % len(footage), Role.METADATA, "application/json"),
            held(vault, b"print of " + footage[:8], Role.FINGERPRINT, "application/octet-stream", "test-1"),
        ),
        uploader=fields.get("uploader", ""),
        note=fields.get("note", ""),
        path=fields.get("path", ""),
        source=fields.get("source", ""),
        summary={"duration_ms": 12_500},
        examined=Examined("bwrap", (Tool("exiftool", "12.57"),), ("metadata-truncated",), ("test-1",)),
    )


def captured(
    vault: Vault, request_id: str, outcome: Outcome, *, reason: str = "", items: tuple[Item, ...] = (), attempt: int = 1
) -> Acquisition:
    """An attempt at a request, not yet recorded."""
    return Acquisition(
        id=f"{request_id}.{attempt}",
        kind="download",
        request_id=request_id,
        attempt=attempt,
        source=queue.get(vault, request_id).canonical_url,
        started_at=now(),
        ended_at=now(),
        outcome=outcome,
        reason=reason,
        message=reason,
        tools=_TOOLS,
        holdings=(held(vault, f"exchange of {request_id} {attempt}".encode(), Role.EXCHANGE, "application/json"),),
        items=items,
    )


def ingested(name: str, outcome: Outcome, *, reason: str = "", items: tuple[Item, ...] = ()) -> Acquisition:
    """An ingest, not yet recorded."""
    return Acquisition(
        id=name,
        kind="ingest",
        request_id="",
        attempt=1,
        source="/media/usb/march.mp4",
        started_at=now(),
        ended_at=now(),
        outcome=outcome,
        reason=reason,
        message=reason,
        tools=(Tool("archiver", "0.1.0"),),
        items=items,
    )


def build(folder: Path) -> dict[str, str]:
    """Make the vault; gives the ids of its requests by what became of them."""
    vault = create(folder, ORIGIN, "Office A", {"ARCHIVER_BY": "Nadia"})
    try:
        return _live(vault)
    finally:
        vault.database.close()


def _live(vault: Vault) -> dict[str, str]:
    rows = [
        Asked(f"https://video.example/{n}", f"https://video.example/{n}", "square", "seen at noon", n % 5, "Omar")
        for n in range(REQUESTS)
    ]
    rows.append(Asked("ftp://video.example/x", "", "square", refusal="scheme", message="ftp is not fetched"))
    rows.append(Asked("https://video.example/small", "https://video.example/small", limits={"file_bytes": 1000}))
    names = [answer.request_id for answer in queue.add(vault, rows)]
    archived, failed, cancelled, retried, waiting = names[:5]
    vault.ledger.publish()
    first = item(
        vault, FIRST, f"{archived}.1", b"first footage " * 4000,
        url="https://video.example/0", title="Square at noon", uploader="someone", note="seen at noon",
    )  # fmt: skip
    queue.mark_running(vault, archived)
    _record(vault, captured(vault, archived, Outcome.SUCCESS, items=(first,)), 200)
    vault.ledger.publish()
    _record(vault, captured(vault, failed, Outcome.FAILURE, reason="http-404"), 404)
    queue.cancel(vault, [cancelled])
    _record(vault, captured(vault, retried, Outcome.FAILURE, reason="http-500"), 500)
    queue.retry(vault, [retried])
    _record(vault, captured(vault, waiting, Outcome.FAILURE, reason="timeout"), 0, retry_in=30.0)
    second = item(vault, SECOND, "ningest222.1", b"second footage " * 3000, path="/media/usb/march.mp4", source="Omar")
    acquisitions.record(vault, ingested("ningest222.1", Outcome.SUCCESS, items=(second,)))
    acquisitions.record(vault, ingested("nrefused22.1", Outcome.REFUSAL, reason="special-file"))
    match = Match(
        MATCH, FIRST, SECOND, MatchKind.NEAR, Finding.SAME_RECORDING, 0.987654, "test-1",
        (Segment(0.0, 12.4567, 1.0, 13.4561), Segment(20.0, 25.0, 3.333, 8.333)), {"mirror": True},
        ErrorRate(97, 1, 49_000, "test films/1"),
    )  # fmt: skip
    findings.record(vault, "ningest222.1", [match])
    findings.decide(vault, MATCH, Ruling.UNSURE)
    findings.decide(vault, MATCH, Ruling.SAME, note="same banner", by="Lina")
    vault.ledger.publish()
    queue.retry(vault, [failed])
    vault.ledger.publish()
    return {
        "archived": archived, "failed": failed, "cancelled": cancelled, "retried": retried, "waiting": waiting,
        "queued": names[10], "refused": names[REQUESTS],
    }  # fmt: skip


def _record(vault: Vault, acquisition: Acquisition, status: int, retry_in: float | None = None) -> None:
    request = queue.get(vault, acquisition.request_id)
    detail = {"bytes": 56_000, "http_status": status}
    acquisitions.record(
        vault, acquisition, request=request, retry_in=retry_in, detail=detail, final_url=f"{request.url}?final"
    )


class Copy:
    """A vault's copy in the hands of somebody who can change every file of it."""

    def __init__(self, template: Path, folder: Path, names: dict[str, str]) -> None:
        shutil.copytree(template, folder)
        self.folder = folder
        self.names = names

    def verify(self) -> Verdict:
        """What the audit says of it."""
        return verify(self.folder)

    def codes(self) -> dict[str, set[str]]:
        """Codes of all faults with their subjects."""
        found: dict[str, set[str]] = {}
        for fault in self.verify().faults:
            found.setdefault(fault.code, set()).add(fault.subject)
        return found

    @contextmanager
    def open(self) -> Iterator[Vault]:
        """The vault, as its own program opens it."""
        vault = open_vault(self.folder, {})
        try:
            yield vault
        finally:
            vault.database.close()

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """The records, unprotected: triggers are dropped before and put back after."""
        connection = sqlite3.connect(self.folder / "archive.db", isolation_level=None)
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entry'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        try:
            yield connection
            for _, sql in triggers:
                connection.execute(sql)
        finally:
            connection.close()

    def sql(self, statement: str, *values: object) -> None:
        """One change to the records, which must hit something."""
        with self.database() as connection:
            assert connection.execute(statement, values).rowcount > 0

    def value(self, query: str, *values: object) -> object:
        """The first column of the first row."""
        with self.database() as connection:
            return connection.execute(query, values).fetchone()[0]

    def entry_of(self, subject: str, event: str) -> int:
        """Number of the first entry of a type about a subject."""
        found = self.value(
            "SELECT MIN(entry.seq) FROM subject JOIN entry USING (seq) WHERE id = ?"
            " AND json_extract(CAST(body AS TEXT), '$.type') = ?",
            subject,
            event,
        )
        assert isinstance(found, int)
        return found

    def object_path(self, role: str = "original", item_id: str = FIRST) -> Path:
        """Where an item's object lies."""
        sha256 = self.value("SELECT sha256 FROM holding WHERE item_id = ? AND role = ?", item_id, role)
        return self.folder / "objects" / str(sha256)[:2] / str(sha256)[2:]


@pytest.fixture(scope="session")
def finished_vault(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A vault in which everything happened once. Not to be changed: `vault_copy` is for that."""
    folder = tmp_path_factory.mktemp("finished") / "vault"
    return folder, build(folder)


@pytest.fixture
def vault_copy(finished_vault: tuple[Path, dict[str, str]], tmp_path: Path) -> Copy:
    """A copy of the finished vault, to be tampered with."""
    template, names = finished_vault
    return Copy(template, tmp_path / "vault", names)
