"""docs/threat-model.md quotes codes that the verifiers have, and speaks of what it has to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archiver.proof import codes

DOCS = Path(__file__).resolve().parent.parent / "docs"
TEXT = (DOCS / "threat-model.md").read_text("utf-8")

#: Quoted words that are spelt like a code and are none.
OTHERS = {"--key"}


def quoted(text: str) -> set[str]:
    """What stands in `code` and is spelt as a code of a fault is."""
    return set(re.findall(r"`([a-z][a-z0-9]*(?:-[a-z0-9]+)+|fork|link)`", text)) - OTHERS


def test_every_code_that_is_quoted_exists() -> None:
    assert len(quoted(TEXT)) > 50
    assert quoted(TEXT) <= set(codes.SAYS)


@pytest.mark.parametrize("page", ["formats.md", "formats-bundle.md"])
def test_every_fault_in_a_table_of_the_formats_exists(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    tables = re.findall(r"^\| code \| (?:verdict \| )?says \|\n(.*?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    assert set().union(*(quoted(table) for table in tables)) <= set(codes.SAYS)


def test_a_code_that_nobody_gives_would_be_seen() -> None:
    assert quoted("says `no-such-fault` and `fork`, not `archive.db`") == {"no-such-fault", "fork"}


@pytest.mark.parametrize(
    "who",
    [
        "without the signing key", "Thief of the log's key", "Thief of one witness's key", "a whole quorum",
        "Thief of an old key", "Wrong clock", "Fork shown to one reader", "never entered", "cut, mixed or rewritten",
        "A hostile server", "A hostile media file", "A seized machine",
        "Whoever forges time stamps", "Whoever forges an anchor",
    ],
)  # fmt: skip
def test_each_of_those_who_could_tamper_has_a_section(who: str) -> None:
    assert any(who in heading for heading in re.findall(r"^##+ (.*)$", TEXT, re.MULTILINE))
