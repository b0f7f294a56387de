"""The command that matches a file from outside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from archiver.cli import common, matches
from archiver.cli.index import watching
from archiver.errors import UsageError
from archiver.model import Finding


@click.command("search", help="Match a file from outside without taking it in.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@common.json_option
def search_command(path: Path) -> None:
    """Say which items hold the file's bytes or look like it, and where. Nothing is recorded."""
    from archiver.engine.matching import Matcher, examine_outside_file

    vault = common.the_vault()
    if not os.path.isfile(path):
        raise UsageError(f"there is no file {path}")
    prints, sha256 = examine_outside_file(path, vault)
    with watching() as watch:
        identical, near = Matcher(vault, tell=watch.tell, progress=watch.progress).search(prints, sha256)
    near = [found for found in near if found.item_id not in identical]
    if common.wants_json():
        common.print_json([_identical_json(item) for item in identical] + [_near_json(found) for found in near])
    elif not identical and not near:
        click.echo("nothing in the vault matches")
    else:
        rows = [(item, Finding.IDENTICAL.value, "1.00", matches.SAME_BYTES) for item in identical]
        common.print_table(
            ("item", "finding", "score", "seconds of the item = of the file"),
            [*rows, *((found.item_id, found.finding.value, f"{found.score:.2f}", _cell(found)) for found in near)],
            fixed=(0, 1, 2),
        )


def _cell(found: Any) -> str:
    return common.lines(*matches.where(found.segments), matches.how(found), matches.errs(found.error_rate))


def _identical_json(item_id: str) -> dict[str, Any]:
    told = {"item_id": item_id, "kind": "identical", "finding": "identical", "score": 1.0}
    return {**told, "error_rate": None, "transform": {}, "segments": []}


def _near_json(found: Any) -> dict[str, Any]:
    return {
        "item_id": found.item_id,
        "kind": "near",
        "finding": found.finding.value,
        "score": round(found.score, 4),
        "error_rate": matches.error_rate_json(found.error_rate),
        "transform": dict(found.transform),
        "segments": matches.segments_json(found.segments),
    }
