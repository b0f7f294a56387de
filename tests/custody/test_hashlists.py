"""Lists of others' hashes are kept byte for byte, each act with them is on record, and their names are sealed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archiver.custody import forgetting, hashlists
from archiver.custody.audit import verify
from archiver.custody.hashlists import HashList
from archiver.custody.vault import Vault, create
from archiver.errors import UsageError
from archiver.hashlist.reading import parse
from archiver.hashlist.records import Kind
from archiver.proof.faults import VERIFIED

DATA = f"sha256\n{'a' * 64}\nbad\n".encode()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return create(tmp_path / "vault")


def keep(vault: Vault, data: bytes = DATA, name: str = "friends") -> HashList:
    return hashlists.keep(vault, data, parse(data), name=name, file_name="list.csv", source="Office B")


def entries(vault: Vault) -> list[dict[str, object]]:
    rows = vault.database.read().execute("SELECT body FROM entry ORDER BY seq")
    return [json.loads(row[0]) for row in rows]


def test_a_list_is_kept_as_it_came_and_found_by_id_and_name(vault: Vault) -> None:
    held = keep(vault)
    assert (held.kind, held.rows, held.refused, held.size) == (Kind.DIGESTS, 1, 1, len(DATA))
    assert hashlists.content(vault, held.id) == DATA
    assert hashlists.listing(vault) == [held] == [hashlists.find(vault, held.id)] == [hashlists.find(vault, "friends")]
    assert verify(vault.folder).word == VERIFIED
    assert verify(vault.folder).checked["hash_lists"] == 1


def test_the_entry_tells_the_file_and_seals_the_rest(vault: Vault) -> None:
    held = keep(vault)
    body = vault.ledger.entry(held.entry)
    detail = json.loads(body)["detail"]
    assert (detail["list"], detail["kind"], detail["rows"], detail["refused"]) == (held.id, "digests", 1, 1)
    for name in (b"friends", b"list.csv", b"Office B"):
        assert name not in body


def test_a_name_that_is_taken_a_file_that_is_held_and_an_empty_list_are_refused(vault: Vault) -> None:
    keep(vault)
    before = entries(vault)
    with pytest.raises(UsageError, match="named friends"):
        keep(vault, DATA + b"\n")
    with pytest.raises(UsageError, match="held already"):
        keep(vault, name="others")
    with pytest.raises(UsageError, match="no row"):
        keep(vault, b"sha256\nbad\n", name="empty")
    assert entries(vault) == before


def test_a_removed_list_is_gone_and_its_story_stays(vault: Vault) -> None:
    held = keep(vault)
    hashlists.remove(vault, "friends", note="no longer shared")
    assert hashlists.listing(vault) == []
    types = [entry["type"] for entry in entries(vault)]
    assert [one for one in types if str(one).startswith("hash list")] == ["hash list imported", "hash list removed"]
    with pytest.raises(UsageError, match="no hash list"):
        hashlists.remove(vault, held.id)
    assert verify(vault.folder).word == VERIFIED
    assert keep(vault).id != held.id, "the same file may come again"
    assert verify(vault.folder).word == VERIFIED


def test_a_forgotten_name_is_shown_nowhere_and_the_list_stays(vault: Vault) -> None:
    held = keep(vault)
    forgetting.forget(vault, held.entry, "source")
    forgetting.forget(vault, held.entry, "title")
    (left,) = hashlists.listing(vault)
    assert (left.id, left.name, left.source) == (held.id, "", "")
    assert verify(vault.folder).word == VERIFIED
    with pytest.raises(UsageError):
        hashlists.find(vault, "")


def test_an_export_is_on_record_with_its_digest_and_a_sealed_case(vault: Vault) -> None:
    entry = hashlists.record_export(vault, DATA, Kind.DIGESTS, 1, case="march")
    body = vault.ledger.entry(entry)
    assert json.loads(body)["type"] == "hash list exported"
    assert b"march" not in body
    assert verify(vault.folder).word == VERIFIED
