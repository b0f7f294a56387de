"""Commands about the vault as a whole: init, status, upgrade, backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli import common


@click.command("init", help="Make a vault and its key.")
@click.option("--origin", default="", metavar="NAME", help="The ledger's name, such as office-a.example/archive.")
@click.option("--custodian", default="", metavar="NAME", help="Who answers for the vault.")
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Protect the keys with the passphrase in this file.",
)
@common.json_option
def init_command(origin: str, custodian: str, passphrase_file: Path | None) -> None:
    """Make a vault."""
    from archiver.custody import keys, passphrase
    from archiver.custody.vault import create

    with passphrase.held(passphrase.read_file(passphrase_file) if passphrase_file else None) as given:
        vault = create(common.vault_folder(), origin, custodian, passphrase=given)
    found = keys.public_keys(vault.folder / "keys", vault.settings.origin).lines()
    if common.wants_json():
        document = {"vault": str(vault.folder), "origin": vault.settings.origin}
        common.print_json({**document, "verifier_key": found[0], "verifier_keys": found})
        return
    click.echo(f"Vault made at {common.vault_folder()}")
    click.echo(f"Give this key to everybody who is to check it: {found[0]}")


@click.command("status", help="Show the vault at a glance.")
@common.json_option
def status_command() -> None:
    """Show counts and the newest checkpoint."""
    from archiver.custody import catalog, indexlist, queue

    vault = common.the_vault()
    objects, size = catalog.object_count(vault)
    index = indexlist.glance(vault.folder / indexlist.FOLDER_NAME)
    latest = vault.ledger.latest()
    checkpoint = {"origin": latest[0].origin, "size": latest[0].size, "root": latest[0].root.hex()} if latest else None
    document: dict[str, Any] = {
        "requests": queue.counts(vault),
        "items": catalog.item_count(vault),
        "objects": objects,
        "bytes": size,
        "entries": catalog.entry_count(vault),
        "index": {"films": index.films, "bytes": index.bytes},
        "checkpoint": checkpoint,
        "clock_behind_ms": vault.ledger.clock_behind_ms(),
    }
    if common.wants_json():
        common.print_json(document)
        return
    states = ", ".join(f"{count} {state}" for state, count in document["requests"].items() if count)
    rows = [
        ("requests", states or "none"),
        ("items", str(document["items"])),
        ("objects", f"{objects} ({common.size(size)})"),
        ("index", f"{index.films} films ({common.size(index.bytes)})"),
        ("ledger entries", str(document["entries"])),
    ]
    if document["clock_behind_ms"]:
        behind = document["clock_behind_ms"] / 1000
        rows.append(("clock", f"{behind:,.0f} s behind the last entry, whose time new entries bear: set it right"))
    if latest:
        rows.append(("checkpoint", f"size {latest[0].size} of {latest[0].origin}"))
    common.print_table(("", ""), rows)


@click.command("upgrade", help="Bring an older vault to this program's schema.")
@common.json_option
def upgrade_command() -> None:
    """All or nothing; the ledger tells of it. Older programs cannot open the vault afterwards."""
    from archiver.custody.upgrade import upgrade

    common.ask_for_passphrases()
    before, after = upgrade(common.vault_folder())
    if common.wants_json():
        common.print_json({"from": before, "to": after})
    elif before == after:
        click.echo(f"The vault is of version {after} already")
    else:
        click.echo(f"The vault was of version {before} and is of version {after} now; the ledger tells of it")


@click.command("backup", help="Copy the vault, consistently, while it may be in use.")
@click.argument("target", type=click.Path(path_type=Path))
@common.json_option
def backup_command(target: Path) -> None:
    """Copy records, ledger and objects; a later call brings the copy up to date. Keys stay behind."""
    from archiver.custody.backup import backup

    copied = backup(common.the_vault(), target)
    if common.wants_json():
        common.print_json({"backup": str(target), "objects": copied.objects, "bytes": copied.bytes})
        return
    click.echo(f"{target} is up to date: {copied.objects} objects ({common.size(copied.bytes)}) copied now")
    click.echo("The signing key is not in it: keep a copy of keys/ where only you can reach it")
