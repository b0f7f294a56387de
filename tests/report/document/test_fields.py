"""docs/report-fields.md says of every field of the report who asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "schemas" / "report.schema.json").read_text("utf-8"))
TEXT = (ROOT / "docs" / "report-fields.md").read_text("utf-8")


def fields(node: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every value that a document of this schema can hold, by its path."""
    if "$ref" in node:
        yield from fields(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]], path)
    elif "properties" in node:
        for name, one in node["properties"].items():
            yield from fields(one, f"{path}.{name}" if path else name)
    elif isinstance(node.get("additionalProperties"), dict):
        yield from fields(node["additionalProperties"], f"{path}.*")
    elif "items" in node:
        yield from fields(node["items"], f"{path}[]")
    else:
        yield path


def told() -> Iterator[tuple[str, list[str]]]:
    """Path and cells of each row: its name follows the heading, unless the heading has several or is no path."""
    for section in TEXT.split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        prefix = "" if " " in heading else f"{heading}."
        for name, cells in re.findall(r"^\| `([^`]+)` \|(.*)\|$", section, re.MULTILINE):
            yield prefix + name, [cell.strip() for cell in cells.split("|")]


def test_every_field_of_the_report_has_its_row_and_no_other_has() -> None:
    named = [path for path, _ in told()]
    assert sorted(named) == sorted(fields(SCHEMA))


def test_every_row_says_what_the_field_is_and_answers_for_each_rule() -> None:
    for path, cells in told():
        assert len(cells) == 5, path
        assert all(cells), path
        assert re.match(r"-$|90[12]\(", cells[1]), path
        assert re.match(r"-$|5\.[34]|6\.1", cells[2]), path
        assert re.match(r"-$|[CDE]\b|ethical", cells[3]), path
