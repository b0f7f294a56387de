"""`python3 -I verify.pyz BAG [--key VERIFIER_KEY] [--disclosure FILE] [--json]`: prints the verdict and every fault.

Exit codes: 0 VERIFIED, 1 FAILED, 2 wrong usage, 3 INCOMPLETE.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from archiver.proof import layout
from archiver.proof.bundle import verify
from archiver.proof.faults import Verdict
from archiver.proof.opened import Opened, read_small

_MEANING = {
    "VERIFIED": "every file and every statement of the report is as the signed ledger has it",
    "FAILED": "something is missing, was changed, or does not belong here",
    "INCOMPLETE": "nothing was found changed, but not everything could be read",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one bundle."""
    parser = argparse.ArgumentParser(prog="verify.pyz", description="Check an exported bundle.")
    parser.add_argument("bundle", type=Path, help="the folder that holds bagit.txt")
    parser.add_argument("--key", help="the office's verifier key, as you got it from the office itself")
    parser.add_argument(
        "--disclosure", type=Path, action="append", default=[], metavar="FILE", help="a field that was opened later"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args(arguments)
    if not given.bundle.exists():
        parser.error(f"there is nothing at {given.bundle}")
    try:
        files = [read_small(one) for one in given.disclosure]
    except OSError as error:
        parser.error(f"a disclosure cannot be read: {error}")
    opened: list[Opened] = []
    verdict = verify(given.bundle, given.key, disclosures=files, tell=opened.append)
    if given.json:
        faults = [{"code": one.code, "subject": one.subject, "message": one.message} for one in verdict.faults]
        told = [{"entry": one.entry, "field": one.field, "value": one.value} for one in opened]
        document = {"verdict": verdict.word, "checked": dict(verdict.checked), "faults": faults, "disclosed": told}
        _print(json.dumps(document))
    else:
        for one in opened:
            _print(f"entry {one.entry}: {one.field} = {one.value}, {verdict.word}")
        _show(verdict, given.key)
    return verdict.exit_code


def _show(verdict: Verdict, key: str | None) -> None:
    for fault in verdict.faults:
        _print(f"{fault.code}: {fault.subject}: {fault.message}")
    _print(f"{verdict.word}: {_MEANING[verdict.word]}")
    _print("Checked: " + ", ".join(f"{count} {what}" for what, count in verdict.checked.items()))
    if key is None:
        _print(f"The key is the bundle's own ({layout.KEY}). Ask the office for its key, and give it with --key.")


def _print(line: str) -> None:
    # Faults quote what the bundle says, and terminals obey control characters.
    sys.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii").replace("\x1b", "?") + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
