"""Attacks on a vault's rows and on the database itself: each is named, with the row that it concerns."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from archiver.proof.faults import FAILED, VERIFIED
from tests.vault_story import FIRST, MATCH, SECOND, Copy


@pytest.mark.parametrize("column", ["title", "url", "case_name", "uploader", "note", "path", "source"])
@pytest.mark.parametrize("item", [FIRST, SECOND])
def test_a_name_edited_in_an_item(vault_copy: Copy, column: str, item: str) -> None:
    vault_copy.sql(f"UPDATE item SET {column} = 'forged' WHERE id = ?", item)
    assert vault_copy.codes() == {"item-altered": {item}}


def test_a_title_edited_and_its_disclosure_deleted(vault_copy: Copy) -> None:
    """To forget a title is no fault; to go on showing one that nothing proves is."""
    seq = vault_copy.entry_of(FIRST, "ingestion")
    vault_copy.sql("DELETE FROM disclosure WHERE seq = ? AND name = 'title'", seq)
    vault_copy.sql("UPDATE item SET title = 'forged' WHERE id = ?", FIRST)
    assert vault_copy.codes() == {"item-altered": {FIRST}}


@pytest.mark.honest
def test_a_forgotten_title_is_no_fault(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(FIRST, "ingestion")
    vault_copy.sql("DELETE FROM disclosure WHERE seq = ? AND name = 'title'", seq)
    vault_copy.sql("UPDATE item SET title = '' WHERE id = ?", FIRST)
    assert vault_copy.verify().word == VERIFIED


@pytest.mark.honest
def test_disclosures_that_no_row_shows_may_be_forgotten(vault_copy: Copy) -> None:
    vault_copy.sql("DELETE FROM disclosure WHERE name IN ('final_url', 'location')")
    assert vault_copy.verify().word == VERIFIED


def test_who_acted_cannot_be_taken_away_without_an_entry(vault_copy: Copy) -> None:
    """Every entry names an agent, so that one which opens none was robbed of it."""
    vault_copy.sql("DELETE FROM disclosure WHERE name = 'agent' AND seq = 3")
    assert vault_copy.codes() == {"disclosure-missing": {"entry 3"}}


@pytest.mark.parametrize("change", ["acquired_at = '2020-01-01T00:00:00.000000Z'", "acquired_at = 'never'"])
def test_the_time_of_an_item_edited(vault_copy: Copy, change: str) -> None:
    vault_copy.sql(f"UPDATE item SET {change} WHERE id = ?", FIRST)
    assert vault_copy.codes() == {"item-altered": {FIRST}}


def test_the_name_of_an_original_edited(vault_copy: Copy) -> None:
    vault_copy.sql("UPDATE holding SET name = 'other.mp4' WHERE item_id = ? AND role = 'original'", FIRST)
    assert vault_copy.codes() == {"item-altered": {FIRST}}


def test_an_item_moved_to_another_acquisition(vault_copy: Copy) -> None:
    vault_copy.sql("UPDATE item SET acquisition_id = 'ningest222.1' WHERE id = ?", FIRST)
    codes = vault_copy.codes()
    assert codes["item-altered"] == {FIRST}


def test_an_item_deleted(vault_copy: Copy) -> None:
    with vault_copy.database() as connection:
        connection.execute("DELETE FROM holding WHERE item_id = ?", (FIRST,))
        connection.execute("DELETE FROM item WHERE id = ?", (FIRST,))
    assert vault_copy.codes() == {"item-missing": {FIRST}}


def test_an_item_made_up(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO item SELECT 'iforged222', acquisition_id, case_name, url, title, uploader, note, path, source,"
        " acquired_at, summary FROM item WHERE id = ?",
        FIRST,
    )
    assert vault_copy.codes() == {"item-untold": {"iforged222"}}


def test_a_holding_deleted(vault_copy: Copy) -> None:
    vault_copy.sql("DELETE FROM holding WHERE item_id = ? AND role = 'metadata'", FIRST)
    assert vault_copy.codes() == {"holding-missing": {FIRST}}


def test_a_holding_given_another_role(vault_copy: Copy) -> None:
    vault_copy.sql("UPDATE holding SET role = 'exchange' WHERE item_id = ? AND role = 'metadata'", FIRST)
    assert vault_copy.codes() == {"holding-missing": {FIRST}, "holding-untold": {FIRST}}


def test_a_holding_given_to_another_item(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO holding SELECT 'ningest222.1', ?, 9, sha256, role, '' FROM holding"
        " WHERE item_id = ? AND role = 'info'",
        SECOND,
        FIRST,
    )
    assert vault_copy.codes() == {"holding-untold": {SECOND}}


def test_a_holding_of_nobody(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO holding SELECT 'nobody.1', '', 0, sha256, role, '' FROM holding WHERE item_id = ? LIMIT 1", FIRST
    )
    assert vault_copy.codes() == {"holding-untold": {"nobody.1"}}


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'ingest'",
        "attempt = 2",
        "request_id = ''",
        "started_at = '2020-01-01T00:00:00.000000Z'",
        "ended_at = '2030-01-01T00:00:00.000000Z'",
        "outcome = 'failure'",
        "reason = 'http-404'",
        "tools = '[]'",
        "tools = '{['",
    ],
)
def test_an_acquisition_edited(vault_copy: Copy, change: str) -> None:
    name = f"{vault_copy.names['archived']}.1"
    vault_copy.sql(f"UPDATE acquisition SET {change} WHERE id = ?", name)
    assert vault_copy.codes() == {"acquisition-altered": {name}}


def test_the_refusal_of_a_file_turned_into_another_path(vault_copy: Copy) -> None:
    vault_copy.sql("UPDATE acquisition SET source = '/else' WHERE id = 'nrefused22.1'")
    assert vault_copy.codes() == {"acquisition-altered": {"nrefused22.1"}}


def test_an_acquisition_deleted(vault_copy: Copy) -> None:
    name = f"{vault_copy.names['failed']}.1"
    with vault_copy.database() as connection:
        connection.execute("DELETE FROM holding WHERE acquisition_id = ?", (name,))
        connection.execute("DELETE FROM acquisition WHERE id = ?", (name,))
    assert vault_copy.codes() == {"acquisition-missing": {name}}


def test_an_acquisition_made_up(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO acquisition SELECT 'rforged222.1', kind, request_id, attempt, source, started_at, ended_at,"
        " outcome, reason, message, tools, matched FROM acquisition LIMIT 1"
    )
    assert vault_copy.codes() == {"acquisition-untold": {"rforged222.1"}}


@pytest.mark.parametrize(
    ("who", "change"),
    [
        ("archived", "state = 'failed'"),
        ("archived", "state = 'queued'"),
        ("failed", "state = 'failed'"),
        ("cancelled", "state = 'queued'"),
        ("refused", "state = 'queued'"),
        ("refused", "reason = 'other'"),
        ("queued", "state = 'cancelled'"),
        ("queued", "state = 'archived'"),
        ("queued", "attempts = 3"),
        ("queued", "next_attempt_at = '2999-01-01T00:00:00.000000Z'"),
        ("waiting", "state = 'archived'"),
        ("waiting", "reason = ''"),
        ("retried", "state = 'refused'"),
        ("queued", "url = 'https://video.example/other'"),
        ("queued", "note = ''"),
        ("queued", "case_name = 'other'"),
        ("queued", "requested_by = 'nobody'"),
        ("queued", "priority = 99"),
        ("queued", "limits = '{\"file_bytes\":1}'"),
        ("queued", "added_at = '2020-01-01T00:00:00.000000Z'"),
    ],
)
def test_a_request_edited(vault_copy: Copy, who: str, change: str) -> None:
    name = vault_copy.names[who]
    vault_copy.sql(f"UPDATE request SET {change} WHERE id = ?", name)
    assert vault_copy.codes() == {"request-altered": {name}}


def test_a_request_deleted(vault_copy: Copy) -> None:
    name = vault_copy.names["queued"]
    vault_copy.sql("DELETE FROM request WHERE id = ?", name)
    assert vault_copy.codes() == {"request-missing": {name}}


def test_a_name_in_the_records_does_not_command_the_terminal(vault_copy: Copy) -> None:
    vault_copy.sql("INSERT INTO subject VALUES (CAST(x'1b5b324aff0a' AS TEXT), 3)")
    (fault,) = vault_copy.verify().faults
    assert fault.code == "subject-foreign"
    assert (fault.subject + fault.message).isprintable()


def test_a_request_made_up(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO request SELECT 'rforged222', url, canonical_url, case_name, note, priority, requested_by,"
        " added_at, state, reason, message, attempts, attempts_allowed, next_attempt_at, limits FROM request LIMIT 1"
    )
    assert vault_copy.codes() == {"request-untold": {"rforged222"}}


@pytest.mark.parametrize(
    "change",
    [
        f"a = '{SECOND}'",
        f"b = '{FIRST}'",
        "kind = 'identical'",
        "finding = 'same-scene'",
        "score = 0.5",
        "score = 9e999",
        "algorithm = 'other'",
        "segments = '[]'",
        "segments = replace(segments, '25.0', '25.5')",
        "segments = replace(segments, '25.0', 'NaN')",
        "segments = '[1, 2]'",
        "segments = '}'",
        "found_at = '2020-01-01T00:00:00.000000Z'",
        "error_rate = ''",
        "error_rate = replace(error_rate, '97', '9')",
        "error_rate = '}'",
    ],
)
def test_a_match_edited(vault_copy: Copy, change: str) -> None:
    vault_copy.sql(f"UPDATE match SET {change} WHERE id = ?", MATCH)
    assert vault_copy.codes() == {"match-altered": {MATCH}}


def test_a_match_deleted(vault_copy: Copy) -> None:
    with vault_copy.database() as connection:
        connection.execute("DELETE FROM decision")
        connection.execute("DELETE FROM match")
    assert vault_copy.codes() == {"match-missing": {MATCH}}


def test_a_match_made_up(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO match SELECT 'mforged222', a, b, kind, finding, score, algorithm, segments, transform, found_at,"
        " error_rate FROM match"
    )
    assert vault_copy.codes() == {"match-untold": {"mforged222"}}


@pytest.mark.parametrize(
    "change", ["ruling = 'different'", "by_whom = 'Omar'", "note = ''", "decided_at = '2020-01-01T00:00:00.000000Z'"]
)
def test_a_ruling_edited(vault_copy: Copy, change: str) -> None:
    vault_copy.sql(f"UPDATE decision SET {change} WHERE id = 2")
    assert vault_copy.codes() == {"decision-altered": {MATCH}}


def test_two_rulings_exchanged_so_that_the_earlier_counts(vault_copy: Copy) -> None:
    with vault_copy.database() as connection:
        for old, new in ((1, 9), (2, 1), (9, 2)):
            connection.execute("UPDATE decision SET id = ? WHERE id = ?", (new, old))
    assert vault_copy.codes() == {"decision-altered": {MATCH}}


def test_a_ruling_deleted(vault_copy: Copy) -> None:
    vault_copy.sql("DELETE FROM decision WHERE id = 2")
    assert vault_copy.codes() == {"decision-missing": {MATCH}}


def test_a_ruling_made_up(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO decision SELECT NULL, match_id, 'different', by_whom, note, decided_at, entry FROM decision"
        " WHERE id = 2"
    )
    assert vault_copy.codes() == {"decision-untold": {MATCH}}


def test_a_ruling_on_a_match_that_is_not_there(vault_copy: Copy) -> None:
    vault_copy.sql(
        "INSERT INTO decision SELECT NULL, 'mforged222', ruling, by_whom, note, decided_at, entry FROM decision LIMIT 1"
    )
    assert vault_copy.codes() == {"decision-untold": {"mforged222"}}


@pytest.mark.parametrize("change", ["value = 'forged'", "salt = 'AAAAAAAAAAAAAAAAAAAAAA'"])
def test_a_disclosure_edited(vault_copy: Copy, change: str) -> None:
    seq = vault_copy.entry_of(FIRST, "ingestion")
    vault_copy.sql(f"UPDATE disclosure SET {change} WHERE seq = ? AND name = 'title'", seq)
    assert vault_copy.codes()["disclosure-foreign"] == {f"entry {seq}"}


def test_a_title_edited_together_with_its_disclosure(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(FIRST, "ingestion")
    vault_copy.sql("UPDATE disclosure SET value = 'forged' WHERE seq = ? AND name = 'title'", seq)
    vault_copy.sql("UPDATE item SET title = 'forged' WHERE id = ?", FIRST)
    assert vault_copy.codes() == {"disclosure-foreign": {f"entry {seq}"}}


def test_a_disclosure_moved_to_another_entry(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(SECOND, "ingestion")
    vault_copy.sql("UPDATE disclosure SET seq = 0 WHERE seq = ? AND name = 'source'", seq)
    codes = vault_copy.codes()
    assert codes == {"disclosure-foreign": {"entry 0"}, "item-altered": {SECOND}}


@pytest.mark.parametrize(
    ("column", "value"), [("salt", "short"), ("name", "no such field"), ("value", "\ud800"), ("value", "x" * 70_000)]
)
def test_a_disclosure_that_is_none(vault_copy: Copy, column: str, value: str) -> None:
    raw = value.encode("utf-8", "surrogatepass")
    vault_copy.sql(f"UPDATE disclosure SET {column} = CAST(? AS TEXT) WHERE seq = 9 AND name = 'url'", raw)
    codes = vault_copy.codes()
    assert codes.get("disclosure-malformed", codes.get("disclosure-foreign")) == {"entry 9"}


def test_a_disclosure_of_an_entry_that_is_not_there(vault_copy: Copy) -> None:
    vault_copy.sql("INSERT INTO disclosure VALUES (9999, 'note', 'AAAAAAAAAAAAAAAAAAAAAA', 'x')")
    assert vault_copy.codes() == {"disclosure-foreign": {"entry 9999"}}


def test_a_subject_moved_to_another_entry(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(FIRST, "ingestion")
    vault_copy.sql("UPDATE subject SET seq = 3 WHERE id = ? AND seq = ?", FIRST, seq)
    codes = vault_copy.codes()
    assert codes["subject-missing"] == {f"entry {seq}"}


def test_a_subject_added(vault_copy: Copy) -> None:
    vault_copy.sql("INSERT INTO subject VALUES (?, 3)", FIRST)
    assert vault_copy.codes() == {"subject-foreign": {"entry 3"}}


def test_a_subject_of_an_entry_that_is_not_there(vault_copy: Copy) -> None:
    vault_copy.sql("INSERT INTO subject VALUES ('nothing', 9999)")
    assert vault_copy.codes() == {"subject-foreign": {"entry 9999"}}


@pytest.mark.parametrize("table", ["entry", "request", "item", "object", "checkpoint", "subject", "match"])
def test_a_table_replaced_by_a_view(vault_copy: Copy, table: str) -> None:
    with sqlite3.connect(vault_copy.folder / "archive.db") as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.executescript(f"ALTER TABLE {table} RENAME TO hidden; CREATE VIEW {table} AS SELECT * FROM hidden;")
    connection.close()
    verdict = vault_copy.verify()
    assert verdict.word == FAILED
    assert ("schema-differs", f"table {table}") in {(fault.code, fault.subject) for fault in verdict.faults}
    assert ("schema-differs", f"view {table}") in {(fault.code, fault.subject) for fault in verdict.faults}


def test_a_view_that_never_ends_is_not_read(vault_copy: Copy) -> None:
    with sqlite3.connect(vault_copy.folder / "archive.db") as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        connection.executescript(
            "ALTER TABLE item RENAME TO hidden; CREATE VIEW item AS WITH RECURSIVE endless(id) AS"
            " (SELECT 1 UNION ALL SELECT id + 1 FROM endless) SELECT * FROM endless;"
        )
    connection.close()
    assert "schema-differs" in vault_copy.codes()


@pytest.mark.parametrize(
    ("change", "subject"),
    [
        ("DROP TRIGGER entry_is_never_updated", "trigger entry_is_never_updated"),
        ("DROP TRIGGER item_text_insert", "trigger item_text_insert"),
        ("DROP INDEX item_by_case", "index item_by_case"),
        ("DROP VIEW v_items; CREATE VIEW v_items AS SELECT 1", "view v_items"),
        ("CREATE TABLE notes (text TEXT)", "table notes"),
        ("CREATE TRIGGER hook AFTER INSERT ON item BEGIN SELECT 1; END", "trigger hook"),
        ("ALTER TABLE item ADD COLUMN more TEXT", "table item"),
        ("PRAGMA user_version = 99", "archive.db"),
    ],
)
def test_the_schema_changed(vault_copy: Copy, change: str, subject: str) -> None:
    connection = sqlite3.connect(vault_copy.folder / "archive.db")
    connection.executescript(change)
    connection.close()
    assert vault_copy.codes()["schema-differs"] == {subject}


def test_the_records_removed(vault_copy: Copy) -> None:
    (vault_copy.folder / "archive.db").unlink()
    assert vault_copy.codes() == {"database-missing": {"archive.db"}}


@pytest.mark.parametrize("data", [b"", b"no database" * 1000, bytes(100_000)])
def test_records_that_are_no_database(vault_copy: Copy, data: bytes) -> None:
    (vault_copy.folder / "archive.db").write_bytes(data)
    assert vault_copy.verify().word == FAILED


def test_the_records_replaced_by_a_link(vault_copy: Copy, tmp_path: Path) -> None:
    path = vault_copy.folder / "archive.db"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert vault_copy.codes() == {"database-missing": {"archive.db"}}


@pytest.mark.parametrize("seed", range(12))
def test_a_page_of_the_records_overwritten_is_never_an_exception(vault_copy: Copy, seed: int) -> None:
    path = vault_copy.folder / "archive.db"
    data = bytearray(path.read_bytes())
    pages = len(data) // 4096
    at = 4096 * (seed * pages // 12)
    data[at : at + 4096] = bytes((seed * 37 + one) % 256 for one in range(4096))
    path.write_bytes(data)
    assert vault_copy.verify().word == FAILED


def test_the_records_cut_short_are_never_an_exception(vault_copy: Copy) -> None:
    path = vault_copy.folder / "archive.db"
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert vault_copy.verify().word == FAILED


def test_the_address_that_is_fetched_edited(vault_copy: Copy) -> None:
    """What somebody typed stays in its column; another address in the one that is fetched would send us elsewhere."""
    name = vault_copy.names["queued"]
    vault_copy.sql("UPDATE request SET canonical_url = 'https://elsewhere.example/' WHERE id = ?", name)
    assert vault_copy.codes() == {"request-altered": {name}}


@pytest.mark.parametrize("change", ["'{}'", """'{"mirror": false}'""", """'{"mirror": true, "turn": 90}'""", "'[]'"])
def test_what_was_done_to_a_copy_edited(vault_copy: Copy, change: str) -> None:
    vault_copy.sql(f"UPDATE match SET transform = {change} WHERE id = ?", MATCH)
    assert vault_copy.codes() == {"match-altered": {MATCH}}


def test_the_time_of_the_next_attempt_edited(vault_copy: Copy) -> None:
    name = vault_copy.names["waiting"]
    vault_copy.sql("UPDATE request SET next_attempt_at = '2999-01-01T00:00:00.000000Z' WHERE id = ?", name)
    assert vault_copy.codes() == {"request-altered": {name}}
    vault_copy.sql("UPDATE request SET next_attempt_at = '', state = 'failed' WHERE id = ?", name)
    assert vault_copy.codes() == {"request-altered": {name}}
