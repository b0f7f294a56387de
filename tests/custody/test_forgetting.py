"""Forgetting: the value is in no byte of the vault, the entry verifies as before, and the act is an entry."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from archiver.custody import catalog, disclosing, findings, forgetting, queue
from archiver.errors import BusyError, UsageError
from archiver.model import SEALED_FIELDS, Ruling
from archiver.proof import canonical
from archiver.proof.faults import VERIFIED
from tests.vault_story import FIRST, MATCH, SECOND, Copy

#: (item or match, type of the entry, field, value) of everything personal in the story that has a row of its own.
FIELDS = [
    (FIRST, "ingestion", "title", "Square at noon"),
    (FIRST, "ingestion", "uploader", "someone"),
    (FIRST, "ingestion", "file_name", f"{FIRST}.mp4"),
    (SECOND, "ingestion", "path", "/media/usb/march.mp4"),
    (MATCH, "decision", "note", "same banner"),
]


def _bytes(folder: Path) -> bytes:
    """Every byte of the vault, with the names of its files."""
    parts = [path.read_bytes() + str(path).encode() for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"\0".join(parts)


def _seq(copy: Copy, subject: str, kind: str, field: str, value: str) -> int:
    found = copy.value(
        "SELECT MIN(disclosure.seq) FROM disclosure JOIN subject USING (seq) JOIN entry USING (seq)"
        " WHERE id = ? AND name = ? AND value = ? AND json_extract(CAST(body AS TEXT), '$.type') = ?",
        subject, field, value, kind,
    )  # fmt: skip
    assert isinstance(found, int)
    return found


@pytest.mark.parametrize(("subject", "kind", "field", "value"), FIELDS)
def test_no_byte_of_the_vault_holds_what_was_forgotten(
    vault_copy: Copy, subject: str, kind: str, field: str, value: str
) -> None:
    seq = _seq(vault_copy, subject, kind, field, value)
    assert value.encode() in _bytes(vault_copy.folder), "it is there before"
    with vault_copy.open() as vault:
        body = vault.ledger.entry(seq)
        done = forgetting.forget(vault, seq, field, reason="she asked for it", everywhere=True)
        assert vault.ledger.entry(seq) == body
    assert (seq, field) in done.fields
    assert done.still == ()
    assert value.encode() not in _bytes(vault_copy.folder)
    verdict = vault_copy.verify()
    assert (verdict.word, verdict.faults) == (VERIFIED, ())


def test_no_byte_holds_the_person_who_ruled(vault_copy: Copy) -> None:
    """A long name: four letters stand somewhere in the base64 of any ledger."""
    who = "Lina Abu-Haddad of Office A"
    with vault_copy.open() as vault:
        ruling = findings.decide(vault, MATCH, Ruling.DIFFERENT, by=who)
        vault.ledger.publish()
        assert who.encode() in _bytes(vault_copy.folder)
        forgetting.forget(vault, ruling.entry, "agent")
    assert who.encode() not in _bytes(vault_copy.folder)
    assert vault_copy.verify().word == VERIFIED


def test_the_act_is_an_entry_that_names_fields_and_holds_no_value(vault_copy: Copy) -> None:
    seq = _seq(vault_copy, *FIELDS[0])
    with vault_copy.open() as vault:
        done = forgetting.forget(vault, seq, "title", reason="she asked for it")
        body = vault.ledger.entry(done.recorded)
        assert done.recorded in catalog.entries_about(vault, FIRST)
        opened = [disclosing.find(vault, done.recorded, name)[2] for name in ("note", "agent")]
    entry = canonical.decode(body)
    assert (entry["type"], entry["item"], entry["detail"]) == ("deletion", FIRST, {"fields": [[seq, "title"]]})
    assert b"Square" not in body
    assert opened[0] == "she asked for it"


def test_full_text_search_does_not_find_it_any_more(vault_copy: Copy) -> None:
    seq = _seq(vault_copy, *FIELDS[0])
    with vault_copy.open() as vault:
        assert [one.id for one in catalog.items(vault, text="noon")] == [FIRST]
        forgetting.forget(vault, seq, "title")
        assert [one.id for one in catalog.items(vault, text="someone")] == [FIRST]
        note = _seq(vault_copy, FIRST, "ingestion", "note", "seen at noon")
        forgetting.forget(vault, note, "note")
        assert catalog.items(vault, text="noon") == []
        assert [one.id for one in catalog.items(vault, text="someone")] == [FIRST]


def test_only_the_records_about_the_subject_forget_unless_all_are_meant(vault_copy: Copy) -> None:
    """The note stands in 280 requests; one of them was archived."""
    name = vault_copy.names["archived"]
    seq = vault_copy.entry_of(name, "request")
    with vault_copy.open() as vault:
        done = forgetting.forget(vault, seq, "note")
        others = [one for one in queue.listing(vault) if one.note == "seen at noon"]
        assert queue.get(vault, name).note == ""
        assert catalog.item(vault, FIRST).note == ""
        assert len(others) == len(done.still) == 279
        assert vault_copy.verify().word == VERIFIED
        other = vault_copy.entry_of(others[0].id, "request")
        forgetting.forget(vault, other, "note", everywhere=True)
        assert not [one for one in queue.listing(vault) if one.note]
    assert b"seen at noon" not in _bytes(vault_copy.folder)
    assert vault_copy.verify().word == VERIFIED


def test_an_address_is_forgotten_with_every_spelling_of_it(vault_copy: Copy) -> None:
    name = vault_copy.names["archived"]
    with vault_copy.open() as vault:
        forgetting.forget(vault, vault_copy.entry_of(name, "request"), "url")
        request = queue.get(vault, name)
        assert (request.url, request.canonical_url, catalog.item(vault, FIRST).url) == ("", "", "")
        assert catalog.acquisition(vault, f"{name}.1").source == ""
        assert queue.retry(vault, [name]) == []
    assert vault_copy.verify().word == VERIFIED


def test_a_request_that_is_still_to_be_fetched_keeps_its_address(vault_copy: Copy) -> None:
    name = vault_copy.names["queued"]
    seq = vault_copy.entry_of(name, "request")
    with vault_copy.open() as vault:
        before = catalog.entry_count(vault)
        with pytest.raises(UsageError) as caught:
            forgetting.forget(vault, seq, "url")
        assert "archiver cancel" in caught.value.next_step
        assert catalog.entry_count(vault) == before
        assert queue.get(vault, name).url
        queue.cancel(vault, [name])
        forgetting.forget(vault, seq, "url")
    assert vault_copy.verify().word == VERIFIED


def test_a_value_within_another_is_told_and_left(vault_copy: Copy) -> None:
    path = _seq(vault_copy, SECOND, "ingestion", "path", "/media/usb/march.mp4")
    vault_copy.value("SELECT 1")
    with vault_copy.open() as vault:
        done = forgetting.forget(vault, _seq(vault_copy, SECOND, "ingestion", "source", "Omar"), "source")
        assert all(name == "requested_by" for _, name in done.still)
        assert disclosing.find(vault, path, "path")
    assert vault_copy.verify().word == VERIFIED


@pytest.mark.parametrize(("seq", "field"), [(0, "title"), (0, "salt"), (99_999, "agent")])
def test_what_is_not_there_cannot_be_forgotten(vault_copy: Copy, seq: int, field: str) -> None:
    with vault_copy.open() as vault, pytest.raises(UsageError):
        forgetting.forget(vault, seq, field)


def test_a_field_is_forgotten_once(vault_copy: Copy) -> None:
    seq = _seq(vault_copy, *FIELDS[0])
    with vault_copy.open() as vault:
        forgetting.forget(vault, seq, "title")
        with pytest.raises(UsageError):
            forgetting.forget(vault, seq, "title")


def test_the_reason_must_not_hold_the_value(vault_copy: Copy) -> None:
    seq = _seq(vault_copy, *FIELDS[1])
    with vault_copy.open() as vault, pytest.raises(UsageError):
        forgetting.forget(vault, seq, "uploader", reason="someone asked for it")
    assert b"someone" in _bytes(vault_copy.folder)


def test_a_reader_that_holds_the_file_open_is_told_of(vault_copy: Copy) -> None:
    """The value is gone from the records all the same, and a later scrub clears the file."""
    seq = _seq(vault_copy, *FIELDS[1])
    reader = sqlite3.connect(vault_copy.folder / "archive.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM disclosure").fetchone()
    with vault_copy.open() as vault:
        vault.database.read().execute("PRAGMA busy_timeout = 50")
        with pytest.raises(BusyError) as caught:
            forgetting.forget(vault, seq, "uploader", everywhere=True)
        assert caught.value.code == "not-scrubbed"
        assert catalog.item(vault, FIRST).uploader == ""
        reader.close()
        forgetting.scrub(vault)
    assert b"someone" not in _bytes(vault_copy.folder)
    assert vault_copy.verify().word == VERIFIED


def test_a_forgotten_value_put_back_is_found(vault_copy: Copy) -> None:
    seq = _seq(vault_copy, *FIELDS[0])
    salt = vault_copy.value("SELECT salt FROM disclosure WHERE seq = ? AND name = 'title'", seq)
    with vault_copy.open() as vault:
        forgetting.forget(vault, seq, "title")
    with vault_copy.database() as connection:
        connection.execute("UPDATE item SET title = 'Square at noon' WHERE id = ?", (FIRST,))
    assert vault_copy.codes() == {"item-altered": {FIRST}}
    with vault_copy.database() as connection:
        connection.execute("INSERT INTO disclosure VALUES (?, 'title', ?, 'Square at noon')", (seq, salt))
    assert vault_copy.codes() == {"disclosure-returned": {f"entry {seq}"}}


def test_another_value_put_in_the_place_of_the_forgotten_one_is_found(vault_copy: Copy) -> None:
    seq = _seq(vault_copy, *FIELDS[0])
    with vault_copy.open() as vault:
        forgetting.forget(vault, seq, "title")
    with vault_copy.database() as connection:
        connection.execute("UPDATE item SET title = 'Other' WHERE id = ?", (FIRST,))
        connection.execute("INSERT INTO disclosure VALUES (?, 'title', ?, 'Other')", (seq, "A" * 22))
    codes = vault_copy.codes()
    assert codes["disclosure-foreign"] == codes["disclosure-returned"] == {f"entry {seq}"}


def test_nothing_that_could_name_a_person_stands_in_any_entry(vault_copy: Copy) -> None:
    """Entries are what is published: no value of a sealed field is in one, nor anything that is always the same."""
    with vault_copy.database() as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM entry")]
        values = {row[0] for row in connection.execute("SELECT DISTINCT value FROM disclosure")}
        commitments = [one for body in bodies for one in json.loads(body)["sealed"]]
    whole = b"\n".join(bodies)
    assert len(values) > 280
    for value in values - {"square"}:
        assert json.dumps(value, ensure_ascii=False).encode() not in whole, value
    assert len(set(commitments)) == len(commitments), "one name gives another commitment each time"
    assert set(SEALED_FIELDS) >= {"agent", "requested_by", "uploader"}
