"""A piece of the ledger: its entries examined, its runs of 256 hashed and compared with the tiles, all in one reading.

What comes out of it is small, because it may come from another process.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.custody.audit import listed, tilesread
from archiver.custody.audit.crew import Piece
from archiver.custody.audit.entry import Examined, Opening, Row, examine
from archiver.proof.faults import Fault, ProofError
from archiver.proof.log import tiles
from archiver.proof.log.merkle import root_of
from archiver.proof.log.tiles import ENTRIES, WIDTH, Tile

#: Kinds of rows that entries tell of, each the name of its table.
KINDS = ("request", "acquisition", "item", "match", "hashlist")

#: Subjects that no table of rows stands for, and that later checks ask for.
_ACTS = ("anchor.", "cosignature.", "received.", "timestamp.")


@dataclass(frozen=True, slots=True)
class Run:
    """256 entries: their root, and whether the bundle and the tile of their hashes were found to hold just these."""

    index: int
    root: bytes
    bundled: bool
    tiled: bool


@dataclass(frozen=True, slots=True)
class Span:
    """What a piece of the ledger tells. `leaves` are those of `numbers`, joined; `times` are empty where invalid."""

    numbers: Sequence[int]
    leaves: bytes
    runs: Sequence[Run]
    times: Sequence[str]
    clocks_back: int
    told: int  # pairs of subject and entry
    subjects: Sequence[tuple[str, int]]
    objects: Sequence[tuple[str, str, int, str, int]]
    checkpoints: Sequence[tuple[int, str, str, int]]
    agentless: Sequence[int]
    forgotten: Sequence[tuple[int, str, int]]
    faults: Sequence[Fault]


def examine_span(connection: sqlite3.Connection, piece: Piece, ledger: Path, kinds: Sequence[str], every: bool) -> Span:
    """Examine a piece. `kinds` are the tables that can be read; `every` asks for all pairs of subject and entry."""
    rows = read(connection, piece)
    found = [examine(row, openings) for row, openings in rows]
    pairs = [(subject, one.seq) for one in found for subject in one.subjects]
    return Span(
        numbers=[one.seq for one in found],
        leaves=b"".join(one.leaf for one in found),
        runs=_runs(rows, found, ledger),
        times=[one.time for one in found],
        clocks_back=sum(one.behind_ms > 0 for one in found),
        told=len(pairs),
        subjects=pairs if every else [pair for pair in pairs if pair[0].startswith(_ACTS)],
        objects=[(*told, one.seq) for one in found for told in one.objects],
        checkpoints=[(*one.checkpoint, one.seq) for one in found if one.checkpoint],
        agentless=[one.seq for one in found if one.time and not one.has_agent],
        forgotten=[(*field, one.seq) for one in found for field in one.forgotten],
        faults=[
            *(fault for one in found for fault in one.faults),
            *_unindexed(connection, pairs),
            *_missing(connection, found, kinds),
        ],
    )


def read(connection: sqlite3.Connection, piece: Piece) -> list[tuple[Row, list[Opening]]]:
    """Entries with their disclosures, in the order of numbers. Raises sqlite3.Error."""
    bounds = (piece.first, piece.last)
    rows = connection.execute("SELECT seq, body, leaf FROM entry WHERE seq BETWEEN ? AND ? ORDER BY seq", bounds)
    found: dict[int, tuple[Row, list[Opening]]] = {row[0]: (row, []) for row in rows}
    for opening in connection.execute(
        "SELECT seq, name, salt, value FROM disclosure WHERE seq BETWEEN ? AND ?", bounds
    ):
        if opening[0] in found:  # `sealed` names those that belong to no entry
            found[opening[0]][1].append(opening)
    return list(found.values())


def _runs(rows: Sequence[tuple[Row, list[Opening]]], found: Sequence[Examined], ledger: Path) -> list[Run]:
    runs = []
    for at in range(-found[0].seq % WIDTH if found else 0, len(found) - WIDTH + 1, WIDTH):
        if found[at].seq < 0 or found[at].seq % WIDTH or found[at + WIDTH - 1].seq != found[at].seq + WIDTH - 1:
            continue  # a gap
        index = found[at].seq // WIDTH
        leaves = [one.leaf for one in found[at : at + WIDTH]]
        bodies = [row[1] for row, _ in rows[at : at + WIDTH]]
        runs.append(
            Run(
                index,
                root_of(leaves),
                _holds(ledger, Tile(ENTRIES, index), _bundle(bodies)),
                _holds(ledger, Tile(0, index), b"".join(leaves)),
            )
        )
    return runs


def _bundle(bodies: Sequence[object]) -> bytes | None:
    try:
        return tiles.encode_bundle(body for body in bodies if isinstance(body, bytes))
    except ProofError:
        return None


def _holds(ledger: Path, tile: Tile, expected: bytes | None) -> bool:
    try:
        return expected is not None and tilesread.read(ledger, tile) == expected
    except OSError:
        return False  # `published.Files` says what is wrong with it


def _unindexed(connection: sqlite3.Connection, pairs: Sequence[tuple[str, int]]) -> Iterable[Fault]:
    """Pairs that the table `subject` lacks."""
    for subject, seq in connection.execute(
        "SELECT json_extract(value, '$[0]') AS one, json_extract(value, '$[1]') AS number FROM json_each(?)"
        " WHERE NOT EXISTS (SELECT 1 FROM subject WHERE id = one AND seq = number)",
        (json.dumps(pairs),),
    ):
        yield Fault("subject-missing", f"entry {seq}", f"the index of entries does not lead from {subject} to it")


def _missing(connection: sqlite3.Connection, found: Sequence[Examined], kinds: Sequence[str]) -> Iterable[Fault]:
    """Rows that the entries tell of and that are not there."""
    first: dict[tuple[str, str], int] = {}
    for one in found:
        for mention in one.mentions:
            first.setdefault(mention, one.seq)
    for kind in kinds:
        names = [name for told, name in first if told == kind]
        for (name,) in connection.execute(
            f"SELECT value FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM {kind} WHERE id = value)",  # noqa: S608  a name of ours
            (json.dumps(names),),
        ):
            if kind == "hashlist" and listed.is_removed(connection, name):
                continue
            message = f"entry {first[kind, name]} tells of this {kind}, and it is not on record"
            yield Fault(f"{kind}-missing", name, message)
