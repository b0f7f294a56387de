"""Appending: what stands in an entry, what is refused, and time that never goes backwards."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver import model
from archiver.custody import keys
from archiver.custody import ledger as ledgers
from archiver.custody.database import FILE_NAME, Database
from archiver.custody.ledger import Ledger
from archiver.errors import ArchiverError, RefusedError, UsageError
from archiver.model import CustodyEvent, EventType, Holding, Outcome, Role, StoredObject, Tool
from archiver.proof import canonical, disclosure
from archiver.proof.log import merkle

ORIGIN = "office-a.example/archive"
DIGEST = Holding(StoredObject("a" * 64, "b" * 128, 5, "video/mp4"), Role.ORIGINAL, "clip.mp4")
TIMES = {"started": "2026-11-23T10:00:00.000000Z", "ended": "2026-11-23T10:00:01.000000Z"}
ASKED = CustodyEvent(
    EventType.REQUEST,
    request="r2",
    detail={"priority": 0},
    sealed={"url": "https://video.example/1", "note": "", "case": "c"},
)
MATCH = CustodyEvent(
    EventType.MATCH,
    match="m2",
    detail={
        "a": "i2",
        "b": "i3",
        "kind": "near",
        "finding": "same-recording",
        "score_ppm": 987_654,
        "algorithm": "pdq-seconds/1",
        "segments_ms": [[0, 5000, 1000, 6000]],
    },
)
CAPTURE = CustodyEvent(
    EventType.CAPTURE,
    acquisition="a2",
    request="r2",
    tools=(Tool("yt-dlp", "2026.10.26"),),
    holdings=(DIGEST,),
    detail={"attempt": 1, **TIMES, "bytes": 5, "http_status": 200},
)
EVENTS = [
    CustodyEvent(EventType.VAULT_CREATION),
    ASKED,
    CAPTURE,
    CustodyEvent(EventType.INGESTION, acquisition="a2", item="i2", holdings=(DIGEST,), detail=TIMES),
    CustodyEvent(EventType.DIGEST, item="i2", holdings=(DIGEST,)),
    CustodyEvent(EventType.METADATA, item="i2", detail={"sandbox": "bubblewrap", "warnings": ["truncated"]}),
    CustodyEvent(EventType.FINGERPRINT, item="i2", detail={"algorithms": ["pdq-seconds/1"]}),
    MATCH,
    CustodyEvent(EventType.DECISION, match="m2", detail={"ruling": "same"}, sealed={"agent": "reviewer", "note": "ok"}),
    CustodyEvent(EventType.CANCELLATION, request="r2"),
    CustodyEvent(EventType.RETRY, request="r2"),
    CustodyEvent(EventType.REFUSAL, outcome=Outcome.REFUSAL, reason="not-global"),
    CustodyEvent(EventType.RECOVERY, acquisition="a2", holdings=(DIGEST,)),
    CustodyEvent(EventType.REPLICATION, detail={"objects": 2, "bytes": 10}),
    CustodyEvent(EventType.DISSEMINATION, detail={"items": ["i2"], "files_sha256": "c" * 64, "exhibits": [[1, "i2"]]}),
    CustodyEvent(EventType.FIXITY, detail={"objects": 2, "faults": 0}),
    CustodyEvent(
        EventType.COSIGNATURE,
        detail={"size": 3, "root": "d" * 64, "witness": f"w.example/w+0123abcd+{'A' * 44}", "time": 1_700_000_000},
    ),
    CustodyEvent(
        EventType.TIMESTAMP,
        holdings=tuple(
            Holding(StoredObject(digit * 64, digit * 128, 9, f"application/{name}"), Role.TIMESTAMP)
            for digit, name in (("1", "timestamp-query"), ("2", "timestamp-reply"), ("3", "pem-certificate-chain"))
        ),
        detail={
            "size": 3,
            "root": "d" * 64,
            "time": "2026-11-23T16:08:04.000000Z",
            "serial": "7",
            "authority": "a" * 64,
            "expires": "2036-11-23T16:08:04.000000Z",
        },
    ),
    CustodyEvent(
        EventType.ANCHOR,
        holdings=(Holding(StoredObject("4" * 64, "4" * 128, 9, "application/vnd.opentimestamps.v1"), Role.TIMESTAMP),),
        detail={"size": 3, "root": "d" * 64, "blocks": [840_000], "upgrades": 4},
    ),
    CustodyEvent(EventType.CHECKPOINT, detail={"size": 3, "root": "d" * 64, "note_sha256": "e" * 64}),
    CustodyEvent(EventType.SETTING, sealed={"source": "example.org", "note": "proxy set to none"}),
    CustodyEvent(
        EventType.LIST_IMPORT,
        detail={"list": "l1", "kind": "pdq", "sha256": "f" * 64, "size": 9, "rows": 2, "refused": 1},
        sealed={"title": "friends", "source": "Office B"},
    ),
    CustodyEvent(EventType.LIST_EXPORT, detail={"kind": "vpdq", "sha256": "f" * 64, "size": 9, "rows": 2}),
    CustodyEvent(EventType.LIST_REMOVAL, detail={"list": "l1"}),
    CustodyEvent(
        EventType.REDACTION,
        item="i4",
        holdings=(DIGEST,),
        tools=(Tool("archiver", "0.3.0"),),
        detail={
            "result": {
                "sha256": "f" * 64,
                "sha512": "f" * 128,
                "size": 9,
                "media_type": "video/mp4",
                "width": 320,
                "height": 240,
            },
            "hidden": "faces",
            "sound": "mute",
            "areas": [[0, 500, 0, 0, 100_000, 100_000]],
            "faces": 1,
            "frames": 5,
            "frames_with_patches": 5,
            "length_ms": 800,
            "parameters": {"score": 200_000, "network_sha256": "a" * 64},
        },
    ),
    CustodyEvent(
        EventType.BLUR_AREA,
        item="i4",
        detail={"area": "b1", "change": "added", "box": [0, 0, 100_000, 100_000], "start_ms": 0, "end_ms": 500},
        sealed={"note": "a badge"},
    ),
    CustodyEvent(EventType.BLUR_AREA, item="i4", detail={"area": "b1", "change": "removed"}),
    CustodyEvent(EventType.ROTATION, detail={"old": ["a+b+c"], "new": ["a+d+e", "a+f+g"]}),
    CustodyEvent(EventType.MIGRATION, detail={"from": 1, "to": 2}),
    CustodyEvent(EventType.DISCLOSURE, detail={"entry": 1, "field": "url"}),
    CustodyEvent(EventType.DELETION, detail={"fields": [[1, "note"], [2, "note"]]}),
    CustodyEvent(
        EventType.ACCESSION,
        acquisition="a5",
        item="i5",
        holdings=(DIGEST,),
        detail={
            "item": "i9",
            "exhibit": 1,
            "export": 7,
            "size": 8,
            "root": "d" * 64,
            "trust": "given",
            "verdict": "INCOMPLETE",
            "faults": ["time-ahead"],
        },
        sealed={"source": "office-a.example/archive+0123abcd+AAAA"},
    ),
    CustodyEvent(
        EventType.ACCESSION,
        acquisition="a5",
        item="i5",
        holdings=(DIGEST,),
        detail={"item": "i9", "opens": 3, "field": "title"},
    ),
]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    keys.create(tmp_path / "keys", ORIGIN)
    database = Database.create(tmp_path / FILE_NAME)
    yield Ledger(tmp_path, database, ORIGIN, "unnamed")
    database.close()


def append(ledger: Ledger, *events: CustodyEvent) -> list[int]:
    with ledger.database.write() as transaction:
        return ledger.append(transaction, events)


def entry(ledger: Ledger, seq: int) -> dict[str, Any]:
    decoded: dict[str, Any] = canonical.decode(ledger.entry(seq))
    return decoded


def fields(ledger: Ledger, seq: int) -> dict[str, str]:
    return disclosure.check(ledger.disclosures(seq), entry(ledger, seq)["sealed"])


def rows(ledger: Ledger, query: str) -> list[tuple[Any, ...]]:
    return list(ledger.database.read().execute(query))


def test_every_type_of_the_model_has_an_event_that_the_schema_allows(ledger: Ledger) -> None:
    assert {event.type for event in EVENTS} == set(EventType)
    assert append(ledger, *EVENTS) == list(range(len(EVENTS)))
    for seq, event in enumerate(EVENTS):
        assert list(ledgers.faults_of(entry(ledger, seq))) == []
        assert entry(ledger, seq)["type"] == event.type


def test_an_entry_holds_ids_objects_tools_and_detail_in_the_clear(ledger: Ledger) -> None:
    append(ledger, CAPTURE)
    found = entry(ledger, 0)
    assert (found["v"], found["outcome"], found["acquisition"], found["request"]) == (1, "success", "a2", "r2")
    assert found["objects"] == [
        {"sha256": "a" * 64, "sha512": "b" * 128, "size": 5, "media_type": "video/mp4", "role": "original"}
    ]
    assert found["tools"] == [{"name": "yt-dlp", "version": "2026.10.26"}]
    assert found["detail"] == {"attempt": 1, **TIMES, "bytes": 5, "http_status": 200}
    assert rows(ledger, "SELECT leaf FROM entry") == [(merkle.leaf_hash(ledger.entry(0)),)]


def test_no_sealed_value_and_no_file_name_stands_in_the_clear(ledger: Ledger) -> None:
    secrets = {name: f"secret-{name}" for name in model.SEALED_FIELDS}
    append(ledger, replace(CAPTURE, sealed=secrets))
    body = ledger.entry(0)
    assert b"secret" not in body
    assert b"clip.mp4" not in body
    assert fields(ledger, 0) == secrets


def test_the_agent_is_sealed_into_every_entry_and_empty_values_are_not(ledger: Ledger) -> None:
    append(ledger, ASKED, EVENTS[8])
    assert fields(ledger, 0) == {"agent": "unnamed", "url": "https://video.example/1", "case": "c"}
    assert fields(ledger, 1) == {"agent": "reviewer", "note": "ok"}


def test_a_match_is_found_by_its_items(ledger: Ledger) -> None:
    append(ledger, *EVENTS)
    assert rows(ledger, "SELECT seq FROM subject WHERE id = 'i3'") == [(7,)]
    assert [seq for (seq,) in rows(ledger, "SELECT seq FROM subject WHERE id = 'i2' ORDER BY seq")] == [
        3,
        4,
        5,
        6,
        7,
        14,
    ]


def test_entries_of_two_batches_are_numbered_on(ledger: Ledger) -> None:
    assert append(ledger, ASKED, CAPTURE) == [0, 1]
    assert append(ledger) == []
    assert append(ledger, ASKED) == [2]


def test_more_entries_than_are_inserted_at_once_keep_their_order(ledger: Ledger) -> None:
    events = [replace(ASKED, request=f"r{number}") for number in range(1203)]
    assert append(ledger, *events) == list(range(1203))
    assert [entry(ledger, seq)["request"] for seq in (0, 499, 500, 1202)] == ["r0", "r499", "r500", "r1202"]


@pytest.mark.parametrize(
    "event",
    [
        CustodyEvent(EventType.REQUEST, request="r2"),
        replace(ASKED, request=""),
        replace(ASKED, request="R2"),
        replace(ASKED, request="r" * 41),
        replace(ASKED, reason="Not A Code"),
        replace(ASKED, detail={"priority": 1.5}),
        replace(ASKED, detail={"priority": True}),
        replace(ASKED, detail={"priority": 2**53}),
        replace(ASKED, detail={"priority": 0, "url": "https://video.example"}),
        replace(ASKED, outcome=Outcome.FAILURE, reason="x"),
        replace(ASKED, outcome=Outcome.REFUSAL),
        replace(CAPTURE, tools=(Tool("yt-dlp", "1\n2"),)),
        replace(CAPTURE, holdings=(replace(DIGEST, object=replace(DIGEST.object, sha256="A" * 64)),)),
        replace(CAPTURE, holdings=(DIGEST,) * 181),
        replace(MATCH, detail={**MATCH.detail, "segments_ms": [[0, 5000, 1000]]}),
        replace(MATCH, detail={**MATCH.detail, "finding": "stolen"}),
        CustodyEvent(EventType.VAULT_CREATION, detail={"note": "in the clear"}),
    ],
)
def test_what_the_schema_does_not_allow_is_not_appended(ledger: Ledger, event: CustodyEvent) -> None:
    with pytest.raises(ArchiverError) as caught:
        append(ledger, ASKED, event)
    assert caught.value.code == "entry-invalid"
    assert rows(ledger, "SELECT * FROM entry") == rows(ledger, "SELECT * FROM disclosure") == []


def test_a_value_that_cannot_be_sealed_takes_the_whole_act_back(ledger: Ledger) -> None:
    with pytest.raises(RefusedError):
        append(ledger, ASKED, replace(ASKED, sealed={"file_name": "\udcff"}))
    assert rows(ledger, "SELECT * FROM entry") == []


def test_an_entry_that_no_bundle_can_hold_is_refused(ledger: Ledger) -> None:
    long = replace(DIGEST, object=replace(DIGEST.object, size=2**53 - 1, media_type="a" * 63 + "/" + "b" * 127))
    with pytest.raises(ArchiverError) as caught:
        append(ledger, replace(CAPTURE, holdings=(long,) * 180))
    assert caught.value.code == "entry-too-long"
    append(ledger, replace(CAPTURE, holdings=(DIGEST,) * 180))


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> str:
    stamp = model.timestamp(moment)
    monkeypatch.setattr(model, "now", lambda: stamp)
    return stamp


def test_time_never_goes_backwards_and_a_clock_set_back_is_recorded(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    first = at(monkeypatch, noon)
    append(ledger, ASKED)
    at(monkeypatch, noon - timedelta(seconds=2, microseconds=1))
    append(ledger, ASKED, ASKED)
    at(monkeypatch, noon - timedelta(microseconds=1))
    append(ledger, ASKED)
    at(monkeypatch, noon)
    append(ledger, ASKED)
    later = at(monkeypatch, noon + timedelta(seconds=1))
    append(ledger, ASKED)
    found = [(entry(ledger, seq)["time"], entry(ledger, seq).get("clock_behind_ms")) for seq in range(6)]
    assert found == [(first, None), (first, 2001), (first, 2001), (first, 1), (first, None), (later, None)]


def test_the_last_checkpoint_opens_the_next_batch_and_is_no_batch_of_its_own(ledger: Ledger) -> None:
    append(ledger, ASKED)
    issued = ledger.publish()
    assert issued is not None
    assert append(ledger) == []
    assert append(ledger, ASKED, CAPTURE) == [2, 3]
    assert append(ledger, ASKED) == [4]
    latest = ledger.latest()
    assert latest is not None
    assert entry(ledger, 1)["detail"] == {
        "size": 1,
        "root": issued.root.hex(),
        "note_sha256": hashlib.sha256(latest[1]).hexdigest(),
    }
    types = [entry(ledger, seq)["type"] for seq in range(5)]
    assert types == ["request", "checkpoint issued", "request", "capture", "request"]


def test_a_batch_that_was_taken_back_leaves_its_checkpoint_entry_to_the_next(ledger: Ledger) -> None:
    append(ledger, ASKED)
    ledger.publish()
    with pytest.raises(ArchiverError):
        append(ledger, replace(ASKED, request=""))
    assert append(ledger, ASKED) == [2]
    assert entry(ledger, 1)["type"] == "checkpoint issued"


def test_the_database_itself_refuses_to_change_an_entry(ledger: Ledger) -> None:
    append(ledger, ASKED)
    for statement in (
        "UPDATE entry SET body = x'00'",
        "DELETE FROM entry",
        "INSERT INTO entry VALUES (5, x'00', x'00')",
    ):
        with pytest.raises(sqlite3.IntegrityError), ledger.database.write() as transaction:
            transaction.execute(statement)


def test_an_entry_that_is_not_there_is_a_question_of_usage(ledger: Ledger) -> None:
    with pytest.raises(UsageError):
        ledger.entry(0)


def test_the_published_schema_is_the_one_that_is_used() -> None:
    top = Path(__file__).parents[2]
    published = (top / "schemas" / "custody-event.schema.json").read_bytes()
    assert published == (top / "archiver" / "schemas" / "custody-event.schema.json").read_bytes()
    assert json.loads(published) == ledgers.schema()


def test_the_schema_names_the_types_outcomes_and_roles_of_the_model() -> None:
    properties = ledgers.schema()["properties"]
    assert set(properties["type"]["enum"]) == {one.value for one in EventType}
    assert set(properties["outcome"]["enum"]) == {one.value for one in Outcome}
    assert set(properties["objects"]["items"]["properties"]["role"]["enum"]) == {one.value for one in Role}
