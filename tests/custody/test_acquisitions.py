"""Recording an acquisition: rows and entries together, once, and only what can be told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import acquisitions, catalog, queue
from archiver.custody.audit import verify
from archiver.custody.vault import Vault, create
from archiver.errors import ArchiverError
from archiver.model import Examined, Outcome, Role, State
from tests.vault_story import captured, held, ingested, item


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = create(tmp_path / "vault", "office-a.example/archive")
    yield made
    made.database.close()


@pytest.fixture
def asked(vault: Vault) -> str:
    (answer,) = queue.add(vault, [queue.Asked("https://v.example/1", "https://v.example/1", "square")])
    return answer.request_id


DETAIL = {"bytes": 10, "http_status": 200}


def _told(vault: Vault, subject: str) -> list[dict[str, Any]]:
    return [json.loads(vault.ledger.entry(seq)) for seq in catalog.entries_about(vault, subject)]


def test_a_download_is_told_from_capture_to_fingerprint(vault: Vault, asked: str) -> None:
    footage = item(vault, "i2", f"{asked}.1", b"footage", url="https://v.example/1", title="Square")
    attempt = captured(vault, asked, Outcome.SUCCESS, items=(footage,))
    assert acquisitions.record(vault, attempt, request=queue.get(vault, asked), detail=DETAIL, final_url="https://f")
    assert [entry["type"] for entry in _told(vault, attempt.id)] == [
        "capture", "ingestion", "message digest calculation", "metadata extraction", "fingerprint calculation",
    ]  # fmt: skip
    assert queue.get(vault, asked).state is State.ARCHIVED
    assert catalog.item(vault, "i2").holdings == footage.holdings


def test_recording_again_changes_nothing(vault: Vault, asked: str) -> None:
    attempt = captured(vault, asked, Outcome.SUCCESS, items=(item(vault, "i2", f"{asked}.1", b"footage"),))
    request = queue.get(vault, asked)
    assert acquisitions.record(vault, attempt, request=request, detail=DETAIL)
    before = [row[0] for row in vault.database.read().execute("SELECT body FROM entry")]
    assert not acquisitions.record(vault, attempt, request=request, detail=DETAIL)
    assert [row[0] for row in vault.database.read().execute("SELECT body FROM entry")] == before
    assert acquisitions.is_recorded(vault, attempt.id)


def test_what_cannot_be_told_leaves_no_rows(vault: Vault, asked: str) -> None:
    attempt = replace(captured(vault, asked, Outcome.FAILURE), reason="Not A Code!")
    with pytest.raises(ArchiverError):
        acquisitions.record(vault, attempt, request=queue.get(vault, asked), detail=DETAIL)
    assert not acquisitions.is_recorded(vault, attempt.id)
    assert queue.get(vault, asked).state is State.QUEUED


def test_no_name_of_a_person_or_place_stands_in_clear(vault: Vault) -> None:
    names = {
        "title": "Square at noon", "url": "https://v.example/secret", "uploader": "someone-known", "note": "by Omar",
        "path": "/media/omar/march.mp4", "source": "Omar",
    }  # fmt: skip
    one = replace(item(vault, "i2", "n2.1", b"footage", **names), case="square-case")
    acquisitions.record(vault, ingested("n2.1", Outcome.SUCCESS, items=(one,)))
    clear = b"".join(row[0] for row in vault.database.read().execute("SELECT body FROM entry"))
    for value in (*names.values(), "square-case", "i2.mp4"):
        assert value.encode() not in clear


def test_a_file_without_metadata_is_a_failure_that_says_why(vault: Vault) -> None:
    one = item(vault, "i2", "n2.1", b"footage")
    bare = replace(one, holdings=one.of_role(Role.ORIGINAL), examined=Examined("none", warnings=("unreadable",)))
    acquisitions.record(vault, ingested("n2.1", Outcome.SUCCESS, items=(bare,)))
    (entry,) = (entry for entry in _told(vault, "i2") if entry["type"] == "metadata extraction")
    assert (entry["outcome"], entry["detail"]["warnings"]) == ("failure", ["unreadable"])


def test_every_object_of_an_item_is_told_whatever_its_role(vault: Vault) -> None:
    one = item(vault, "i2", "n2.1", b"footage")
    more = replace(one, holdings=(*one.holdings, held(vault, b"GET /", Role.EXCHANGE, "application/json")))
    acquisitions.record(vault, ingested("n2.1", Outcome.SUCCESS, items=(more,)))
    told = {found["sha256"] for entry in _told(vault, "i2") for found in entry.get("objects", ())}
    assert told == {holding.object.sha256 for holding in more.holdings}


def test_a_refused_file_is_on_record(vault: Vault) -> None:
    acquisitions.record(vault, ingested("n2.1", Outcome.REFUSAL, reason="symbolic-link"))
    (entry,) = _told(vault, "n2.1")
    assert (entry["type"], entry["outcome"], entry["reason"]) == ("ingestion", "refusal", "symbolic-link")
    vault.ledger.publish()
    assert verify(vault).faults == ()


def test_one_object_in_two_items_is_one_row(vault: Vault) -> None:
    for name in ("n2.1", "n3.1"):
        acquisitions.record(
            vault, ingested(name, Outcome.SUCCESS, items=(item(vault, f"i{name[1]}", name, b"footage"),))
        )
    sha256 = catalog.item(vault, "i2").of_role(Role.ORIGINAL)[0].object.sha256
    assert catalog.holders(vault, sha256) == ["i2", "i3"]
    assert vault.database.read().execute("SELECT COUNT(*) FROM object WHERE sha256 = ?", [sha256]).fetchone() == (1,)
