"""Which protection this machine allows, and the command line that gives it.

`bubblewrap`: all namespaces unshared, no network, no /proc, no home, nothing writable, no privileges, an empty
environment; in sight are the system's programs, Python's modules and this package, all read-only.
`rlimits`: an ordinary child process with an empty environment and resource limits. A parser that an attacker has taken
over is not held by it; the record says which level was in force.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

IN = "/in"  # where the inputs are in sight
_APP = "/app"  # where our own code is in sight
_PROBE_SECONDS = 10  # 12 ms on an idle machine
#: Also keeps numerical libraries from starting threads in the prepared parent, which could not be forked safely then.
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}


class Level(StrEnum):
    """The protection in force, strongest first."""

    BUBBLEWRAP = "bubblewrap"
    RLIMITS = "rlimits"


def level() -> Level:
    """The strongest level that works here. Tried once a process."""
    return Level(probe()["level"])


@cache
def probe() -> dict[str, Any]:
    """What `doctor` shows: `{level, bubblewrap: version or "", works, reason, nested_namespaces_disabled}`."""
    found: dict[str, Any] = {"level": str(Level.RLIMITS), "bubblewrap": "", "works": False, "reason": ""}
    program = shutil.which("bwrap")
    if program is None:
        return found | {"reason": "bubblewrap (bwrap) is not installed"}
    found["bubblewrap"] = _tried([program, "--version"])[1].removeprefix("bubblewrap ")
    for hardened in (True, False):  # releases before 0.8.0 cannot forbid nested user namespaces
        works, said = _tried([*_bubblewrap(program, hardened), "--", shutil.which("true") or "/bin/true"])
        if works:
            return found | {"level": str(Level.BUBBLEWRAP), "works": True, "nested_namespaces_disabled": hardened}
    return found | {"reason": said or "bubblewrap failed without saying why"}


def command(chosen: Level, inbox: Path, code: Sequence[Path]) -> tuple[list[str], list[str], str]:
    """How to start the prepared Python: command line without its settings, module search path, inputs' folder inside.

    `code` are our own packages or modules to be in sight. Raises KeyError where bubblewrap is asked for and missing.
    """
    libraries = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    libraries = [path for path in libraries if os.path.isdir(path)]
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    script = Path(__file__).with_name("prepared.py")
    flags = ["-I", "-S", "-B"]
    if chosen is Level.RLIMITS:
        parents = list(dict.fromkeys(str(path.parent) for path in code))
        return [python, *flags, str(script)], [*parents, *libraries], str(inbox)
    program = shutil.which("bwrap")
    if program is None:
        raise KeyError("bwrap")
    binds = ["--ro-bind", str(inbox), IN]
    for path in dict.fromkeys([os.path.realpath(sys.base_prefix), python, *libraries]):
        if not f"{path}/".startswith("/usr/"):
            binds += ["--ro-bind", path, path]
    for path in (str(path) for path in code):
        binds += ["--ro-bind", path, f"{_APP}/{os.path.basename(path)}"]
    inside = f"{_APP}/archiver/sandbox/prepared.py"
    base = _bubblewrap(program, bool(probe().get("nested_namespaces_disabled")), binds)
    return [*base, "--", python, *flags, inside], [_APP, *libraries], IN


def _bubblewrap(program: str, hardened: bool, binds: Sequence[str] = ()) -> list[str]:
    line = [program, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    line += ["--unshare-cgroup-try", "--hostname", "sandbox"]
    if hardened:
        line += ["--disable-userns"]  # most of the kernel's recent holes were reached through nested namespaces
    line += ["--cap-drop", "ALL"]
    line += ["--as-pid-1"]  # process 1 cannot be killed from inside, and everything inside dies with it
    line += ["--die-with-parent"]
    line += ["--new-session"]  # no terminal to push characters into
    line += ["--ro-bind", "/usr", "/usr"]
    for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            line += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            line += ["--ro-bind", path, path]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):  # the loader's, and where Debian's BLAS is a link to
        line += ["--ro-bind-try", path, path]
    for path in ("/dev/null", "/dev/urandom"):
        line += ["--dev-bind", path, path]
    return [*line, *binds, "--remount-ro", "/", "--chdir", "/"]


def _tried(line: Sequence[str]) -> tuple[bool, str]:
    try:
        done = subprocess.run(line, capture_output=True, env=ENVIRONMENT, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    said = (done.stdout if done.returncode == 0 else done.stderr).decode("utf-8", "replace").strip()
    return done.returncode == 0, said[:300]
