"""Commands about the ledger's keys and checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli import common
from archiver.errors import MachineError, UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault


@click.group("key", help="Show, protect or change the keys that sign the ledger.")
def key_command() -> None:
    """About the signing keys."""


@key_command.command("show", help="Print the key that others verify with.")
@common.json_option
def show_key() -> None:
    """Print the note verifier key. The second one, of ML-DSA-44, is 1,800 characters long: no line for people."""
    vault = common.the_vault()
    found = _lines(vault)
    if common.wants_json():
        common.print_json(
            {"origin": vault.settings.origin, "verifier_key": found[0], "verifier_keys": found, "past": _past(vault)}
        )
        return
    click.echo(found[0])
    if len(found) > 1:
        click.echo("A post-quantum key belongs to it: `archiver key export-public` writes both", err=True)


@key_command.command("export-public", help="Write the keys that others verify with to a file.")
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="FILE", help="Standard output without it.")
@common.json_option
def export_public(target: Path | None) -> None:
    """The verifier keys, one a line. An existing file is not overwritten."""
    vault = common.the_vault()
    found = _lines(vault)
    if target is not None:
        try:
            with target.open("x", encoding="utf-8") as stream:
                stream.write("".join(f"{line}\n" for line in found))
        except FileExistsError:
            raise UsageError(f"{target} exists already", next_step="Nothing was overwritten: name another") from None
        except OSError as error:
            raise MachineError(f"{target} cannot be written: {error.strerror}") from None
    if common.wants_json():
        common.print_json({"verifier_keys": found, "file": str(target) if target else ""})
    elif target is None:
        click.echo("\n".join(found))
    else:
        click.echo(f"{target} holds the public keys: give it to everybody who is to check the vault")


@key_command.command("protect", help="Lock the private keys with a passphrase.")
@click.option("--new-file", type=click.Path(path_type=Path), metavar="FILE", help="Holds the new passphrase.")
@click.option("--remove", is_flag=True, help="Take the protection away.")
@common.json_option
def protect(new_file: Path | None, remove: bool) -> None:
    """Lock the private keys, or lock them with another passphrase, or unlock them for good."""
    from archiver.custody import keys, passphrase, publish

    if remove and new_file is not None:
        raise UsageError("--remove and --new-file exclude each other")
    vault = common.the_vault()
    folder, origin = vault.folder / publish.KEYS_NAME, vault.settings.origin
    keys.load_signer(folder, origin)  # the present passphrase first
    chosen = None if remove else passphrase.read_file(new_file) if new_file else _new_passphrase()
    with publish.exclusively(vault.folder):
        keys.protect(folder, origin, chosen)
    passphrase.forget()
    if common.wants_json():
        common.print_json({"protected": not remove})
    elif remove:
        click.echo("The keys lie open in keys/: whoever can read the file can sign")
    else:
        click.echo("The keys are locked. Without the passphrase nothing can be signed: keep it where it survives you")
        click.echo(f"Commands ask for it at a terminal, or read it from the file that {passphrase.VARIABLE} names")


@key_command.command("rotate", help="Change the keys; the ledger tells it, and both sign the change.")
@click.option("--note", default="", metavar="T", help="Why, sealed in the ledger.")
@common.json_option
def rotate(note: str) -> None:
    """Make new keys and sign with them from now on."""
    from archiver.custody import rotation

    done = rotation.rotate(common.the_vault(), note)
    if common.wants_json():
        common.print_json(
            {"entry": done.entry, "old": done.old.lines(), "new": done.new.lines(), "resumed": done.resumed}
        )
        return
    if done.resumed:
        click.echo("A change of keys had been cut off; it is finished now, and none was begun anew")
    click.echo(f"Entry {done.entry} tells the change, and old and new keys signed the checkpoint over it")
    click.echo(f"Give this key to everybody who checks the vault: {done.new.lines()[0]}")
    click.echo("Tell them to trust the old one no more: whoever stole it can still deceive those who know no other")


def _lines(vault: Vault) -> list[str]:
    from archiver.custody import keys, publish

    return keys.public_keys(vault.folder / publish.KEYS_NAME, vault.settings.origin).lines()


def _past(vault: Vault) -> list[list[str]]:
    from archiver.custody import nextkeys, publish

    return [one.lines() for one in nextkeys.known(vault.folder / publish.KEYS_NAME, vault.settings.origin)[1:]]


def _new_passphrase() -> bytes:
    from archiver.custody import passphrase

    if not sys.stdin.isatty():
        raise UsageError("nobody is there to choose a passphrase", next_step="Name a file with --new-file")
    chosen: str = click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    return passphrase.checked(chosen.encode("utf-8", "surrogateescape"))


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
