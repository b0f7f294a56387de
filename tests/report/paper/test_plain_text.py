"""Statements as text: every block that they use, safe to edit, nothing that a line could hide."""

from __future__ import annotations

from archiver.report.paper.blocks import (
    Blanks,
    Box,
    Cell,
    Code,
    Column,
    Cover,
    Document,
    Fact,
    Facts,
    Heading,
    Listing,
    Prose,
    Table,
    Together,
)
from archiver.report.paper.plain_text import text

MADE = text(
    Document(
        "A title",
        "A head",
        ("A foot",),
        "2026-03-14T12:00:00.000000Z",
        (
            Cover("Kind", "Title"),
            Heading("Section", 2),
            Prose("word " * 40),
            Facts((Fact("Label", "value", "(remark)"),)),
            Table((Column("No."), Column("What")), ((Cell("1"), Cell("a" * 64, remark="x")),)),
            Listing(("one", "two"), numbered=True),
            Listing(("dot",)),
            Box("Careful", (Prose("inside"),), "warn"),
            Together((Prose("kept"),)),
            Code(("$ command\u202e",)),
            Blanks(("Name",)),
        ),
    )
)


def test_every_block_has_its_text() -> None:
    lines = MADE.splitlines()
    for line in (
        "Kind",
        "Title",
        "=====",
        "Section",
        "-------",
        "1. one",
        "2. two",
        "* dot",
        "[ Careful ]",
        "inside",
        "kept",
    ):
        assert line in lines
    assert f"{'Label:':28}value (remark)" in lines
    assert "Name:" in lines
    assert "_" * 50 in lines
    assert lines[-1] == "A foot"
    assert max(map(len, lines)) <= 96


def test_a_digest_is_on_one_line() -> None:
    assert any(line.endswith("a" * 64) or "a" * 64 + " x" in line for line in MADE.splitlines())


def test_hidden_characters_are_shown() -> None:
    assert "  $ command[U+202E]" in MADE.splitlines()
