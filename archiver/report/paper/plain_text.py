"""Blocks as a text file, for statements that somebody has to edit before signing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from archiver.report.paper import blocks
from archiver.report.wording.text import plain

_WIDTH = 96
_LABEL = 28
_BLANK = "_" * 50


def text(document: blocks.Document) -> str:
    """The document's blocks, one below the other. Pictures and pages are left out, as a text has neither."""
    lines = [line for one in document.blocks for line in (*_block(one), "")]
    lines += [plain(line) for line in document.foot]
    return "\n".join(lines) + "\n"


def _block(one: blocks.Block) -> Iterator[str]:
    match one:
        case blocks.Cover(kind, title):
            yield from (plain(kind), "", plain(title), "=" * len(plain(title)))
        case blocks.Heading(words):
            yield from (plain(words), "-" * len(plain(words)))
        case blocks.Prose(words):
            yield from _filled(words)
        case blocks.Facts(rows):
            for row in rows:
                yield from _labelled(row.label, " ".join(filter(None, (row.value, row.remark))))
        case blocks.Blanks(labels):
            for label in labels:
                yield from ("", f"{plain(label)}:", _BLANK)
        case blocks.Listing(items, numbered):
            for number, item in enumerate(items, 1):
                mark = f"{number}. " if numbered else "* "
                yield from _filled(item, mark, " " * len(mark))
        case blocks.Table(columns, rows):
            yield from _table([column.head for column in columns], rows)
        case blocks.Box(title, inner):
            yield f"[ {plain(title)} ]"
            for within in inner:
                yield from _block(within)
        case blocks.Together(inner):
            for within in inner:
                yield from _block(within)
        case blocks.Code(code):
            yield from (f"  {plain(line)}" for line in code)


def _table(heads: Sequence[str], rows: Sequence[Sequence[blocks.Cell]]) -> Iterator[str]:
    """Each row as lines of labels, because a digest does not fit a column."""
    for row in rows:
        for head, cell in zip(heads, row, strict=True):
            yield from _labelled(f"  {head}", " ".join(filter(None, (cell.text, cell.remark))))
        yield ""


def _labelled(label: str, value: str) -> Iterator[str]:
    yield from _filled(value, f"{plain(label)}:".ljust(_LABEL), " " * _LABEL)


def _filled(words: str, first: str = "", following: str = "") -> Iterator[str]:
    yield from textwrap.wrap(
        plain(words), _WIDTH, initial_indent=first, subsequent_indent=following, break_on_hyphens=False,
        break_long_words=False,
    ) or [first]  # fmt: skip
