"""Attacks on lists of others' hashes, and on fingerprints that were made later."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.custody import acquisitions, catalog, hashlists
from archiver.hashlist.reading import parse
from archiver.model import Examined, Role, Tool
from archiver.proof.faults import VERIFIED
from tests.vault_story import FIRST, Copy, held

DATA = f"sha256\n{'a' * 64}\n{'b' * 64}\n".encode()


@pytest.fixture
def listed(vault_copy: Copy) -> Copy:
    """The vault with a list, and one that was removed."""
    with vault_copy.open() as vault:
        for name, data in (("kept", DATA), ("gone", DATA + b"\n")):
            made = hashlists.keep(vault, data, parse(data), name=name)
            vault_copy.names[name] = made.id
        hashlists.remove(vault, "gone")
    assert vault_copy.verify().word == VERIFIED
    return vault_copy


@pytest.mark.parametrize(
    "change",
    [
        "content = CAST(replace(CAST(content AS TEXT), 'a', 'c') AS BLOB)",
        "content = x''",
        "kind = 'pdq'",
        "rows = 3",
        "refused = 1",
        "imported_at = '2020-01-01T00:00:00.000000Z'",
        "entry = entry - 1",
    ],
)
def test_a_list_edited(listed: Copy, change: str) -> None:
    listed.sql(f"UPDATE hashlist SET {change}")
    assert listed.codes() == {"hashlist-altered": {listed.names["kept"]}}


def test_a_list_deleted(listed: Copy) -> None:
    listed.sql("DELETE FROM hashlist")
    assert listed.codes() == {"hashlist-missing": {listed.names["kept"]}}


def test_a_list_put_in(listed: Copy) -> None:
    listed.sql(
        "INSERT INTO hashlist SELECT 'lforged222', kind, rows, refused, content, imported_at, entry FROM hashlist"
    )
    assert listed.codes() == {"hashlist-untold": {"lforged222"}}


def test_a_removed_list_put_back(listed: Copy) -> None:
    gone = listed.names["gone"]
    with listed.open() as vault:
        entry = catalog.entries_about(vault, gone)[0]
    listed.sql(
        "INSERT INTO hashlist SELECT ?, kind, rows, refused, ?, imported_at, ? FROM hashlist", gone, DATA + b"\n", entry
    )
    assert listed.codes() == {"hashlist-untold": {gone}}


@pytest.fixture
def renewed(vault_copy: Copy) -> Copy:
    """The vault after an item got another fingerprint."""
    with vault_copy.open() as vault:
        item = catalog.item(vault, FIRST)
        made = held(vault, b"another print", Role.FINGERPRINT, "application/json", "pdq/1")
        added = acquisitions.add_fingerprints(vault, item, (made,), Examined("bwrap", (Tool("av", "18"),)))
        assert added == (made,)
        assert acquisitions.add_fingerprints(vault, item, (made,), Examined("bwrap")) == ()
        vault.ledger.publish()
    assert vault_copy.verify().word == VERIFIED
    return vault_copy


def test_a_later_fingerprint_deleted(renewed: Copy) -> None:
    renewed.sql("DELETE FROM holding WHERE item_id = ? AND name = 'pdq/1'", FIRST)
    assert renewed.codes() == {"holding-missing": {FIRST}}


def test_a_later_fingerprint_exchanged_for_an_earlier(renewed: Copy) -> None:
    renewed.sql(
        "UPDATE holding SET sha256 = (SELECT sha256 FROM holding WHERE item_id = ?1 AND name = 'test-1')"
        " WHERE item_id = ?1 AND name = 'pdq/1'",
        FIRST,
    )
    assert renewed.codes() == {"holding-missing": {FIRST}}


def test_the_algorithm_of_a_fingerprint_edited(renewed: Copy) -> None:
    renewed.sql("UPDATE holding SET name = 'pdq/2' WHERE item_id = ? AND name = 'pdq/1'", FIRST)
    assert renewed.codes() == {"item-altered": {FIRST}}


def test_the_object_of_a_later_fingerprint_edited(renewed: Copy, tmp_path: Path) -> None:
    sha256 = renewed.value("SELECT sha256 FROM holding WHERE item_id = ? AND name = 'pdq/1'", FIRST)
    path = renewed.folder / "objects" / str(sha256)[:2] / str(sha256)[2:]
    path.chmod(0o644)
    path.write_bytes(b"forged")
    assert set(renewed.codes()) == {"object-altered"}
