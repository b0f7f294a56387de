"""Reading what is archived: items, acquisitions and objects as the records tell them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from archiver import standard
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import Acquisition, Holding, Item, Outcome, Role, StoredObject, Tool

_ITEM = (
    "item.id, acquisition_id, case_name, item.url, item.title, acquired_at, item.uploader, item.note, path,"
    " item.source, summary"
)


def items(vault: Vault, *, case: str | None = None, text: str = "") -> list[Item]:
    """Items in the order in which they came, of one case, or with `text` by full-text search, best first."""
    where, values, order = ["1"], [], "item.rowid"
    join = ""
    if case is not None:
        where.append("case_name = ?")
        values.append(case)
    words = text.replace('"', " ").replace("\0", " ").split()
    if text.strip() and not words:
        return []  # quotes alone are no word of any item
    if words:
        join, order = "JOIN item_text ON item_text.rowid = item.rowid", "item_text.rank"
        where.append("item_text MATCH ?")
        # Every word as a quoted prefix: full-text operators in what somebody types are words, not syntax.
        values.append(" ".join(f'"{word}"*' for word in words))
    sql = f"SELECT {_ITEM} FROM item {join} WHERE {' AND '.join(where)} ORDER BY {order}"  # noqa: S608  values are bound
    rows = vault.database.read().execute(sql, values).fetchall()
    return _with_holdings(vault, rows)


def item(vault: Vault, item_id: str) -> Item:
    """One item. Raises UsageError for an id that is not there."""
    rows = vault.database.read().execute(
        f"SELECT {_ITEM} FROM item WHERE id = ?",  # noqa: S608  the columns are ours
        (item_id,),
    )
    for found in _with_holdings(vault, rows.fetchall()):
        return found
    raise UsageError(f"there is no item {item_id}", next_step="`archiver items` lists them")


def acquisition(vault: Vault, acquisition_id: str) -> Acquisition:
    """The acquisition without its items. Raises UsageError for an id that is not there."""
    row = (
        vault.database.read()
        .execute(
            "SELECT id, kind, request_id, attempt, source, started_at, ended_at, outcome, reason, message, tools"
            " FROM acquisition WHERE id = ?",
            (acquisition_id,),
        )
        .fetchone()
    )
    if row is None:
        raise UsageError(f"there is no acquisition {acquisition_id}")
    return Acquisition(
        id=row[0], kind=row[1], request_id=row[2], attempt=row[3], source=row[4], started_at=row[5], ended_at=row[6],
        outcome=Outcome(row[7]), reason=row[8], message=row[9],
        tools=tuple(Tool(t["name"], t["version"]) for t in json.loads(row[10])),
        holdings=_holdings(vault, acquisition_id).get("", ()),
    )  # fmt: skip


def attempts(vault: Vault, request_id: str) -> list[Acquisition]:
    """Every attempt at a request, in order."""
    rows = vault.database.read().execute(
        "SELECT id FROM acquisition WHERE request_id = ? ORDER BY attempt", (request_id,)
    )
    return [acquisition(vault, row[0]) for row in rows.fetchall()]


def object_count(vault: Vault) -> tuple[int, int]:
    """How many objects there are, and their bytes."""
    row = vault.database.read().execute("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM object").fetchone()
    return int(row[0]), int(row[1])


def item_count(vault: Vault) -> int:
    """How many items there are."""
    return int(vault.database.read().execute("SELECT COUNT(*) FROM item").fetchone()[0])


def entry_count(vault: Vault) -> int:
    """How many entries the ledger has."""
    return int(vault.database.read().execute("SELECT COALESCE(MAX(seq) + 1, 0) FROM entry").fetchone()[0])


def holders(vault: Vault, sha256: str, *, case: str | None = None) -> list[str]:
    """Items, of a case or all, that hold the object as an original, first come first."""
    rows = vault.database.read().execute(
        "SELECT item_id FROM holding JOIN item ON item.id = item_id WHERE sha256 = ?1 AND role = 'original'"
        " AND (?2 IS NULL OR case_name = ?2) GROUP BY item_id ORDER BY MIN(item.rowid)",
        (sha256, case),
    )
    return [row[0] for row in rows]


def first_of_its_bytes(vault: Vault, item_id: str) -> str:
    """The first item of its case that holds every original which this one holds: itself, unless its bytes came before.

    A case is exported by itself: what stands for an item has to be in it.
    """
    row = (
        vault.database.read()
        .execute(
            "WITH mine AS (SELECT DISTINCT sha256 FROM holding WHERE item_id = ?1 AND role = 'original')"
            " SELECT item_id FROM holding JOIN mine USING (sha256) JOIN item ON item.id = item_id"
            " WHERE role = 'original' AND case_name = (SELECT case_name FROM item WHERE id = ?1) GROUP BY item_id"
            " HAVING COUNT(DISTINCT sha256) = (SELECT COUNT(*) FROM mine) ORDER BY MIN(item.rowid) LIMIT 1",
            (item_id,),
        )
        .fetchone()
    )
    return str(row[0]) if row else item_id


def of_algorithm(vault: Vault, algorithm: str, after: int = 0) -> list[tuple[int, str, str]]:
    """Fingerprints of one algorithm in the order in which they came, as `fingerprints` gives our own."""
    rows = vault.database.read().execute(
        "SELECT holding.rowid, item_id, sha256 FROM holding WHERE role = 'fingerprint' AND name = ?"
        " AND holding.rowid > ? ORDER BY holding.rowid",
        (algorithm, after),
    )
    return rows.fetchall()


def digests(vault: Vault) -> list[tuple[str, str, str, int]]:
    """(item, SHA-256, SHA-512, size) of every original, in the order in which they came."""
    rows = vault.database.read().execute(
        "SELECT item_id, sha256, sha512, size FROM holding JOIN object USING (sha256)"
        " WHERE role = 'original' AND item_id <> '' ORDER BY holding.rowid"
    )
    return rows.fetchall()


#: Of a fingerprint's row: its item has fewer of the algorithm that succeeded its own than of its own. (Of several files
#: one may have been made anew, and another not; which is of which file no row says.)
_NOT_SUCCEEDED: Final = (
    "(SELECT COUNT(*) FROM holding AS newer JOIN json_each(?) AS successor ON newer.name = successor.value"
    " WHERE newer.item_id = holding.item_id AND newer.role = 'fingerprint' AND successor.key = holding.name)"
    " < (SELECT COUNT(*) FROM holding AS same WHERE same.item_id = holding.item_id AND same.role = 'fingerprint'"
    " AND same.name = holding.name)"
)


def _successors() -> str:
    from archiver.fingerprint import SUCCEEDED_BY  # with numpy, which commands that match nothing do without

    return json.dumps(SUCCEEDED_BY)


def fingerprints(vault: Vault, after: int = 0) -> Iterator[tuple[int, str, str]]:
    """Our own fingerprint objects in the order in which they came: (row number, item, SHA-256), after a row number.

    The standard ones (`archiver.standard`) are left out: they are in other indexes, or compared with lists only. So are
    those in whose place a newer algorithm's have come.
    """
    yield from vault.database.read().execute(
        "SELECT holding.rowid, item_id, sha256 FROM holding WHERE role = 'fingerprint' AND holding.rowid > ?"  # noqa: S608
        f" AND name NOT IN (SELECT value FROM json_each(?)) AND {_NOT_SUCCEEDED} ORDER BY holding.rowid",
        (after, json.dumps(standard.ALGORITHMS), _successors()),
    )


def fingerprint_at(vault: Vault, row: int) -> str:
    """SHA-256 of the fingerprint object at a row number of `fingerprints`; "" where there is none."""
    found = (
        vault.database.read()
        .execute("SELECT sha256 FROM holding WHERE role = 'fingerprint' AND rowid = ?", (row,))
        .fetchone()
    )
    return str(found[0]) if found else ""


def fingerprinted(vault: Vault, sha256: str) -> list[str]:
    """Items that the fingerprint object is of and that have no newer one in its place, first come first."""
    rows = vault.database.read().execute(
        "SELECT item_id FROM holding JOIN item ON item.id = item_id WHERE sha256 = ? AND role = 'fingerprint'"  # noqa: S608
        f" AND {_NOT_SUCCEEDED} GROUP BY item_id ORDER BY MIN(item.rowid)",
        (sha256, _successors()),
    )
    return [row[0] for row in rows]


def entries_about(vault: Vault, subject: str) -> list[int]:
    """Numbers of the ledger entries that concern a request, an acquisition, an item or a match."""
    rows = vault.database.read().execute("SELECT seq FROM subject WHERE id = ? ORDER BY seq", (subject,))
    return [row[0] for row in rows]


def _with_holdings(vault: Vault, rows: Sequence[Any]) -> list[Item]:
    by_acquisition: dict[str, dict[str, tuple[Holding, ...]]] = {}
    for row in rows:
        if row[1] not in by_acquisition:
            by_acquisition[row[1]] = _holdings(vault, row[1])
    return [
        Item(
            id=row[0], acquisition_id=row[1], case=row[2], url=row[3], title=row[4], acquired_at=row[5],
            holdings=by_acquisition[row[1]].get(row[0], ()), uploader=row[6], note=row[7], path=row[8],
            source=row[9], summary=json.loads(row[10]),
        )
        for row in rows
    ]  # fmt: skip


def _holdings(vault: Vault, acquisition_id: str) -> dict[str, tuple[Holding, ...]]:
    found: dict[str, list[Holding]] = {}
    for item_id, role, name, sha256, sha512, size, media_type in vault.database.read().execute(
        "SELECT item_id, role, name, sha256, sha512, size, media_type FROM holding JOIN object USING (sha256)"
        " WHERE acquisition_id = ? ORDER BY item_id, position",
        (acquisition_id,),
    ):
        held = Holding(StoredObject(sha256, sha512, size, media_type), Role(role), name)
        found.setdefault(item_id, []).append(held)
    return {item_id: tuple(holdings) for item_id, holdings in found.items()}
