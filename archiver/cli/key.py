"""Commands about the ledger's key and checkpoint."""

from __future__ import annotations

import sys

import click

from archiver.cli import common
from archiver.errors import UsageError


@click.group("key", help="Show the key that signs the ledger.")
def key_command() -> None:
    """About the signing key."""


@key_command.command("show", help="Print the key that others verify with.")
@common.json_option
def show_key() -> None:
    """Print the note verifier key."""
    from archiver.custody import keys

    vault = common.the_vault()
    key = keys.verifier_key(vault.folder / "keys", vault.settings.origin)
    if common.wants_json():
        common.print_json({"origin": vault.settings.origin, "verifier_key": key})
    else:
        click.echo(key)


@click.command("checkpoint", help="Show the newest checkpoint of the ledger.")
@common.json_option
def checkpoint_command() -> None:
    """Print the signed note, byte for byte, for others to keep."""
    latest = common.the_vault().ledger.latest()
    if latest is None:
        raise UsageError("no checkpoint was issued yet")
    checkpoint, note = latest
    if common.wants_json():
        common.print_json(
            {
                "origin": checkpoint.origin,
                "size": checkpoint.size,
                "root": checkpoint.root.hex(),
                "note": note.decode("utf-8"),
            }
        )
    else:
        sys.stdout.buffer.write(note)
