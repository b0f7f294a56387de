"""What a printed page is made of, before anybody knows how it is set: headings, facts, tables, frames.

`pages` and `statements` write documents as such blocks; `typesetting` turns them into PDF, `plain_text` into a text
that can be edited. Text in them may be a stranger's: it is made safe where it is set, all of it, so that nobody who
writes a page can forget to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: A picture by exhibit number and moment (ms), as `pictures.Pictures` holds it.
Picture = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1 begins a page. `anchor` is what a `Cell.page_of` finds it by."""

    text: str
    level: int = 1
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph. `note` sets it small, for what explains something else."""

    text: str
    note: bool = False
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of a list of facts; `remark` says on what it rests. `kind` is "", "code", "withheld" or "lines"."""

    label: str
    value: str
    remark: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with their values."""

    rows: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is a share of what is left (1.0), or 0: as wide as its content. `align` is "start" or "end"."""

    head: str
    width: float = 0
    align: str = "start"


@dataclass(frozen=True, slots=True)
class Cell:
    """`kind` is "", "code", "small", "good", "warn" or "withheld"; `page_of` shows the page of an anchor instead."""

    text: str
    kind: str = ""
    remark: str = ""
    page_of: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Its head is repeated on every page."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class File:
    """A file of an exhibit: `lines` say what it is and where it lies, `digests` are algorithms with their lines."""

    title: str
    lines: Sequence[Cell]
    digests: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its caption; what stands there in its place where it could not be had is `absent`."""

    picture: Picture
    caption: str
    absent: str = "no picture"


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures side by side, `across` in a row; `label` stands before the row."""

    frames: Sequence[Frame]
    across: int = 3
    label: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of ours, as SVG; nothing in it comes from outside."""

    svg: str
    alt: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Items, numbered or not."""

    items: Sequence[str]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Lines for a terminal, or the text of a file."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Box:
    """Something set apart. `tone` is "plain" or "warn"."""

    title: str
    blocks: Sequence[Block]
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Together:
    """Blocks that stand on one page; few and short ones."""

    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Blanks:
    """Lines to be filled in by hand, by their labels."""

    labels: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cover:
    """The beginning of the first page."""

    kind: str
    title: str


Block = Heading | Prose | Facts | Table | File | Frames | Drawing | Listing | Code | Box | Together | Blanks | Cover


@dataclass(frozen=True, slots=True)
class Document:
    """What is typeset: `title` for the file's metadata and page heads, `foot` for the foot of every page.

    `created` is a time of a record; the PDF says it was made then, whatever a clock says.
    """

    title: str
    head: str
    foot: Sequence[str]
    created: str
    blocks: Sequence[Block]
