"""Commands about witnesses: being one for other offices, and having the own ledger watched."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli import common
from archiver.errors import EvidenceError, MachineError, UsageError

if TYPE_CHECKING:
    from archiver.custody.witness.folder import WitnessFolder
    from archiver.custody.witness.notary import Answer

_folder_option = click.option(
    "--folder", type=click.Path(path_type=Path), metavar="DIR", help="The witness; else $ARCHIVER_WITNESS or ./witness."
)
_MEANING = {
    "fork": "FORK: the log signed two different trees. Both checkpoints are kept: they prove it",
    "rolled-back": "ROLLED BACK: the log shows less than it did. Ask the office; a stranger may have sent an old one",
    "not-consistent": "NOT CONSISTENT: its proof does not hold. Ask the office; a stranger may have sent a wrong one",
}


@click.group("witness", help="Have other offices watch the ledger, and watch theirs.")
def witness_command() -> None:
    """About witnesses (C2SP tlog-witness)."""


@witness_command.command("init", help="Make a witness: a key, and a memory outside of every vault.")
@click.option("--name", required=True, help="The witness's name, such as office-b.example/witness.")
@_folder_option
@common.json_option
def init(name: str, folder: Path | None) -> None:
    """Make the folder and print the key that others check with."""
    from archiver.custody.witness.folder import WitnessFolder

    made = WitnessFolder.create(_place(folder), name)
    if common.wants_json():
        common.print_json({"folder": str(made.path), "name": name, "verifier_key": str(made.key)})
    else:
        click.echo(f"Witness made at {made.path}")
        click.echo(f"Give this key to the offices whose ledgers it watches, and to their readers: {made.key}")


@witness_command.command("trust", help="Watch the ledger that this key signs.")
@click.argument("key")
@_folder_option
def trust(key: str, folder: Path | None) -> None:
    """Add a log to those that are watched."""
    from archiver.proof.faults import ProofError
    from archiver.proof.log import note

    try:
        parsed = note.parse_key(key.split()[0] if key.split() else "")  # `key show` prints a second line
    except ProofError as error:
        raise UsageError(
            f"this is no ledger's key: {error.message}", next_step="`archiver key show` prints it"
        ) from None
    _witness(folder).trust(parsed)
    click.echo(f"Watching {common.safe(parsed.name)}", err=True)


@witness_command.command("serve", help="Answer requests over HTTP (C2SP add-checkpoint).")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8341, show_default=True, type=click.IntRange(0, 65535))
@_folder_option
def serve(host: str, port: int, folder: Path | None) -> None:
    """Serve until it is stopped."""
    from archiver.custody.witness.serve import WitnessServer

    def report(who: str, answer: Answer) -> None:
        said = f"{who}: {answer.status.value} {answer.reason or answer.status.phrase}"
        click.echo(common.safe(said), err=True)
        if answer.alarm:
            click.echo(_alarm(answer), err=True)

    try:
        server = WitnessServer((host, port), _witness(folder), report)
    except OSError as error:
        raise MachineError(f"{host} port {port} cannot be listened on: {error.strerror}") from None
    with server:
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"http://{shown}:{server.server_address[1]}")
        sys.stdout.flush()
        server.serve_forever()


@witness_command.command("sign", help="Cosign a request that came as a file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write the answer to this file.")
@_folder_option
def sign(file: Path, out: Path | None, folder: Path | None) -> None:
    """Print the signature lines that go back to the log."""
    from archiver.custody.witness import notary
    from archiver.custody.witness.request import MAX_BYTES
    from archiver.proof import durable

    answer = notary.answer(_witness(folder), _read(file, MAX_BYTES))
    if answer.status != 200:
        reason = common.safe(answer.reason)
        if answer.alarm:
            raise EvidenceError(f"not cosigned. {_alarm(answer)}: {reason}", code=answer.alarm)
        step = f"Ask for a request made with --old {answer.remembered}" if answer.remembered is not None else ""
        raise EvidenceError(f"not cosigned ({answer.status.value}): {reason}", next_step=step, code="witness-refused")
    if out:
        durable.replace(out, answer.body, 0o644)
    else:
        sys.stdout.buffer.write(answer.body)


@witness_command.command("appoint", help="Have this witness watch the ledger; asked at --url, or by files.")
@click.argument("key")
@click.option("--url", default="", help="Its submission prefix, such as https://witness.example/prefix.")
def appoint(key: str, url: str) -> None:
    """Add a witness to those that this office asks."""
    from archiver.custody.witness import appointed

    parsed = appointed.parse_key(key)
    appointed.appoint(common.the_vault(), parsed, url)
    click.echo(f"{common.safe(parsed.name)} is appointed", err=True)


@witness_command.command("request", help="Ask the appointed witnesses to cosign, or write a request to a file.")
@click.option("--to", "urls", multiple=True, metavar="URL", help="Only the witness at this address.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the request for one witness to this file.")
@click.option("--for", "name", default="", metavar="NAME", help="The witness that the file is for.")
@click.option("--old", type=click.IntRange(0), help="The size that the witness remembers, where it said so.")
@common.json_option
def request(urls: Sequence[str], out: Path | None, name: str, old: int | None) -> int:
    """Ask over HTTP, or write what travels as a file."""
    from archiver.custody import cosigned
    from archiver.custody.witness import appointed, ask, received
    from archiver.proof import durable

    vault = common.the_vault()
    if out:
        if urls:
            raise UsageError("--out writes a file, --to asks over HTTP: give one of them")
        if old is None:
            known = [key for key in appointed.load(vault.folder).witnesses.values() if name in ("", key.name)]
            if len(known) != 1:
                raise UsageError("say for which witness", next_step="Give --for NAME, or --old SIZE")
            old = cosigned.last_of(vault.folder, known[0])
        durable.replace(out, received.request(vault, old).encode(), 0o644)
        click.echo(f"{out} goes to the witness: `archiver witness sign {out.name}` over there", err=True)
        return 0
    if name or old is not None:
        raise UsageError("--for and --old belong to --out")
    got, errors = received.collect(vault, ask.ask, urls)
    _print_received(got)
    for error in errors:
        click.echo(f"archiver: {common.safe(error.line())}", err=True)
    return 1 if errors else 0


@witness_command.command("add", help="Add the cosignatures that a witness sent as a file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--bundle", type=click.Path(path_type=Path), metavar="DIR", help="Add them to this bundle's checkpoint.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="With --bundle: a witness's key; else the vault's.")
@common.json_option
def add(file: Path, bundle: Path | None, keys: Sequence[str]) -> None:
    """Check each line against checkpoint and key, and add it."""
    from archiver.custody.witness import appointed, received
    from archiver.custody.witness.request import MAX_ANSWER_BYTES
    from archiver.report.bundle import cosign

    if keys and bundle is None:
        raise UsageError("--key belongs to --bundle", next_step="`archiver witness appoint KEY` is for the vault")
    data = _read(file, MAX_ANSWER_BYTES)
    got: Sequence[object]
    if bundle is None:
        got = received.add(common.the_vault(), data)
    else:
        known = [appointed.parse_key(key) for key in keys]
        got = cosign.add(bundle, data, known or appointed.load(common.the_vault().folder).witnesses.values())
    _print_received(got)
    if not got and not common.wants_json():
        click.echo("All of it was there already", err=True)


@witness_command.command("list", help="List the witnesses of the vault; with --folder, the ledgers that are watched.")
@_folder_option
@common.json_option
def list_(folder: Path | None) -> None:
    """List both sides' names, keys and sizes."""
    rows = _watched(folder) if folder else _appointed()
    if common.wants_json():
        common.print_json(rows)
    else:
        cells = [[str(row[name]) for name in ("name", "size", "key", "url")] for row in rows]
        common.print_table(("name", "entries", "key", "address"), cells)


def _watched(folder: Path) -> list[dict[str, str | int]]:
    witness = _witness(folder)
    if not common.wants_json():
        click.echo(f"This witness's own key: {witness.key}", err=True)
    return [
        {"name": one.origin, "key": str(key), "size": one.last.size if one.last else 0, "url": ""}
        for one in witness.all_watched()
        for key in one.keys
    ]


def _appointed() -> list[dict[str, str | int]]:
    from archiver.custody import cosigned
    from archiver.custody.witness import appointed

    vault = common.the_vault()
    policy = appointed.load(vault.folder)
    return [
        {
            "name": key.name,
            "key": str(key),
            "size": cosigned.last_of(vault.folder, key),
            "url": policy.urls.get(name, ""),
        }
        for name, key in policy.witnesses.items()
    ]


def _print_received(got: Sequence[object]) -> None:
    from archiver.custody.cosigned import Cosigned
    from archiver.proof.trust.outside import rfc3339

    found = [one for one in got if isinstance(one, Cosigned)]
    if common.wants_json():
        common.print_json([{"witness": one.witness, "size": one.size, "time": rfc3339(one.time)} for one in found])
        return
    for one in found:
        name = common.safe(one.witness.partition("+")[0])
        click.echo(f"{name} cosigned {one.size} entries at {rfc3339(one.time)}")


def _alarm(answer: Answer) -> str:
    kept = f" ({answer.evidence})" if answer.evidence else ""
    return common.safe(_MEANING.get(answer.alarm, answer.alarm)) + kept


def _place(folder: Path | None) -> Path:
    return folder or Path(os.environ.get("ARCHIVER_WITNESS") or "witness")


def _witness(folder: Path | None) -> WitnessFolder:
    from archiver.custody.witness.folder import WitnessFolder

    return WitnessFolder(_place(folder))


def _read(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
