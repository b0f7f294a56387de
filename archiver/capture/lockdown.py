"""What a fetcher's child may do to this machine: write its own folder, read what Python needs, start nothing.

yt-dlp parses pages, playlists and scripts of strangers in this process. `guard` judges where it connects; this is for
the day on which a parser is taken over. The locks are the sandbox's, with sockets left open.
"""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from archiver.sandbox import landlock, seccomp

#: Python and its modules; the resolver's files and certificates; what libraries look for when they are first used.
_READ = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/alternatives", "/dev/null", "/dev/urandom")
_RESOLVER = (
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
    "/etc/protocols", "/etc/ssl", "/etc/pki", "/etc/localtime", "/etc/mime.types", "/run/systemd/resolve", "/run/nscd",
)  # fmt: skip
#: The kernel starts a program through its loader.
_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")
#: Names are looked up over Unix sockets and lists of interfaces over netlink, by the C library itself.
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)


def warm() -> None:
    """Build, in the parent of all fetchers, what every one of them needs."""
    landlock.abi()
    _always_read()
    if seccomp.supported():
        seccomp.program(_rules(programs=False), platform.machine())


@cache
def _always_read() -> tuple[str, ...]:
    """Where Python, its modules and the resolver's files lie: real paths, none within another."""
    prefixes = {sys.base_prefix, sys.prefix, *map(os.path.abspath, sys.path)} - {"/", os.path.abspath("")}
    package = str(Path(__file__).resolve().parents[1])
    wanted = sorted({os.path.realpath(path) for path in (*_READ, *_RESOLVER, *prefixes, package)})
    found: list[str] = []
    for path in wanted:
        if os.path.exists(path) and not any(path.startswith(f"{above}/") for above in found):
            found.append(path)
    return tuple(found)


def _rules(*, programs: bool) -> seccomp.Rules:
    return seccomp.Rules(families=_FAMILIES, writes=True, programs=programs)


def fasten(folder: Path, *, read: Sequence[Path] = (), programs: Sequence[Path] = ()) -> tuple[str, ...]:
    """Lock this process for good: `folder` can be changed, `read` be read, `programs` be read and started, no more.

    Gives the locks that this machine has: "landlock", "seccomp", both or neither. Raises OSError where one that is
    there is not taken. Descriptors that are open stay as they are. About a millisecond.
    """
    locks: list[str] = []
    if landlock.abi():
        rules = landlock.ruleset(
            read=[*_always_read(), *map(str, read)],
            run=[*map(str, programs), *(_LOADERS if programs else ())],
            change=[str(folder)],
            network=True,
        )
        landlock.restrict(rules)
        os.close(rules)
        locks.append("landlock")
    if seccomp.supported():
        seccomp.install(_rules(programs=bool(programs)))
        locks.append("seccomp")
    return tuple(locks)
