"""Attacks on a vault's entries, checkpoints and published files: each is named, with its entry or file."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import keys, nextkeys, queue
from archiver.custody.audit import verify
from archiver.proof import canonical
from archiver.proof.faults import FAILED, INCOMPLETE, VERIFIED
from archiver.proof.log import merkle, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.checkpoint import parse as parse_checkpoint
from tests.vault_story import FIRST, MATCH, ORIGIN, Copy, build

PUBLISHED = "ledger/checkpoint"


def _rewrite(copy: Copy, seq: int, change: Callable[[dict[str, Any]], None]) -> None:
    """Edit an entry with everything that an insider can recompute: canonical bytes and leaf hash."""
    body = copy.value("SELECT body FROM entry WHERE seq = ?", seq)
    assert isinstance(body, bytes)
    entry = json.loads(body)
    change(entry)
    _store(copy, seq, canonical.encode(entry))


def _store(copy: Copy, seq: int, body: bytes) -> None:
    copy.sql("UPDATE entry SET body = ?, leaf = ? WHERE seq = ?", body, merkle.leaf_hash(body), seq)


def _note(copy: Copy) -> note.Note:
    return note.parse((copy.folder / PUBLISHED).read_bytes())


def _put_note(copy: Copy, data: bytes) -> None:
    (copy.folder / PUBLISHED).unlink()
    (copy.folder / PUBLISHED).write_bytes(data)


def _number(copy: Copy) -> int:
    found = copy.value("SELECT MAX(seq) FROM entry")
    assert isinstance(found, int)
    return found


def test_an_entry_edited_without_its_leaf(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(MATCH, "decision")
    vault_copy.sql(
        "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'unsure', 'same') AS BLOB) WHERE seq = ?", seq
    )
    codes = vault_copy.codes()
    assert codes["leaf-altered"] == codes["entry-altered"] == {f"entry {seq}"}
    assert PUBLISHED in codes["root-differs"]
    assert codes["decision-altered"] == {MATCH}
    assert "tile-altered" not in codes


def test_an_entry_edited_with_its_leaf_recomputed(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(MATCH, "decision")
    _rewrite(vault_copy, seq, lambda entry: entry["detail"].update(ruling="same"))
    codes = vault_copy.codes()
    assert codes["entry-altered"] == {f"entry {seq}"}
    assert "leaf-altered" not in codes
    assert "tile-altered" not in codes


def test_an_entry_edited_with_leaf_and_tiles_recomputed(vault_copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing unsigned is left that remembers: the checkpoints do, and the oldest that fails bounds the entry."""
    monkeypatch.setattr(nextkeys, "signing", lambda folder, *_: (folder, None))  # a forger's own program
    seq = vault_copy.entry_of(MATCH, "decision")
    _rewrite(vault_copy, seq, lambda entry: entry["detail"].update(ruling="same"))
    with vault_copy.database() as connection:
        rows = connection.execute("DELETE FROM checkpoint RETURNING size, root, note, issued_at").fetchall()
    shutil.rmtree(vault_copy.folder / "ledger")
    kept = shutil.copytree(vault_copy.folder / "keys", vault_copy.folder.parent / "kept")
    shutil.rmtree(vault_copy.folder / "keys")
    keys.create(vault_copy.folder / "keys", ORIGIN)  # the forger lacks the key; any other makes the tiles anew
    with vault_copy.open() as vault:
        vault.ledger.publish()
    shutil.rmtree(vault_copy.folder / "keys")
    shutil.copytree(kept, vault_copy.folder / "keys")
    with vault_copy.database() as connection:
        connection.execute("DELETE FROM checkpoint")
        connection.executemany("INSERT INTO checkpoint VALUES (?, ?, ?, ?)", rows)
    _put_note(vault_copy, max(rows)[2])
    codes = vault_copy.codes()
    wrong = {f"checkpoint {size}" for size, *_ in rows if size > seq}
    assert codes["root-differs"] == {PUBLISHED, *wrong}
    assert wrong


def test_a_leaf_edited(vault_copy: Copy) -> None:
    vault_copy.sql("UPDATE entry SET leaf = zeroblob(32) WHERE seq = 7")
    assert vault_copy.codes() == {"leaf-altered": {"entry 7"}}


def test_an_entry_deleted(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(MATCH, "decision")
    vault_copy.sql("DELETE FROM entry WHERE seq = ?", seq)
    codes = vault_copy.codes()
    assert codes["entries-missing"] == {f"entry {seq}"}
    assert "entry-altered" not in codes
    assert "tile-altered" not in codes


def test_an_entry_deleted_and_the_later_ones_renumbered(vault_copy: Copy) -> None:
    seq, last = vault_copy.entry_of(MATCH, "decision"), _number(vault_copy)
    with vault_copy.database() as connection:
        connection.execute("DELETE FROM entry WHERE seq = ?", (seq,))
        for number in range(seq + 1, last + 1):
            connection.execute("UPDATE entry SET seq = ? WHERE seq = ?", (number - 1, number))
    codes = vault_copy.codes()
    assert codes["entries-missing"] == {f"entry {last}"}
    assert codes["entry-altered"] == {f"entry {number}" for number in range(seq, last)}


def test_an_entry_renumbered_far_away(vault_copy: Copy) -> None:
    last = _number(vault_copy)
    vault_copy.sql("UPDATE entry SET seq = ? WHERE seq = ?", 2**62, last)
    codes = vault_copy.codes()
    assert codes["entries-missing"] == {f"entries {last} to {2**62 - 1}"}


def test_an_entry_with_a_negative_number(vault_copy: Copy) -> None:
    vault_copy.sql("INSERT INTO entry SELECT -5, body, leaf FROM entry WHERE seq = 3")
    assert vault_copy.codes()["entry-number"] == {"entry -5"}


def test_two_entries_swapped(vault_copy: Copy) -> None:
    with vault_copy.database() as connection:
        for old, new in ((4, -1), (5, 4), (-1, 5)):
            connection.execute("UPDATE entry SET seq = ? WHERE seq = ?", (new, old))
    codes = vault_copy.codes()
    assert codes["entry-altered"] == {"entry 4", "entry 5"}


def test_an_entry_inserted(vault_copy: Copy) -> None:
    last = _number(vault_copy)
    with vault_copy.database() as connection:
        for number in range(last, 99, -1):
            connection.execute("UPDATE entry SET seq = ? WHERE seq = ?", (number + 1, number))
        connection.execute("INSERT INTO entry SELECT 100, body, leaf FROM entry WHERE seq = 50")
    codes = vault_copy.codes()
    assert codes["entry-altered"] == {f"entry {number}" for number in range(100, last + 1)}


def test_an_entry_spelt_anew(vault_copy: Copy) -> None:
    body = vault_copy.value("SELECT body FROM entry WHERE seq = 9")
    assert isinstance(body, bytes)
    _store(vault_copy, 9, json.dumps(json.loads(body)).encode())
    codes = vault_copy.codes()
    assert codes["entry-invalid"] == codes["entry-altered"] == {"entry 9"}


def test_a_key_twice_in_an_entry(vault_copy: Copy) -> None:
    body = vault_copy.value("SELECT body FROM entry WHERE seq = 9")
    assert isinstance(body, bytes)
    _store(vault_copy, 9, body.replace(b'{"detail"', b'{"v":1,"detail"', 1))
    assert vault_copy.codes()["entry-invalid"] == {"entry 9"}


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"\xff\xfe", b"[" * 60_000, b'{"v":' + b"9" * 5000 + b"}", b"{}" * 40_000],
    ids=["nothing", "null", "list", "no-text", "deep", "huge-number", "too-long"],
)
def test_an_entry_that_is_no_entry(vault_copy: Copy, body: bytes) -> None:
    _store(vault_copy, 9, body)
    codes = vault_copy.codes()
    assert codes["entry-invalid"] == codes["entry-altered"] == {"entry 9"}


@pytest.mark.parametrize(
    ("who", "event"),
    [
        ("queued", "request"), ("archived", "capture"), ("cancelled", "cancellation"), (FIRST, "ingestion"),
        (FIRST, "metadata extraction"), (MATCH, "match"), (MATCH, "decision"), ("nrefused22.1", "ingestion"),
        ("checkpoint.1", "checkpoint issued"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("part", ["detail", "type", "time", "sealed", "outcome", "objects"])
def test_a_part_of_an_entry_left_out_is_never_an_exception(vault_copy: Copy, who: str, event: str, part: str) -> None:
    seq = vault_copy.entry_of(vault_copy.names.get(who, who), event)
    _rewrite(vault_copy, seq, lambda entry: entry.pop(part, entry.update(more=1)))
    codes = vault_copy.codes()
    assert codes["entry-altered"] == {f"entry {seq}"}
    assert "database-damaged" not in codes


def test_an_interior_node_in_place_of_a_leaf(vault_copy: Copy) -> None:
    vault_copy.sql("UPDATE entry SET leaf = (SELECT leaf FROM entry WHERE seq = 8) WHERE seq = 9")
    assert vault_copy.codes() == {"leaf-altered": {"entry 9"}}


def test_a_node_of_the_tree_in_place_of_an_entry(vault_copy: Copy) -> None:
    """Two leaf hashes as the body of one entry: leaves and nodes are hashed with different first bytes."""
    with vault_copy.database() as connection:
        left, right = (row[0] for row in connection.execute("SELECT leaf FROM entry WHERE seq IN (8, 9) ORDER BY seq"))
    _store(vault_copy, 9, left + right)
    codes = vault_copy.codes()
    assert codes["entry-invalid"] == codes["entry-altered"] == {"entry 9"}


class YearsAgo(datetime):
    """A clock that was set back."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> YearsAgo:
        return cls(2001, 9, 9, tzinfo=tz)


def test_an_entry_that_hides_how_far_the_clock_was_behind(vault_copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    with vault_copy.open() as vault:
        monkeypatch.setattr("archiver.model.datetime", YearsAgo)
        queue.add(vault, [queue.Asked("https://v.example/late", "https://v.example/late")])
        vault.ledger.publish()
    monkeypatch.undo()
    found = vault_copy.verify()
    assert (found.word, found.checked["clock_set_back"]) == (VERIFIED, 2)
    seq = _number(vault_copy)
    _rewrite(vault_copy, seq, lambda entry: entry.pop("clock_behind_ms"))
    assert vault_copy.codes()["entry-altered"] == {f"entry {seq}"}


class YearsAhead(datetime):
    """A clock that somebody set forward, to date an act later than it was."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> YearsAhead:
        return cls(2101, 9, 9, tzinfo=tz)


def test_entries_that_are_post_dated(vault_copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the office's own keys: everything else about them is in order. The verifier's clock may be the wrong one."""
    first = _number(vault_copy) + 1
    with vault_copy.open() as vault:
        monkeypatch.setattr("archiver.model.datetime", YearsAhead)
        queue.add(vault, [queue.Asked("https://v.example/late", "https://v.example/late")])
        vault.ledger.publish()
    monkeypatch.undo()
    found = vault_copy.verify()
    assert (found.word, [(fault.code, fault.subject) for fault in found.faults]) == (
        INCOMPLETE,
        [("time-ahead", f"entry {first}")],
    )
    assert "one of the two clocks is wrong" in found.faults[0].message


@pytest.mark.parametrize("data", [b"", b"edited", None], ids=["emptied", "edited", "removed"])
def test_the_engines_state_is_believed_by_nobody(vault_copy: Copy, data: bytes | None) -> None:
    """What was asked for and what was done is in the records: an edited engine.db changes nothing of them."""
    before = vault_copy.verify()
    state = vault_copy.folder / "engine.db"
    state.unlink(missing_ok=True)
    if data is not None:
        state.write_bytes(data)
    after = vault_copy.verify()
    assert (after.word, after.checked, after.faults) == (VERIFIED, before.checked, ())


def test_commitments_out_of_order(vault_copy: Copy) -> None:
    _rewrite(vault_copy, 9, lambda entry: entry["sealed"].reverse())
    assert vault_copy.codes()["entry-invalid"] == {"entry 9"}


def test_a_commitment_left_out(vault_copy: Copy) -> None:
    _rewrite(vault_copy, 9, lambda entry: entry["sealed"].pop())
    assert vault_copy.codes()["entry-invalid"] == {"entry 9"}


def test_an_entry_backdated(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(MATCH, "decision")
    _rewrite(vault_copy, seq, lambda entry: entry.update(time="2020-01-01T00:00:00.000000Z"))
    codes = vault_copy.codes()
    assert codes["time-goes-back"] == codes["entry-altered"] == {f"entry {seq}"}


def test_an_entry_postdated(vault_copy: Copy) -> None:
    seq = vault_copy.entry_of(MATCH, "decision")
    _rewrite(vault_copy, seq, lambda entry: entry.update(time="2030-01-01T00:00:00.000000Z"))
    codes = vault_copy.codes()
    assert codes["entry-altered"] == {f"entry {seq}"}
    assert f"entry {seq + 1}" in codes["time-goes-back"]


def test_an_unsigned_tail_is_incomplete(vault_copy: Copy) -> None:
    with vault_copy.open() as vault:
        queue.add(vault, [queue.Asked("https://v.example/late", "https://v.example/late")])
    verdict = vault_copy.verify()
    assert verdict.word == INCOMPLETE
    last = _number(vault_copy)
    assert [(fault.code, fault.subject) for fault in verdict.faults] == [
        ("unsigned-tail", f"entries {last - 1} to {last}")
    ]


def test_a_tail_whose_tiles_were_written_before_the_crash_is_incomplete(vault_copy: Copy) -> None:
    before = (vault_copy.folder / PUBLISHED).read_bytes()
    with vault_copy.open() as vault:
        queue.add(vault, [queue.Asked("https://v.example/late", "https://v.example/late")])
        vault.ledger.publish()
    vault_copy.sql("DELETE FROM checkpoint WHERE size = (SELECT MAX(size) FROM checkpoint)")
    _put_note(vault_copy, before)
    assert set(vault_copy.codes()) == {"unsigned-tail"}


@pytest.mark.honest
def test_a_checkpoint_published_and_not_yet_on_record_is_fine(vault_copy: Copy) -> None:
    vault_copy.sql("DELETE FROM checkpoint WHERE size = (SELECT MAX(size) FROM checkpoint)")
    assert vault_copy.verify().word == VERIFIED


def test_the_tail_cut_while_the_checkpoint_stays(vault_copy: Copy) -> None:
    last = _number(vault_copy)
    vault_copy.sql("DELETE FROM entry WHERE seq > ?", last - 3)
    codes = vault_copy.codes()
    assert codes["entries-missing"] == {f"entries {last - 2} to {last}"}


def test_the_tail_cut_together_with_its_checkpoint(vault_copy: Copy) -> None:
    """Rows remember what the cut entries told; rows cut as well need a memory outside the vault."""
    with vault_copy.database() as connection:
        (old, data) = connection.execute("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1, 1").fetchone()
        connection.execute("DELETE FROM checkpoint WHERE size > ?", (old,))
        for table in ("subject", "disclosure", "entry"):
            connection.execute(f"DELETE FROM {table} WHERE seq >= ?", (old,))
    _put_note(vault_copy, data)
    codes = vault_copy.codes()
    assert codes["request-altered"] == {vault_copy.names["failed"]}
    assert "ledger-file-extra" in codes  # tiles of entries that do not exist


@pytest.mark.needs_memory
def test_only_outside_memory_finds_a_vault_rolled_back_as_a_whole(tmp_path: Path) -> None:
    build(tmp_path / "vault")
    shutil.copytree(tmp_path / "vault", tmp_path / "old")
    copy = Copy(tmp_path / "old", tmp_path / "new", {})
    with copy.open() as vault:
        queue.add(vault, [queue.Asked("https://v.example/late", "https://v.example/late")])
        newest = vault.ledger.publish()
    verdict = verify(tmp_path / "old")
    assert verdict.word == VERIFIED
    assert newest is not None
    assert verdict.checked["entries"] < newest.size


def test_the_key_of_another_vault(vault_copy: Copy, tmp_path: Path) -> None:
    keys.create(tmp_path / "keys", ORIGIN)
    shutil.copyfile(tmp_path / "keys/ledger.vkey", vault_copy.folder / "keys/ledger.vkey")
    codes = vault_copy.codes()
    assert PUBLISHED in codes["signature-missing"]
    assert len(codes["signature-missing"]) == 6


@pytest.mark.needs_memory
def test_everything_signed_anew_with_another_key_is_found_with_the_key_from_outside(
    vault_copy: Copy, tmp_path: Path
) -> None:
    right = keys.load_verifier(vault_copy.folder / "keys", ORIGIN)
    build(tmp_path / "forged")
    assert verify(tmp_path / "forged").word == VERIFIED
    verdict = verify(tmp_path / "forged", key=right)
    assert verdict.word == FAILED
    assert {fault.code for fault in verdict.faults} == {"key-other"}


def test_another_origin_in_the_settings(vault_copy: Copy) -> None:
    settings = vault_copy.folder / "archiver.toml"
    settings.write_text(settings.read_text("utf-8").replace("office-a", "office-b"), "utf-8")
    assert vault_copy.codes() == {"key-altered": {"keys/ledger.vkey"}}


def test_settings_that_cannot_be_read(vault_copy: Copy) -> None:
    (vault_copy.folder / "archiver.toml").write_text("origin = [")
    assert vault_copy.codes() == {"settings-unreadable": {"archiver.toml"}}


def test_without_any_key_the_verdict_is_incomplete(vault_copy: Copy) -> None:
    shutil.rmtree(vault_copy.folder / "keys")
    verdict = vault_copy.verify()
    assert verdict.word == INCOMPLETE
    assert [fault.code for fault in verdict.faults] == ["key-absent"]


@pytest.mark.parametrize("data", [b"", b"\xff", b"office-a.example/archive+00000000+AAAA\n", b"x" * 2_000_000])
def test_a_key_that_is_none(vault_copy: Copy, data: bytes) -> None:
    (vault_copy.folder / "keys/ledger.vkey").write_bytes(data)
    assert vault_copy.codes() == {"key-altered": {"keys/ledger.vkey"}}


def test_the_size_in_the_checkpoint_edited(vault_copy: Copy) -> None:
    found = parse_checkpoint(_note(vault_copy).text)
    forged = Checkpoint(found.origin, found.size - 1, found.root)
    _put_note(vault_copy, note.Note(forged.text(), _note(vault_copy).signatures).encode())
    assert vault_copy.codes()["signature-wrong"] == {PUBLISHED}


def test_a_forged_signature(vault_copy: Copy) -> None:
    found = _note(vault_copy)
    for at, line in enumerate(found.signatures):
        forged = note.Signature(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
        lines = [forged if one is line else one for one in found.signatures]
        _put_note(vault_copy, note.Note(found.text, tuple(lines)).encode())
        assert vault_copy.codes()["signature-wrong"] == {PUBLISHED}, at


def test_a_checkpoint_of_another_origin(vault_copy: Copy) -> None:
    text = _note(vault_copy).text.replace("office-a", "office-b")
    _put_note(vault_copy, keys.sign(vault_copy.folder / "keys", ORIGIN, text))
    assert vault_copy.codes()["checkpoint-origin"] == {PUBLISHED}


def test_a_checkpoint_replayed(vault_copy: Copy) -> None:
    data = vault_copy.value("SELECT note FROM checkpoint ORDER BY size LIMIT 1")
    assert isinstance(data, bytes)
    _put_note(vault_copy, data)
    codes = vault_copy.codes()
    assert codes["checkpoint-rolled-back"] == {PUBLISHED}


def test_a_fork_signed_by_the_log_key(vault_copy: Copy) -> None:
    found = parse_checkpoint(_note(vault_copy).text)
    forked = Checkpoint(found.origin, found.size, merkle.leaf_hash(b"another history"))
    _put_note(vault_copy, keys.sign(vault_copy.folder / "keys", ORIGIN, forked.text()))
    codes = vault_copy.codes()
    assert codes["root-differs"] == {PUBLISHED}
    assert codes["checkpoint-fork"] == {f"checkpoint {found.size}"}


def test_the_checkpoint_removed(vault_copy: Copy) -> None:
    (vault_copy.folder / PUBLISHED).unlink()
    codes = vault_copy.codes()
    assert codes["checkpoint-missing"] == {PUBLISHED}
    assert codes.keys() == {"checkpoint-missing", "unsigned-tail"}


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"\n\n", b"x" * 600_000])
def test_a_checkpoint_that_is_none(vault_copy: Copy, data: bytes) -> None:
    _put_note(vault_copy, data)
    assert vault_copy.codes() == {"note-malformed": {PUBLISHED}}


def test_the_checkpoint_replaced_by_a_link(vault_copy: Copy, tmp_path: Path) -> None:
    shutil.move(vault_copy.folder / PUBLISHED, tmp_path / "elsewhere")
    (vault_copy.folder / PUBLISHED).symlink_to(tmp_path / "elsewhere")
    assert vault_copy.codes()["ledger-file-extra"] == {PUBLISHED}


def test_an_old_checkpoint_removed_from_the_records(vault_copy: Copy) -> None:
    old = vault_copy.value("SELECT MIN(size) FROM checkpoint")
    vault_copy.sql("DELETE FROM checkpoint WHERE size = ?", old)
    assert vault_copy.codes() == {"checkpoint-missing": {f"checkpoint {old}"}}


@pytest.mark.parametrize("change", ["root = zeroblob(32)", "size = size + 1"])
def test_a_recorded_checkpoint_edited(vault_copy: Copy, change: str) -> None:
    old = vault_copy.value("SELECT MIN(size) FROM checkpoint WHERE size > 1")
    assert isinstance(old, int)
    vault_copy.sql(f"UPDATE checkpoint SET {change} WHERE size = ?", old)
    subject = f"checkpoint {old + 1 if change.startswith('size') else old}"
    assert vault_copy.codes()["checkpoint-altered"] == {subject}


def test_a_recorded_checkpoint_with_another_signature(vault_copy: Copy) -> None:
    size, data = 1, vault_copy.value("SELECT note FROM checkpoint WHERE size = 1")
    assert isinstance(data, bytes)
    at = data.rindex(b" ") + 10
    letter = b"B" if data[at : at + 1] == b"A" else b"A"
    vault_copy.sql("UPDATE checkpoint SET note = ? WHERE size = 1", data[:at] + letter + data[at + 1 :])
    codes = vault_copy.codes()
    assert codes["signature-wrong"] == {f"checkpoint {size}"}
    assert codes["checkpoint-altered"] == {f"checkpoint {size}"}


@pytest.mark.parametrize(
    "name", ["tile/0/000", "tile/0/001.p", "tile/1/000.p", "tile/entries/000", "tile/entries/001.p"]
)
def test_a_tile_edited_or_removed(vault_copy: Copy, name: str) -> None:
    path = vault_copy.folder / "ledger" / name
    if path.is_dir():
        path = max(path.iterdir(), key=lambda one: int(one.name))
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    subject = path.relative_to(vault_copy.folder).as_posix()
    path.unlink()
    assert vault_copy.codes() == {"tile-missing": {subject}}
    path.write_bytes(data)
    assert vault_copy.codes() == {"tile-altered": {subject}}
    path.write_bytes(path.read_bytes() + b"more")
    assert vault_copy.codes() == {"tile-altered": {subject}}


def test_a_superseded_tile_edited(vault_copy: Copy) -> None:
    path = min((vault_copy.folder / "ledger/tile/0/001.p").iterdir(), key=lambda one: int(one.name))
    path.unlink()
    path.write_bytes(bytes(32 * int(path.name)))
    assert vault_copy.codes() == {"tile-altered": {f"ledger/tile/0/001.p/{path.name}"}}


@pytest.mark.parametrize(
    "name",
    ["tile/0/002", "tile/2/000", "tile/0/001.p/255", "tile/63/000.p/1", "tile/0/x999/x999/x999/x999/x999/x999/999"],
)
def test_a_tile_of_entries_that_do_not_exist(vault_copy: Copy, name: str) -> None:
    path = vault_copy.folder / "ledger" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(8192))
    assert vault_copy.codes() == {"ledger-file-extra": {f"ledger/{name}"}}


@pytest.mark.parametrize(
    "name", ["readme", "tile/0/000.new", "tile/x/000", "tile/0/000.p/256", "a/b/c/d/e/f/g/h/i/j/k/l"]
)
def test_an_extra_file_in_the_ledger(vault_copy: Copy, name: str) -> None:
    path = vault_copy.folder / "ledger" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"planted")
    assert set(vault_copy.codes()) == {"ledger-file-extra"}


def test_a_tile_replaced_by_a_link(vault_copy: Copy, tmp_path: Path) -> None:
    path = vault_copy.folder / "ledger/tile/0/000"
    shutil.move(path, tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert vault_copy.codes() == {"ledger-file-extra": {"ledger/tile/0/000"}}


def test_the_whole_ledger_folder_removed(vault_copy: Copy) -> None:
    shutil.rmtree(vault_copy.folder / "ledger")
    assert vault_copy.codes()["checkpoint-missing"] == {PUBLISHED}


def test_a_second_spelling_of_the_signature(vault_copy: Copy) -> None:
    data = (vault_copy.folder / PUBLISHED).read_bytes()
    raw = base64.b64decode(data.rsplit(b" ", 1)[1])
    _put_note(vault_copy, data.rsplit(b" ", 1)[0] + b" " + base64.urlsafe_b64encode(raw).replace(b"=", b"") + b"\n")
    assert vault_copy.codes()["note-malformed"] == {PUBLISHED}
