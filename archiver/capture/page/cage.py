"""How the browser is confined: namespaces around it, its own sandbox inside, strongest first.

With bubblewrap it has a network namespace of its own, in which there is nothing but loopback and `relay`; its profile
and everything else that it may write lie in memory and are gone with it. Inside, Chromium's own sandbox stays on where
the kernel lets it (it needs nested user namespaces): a page process that an attacker has taken over is then held twice.
Without bubblewrap only Chromium's own sandbox stands between page and machine, and its proxy settings between page and
network; the record says so. Without either, no page is opened.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from archiver.capture.page import browser
from archiver.sandbox.level import probe

_SOCKET = "/way/out"
_RELAY = "/way/relay.py"
#: The cage has its own network, so that no other program can hold this port.
_PORT = 3128
# The profile of one visit is 20 MB; shared memory holds the pictures of a page.
_SCRATCH_BYTES = 512 * 1024**2
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108  the cage's own, in memory
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "DBUS_SESSION_BUS_ADDRESS": "disabled:",
    "DBUS_SYSTEM_BUS_ADDRESS": "disabled:",
}


class Confinement(StrEnum):
    """What stands between the page and this machine."""

    BOTH = "bubblewrap and browser"
    BUBBLEWRAP = "bubblewrap"
    BROWSER = "browser"


def ladder() -> list[Confinement]:
    """What may work here, strongest first: whether Chromium's own sandbox starts is seen when it starts."""
    if probe()["works"]:
        return [Confinement.BOTH, Confinement.BUBBLEWRAP]
    return [] if os.geteuid() == 0 else [Confinement.BROWSER]  # as root it would have to do without its own


def command(
    confinement: Confinement, program: Path, way_out: Path | int, profile: Path, more: Sequence[str] = ()
) -> tuple[list[str], dict[str, str]]:
    """The command line and environment of a browser whose only way out is `way_out`.

    `way_out` is the proxy's Unix socket with bubblewrap and its loopback port without; `profile` is used without it.
    """
    own = confinement is not Confinement.BUBBLEWRAP
    if confinement is Confinement.BROWSER:
        assert isinstance(way_out, int)
        line = [str(program), *browser.flags(str(profile), way_out, own_sandbox=own), *more]
        return line, {**_ENVIRONMENT, "HOME": str(profile)}
    assert isinstance(way_out, Path)
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    relay = [python, "-I", "-S", "-B", _RELAY, _SOCKET, str(_PORT)]
    inside = [str(program), *browser.flags("/tmp/profile", _PORT, own_sandbox=own), *more]  # noqa: S108  as above
    return [*_bubblewrap(program, way_out, python, nested=own), "--", *relay, *inside], _ENVIRONMENT


def _bubblewrap(program: Path, way_out: Path, python: str, *, nested: bool) -> list[str]:
    line = [shutil.which("bwrap") or "bwrap", "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    line += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox"]
    line += ["--uid", "1000", "--gid", "1000"]  # Chromium refuses its own sandbox to root, also to a namespace's
    if not nested and probe().get("nested_namespaces_disabled"):
        line += ["--disable-userns"]
    line += ["--cap-drop", "ALL", "--as-pid-1", "--die-with-parent", "--new-session"]
    line += ["--ro-bind", "/usr", "/usr"]
    for path in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(path):
            line += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            line += ["--ro-bind", path, path]
    # Fonts; no policies, certificates or extensions that somebody has set up for people's browsers.
    for path in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/var/cache/fontconfig"):
        line += ["--ro-bind-try", path, path]
    line += ["--proc", "/proc", "--dev", "/dev", "--size", str(_SCRATCH_BYTES), "--tmpfs", "/tmp"]  # noqa: S108  as above
    for path in dict.fromkeys((str(program.parent), os.path.realpath(sys.base_prefix), python)):
        if not f"{path}/".startswith("/usr/"):
            line += ["--ro-bind", path, path]
    line += ["--ro-bind", str(way_out), _SOCKET]
    line += ["--ro-bind", str(Path(__file__).with_name("relay.py")), _RELAY]
    return [*line, "--remount-ro", "/", "--chdir", "/"]
