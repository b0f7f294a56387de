"""The command that tells the whole story on sample footage, with nothing but this machine."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli import common, copies, matches, run, verify
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.proof.faults import Verdict


@click.command("demo", help="Show the whole story on sample footage, on this machine only.")
@click.option("--to", "target", type=click.Path(path_type=Path), default=None, metavar="DIR", help="Where to.")
@common.json_option
def demo_command(target: Path | None) -> int:
    """Make footage, serve it on loopback, archive it, find its copies, verify the vault and export a report."""
    from archiver.custody import vault as vaults
    from archiver.demo import sample, site
    from archiver.engine import intake
    from archiver.report.export import export

    folder = _fresh(target)
    os.environ["ARCHIVER_ALLOW_NET"] = "127.0.0.0/8"  # the sample site; without this it would be refused as well
    os.environ.setdefault("ARCHIVER_BY", "sample investigator")
    _step("Filming sample footage")
    routes = sample.make_site(folder / "footage")
    with site.serve(routes) as address:
        _step(f"A small video site is up at {address}, on this machine only")
        sample.write_list(folder / "queue.csv", address)
        vault = vaults.create(folder / "vault", custodian="Sample office")
        rows = intake.parse((folder / "queue.csv").read_bytes(), intake.Row("", ""))
        intake.add(vault, rows)
        _step(f"{len(rows)} addresses queued from {folder / 'queue.csv'}; archiving")
        totals = run.run_watched(vault)
    exported = export(vault, (), sample.CASE, folder / "report")
    verdict = verify.check(vault.folder)
    if common.wants_json():
        common.print_json(
            {
                "archived": totals.archived,
                "failed": totals.failed,
                "refused": totals.refused,
                "matches": len(matches.reviewed(vault)),
                "verdict": verdict.word,
                "bundle_verdict": exported.verdict.word,
                "vault": str(vault.folder),
                "report": str(exported.bundle / "data" / "report.html"),
            }
        )
    else:
        _tell(vault, verdict, exported.bundle)
    return max(verdict.exit_code, exported.verdict.exit_code)


def _tell(vault: Vault, verdict: Verdict, bundle: Path) -> None:
    _heading("What was asked for, and what became of it")
    _show_requests(vault)
    _heading("Which are copies of which, and where")
    _show_matches(vault)
    _heading("Which of them came first")
    _show_copies(vault)
    _heading("Is everything as the ledger tells it?")
    verify.show(verdict)
    _heading("What to open")
    common.print_table(
        ("", ""),
        [
            ("report", str(bundle / "data" / "report.pdf")),
            ("as a page", str(bundle / "data" / "report.html")),
            ("vault", str(vault.folder)),
            ("check the report", f"python3 -I {bundle / 'data' / 'verify.pyz'} {bundle}"),
            ("look around", f"{sys.argv[0]} --vault {vault.folder} items"),
        ],
    )


def _show_requests(vault: Vault) -> None:
    from archiver.custody import queue

    items = queue.item_ids(vault)
    common.print_table(
        ("address", "what it is", "state", "item or reason"),
        [
            (
                "/" + request.url.split("/", 3)[3],
                request.note,
                request.state.value,
                ", ".join(items.get(request.id, [])) or request.message,
            )
            for request in queue.listing(vault)
        ],
        fixed=(2,),
    )


def _show_matches(vault: Vault) -> None:
    from archiver.custody import catalog

    matches.show(matches.reviewed(vault), {item.id: item.title for item in catalog.items(vault)})


def _show_copies(vault: Vault) -> None:
    from archiver.custody import catalog

    items = {item.id: item for item in catalog.items(vault)}
    copies.show(vault, copies.groups(vault, items), items)


def _fresh(target: Path | None) -> Path:
    folder = target or Path(f"demo-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", next_step="Name a new folder with --to")
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def _step(line: str) -> None:
    click.secho(line, err=True, dim=True)


def _heading(line: str) -> None:
    click.echo()
    click.secho(line, bold=True)
