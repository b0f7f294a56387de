"""What is said of a finished export: what it withholds, how it is read and checked, and what checking it said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from archiver.cli import common, verify, withholding

if TYPE_CHECKING:
    from archiver.report.build import Exported


def show(done: Exported, warnings: Sequence[str] = (), *, zipped: bool) -> int:
    """Print it, and `warnings` of what the bundle may tell all the same; gives the exit code."""
    for one in done.left_out:
        click.echo(f"archiver: {common.safe(one)}", err=True)
    for one in warnings:
        click.echo(one, err=True)
    if common.wants_json():
        common.print_json(
            {
                "bundle": str(done.bundle),
                "items": list(done.items),
                "verdict": done.verdict.word,
                "withheld": done.withheld.document(),
                "implied": dict(done.withheld.because),
                "unsearchable": [{"what": what, "why": why} for what, why in done.unsearchable],
                "unsearched": list(done.unsearched),
                "entry": done.entry,
                "zip_sha256": done.zip_sha256,
            }
        )
    else:
        click.echo(f"{len(done.items)} exhibits in {done.bundle}")
        withholding.show(done)
        click.echo(_how_to_read(done, zipped))
        verify.show(done.verdict)
    return done.verdict.exit_code


def _how_to_read(done: Exported, zipped: bool) -> str:
    """Where the report lies, and how others check the bundle."""
    bundle = done.bundle
    if done.zip_sha256:
        return (
            f"A recipient opens it: age --decrypt --identity KEYFILE --output {bundle.stem} {bundle.name}\n"
            f"The zip in it has the SHA-256 {done.zip_sha256}\n"
            f"Anybody can check that: take data/verify.pyz out of it, and run python3 -I verify.pyz {bundle.stem}"
        )
    if zipped:
        return f"Anybody can check it: take data/verify.pyz out of it, and run python3 -I verify.pyz {bundle.name}"
    data = bundle / "data"
    return (
        f"Read {data / 'report.pdf'} or report.html beside it\n"
        f"Anybody can check it: python3 -I {data / 'verify.pyz'} {bundle}"
    )
