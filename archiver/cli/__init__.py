"""The command line: parse, call, print. Commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

import importlib
import io
import os
import sqlite3
import sys
from typing import Any

import click

from archiver import __version__
from archiver.errors import ArchiverError

#: Command -> (module, one line of help). The help stands here so that the list needs no import; a test compares it.
COMMANDS = {
    "init": ("archiver.cli.vault", "Make a vault and its key."),
    "status": ("archiver.cli.vault", "Show the vault at a glance."),
    "upgrade": ("archiver.cli.vault", "Bring an older vault to this program's schema."),
    "backup": ("archiver.cli.vault", "Copy the vault, consistently, while it may be in use."),
    "add": ("archiver.cli.requests", "Queue URLs, from arguments or a CSV file."),
    "requests": ("archiver.cli.requests", "List what was asked for and what became of it."),
    "retry": ("archiver.cli.requests", "Queue again what failed, was refused or was cancelled."),
    "cancel": ("archiver.cli.requests", "Cancel requests; a running download stops."),
    "run": ("archiver.cli.run", "Work off the queue."),
    "ingest": ("archiver.cli.ingest", "Take in local files and folders."),
    "receive": ("archiver.cli.receive", "Take in a bundle of another office, once its checks pass."),
    "items": ("archiver.cli.items", "List items, of a case or by full text."),
    "show": ("archiver.cli.items", "Show the whole provenance of one item."),
    "get": ("archiver.cli.items", "Copy an item's files out under usable names."),
    "matches": ("archiver.cli.matches", "List copies that were found, the strongest first."),
    "copies": ("archiver.cli.copies", "Group copies: which is the earliest, the longest, the least encoded anew."),
    "search": ("archiver.cli.search", "Match a file from outside without taking it in."),
    "decide": ("archiver.cli.matches", "Rule on a match; the ruling goes into the ledger."),
    "index": ("archiver.cli.index", "Show the index by which copies are found, or make it anew."),
    "hashlist": ("archiver.cli.hashlist", "Share hashes with other teams instead of footage, and compare theirs."),
    "refingerprint": (
        "archiver.cli.refingerprint",
        "Make fingerprints that items lack, after an algorithm came or changed.",
    ),
    "verify": ("archiver.cli.verify", "Check a whole vault, or an exported bundle (folder or zip)."),
    "blur": ("archiver.cli.blur", "Set by hand what blurred copies hide, and look at one before an export."),
    "export": ("archiver.cli.export", "Write a bundle for the legal team."),
    "disclose": ("archiver.cli.sealed", "Open one sealed field of an entry for somebody outside."),
    "forget": ("archiver.cli.sealed", "Delete the value of a sealed field for good; its entry still verifies."),
    "key": ("archiver.cli.key", "Show, protect or change the keys that sign the ledger."),
    "site": ("archiver.cli.site", "Set how a site is reached: proxy, cookies, browser, JavaScript."),
    "checkpoint": ("archiver.cli.key", "Show the newest checkpoint of the ledger."),
    "witness": ("archiver.cli.witness", "Have other offices watch the ledger, and watch theirs."),
    "timestamp": ("archiver.cli.timestamp", "Have authorities and calendars outside prove the time of the ledger."),
    "doctor": ("archiver.cli.doctor", "Say which tools are there and what is missing."),
    "demo": ("archiver.cli.demo", "Show the whole story on sample footage, on this machine only."),
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table, which is that of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--vault", "vault_folder", metavar="DIR", help="The vault; else $ARCHIVER_VAULT, else ./vault.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.version_option(__version__, prog_name="archiver")
@click.pass_context
def cli(ctx: click.Context, vault_folder: str | None, as_json: bool) -> None:
    """Preserve footage before it disappears, and prove later that nothing was changed."""
    ctx.obj = {"vault": vault_folder, "json": as_json}


def main() -> None:
    """The console command. Every error is one line on standard error and an exit code of the contract."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What a terminal's alphabet does not have is shown as an escape, never an error in the middle of a table.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        result: Any = cli.main(args=arguments, prog_name="archiver", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Abort:
        return _say("stopped", 130)
    except click.ClickException as error:
        error.show()
        return 2
    except ArchiverError as error:
        return _say(error.line(), error.exit_code)
    except KeyboardInterrupt:
        return _say("stopped; nothing that was recorded is lost, and the next run goes on", 130)
    except BrokenPipeError:
        # Whoever read our output has enough; the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, sqlite3.OperationalError) as error:
        if os.environ.get("ARCHIVER_TRACEBACK"):
            raise
        return _say(f"this machine cannot: {error}. Check the folder's rights and the room on its disk", 1)
    except Exception as error:
        if isinstance(error, UnicodeEncodeError) and any(_is_not_utf8(argument) for argument in arguments):
            return _say("an argument is not UTF-8. Only paths may hold other bytes", 2)
        if os.environ.get("ARCHIVER_TRACEBACK"):
            raise
        what = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
        return _say(f"this is a defect of archiver: {what}. Set ARCHIVER_TRACEBACK=1 and report what it prints", 1)


def _is_not_utf8(argument: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in argument)


def _say(line: str, code: int) -> int:
    from archiver.cli.common import safe

    sys.stderr.write(f"archiver: {safe(' '.join(line.split()))}\n")
    return code
