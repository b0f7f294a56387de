"""The JavaScript runtime that some extractors need: deno, alone in bubblewrap, started by one script of ours.

Inside there is no network, no file of ours or of the user's, no writable place and no other program; what yt-dlp wrote
to its standard input runs, and what it prints is all that comes out. Without bubblewrap it is not started at all.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from archiver.sandbox import level

PROGRAM_NAME = "javascript-runtime"

# A player's challenge takes a second or two; a script that needs more is not solving one.
_SECONDS = 60
# V8's heap for a challenge is some 200 MiB. RLIMIT_DATA counts what is written, not what V8 reserves.
_MEMORY_KIB = 1536 * 1024
_INSIDE = "/app/deno"
_TIMEOUT = "/usr/bin/timeout"

_ENVIRONMENT = {"DENO_DIR": "/nonexistent", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}

_permitted: set[str] = set()


def runtime() -> str:
    """Where deno is. Raises LookupError with the reason where it is not."""
    try:
        from deno import find_deno_bin

        found = str(find_deno_bin())
    except (ImportError, OSError):
        found = ""
    if not found or not os.access(found, os.X_OK):
        raise LookupError("deno, the JavaScript runtime, is not there")
    return os.path.realpath(found)


def script() -> str:
    """The script that starts the runtime: limits, bubblewrap, a time limit, deno with yt-dlp's arguments.

    Made where programs can be looked for, which is not in a fetcher. Raises LookupError with the reason where
    JavaScript cannot be run here.
    """
    program = runtime()
    try:
        line = level.alone(["--ro-bind", program, _INSIDE])
    except LookupError as error:
        raise LookupError(f"JavaScript of a site is run in bubblewrap only: {error.args[0]}") from None
    if not os.access(_TIMEOUT, os.X_OK):
        raise LookupError(f"{_TIMEOUT}, which ends a script that does not end, is not there")
    for name, value in _ENVIRONMENT.items():
        line += ["--setenv", name, value]
    line += ["--", _TIMEOUT, "-s", "KILL", str(_SECONDS), _INSIDE]
    return "\n".join(
        [
            "#!/bin/sh",
            "ulimit -S -v unlimited",  # V8 reserves more addresses than a fetcher may have, and uses few of them
            f"ulimit -d {_MEMORY_KIB}",
            f"ulimit -t {_SECONDS}",
            f'exec /usr/bin/env -i {shlex.join(line)} "$@"',
            "",
        ]
    )


def why_not() -> str:
    """What stands in the way of running JavaScript here; empty where nothing does."""
    try:
        script()
    except LookupError as error:
        return str(error.args[0])
    return ""


def install(text: str, folder: Path) -> Path:
    """Put the script into `folder`, a fetcher's own, and permit this process to start it, and nothing else."""
    program = folder / PROGRAM_NAME
    program.unlink(missing_ok=True)
    handle = os.open(program, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o500)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    program.chmod(0o500)
    _permitted.add(str(program))
    return program


def permits(program: object) -> bool:
    """Whether a program may be started although the fetcher starts none."""
    return str(program) in _permitted
