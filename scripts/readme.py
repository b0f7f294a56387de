"""Runs the sessions of README.md for real: `python scripts/readme.py` writes their output into it, a test compares.

A session is a fenced block of language `console`; lines that begin with `$ ` are commands, run in one folder beside a
sample site on loopback. What cannot be the same twice (identifiers, times, keys, the port) is compared by kind.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from archiver.demo import footage, site

README = Path(__file__).resolve().parent.parent / "README.md"
COLUMNS = "96"

_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
_ID = re.compile(r"\b[rimn][a-hjkmnp-z2-9]{10}\b")
_ENDED = re.compile(r"(archived|failed|refused|waiting|cancelled) {2,}http")
#: What differs from run to run, and what stands for it in a comparison.
_CHANGING = (
    (_ADDRESS, "SITE"),
    (_ID, "ID"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}"), "+KEY"),
    (re.compile(r"\d[\d,]*(\.\d+)? (files|bytes|objects|entries|tiles|checkpoints|disclosures|KiB|MiB|B)\b"), r"N \2"),
    (re.compile(r"ledger entry \d+"), "ENTRY"),
    (re.compile(r"(?<=score )\d\.\d\d|\b[01]\.\d\d\b"), "S"),
    (re.compile(r"\b\d:\d\d\.\d\b"), "CLOCK"),
    (re.compile(r"[─\s]+"), ""),  # where a column wraps depends on the port's digits
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a session with what it printed."""

    command: str
    output: str


def sessions(text: str) -> list[list[Step]]:
    """The sessions of a README as they stand in it."""
    found = []
    for block in _BLOCK.findall(text):
        steps: list[Step] = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:], ""))
            elif steps:
                steps[-1] = Step(steps[-1].command, steps[-1].output + line + "\n")
        found.append(steps)
    return found


def run(text: str) -> list[list[Step]]:
    """The same sessions, run now, in one folder, one after another."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with site.serve(_site(folder / "footage")) as address:
            ids: dict[str, str] = {}
            return [[_run(step, folder, address, ids) for step in session] for session in sessions(text)]


def alike(text: str) -> str:
    """Output without what changes from run to run."""
    # Downloads end in whatever order they end.
    lines = text.splitlines()
    ended = sorted(line for line in lines if _ENDED.match(line))
    text = "\n".join([*ended, *(line for line in lines if not _ENDED.match(line))])
    for pattern, stands_for in _CHANGING:
        text = pattern.sub(stands_for, text)
    return text.strip()


def rewritten(text: str) -> str:
    """The README with the output of its sessions as it is now."""
    fresh = iter(run(text))

    def block(_: re.Match[str]) -> str:
        return "```console\n" + "".join(f"$ {step.command}\n{step.output}" for step in next(fresh)) + "```"

    return _BLOCK.sub(block, text)


def _run(step: Step, folder: Path, address: str, ids: dict[str, str]) -> Step:
    command = _ID.sub(lambda found: ids.get(found.group(), found.group()), step.command)
    command = _ADDRESS.sub(address.removeprefix("http://"), command)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ARCHIVER_ALLOW_NET": "127.0.0.0/8",
        "COLUMNS": COLUMNS,
    }
    environment.pop("ARCHIVER_VAULT", None)
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    output = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
    # Identifiers that a later command of the README names are those that stand in the same places of this output.
    ids.update(zip(_ID.findall(step.output), _ID.findall(output), strict=False))
    return Step(command, output)


def _site(folder: Path) -> dict[str, site.Route]:
    folder.mkdir()
    march = footage.scene(folder / "march.mp4", "march")
    excerpt = footage.excerpt(march, folder / "excerpt.mp4", start=4.0)
    (folder.parent / "outside.mp4").write_bytes(excerpt.read_bytes())
    return {
        "/watch/march": site.Route(page=("The march, from the bridge", "/media/march.mp4")),
        "/media/march.mp4": site.Route(file=march),
        "/media/shared-clip.mp4": site.Route(file=excerpt),
    }


def main() -> None:
    """Write the present output into README.md."""
    README.write_text(rewritten(README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
