"""The command that writes a bundle for the legal team."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from archiver.cli import blur, common, exported, signing, timestamp, verify, withholding
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault


@click.command("export", help="Write a bundle for the legal team.")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--case", default=None, help="Every item of this case.")
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="DIR", help="Where to.")
@click.option("--zip", "zipped", is_flag=True, help="One zip in place of the folder: --to FILE.zip.")
@click.option(
    "--encrypt-to",
    "recipients",
    multiple=True,
    metavar="KEY",
    help="Encrypt the zip (age) to this public key, or to those in a file; --to FILE.age.",
)
@click.option("--prepared-by", default="", metavar="NAME", help="Who prepared it; by default ARCHIVER_BY.")
@click.option("--prepared-for", default="", metavar="NAME", help="For whom: a court, a client.")
@click.option("--again", type=int, default=None, metavar="ENTRY", help="The same bytes as the export of that entry.")
@click.option("--cosign", is_flag=True, help="Ask the appointed witnesses to cosign the bundle's checkpoint.")
@click.option(
    "--block-headers",
    "headers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Headers of Bitcoin blocks (lines HEIGHT HEX), for the times of anchors.",
)
@click.option(
    "--sign-pdf",
    "certificate",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Sign report.pdf (PAdES) with this certificate: .p12, or PEM.",
)
@click.option("--sign-key", "key", type=click.Path(path_type=Path), metavar="FILE", help="Its private key, in PEM.")
@click.option(
    "--sign-tsa", "authority", default="", metavar="URL", help="Have this configured authority stamp the signature."
)
@click.option("--withhold", "fields", multiple=True, metavar="F,...", help="Sealed fields, or people, addresses, all.")
@click.option("--withhold-object", "objects", multiple=True, metavar="ROLE", help="Files of a role, or pictures.")
@click.option("--withhold-metadata", "metadata", multiple=True, metavar="KIND,...", help="Such as location, device.")
@click.option("--blur-faces", is_flag=True, help="Blurred copies in place of the footage; faces may be missed.")
@click.option("--blur-all", is_flag=True, help="The same, with nothing but coarse colours to be seen.")
@click.option("--audio", type=click.Choice(blur.SOUNDS), default=None, help="Of blurred copies; mute without it.")
@click.option("--accept-leak", "accepted", multiple=True, metavar="FIELD:ENTRY", help="It may be found; on record.")
@click.option("--suggest", is_flag=True, help="Only list names in titles and notes that could be withheld.")
@common.json_option
def export_command(
    items: Sequence[str],
    case: str | None,
    target: Path | None,
    zipped: bool,
    recipients: Sequence[str],
    prepared_by: str,
    prepared_for: str,
    again: int | None,
    cosign: bool,
    headers: Path | None,
    certificate: Path | None,
    key: Path | None,
    authority: str,
    fields: Sequence[str],
    objects: Sequence[str],
    metadata: Sequence[str],
    blur_faces: bool,
    blur_all: bool,
    audio: str | None,
    accepted: Sequence[str],
    suggest: bool,
) -> int:
    """Write originals, records, proofs and a report that others can check without us, and check it."""
    from archiver.report.bundle import sealing
    from archiver.report.export import export
    from archiver.report.plan import Prepared
    from archiver.report.withholding import withheld

    if again is not None:
        return _again(again, target, zipped, recipients, headers)
    if not items and case is None:
        raise UsageError("nothing to export", next_step="Name items, or a case with --case")
    asked = withheld.ask(fields, objects, metadata, accepted)
    hiding = blur.asked(blur_faces, blur_all, audio)
    vault = common.the_vault()
    offered = withholding.suggestions(vault, items, case, asked)
    if suggest:
        return withholding.show_suggestions(offered)
    to = sealing.recipients(recipients)
    target = _named(target, ".age" if to else ".zip" if zipped else "")
    withholding.offer(offered)
    timestamp.catch_up(vault)  # so that the bundle can prove when its exhibits were there
    given = verify.block_headers(headers) if headers else {}
    signed = signing.signing(vault.settings, certificate, key, authority)
    vault.ledger.unlock()  # the passphrase is asked for before the work
    with common.progress() as observe:
        done = export(
            vault,
            items,
            case,
            target,
            observe,
            withhold=asked,
            prepared=Prepared(prepared_by.strip(), prepared_for.strip()),
            cosign=_asking(vault) if cosign else lambda: None,
            headers=given,
            blur=hiding,
            zipped=zipped,
            signing=signed,
            to=to,
        )
    return exported.show(done, blur.warnings(vault, done), zipped=zipped)


def _again(entry: int, target: Path | None, zipped: bool, recipients: Sequence[str], headers: Path | None) -> int:
    """The bundle of an earlier export, byte for byte. What decides its bytes is what was chosen then."""
    from archiver.report.again import again
    from archiver.report.bundle import sealing

    context = click.get_current_context()
    free = {"again", "target", "zipped", "recipients", "headers"}
    for option in context.command.params:
        chosen = option.name and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
        if chosen and option.expose_value and option.name not in free:
            raise UsageError(
                f"{option.opts[0] if isinstance(option, click.Option) else 'an item'} has no place beside --again",
                next_step="What is exported again was chosen the first time",
            )
    to = sealing.recipients(recipients)
    target = _named(target, ".age" if to else ".zip" if zipped else "")
    vault = common.the_vault()
    given = verify.block_headers(headers) if headers else {}
    vault.ledger.unlock()
    with common.progress() as observe:
        done = again(vault, entry, target, observe, given, zipped=zipped, to=to)
    return exported.show(done, zipped=zipped)


def _named(target: Path | None, ending: str) -> Path:
    """Where to. Raises UsageError for no name, or for one that would say that the file is something else."""
    if target is None:
        raise UsageError("where to is missing", next_step="Name a new folder with --to")
    if ending and target.suffix.lower() != ending:
        kind = "an encrypted zip" if ending == ".age" else "a zip"
        raise UsageError(f"{target} is no name of {kind}", next_step=f"Name a new file that ends in {ending} with --to")
    return target


def _asking(vault: Vault) -> Callable[[], None]:
    """Asks the witnesses. One that is away is told about, and keeps no bundle from being written."""
    from archiver.custody.witness import ask, received

    def ask_all() -> None:
        got, errors = received.collect(vault, ask.ask)
        for error in errors:
            click.echo(f"archiver: {common.safe(error.line())}", err=True)
        click.echo(f"{len(got)} witnesses cosigned the bundle's checkpoint", err=True)

    return ask_all
