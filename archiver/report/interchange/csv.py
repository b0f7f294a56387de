"""exhibits.csv: one row an exhibit, for spreadsheets (RFC 4180, UTF-8 with a byte order mark). Pure.

Titles come from strangers: no cell is a formula, and none moves or hides what stands beside it. report.json has every
value as it is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from archiver.report.interchange.told import Exhibit, File, Told
from archiver.report.wording.text import plain

#: Without it Excel takes the file for Latin-1.
_MARK = "\ufeff"

#: What makes a spreadsheet calculate a cell (OWASP, CSV Injection), with the full-width forms that some take as well.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_FIELDS = (
    "title", "url", "final_url", "uploader", "source", "location", "file_name", "case", "note", "requested_by",
)  # fmt: skip
_TECHNICAL = ("media_type", "duration_seconds", "width", "height", "codecs", "created", "content_credentials")

COLUMNS = (
    "exhibit", "item", *_FIELDS, "started", "ended", "http_status", *_TECHNICAL,
    "originals", "paths", "bytes", "sha256", "sha512", "warnings", "proved_at_the_latest", "matches",
)  # fmt: skip


def table(told: Told) -> bytes:
    """The table; several files of one exhibit stand in one cell, with ` | ` between them."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in _row(exhibit, told)] for exhibit in told.exhibits)
    return (_MARK + made.getvalue()).encode()


def cell(value: object) -> str:
    """A value as a spreadsheet shows it and does not calculate it; hidden characters are [U+XXXX]."""
    text = str(value)
    return ("'" if text.startswith(_FORMULA) else "") + plain(text)


def _row(exhibit: Exhibit, told: Told) -> Sequence[object]:
    shown, originals = exhibit.shown, exhibit.originals
    matches = [match.words for match in told.matches if exhibit.number in (match.a, match.b)]
    return (
        exhibit.number,
        exhibit.item,
        *(_field(exhibit, name) for name in _FIELDS),
        shown["started"],
        shown["ended"],
        shown["http"]["status"] or "",
        *(shown["technical"].get(name, "") for name in _TECHNICAL),
        len(originals),
        _joined([_place(file) for file in originals]),
        _joined([str(file.size) for file in originals]),
        _joined([file.sha256 for file in originals]),
        _joined([file.sha512 for file in originals]),
        _joined([one["code"] for one in shown["warnings"]]),
        _joined(exhibit.proofs),
        _joined(matches),
    )


def _field(exhibit: Exhibit, name: str) -> str:
    return "(withheld)" if name in exhibit.withheld else exhibit.fields.get(name, "")


def _place(file: File) -> str:
    return file.path or f"({file.absence})"


def _joined(values: Sequence[str]) -> str:
    return " | ".join(values)
