"""A check from a size on finds what was done to newer entries, and says which older ones it did not look at."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from archiver.custody import queue
from archiver.custody.audit import crew, verify
from archiver.custody.audit.base import Since
from archiver.custody.audit.since import NOT_CHECKED
from archiver.errors import UsageError
from archiver.model import now
from archiver.proof.faults import FAILED, VERIFIED, Verdict
from archiver.proof.trust import memory
from archiver.proof.trust.memory import Memory
from archiver.proof.trust.outside import Outside
from tests.custody.test_audit import _ask
from tests.vault_story import FIRST, MATCH, Copy

NEWEST = "SELECT MAX(size) FROM checkpoint"


@pytest.fixture
def sizes(vault_copy: Copy) -> list[int]:
    """Sizes of the issued checkpoints; the second covers the requests, all else came later."""
    with vault_copy.database() as connection:
        return [size for (size,) in connection.execute("SELECT size FROM checkpoint ORDER BY size")]


def _since(copy: Copy, since: Since, seen: Memory | None = None) -> Verdict:
    return verify(copy.folder, outside=Outside(None, seen), since=since)


def _codes(verdict: Verdict) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for fault in verdict.faults:
        found.setdefault(fault.code, set()).add(fault.subject)
    return found


def _remembered(copy: Copy) -> Memory:
    look = verify(copy.folder, outside=Outside(None, Memory())).look
    assert look is not None
    return memory.remember(Memory(), look, now())


def test_an_untouched_vault_verifies_from_every_checkpoint_on(vault_copy: Copy, sizes: list[int]) -> None:
    (total,) = [vault_copy.value("SELECT COUNT(*) FROM entry")]
    assert len(sizes) > 3
    assert isinstance(total, int)
    for size in sizes:
        verdict = _since(vault_copy, size)
        assert verdict.faults == ()
        assert (verdict.word, verdict.checked["entries"]) == (VERIFIED, total - size)
        assert (verdict.told["since"]["size"], verdict.told["since"]["remembered"]) == (size, False)
        assert tuple(verdict.told["since"]["not_checked"]) == NOT_CHECKED


def test_what_newer_entries_tell_of_older_rows_is_proved(vault_copy: Copy, sizes: list[int]) -> None:
    """The match and the ruling on it are new, the items in it are older: their entries are held against the tree."""
    before = vault_copy.entry_of(MATCH, "match")
    size = max(one for one in sizes if one <= before)
    assert _since(vault_copy, size).told["since"]["earlier_entries"] > 0


def test_many_newer_entries_are_examined_by_other_processes(
    vault_copy: Copy, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "WORTH_PROCESSES", 10)
    assert _since(vault_copy, sizes[0]).word == VERIFIED


@pytest.mark.parametrize("size", [3, 10_000])
def test_a_size_without_a_checkpoint_is_a_mistake_of_the_caller(vault_copy: Copy, size: int) -> None:
    with pytest.raises(UsageError, match=f"no checkpoint of {size} entries"):
        _since(vault_copy, size)


def test_there_is_no_last_size_where_nothing_was_seen(vault_copy: Copy) -> None:
    with pytest.raises(UsageError, match="nothing of this ledger was seen"):
        _since(vault_copy, "last", Memory())


def test_the_last_size_is_the_largest_that_was_seen(vault_copy: Copy) -> None:
    seen = _remembered(vault_copy)
    with vault_copy.open() as vault:
        _ask(vault, 300, first=7000)
        vault.ledger.publish()
    verdict = _since(vault_copy, "last", seen)
    assert (verdict.faults, verdict.checked["requests"]) == ((), 300)
    assert verdict.told["since"]["remembered"] is True
    assert verdict.told["memory"]["state"] == "agrees"
    assert verdict.look is not None
    assert verdict.look.comparison.contained


def test_a_vault_in_use_is_checked_from_a_size_on_too(vault_copy: Copy, sizes: list[int]) -> None:
    with vault_copy.open() as vault:
        _ask(vault, 3, first=7000)
        vault.ledger.publish()
        verdict = verify(vault, since=sizes[-1])
        assert (verdict.faults, verdict.checked["requests"]) == ((), 3)


def _rewritten(copy: Copy, seq: int) -> None:
    copy.sql(
        "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) WHERE seq = ?", seq
    )


def test_an_older_entry_that_was_changed_is_not_seen_and_that_is_said(vault_copy: Copy, sizes: list[int]) -> None:
    _rewritten(vault_copy, 40)
    verdict = _since(vault_copy, sizes[-2])
    assert verdict.word == VERIFIED
    assert any("entries before it" in line for line in verdict.told["since"]["not_checked"])
    assert vault_copy.verify().word == FAILED


def test_a_newer_entry_that_was_changed_is_named(vault_copy: Copy, sizes: list[int]) -> None:
    _rewritten(vault_copy, sizes[-2] + 1)
    codes = _codes(_since(vault_copy, sizes[-2]))
    assert codes["entry-altered"] == {f"entry {sizes[-2] + 1}"}
    assert "ledger/checkpoint" in codes["root-differs"]


def test_an_older_entry_about_a_row_of_newer_ones_that_was_changed_is_named(vault_copy: Copy, sizes: list[int]) -> None:
    size = max(one for one in sizes if one <= vault_copy.entry_of(MATCH, "match"))
    asked = vault_copy.entry_of(vault_copy.names["failed"], "request")
    assert asked < size
    _rewritten(vault_copy, asked)
    assert f"entry {asked}" in _codes(_since(vault_copy, sizes[-2]))["entry-altered"]


def test_a_newer_entry_that_is_earlier_than_the_last_before_it(vault_copy: Copy, sizes: list[int]) -> None:
    """Its keys are the office's own: the tree and all signatures fit it."""
    vault_copy.sql(
        'UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), \'"time":"20\', \'"time":"19\') AS BLOB)'
        " WHERE seq >= ?",
        sizes[-2],
    )
    assert f"entry {sizes[-2]}" in _codes(_since(vault_copy, sizes[-2]))["time-goes-back"]


def test_the_entry_that_names_the_keys_is_always_held_against_the_tree(vault_copy: Copy, sizes: list[int]) -> None:
    vault_copy.sql(
        'UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), \'"outcome":"success"\', \'"outcome":"failure"\')'
        " AS BLOB) WHERE seq = 0"
    )
    assert _codes(_since(vault_copy, sizes[-1]))["entry-altered"] == {"entry 0"}


def test_rows_of_newer_entries_are_compared(vault_copy: Copy, sizes: list[int]) -> None:
    size = max(one for one in sizes if one <= vault_copy.entry_of(MATCH, "match"))
    vault_copy.sql("UPDATE match SET score = 0.5 WHERE id = ?", MATCH)
    vault_copy.sql("DELETE FROM item WHERE id = ?", FIRST)
    codes = _codes(_since(vault_copy, size))
    assert codes["match-altered"] == {MATCH}
    assert FIRST in codes["item-missing"]


def test_a_row_of_which_no_entry_tells_is_named(vault_copy: Copy, sizes: list[int]) -> None:
    vault_copy.sql("INSERT INTO request SELECT 'rmadeupxxxx', url, canonical_url, case_name, note, priority,"
                   " requested_by, added_at, state, reason, message, attempts, attempts_allowed, next_attempt_at,"
                   " limits FROM request LIMIT 1")  # fmt: skip
    assert _codes(_since(vault_copy, sizes[-1]))["request-untold"] == {"rmadeupxxxx"}


def test_the_index_may_not_lead_to_a_newer_entry_wrongly(vault_copy: Copy, sizes: list[int]) -> None:
    vault_copy.sql("INSERT INTO subject VALUES (?, ?)", FIRST, sizes[-1] - 1)
    assert _codes(_since(vault_copy, sizes[-2]))["subject-foreign"] == {f"entry {sizes[-1] - 1}"}


def test_objects_of_newer_entries_are_digested(vault_copy: Copy, sizes: list[int]) -> None:
    (sha256,) = [vault_copy.value("SELECT sha256 FROM holding WHERE item_id = 'isecond222' AND role = 'original'")]
    path = vault_copy.folder / "objects" / str(sha256)[:2] / str(sha256)[2:]
    path.chmod(0o644)
    path.write_bytes(b"another film")
    size = max(one for one in sizes if one <= vault_copy.entry_of("isecond222", "ingestion"))
    assert _codes(_since(vault_copy, size))["object-altered"] == {sha256}


def test_newer_tiles_that_were_changed_or_removed_are_named(vault_copy: Copy, sizes: list[int]) -> None:
    newest = sizes[-1]
    tile = f"ledger/tile/0/{newest // 256:03}.p/{newest % 256}"
    path = vault_copy.folder / tile
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    assert tile in _codes(_since(vault_copy, sizes[-2]))["tile-altered"]
    path.unlink()
    assert _codes(_since(vault_copy, sizes[-2]))["tile-missing"] == {tile}


def test_a_right_edge_that_does_not_give_the_root_ends_the_check(vault_copy: Copy, sizes: list[int]) -> None:
    path = vault_copy.folder / f"ledger/tile/0/{sizes[-1] // 256:03}.p/{sizes[-1] % 256}"
    path.chmod(0o644)
    path.write_bytes(bytes(path.stat().st_size))
    assert _codes(_since(vault_copy, sizes[-1])) == {"root-differs": {f"checkpoint {sizes[-1]}"}}


def test_a_ledger_cut_back_below_the_size_is_rolled_back(vault_copy: Copy, tmp_path: Path) -> None:
    shutil.copytree(vault_copy.folder, tmp_path / "before")
    with vault_copy.open() as vault:
        _ask(vault, 2, first=7000)
        vault.ledger.publish()
    seen = _remembered(vault_copy)
    verdict = verify(tmp_path / "before", outside=Outside(None, seen), since="last")
    assert set(_codes(verdict)) == {"rolled-back"}


def test_another_tree_of_the_size_that_was_seen_is_a_fork(vault_copy: Copy, tmp_path: Path) -> None:
    shutil.copytree(vault_copy.folder, tmp_path / "other")
    other = Copy(tmp_path / "other", tmp_path / "forked", vault_copy.names)
    for copy, first in ((vault_copy, 7000), (other, 8000)):
        with copy.open() as vault:
            queue.add(vault, [queue.Asked(f"https://v.example/{first}", f"https://v.example/{first}")])
            vault.ledger.publish()
    verdict = _since(other, "last", _remembered(vault_copy))
    assert set(_codes(verdict)) == {"fork"}
