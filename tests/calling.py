"""Calling the command line: in this process where only its answer counts, as a process where signals do."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from unittest import mock

from archiver import cli

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-c", "from archiver.cli import main; main()"]

#: A whole run takes seconds; a test that waits longer than this would wait for ever.
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said and ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Archiver:
    """The command line on one vault. Every call fails the test where a traceback or a defect is printed."""

    def __init__(self, vault: Path) -> None:
        self.vault = vault
        self.environ = {"ARCHIVER_VAULT": str(vault), "ARCHIVER_ALLOW_NET": "127.0.0.0/8", "COLUMNS": "120"}
        self.environ["ARCHIVER_STATE"] = str(vault.parent / "state")

    def __call__(self, *arguments: str, code: int | None = 0, stdin: bytes = b"") -> Said:
        """In this process, for every command but `run`. `code` is the exit code that is expected (None: any)."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
        given = io.TextIOWrapper(io.BytesIO(stdin), "utf-8")
        with (
            mock.patch.dict(os.environ, self.environ),
            mock.patch.multiple(sys, stdout=out, stderr=err, stdin=given),
        ):
            ended = cli._run(list(arguments))
        out.flush()
        err.flush()
        said = Said(ended, *(stream.buffer.getvalue().decode() for stream in (out, err)))
        return _checked(said, arguments, code)

    def process(
        self,
        *arguments: str | bytes,
        code: int | None = 0,
        before: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Said:
        """As a process of its own; `before` is a command line that starts it, such as `unshare -rm`."""
        done = subprocess.run(
            [*before, *COMMAND, *arguments],
            env=self._environ(environ or {}),
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
        said = Said(done.returncode, *(text.decode("utf-8", "backslashreplace") for text in (done.stdout, done.stderr)))
        return _checked(said, arguments, code)

    def on_a_terminal(self, *arguments: str) -> Said:
        """As a process whose standard error is a terminal; what that shows is `err`."""
        ours, theirs = pty.openpty()
        running = self.start(*arguments, stderr=theirs)
        os.close(theirs)
        shown = b""
        # The last end of a terminal that is closed reads as an error on Linux.
        with open(ours, "rb", buffering=0) as screen, contextlib.suppress(OSError):
            while block := screen.read(65536):
                shown += block
        out, _ = running.communicate(timeout=PATIENCE_SECONDS)
        return _checked(Said(running.returncode, out.decode(), shown.decode("utf-8", "replace")), arguments, 0)

    def start(self, *arguments: str, stderr: int | IO[bytes] = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """Start it and go on. The caller ends it."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self._environ({}),
            stdout=subprocess.PIPE,
            stderr=stderr,
            stdin=subprocess.DEVNULL,
        )

    def requests(self) -> dict[str, dict[str, Any]]:
        """Every request by its URL's path."""
        return {"/" + row["url"].split("/", 3)[3]: row for row in self("requests", "--json").json}

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT), **self.environ, **more}


def _checked(said: Said, arguments: Sequence[object], code: int | None) -> Said:
    for sign in ("Traceback", "defect of archiver"):
        assert sign not in said.err, (arguments, said.err)
    assert code is None or said.code == code, (arguments, said)
    return said
