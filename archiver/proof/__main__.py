"""`python3 -I verify.pyz BAG [options]`: prints the verdict and every fault of an exported bundle.

Exit codes: 0 VERIFIED, 1 FAILED, 2 wrong usage, 3 INCOMPLETE.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from archiver.proof import codes
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.proof.bundle.opened import Opened, read_small
from archiver.proof.faults import ProofError, Verdict
from archiver.proof.times import blockheaders
from archiver.proof.trust import memory, outside, policy
from archiver.proof.trust.outside import Outside

_MEANING = {
    "VERIFIED": "every file and every statement of the report is as the signed ledger has it",
    "FAILED": "something is missing, was changed, or does not belong here",
    "INCOMPLETE": "nothing was found changed, but not everything could be read",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Check one bundle."""
    parser = argparse.ArgumentParser(prog="verify.pyz", description="Check an exported bundle.")
    parser.add_argument("bundle", type=Path, help="the folder that holds bagit.txt, or a zip of ours")
    parser.add_argument("--key", help="the office's verifier key, as you got it from the office itself")
    parser.add_argument(
        "--disclosure", type=Path, action="append", default=[], metavar="FILE", help="a field that was opened later"
    )
    parser.add_argument("--policy", type=Path, metavar="FILE", help="logs and witnesses that you believe (C2SP policy)")
    parser.add_argument("--memory", type=Path, metavar="FILE", help="compare with what you saw before, and remember it")
    parser.add_argument(
        "--block-headers", type=Path, metavar="FILE", help="headers of Bitcoin blocks, from a source that you believe"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    given = parser.parse_args(arguments)
    if not given.bundle.exists():
        parser.error(f"there is nothing at {given.bundle}")
    opened: list[Opened] = []
    try:
        files = [read_small(one) for one in given.disclosure]
        brought = Outside(
            policy.parse(given.policy.read_bytes()) if given.policy else None,
            memory.load(given.memory) if given.memory else None,
            headers=blockheaders.parse(given.block_headers.read_bytes()) if given.block_headers else None,
        )
        verdict = verify(given.bundle, given.key, disclosures=files, tell=opened.append, outside=brought)
        if brought.memory is not None and verdict.look:
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            memory.save(given.memory, memory.remember(brought.memory, verdict.look, now))
    except (OSError, ProofError) as error:
        parser.error(str(error))
    if given.json:
        told = [{"entry": one.entry, "field": one.field, "value": one.value} for one in opened]
        _print(json.dumps({**verdict.document(), "disclosed": told}))
    else:
        for one in opened:
            _print(f"entry {one.entry}: {one.field} = {one.value}, {verdict.word}")
        _show(verdict, given.key)
    return verdict.exit_code


def _show(verdict: Verdict, key: str | None) -> None:
    for fault in verdict.faults:
        _print(f"{fault.code}: {fault.subject}: {fault.message}")
    for line in codes.lines(fault.code for fault in verdict.faults):
        _print(line)
    _print(f"{verdict.word}: {_MEANING[verdict.word]}")
    _print("Checked: " + ", ".join(f"{count} {what}" for what, count in verdict.checked.items()))
    for line in outside.lines(dict(verdict.told)):
        _print(line)
    if key is None:
        _print(f"The key is the bundle's own ({layout.KEY}). Ask the office for its key, and give it with --key.")


def _print(line: str) -> None:
    # Faults quote what the bundle says, and terminals obey control characters.
    sys.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii").replace("\x1b", "?") + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
