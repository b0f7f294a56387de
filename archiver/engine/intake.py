"""Rows that people hand over, as a CSV file, as lines or as arguments: every one is answered for, none vanishes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archiver.capture import urls
from archiver.config import Limits
from archiver.custody import queue
from archiver.custody.vault import Vault
from archiver.errors import RefusedError, UsageError
from archiver.model import State

COLUMNS = ("url", "case", "note", "priority", "requested_by")

#: A note of more lines than this in one cell is a quote that somebody forgot to close.
CELL_LINES = 50

#: Priorities are a person's sense of hurry: more than this is a typing error, and DBOS counts in 32 bits.
PRIORITY_BOUND = 1000

#: What stands between columns: some spreadsheets write semicolons or tabs. The one of RFC 4180 is judged last.
_DELIMITERS = (";", "\t", ",")

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


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
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError("the list is UTF-16 text", next_step="Save it as CSV in UTF-8")
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    header, delimiter = _header(lines[0]) if lines else ([], ",")
    if not header:
        return [checked(replace(defaults, input=line, url=line.strip())) for line in lines if line.strip()]
    if "url" not in header:
        raise UsageError(
            f"the CSV header names no url column (found: {', '.join(header)[:200]})",
            next_step=f"Name the columns {', '.join(COLUMNS)}; only url is needed",
        )
    return list(_from_csv(header, delimiter, lines[1:], defaults))


def checked(row: Row) -> Row:
    """The row, refused where some part of it is not UTF-8 (the bytes are kept as readable escapes)."""
    names = ("input", "url", "case", "note", "requested_by")
    given: dict[str, str] = {name: getattr(row, name) for name in names}
    if not any(_NOT_UTF8.search(value) for value in given.values()):
        return row
    # A ledger entry is UTF-8.
    fields = {
        name: value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        for name, value in given.items()
    }
    return replace(row, **fields, defect=("not-utf8", "the row is not UTF-8"))  # type: ignore[arg-type]  # all are str


def _header(line: str) -> tuple[list[str], str]:
    """Column names and what stands between them; no names where the line is a URL and no header.

    A header has a cell that is one of our columns, or at least several cells, and nothing in it looks like a URL.
    """
    if "://" in line:
        return [], ","
    for delimiter in _DELIMITERS:
        try:
            names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])]
        except csv.Error:
            return [], ","
        if "url" in names or (delimiter == _DELIMITERS[-1] and (len(names) > 1 or set(names) & set(COLUMNS))):
            return names, delimiter
    return [], ","


def unknown_columns(data: bytes) -> list[str]:
    """Columns of a CSV file that are not read, as a person may have misspelt one."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape").replace("\r", "\n")
    first = next((line for line in text.split("\n") if line.strip()), "")
    return [name for name in _header(first)[0] if name not in COLUMNS]


def _from_csv(header: Sequence[str], delimiter: str, lines: Sequence[str], defaults: Row) -> Iterator[Row]:
    for text in _records(lines, delimiter):
        try:
            cells = next(_reader(text, delimiter), [])
        except csv.Error as error:
            row = replace(defaults, input=text, url=text.strip())
            yield replace(checked(row), defect=("bad-row", f"no CSV: {error}"))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        named = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name in COLUMNS}
        row = replace(
            defaults,
            input=delimiter.join(cells),
            url=named.get("url", ""),
            case=named.get("case", "") or defaults.case,
            note=named.get("note", "") or defaults.note,
            requested_by=named.get("requested_by", "") or defaults.requested_by,
        )
        if text.count('"') % 2 and delimiter in row.url:
            row = replace(row, defect=("bad-row", "a quotation mark is opened before the URL and never closed"))
        yield checked(_with_priority(row, named.get("priority", "")))


def _records(lines: Sequence[str], delimiter: str) -> Iterator[str]:
    """Lines, joined where a quoted cell goes on over several; a quote that never closes swallows no other row."""
    at = 0
    while at < len(lines):
        end = at + 1
        if lines[at].count('"') % 2:
            for candidate in range(at + 2, min(at + CELL_LINES, len(lines)) + 1):
                if lines[candidate - 1].count('"') % 2 and _is_one_record("\n".join(lines[at:candidate]), delimiter):
                    end = candidate
                    break
        yield "\n".join(lines[at:end])
        at = end


def _is_one_record(text: str, delimiter: str) -> bool:
    try:
        return len(list(_reader(text, delimiter, strict=True))) == 1
    except csv.Error:
        return False


def _reader(text: str, delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    # Lines end at \n alone: str.splitlines would end them at separators of other alphabets too.
    return csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=strict)


def _with_priority(row: Row, text: str) -> Row:
    if not text:
        return row
    if not _WHOLE_NUMBER.fullmatch(text):
        return replace(row, defect=("bad-priority", f"priority {text[:40]!r} is not a whole number that we take"))
    return replace(row, priority=int(text))


def add(
    vault: Vault, rows: Iterable[Row], *, again: bool = False, limits: Mapping[str, int] | None = None
) -> list[queue.Answer]:
    """Queue rows: each is judged by the rules of `capture.urls`, and a refusal is a recorded request too."""
    bounds = vault.settings.limits
    asked = []
    for row in rows:
        refusal = row.defect or _objection(row, bounds)
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


def retry(vault: Vault, request_ids: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Queue requests again. Gives the ids that were queued, and for each of the others why it was not.

    What `add` refused is judged anew: networks that may be reached may have been named since.
    """
    why: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for request_id in request_ids:
        request = queue.get(vault, request_id)
        if request.state in (State.QUEUED, State.RUNNING, State.ARCHIVED):
            why[request_id] = f"it is {request.state}; `archiver add --again` archives an address anew"
        elif not request.canonical_url:
            try:
                addresses[request_id] = urls.canonical(request.url, vault.settings.limits, vault.settings.allow_net)
            except RefusedError as error:
                why[request_id] = f"it is still refused: {error.what}"
    again = [request_id for request_id in request_ids if request_id not in why]
    return queue.retry(vault, again, addresses), why


def _objection(row: Row, bounds: Limits) -> tuple[str, str] | None:
    if len(row.note) > bounds.note_characters:
        return ("note-too-long", f"the note is longer than {bounds.note_characters} characters")
    # Never cut: two cases of one long beginning would become one.
    for value, code, what in ((row.case, "case-too-long", "case"), (row.requested_by, "name-too-long", "requester")):
        if len(value) > bounds.title_characters:
            return (code, f"the {what} is longer than {bounds.title_characters} characters")
    if abs(row.priority) > PRIORITY_BOUND:
        return ("bad-priority", f"priorities go from {-PRIORITY_BOUND} to {PRIORITY_BOUND}")
    return None
