"""Which protection this machine allows, and the command line that gives it.

`bubblewrap`: all namespaces unshared, no network, no /proc, no home, nothing writable, no privileges, an empty
environment; in sight are the system's programs, Python's modules and this package, all read-only.
`user-namespace`: the same namespaces by system calls of our own, with everything read-only, and Landlock to decide what
can be opened. Names of other files can be seen.
`landlock`: no namespaces: what can be opened, TCP and signals are Landlock's to judge, the rest the filter's.
`rlimits`: an ordinary child process with an empty environment and resource limits. A parser that an attacker has taken
over can read what the user can; where there is a filter it can neither write nor reach the network.

Inside each of them further locks are put on where the kernel has them: Landlock and a filter of system calls
(`seccomp`). `protection` spells all that was in force in one word; that word is recorded.
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

from archiver.sandbox import landlock, namespaces, seccomp

IN = "/in"  # where the inputs are in sight
_APP = "/app"  # where our own code is in sight
_FLAGS = ("-I", "-S", "-B")
_PROGRAMS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_SMALL_FILES = ("/etc/ld.so.cache", "/etc/alternatives")  # the loader's, and where Debian's BLAS is a link to
_DEVICES = ("/dev/null", "/dev/urandom")
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
    USER_NAMESPACE = "user-namespace"
    LANDLOCK = "landlock"
    RLIMITS = "rlimits"

    @property
    def alone(self) -> bool:
        """Whether a job sees no process but its own, so that all that it leaves can be killed by one call."""
        return self in (Level.BUBBLEWRAP, Level.USER_NAMESPACE)


def level() -> Level:
    """The strongest level that works here. Tried once a process."""
    return Level(probe()["level"])


def locks(chosen: Level) -> tuple[str, ...]:
    """What is put on inside `chosen` on this machine: "landlock", "seccomp", both or neither."""
    found = ["landlock"] if chosen is not Level.RLIMITS and landlock.abi() else []
    return (*found, "seccomp") if seccomp.supported() else tuple(found)


def protection(chosen: Level) -> str:
    """What is in force at `chosen` on this machine, as recorded, such as "bubblewrap-landlock-seccomp"."""
    return "-".join(dict.fromkeys((str(chosen), *locks(chosen))))


@cache
def probe() -> dict[str, Any]:
    """What `doctor` shows: `{level, protection, bubblewrap: version or "", works, reason, nested_namespaces_disabled}`.

    `works` says that it is bubblewrap; else `reason` says why not.
    """
    found = _probe_bubblewrap()
    if not found["works"]:
        found["level"] = str(_without_bubblewrap())
    return found | {"protection": protection(Level(found["level"]))}


def _probe_bubblewrap() -> dict[str, Any]:
    found: dict[str, Any] = {"level": str(Level.BUBBLEWRAP), "bubblewrap": "", "works": False, "reason": ""}
    program = shutil.which("bwrap")
    if program is None:
        return found | {"reason": "bubblewrap (bwrap) is not installed"}
    found["bubblewrap"] = _tried([program, "--version"])[1].removeprefix("bubblewrap ")
    for hardened in (True, False):  # releases before 0.8.0 cannot forbid nested user namespaces
        works, said = _tried([*_bubblewrap(program, hardened), "--", shutil.which("true") or "/bin/true"])
        if works:
            return found | {"works": True, "nested_namespaces_disabled": hardened}
    return found | {"reason": said or "bubblewrap failed without saying why"}


def _without_bubblewrap() -> Level:
    if not landlock.abi():
        return Level.RLIMITS
    works, _ = _tried([_python(), *_FLAGS, namespaces.__file__])
    return Level.USER_NAMESPACE if works else Level.LANDLOCK


def command(chosen: Level, inbox: Path, code: Sequence[Path]) -> tuple[list[str], dict[str, Any], str]:
    """How to start the prepared Python: the command line but for its last part, that part, and inputs' folder inside.

    `code` are our own packages or modules to be in sight. Raises KeyError where bubblewrap is asked for and missing.
    """
    libraries = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    libraries = [path for path in libraries if os.path.isdir(path)]
    pythons = [os.path.realpath(sys.base_prefix), _python(), *libraries]
    settings: dict[str, Any] = {
        "alone": chosen.alone,
        "namespaces": chosen is Level.USER_NAMESPACE,
        "filtered": "seccomp" in locks(chosen),
    }
    if chosen is not Level.BUBBLEWRAP:
        settings["path"] = [*dict.fromkeys(str(path.parent) for path in code), *libraries]
        if "landlock" in locks(chosen):
            ours = [*pythons, *map(str, code), str(inbox)]
            settings["in_sight"] = {"read": [*ours, *_SMALL_FILES, *_DEVICES], "run": _PROGRAMS}
        script = Path(__file__).with_name("prepared.py")
        return [_python(), *_FLAGS, str(script)], settings, str(inbox)
    program = shutil.which("bwrap")
    if program is None:
        raise KeyError("bwrap")
    binds = ["--ro-bind", str(inbox), IN]
    for path in dict.fromkeys(pythons):
        if not f"{path}/".startswith("/usr/"):
            binds += ["--ro-bind", path, path]
    for path in (str(path) for path in code):
        binds += ["--ro-bind", path, f"{_APP}/{os.path.basename(path)}"]
    settings["path"] = [_APP, *libraries]
    if "landlock" in locks(chosen):
        settings["in_sight"] = {"read": [], "run": ["/"]}  # bubblewrap has shown nothing else; this denies writing anew
    inside = f"{_APP}/archiver/sandbox/prepared.py"
    base = _bubblewrap(program, bool(probe().get("nested_namespaces_disabled")), binds)
    return [*base, "--", _python(), *_FLAGS, inside], settings, IN


def _python() -> str:
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def alone(binds: Sequence[str]) -> list[str]:
    """The beginning of a command line that starts a program in bubblewrap, with `binds` in sight beside the system's.

    What follows is `--` and the program. Raises LookupError with the reason where bubblewrap does not work here.
    """
    program, found = shutil.which("bwrap"), probe()
    if program is None or not found["works"]:
        raise LookupError(found["reason"])
    return _bubblewrap(program, bool(found.get("nested_namespaces_disabled")), binds)


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
    for path in _PROGRAMS[1:]:
        if os.path.islink(path):
            line += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            line += ["--ro-bind", path, path]
    for path in _SMALL_FILES:
        line += ["--ro-bind-try", path, path]
    for path in _DEVICES:
        line += ["--dev-bind", path, path]
    return [*line, *binds, "--remount-ro", "/", "--chdir", "/"]


def _tried(line: Sequence[str]) -> tuple[bool, str]:
    try:
        done = subprocess.run(line, capture_output=True, env=ENVIRONMENT, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    said = (done.stdout if done.returncode == 0 else done.stderr).decode("utf-8", "replace").strip()
    return done.returncode == 0, said[:300]
