"""A network of one machine, in which every address of the world is this machine, and from which nothing leads out.

Tricks to reach a private address are tried for real there: whatever the guard let through would arrive at the canary,
and no packet can get anywhere else. `inside` is what runs there.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
_FILES = {
    "/etc/resolv.conf": "nameserver 127.0.0.53\noptions timeout:1 attempts:2\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 ip6-localhost\n",
}
_START_SECONDS = 300


@functools.cache
def missing() -> str:
    """What this machine lacks for an enclosure, or the empty string."""
    for program in ("bwrap", "ip"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run([*_wall(Path(scratch)), "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def tricks(*arguments: str) -> dict[str, Any]:
    """Run `inside` with `arguments` in an enclosure; gives what it found. Raises RuntimeError where it broke."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [*_wall(Path(scratch)), sys.executable, "-m", "tests.capture.hostile.inside", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=_START_SECONDS,
        )
    if done.returncode:
        raise RuntimeError(f"the enclosure ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _wall(scratch: Path) -> Sequence[str]:
    """The beginning of a command line that runs what follows in a network of its own, all addresses local."""
    binds = []
    for number, (place, text) in enumerate(_FILES.items()):
        source = scratch / str(number)
        source.write_text(text)
        if Path(place).exists():
            binds += ["--ro-bind", str(source), str(Path(place).resolve())]
    every = "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo && "
    only = "test $(($(wc -l < /proc/net/dev) - 2)) -eq 1 && "  # the loopback interface and no other
    return [
        *("bwrap", "--unshare-net", "--unshare-user", "--uid", "0", "--gid", "0", "--die-with-parent"),
        *("--cap-add", "CAP_NET_ADMIN", "--cap-add", "CAP_NET_BIND_SERVICE", "--dev-bind", "/", "/"),
        *(*binds, "--", "sh", "-c", every + only + 'exec "$@"', "sh"),
    ]
