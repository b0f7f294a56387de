"""Whole bundles and tampered ones, side by side: what programs of others and ours say of each.

    python benchmarks/peers.py [--write]

The reader has from outside: the office's key, the authority's root certificate, what verify.pyz and archiver saw before
(the newest bundle), and the programs themselves. `--write` puts the table into docs/peers.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from archiver.proof.bundle import layout
from tests.report.certificates import pdfsig
from tests.report.checking_page import PROGRAM, Page, opened
from tests.report.peers_story import ATTACKS, Story, attacked, tell

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "peers.md"
BEGIN, END = "<!-- table: python benchmarks/peers.py --write -->\n", "<!-- end of table -->\n"

PASSES, FINDS, TELLS, ABSENT = "passes", "**finds it**", "tells it", "not here"

#: Says of a bundle's folder one of the words above.
Peer = Callable[[Path], str]


def main() -> None:
    """Ask everybody about everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        story = tell(folder / "story")
        bundles = {name: attacked(story, name, folder / f"bundle-{number}").folder
                   for number, name in enumerate(ATTACKS)}  # fmt: skip
        answers = {name: {} for name in ATTACKS}  # type: dict[str, dict[str, str]]
        for who, ask in _peers(story, folder).items():
            for name, bundle in bundles.items():
                answers[name][who] = ask(bundle)
        if PROGRAM is not None:
            with opened(_outside(story, layout.CHECK_PAGE, folder), folder / "profile") as page:
                for name, bundle in bundles.items():
                    answers[name]["verify.html"] = _page(page, bundle, story.key)
    text = table(answers)
    print(text)
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "peers.json").write_text(json.dumps(answers, indent=2) + "\n")
    if arguments.write:
        before, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


COLUMNS = ("bagit.py", "case_validate", "openssl ts", "pdfsig", "verify.html", "verify.pyz", "archiver verify")


def table(answers: Mapping[str, Mapping[str, str]]) -> str:
    """In Markdown, a row for each thing that was done."""
    rows = [["what was done to it", *COLUMNS], ["---"] * (len(COLUMNS) + 1)]
    rows += [[name, *(said.get(who, ABSENT) for who in COLUMNS)] for name, said in answers.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _peers(story: Story, folder: Path) -> dict[str, Peer]:
    """Everybody but the page, which needs a browser."""
    bin_folder = Path(sys.executable).parent
    pyz = _outside(story, layout.VERIFIER, folder)
    environ = {**os.environ, "ARCHIVER_STATE": str(folder / "state")}
    ours = {
        "verify.pyz": [sys.executable, "-I", pyz, "--memory", folder / "memory"],
        "archiver verify": [bin_folder / "archiver", "verify", "--tsa-roots", story.authority.root],
    }
    for command in ours.values():  # what was seen before
        _verdict([*command, "--key", story.key, "--json", story.bundle], environ)
    found: dict[str, Peer] = {
        "bagit.py": lambda bundle: _rc([bin_folder / "bagit.py", "--quiet", "--validate", bundle]),
        "case_validate": _once(
            layout.CASE_GRAPH, lambda bundle: _rc([bin_folder / "case_validate", bundle / layout.CASE_GRAPH])
        ),
        "openssl ts": lambda bundle: _openssl(bundle, story.authority.root),
        **{
            name: lambda bundle, command=command: _verdict(  # type: ignore[misc]
                [*command, "--key", story.key, "--json", bundle], environ
            )
            for name, command in ours.items()
        },
    }
    if shutil.which("pdfsig"):
        found["pdfsig"] = _pdfsig
    return found


def _once(path: str, ask: Peer) -> Peer:
    """Asks again only where the one file that this peer reads is another one."""
    known: dict[str, str] = {}

    def asked(bundle: Path) -> str:
        digest = hashlib.sha256((bundle / path).read_bytes()).hexdigest()
        if digest not in known:
            known[digest] = ask(bundle)
        return known[digest]

    return asked


def _rc(command: list[object]) -> str:
    done = subprocess.run([str(one) for one in command], capture_output=True, check=False)
    return FINDS if done.returncode else PASSES


def _verdict(command: list[object], environ: Mapping[str, str]) -> str:
    call = [str(one) for one in command]
    done = subprocess.run(call, capture_output=True, text=True, env=dict(environ), check=False)
    told = json.loads(done.stdout)
    if told["verdict"] != "VERIFIED":
        return FINDS
    memory, checkpoint = told.get("memory") or {}, told.get("checkpoint") or {}
    return TELLS if (memory.get("seen_size") or 0) > checkpoint.get("size", 0) else PASSES


def _openssl(bundle: Path, root: Path) -> str:
    """The commands of VERIFY.txt, for every stamp."""
    for query in sorted((bundle / layout.TIMESTAMPS).glob("*.tsq")):
        command = ["openssl", "ts", "-verify", "-queryfile", query, "-in", query.with_suffix(".tsr"),
                   "-CAfile", root, "-untrusted", query.with_suffix(".pem")]  # fmt: skip
        if _rc(list(command)) == FINDS:
            return FINDS
    return PASSES


def _pdfsig(bundle: Path) -> str:
    said = pdfsig(bundle / layout.REPORT_PDF)
    return PASSES if said.get("Signature Validation") == "Signature is Valid." else FINDS


def _page(page: Page, bundle: Path, key: str) -> str:
    return PASSES if re.match("VERIFIED", page.check(bundle, key).word) else FINDS


def _outside(story: Story, path: str, folder: Path) -> Path:
    """The program as the reader has it from elsewhere."""
    return Path(shutil.copyfile(story.bundle / path, folder / Path(path).name))


if __name__ == "__main__":
    main()
