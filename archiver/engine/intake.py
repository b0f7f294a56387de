"""Rows that people hand over, as a CSV file, as lines or as arguments: every one is answered for, none vanishes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.capture import urls
from archiver.custody import queue
from archiver.custody.vault import Vault
from archiver.errors import RefusedError, UsageError

COLUMNS = ("url", "case", "note", "priority", "requested_by")

#: A note of more lines than this in one cell is a quote that somebody forgot to close.
CELL_LINES = 50

#: Priorities are a person's sense of hurry: more than this is a typing error, and DBOS counts in 32 bits.
PRIORITY_BOUND = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it came in. `defect` is set (reason code, words) where it cannot be read as a request."""

    input: str
    url: str
    case: str = ""
    note: str = ""
    priority: int = 0
    requested_by: str = ""
    defect: tuple[str, str] | None = None


def parse(data: bytes, defaults: Row) -> list[Row]:
    """Rows of a file: CSV where the first line is a header with a `url` column, else one URL a line.

    A BOM, CRLF, empty lines and extra columns do no harm; a row that is not UTF-8 or has an impossible priority is a
    refused row of its own. Raises UsageError for a header without `url`.
    """
    lines = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    texts = [line.decode("utf-8", "surrogateescape") for line in lines]
    header = _header(texts[0]) if texts else None
    if header is None:
        return [_checked(replace(defaults, input=text, url=text.strip())) for text in texts if text.strip()]
    if "url" not in header:
        raise UsageError(
            f"the CSV header names no url column (found: {', '.join(header)})",
            next_step=f"Name the columns {', '.join(COLUMNS)}; only url is needed",
        )
    return list(_from_csv(header, texts[1:], defaults))


def _header(line: str) -> list[str] | None:
    """Column names, where the line is a header at all: some cell is one of our columns and none looks like a URL."""
    names = [name.strip().lower() for name in next(csv.reader([line]), [])]
    if "://" in line or not set(names) & set(COLUMNS):
        return None if len(names) < 2 or "://" in line else names
    return names


def _from_csv(header: Sequence[str], lines: Sequence[str], defaults: Row) -> Iterator[Row]:
    for text in _records(lines):
        try:
            cells = next(csv.reader(text.splitlines(keepends=True)), [])
        except csv.Error as error:
            yield _checked(replace(defaults, input=text, url=text.strip(), defect=("bad-row", f"no CSV: {error}")))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        named = {name: cell for name, cell in zip(header, cells, strict=False) if name in COLUMNS}
        row = replace(
            defaults,
            input=",".join(cells),
            url=named.get("url", "").strip(),
            case=named.get("case", "").strip() or defaults.case,
            note=named.get("note", "").strip() or defaults.note,
            requested_by=named.get("requested_by", "").strip() or defaults.requested_by,
        )
        yield _checked(_with_priority(row, named.get("priority", "").strip()))


def _records(lines: Sequence[str]) -> Iterator[str]:
    """Lines, joined where a quoted cell goes on over several; a quote that never closes swallows no other row."""
    at = 0
    while at < len(lines):
        end = at + 1
        if lines[at].count('"') % 2:
            for candidate in range(at + 2, min(at + CELL_LINES, len(lines)) + 1):
                if lines[candidate - 1].count('"') % 2:
                    end = candidate
                    break
        yield "\n".join(lines[at:end])
        at = end


def _with_priority(row: Row, text: str) -> Row:
    if not text:
        return row
    try:
        return replace(row, priority=int(text[:20]))
    except ValueError:
        return replace(row, defect=("bad-priority", f"priority {text[:40]!r} is not a whole number"))


def _checked(row: Row) -> Row:
    if any("\udc80" <= character <= "\udcff" for character in row.input):
        # What cannot be read is kept as readable escapes: a ledger entry is UTF-8.
        fields = {
            name: value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            for name in ("input", "url", "case", "note", "requested_by")
            if isinstance(value := getattr(row, name), str)
        }
        return replace(row, **fields, defect=("not-utf8", "the row is not UTF-8"))  # type: ignore[arg-type]  # all are str
    return row


def add(
    vault: Vault, rows: Iterable[Row], *, again: bool = False, limits: Mapping[str, int] | None = None
) -> list[queue.Answer]:
    """Queue rows: each is judged by the rules of `capture.urls`, and a refusal is a recorded request too."""
    bounds = vault.settings.limits
    asked = []
    for row in rows:
        refusal = row.defect or _objection(row, bounds.note_characters)
        canonical = ""
        if refusal is None:
            try:
                canonical = urls.canonical(row.url, bounds, vault.settings.allow_net)
            except RefusedError as error:
                refusal = (error.code, error.what)
        reason, message = refusal or ("", "")
        asked.append(
            queue.Asked(
                url=row.url[: bounds.url_characters],
                canonical_url=canonical,
                case=row.case[: bounds.title_characters],
                note=row.note[: bounds.note_characters],
                priority=max(-PRIORITY_BOUND, min(PRIORITY_BOUND, row.priority)),
                requested_by=row.requested_by[: bounds.title_characters],
                limits=dict(limits or {}),
                refusal=reason,
                message=message,
            )
        )
    return queue.add(vault, asked, again=again)


def _objection(row: Row, note_characters: int) -> tuple[str, str] | None:
    if len(row.note) > note_characters:
        return ("note-too-long", f"the note is longer than {note_characters} characters")
    if abs(row.priority) > PRIORITY_BOUND:
        return ("bad-priority", f"priorities go from {-PRIORITY_BOUND} to {PRIORITY_BOUND}")
    return None
