"""A fetcher's child that has been taken over keeps to its folder, starts nothing and still reaches the network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from archiver.sandbox import landlock, seccomp

# A minimal system has no /etc/hosts: nobody outside is asked what this machine's own name is.
HOSTS = Path("/etc/hosts")
HOST = "localhost" if HOSTS.is_file() and "localhost" in HOSTS.read_text() else "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]
locked = pytest.mark.skipif(not (landlock.abi() and seccomp.supported()), reason="no Landlock or filter here")

TRIES = """
    import json, os, socket, subprocess, sys, time
    from pathlib import Path
    from archiver.capture.lockdown import fasten
    folder, secret, port, program = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    os.chdir(folder)
    began = time.perf_counter()
    locks = fasten(folder, programs=[Path(program)] if program else [])
    took = time.perf_counter() - began
    done = []
    def attempt(name, act):
        try:
            act()
        except OSError:
            return
        done.append(name)
    attempt("write and rename its own", lambda: (Path("a").write_text("x"), os.rename("a", "b"), os.mkdir("c")))
    attempt("resolve and connect", lambda: socket.create_connection((HOST, port), 5).close())
    attempt("read a module", lambda: Path(json.__file__).read_text())
    attempt("read the secret", lambda: Path(secret).read_text())
    attempt("write the secret", lambda: Path(secret).write_text("x"))
    attempt("change the secret's mode", lambda: os.chmod(secret, 0o777))
    attempt("move it here", lambda: os.rename(secret, "stolen"))
    attempt("write beside", lambda: (folder.parent / "beside").write_text("x"))
    attempt("start a program", lambda: subprocess.run(["/bin/true"], check=True))
    attempt("raw packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
    attempt("signal its parent", lambda: os.kill(os.getppid(), 0))
    print(json.dumps([locks, took, done]))
"""


def tried(tmp_path: Path, program: str = "") -> Any:
    folder = tmp_path / "attempt"
    folder.mkdir()
    (tmp_path / "key").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        program_text = textwrap.dedent(TRIES).replace("HOST", repr(HOST))
        done = subprocess.run(
            [sys.executable, "-c", program_text, str(folder), str(tmp_path / "key"),
             str(server.getsockname()[1]), program],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd="/",
        )  # fmt: skip
    assert (tmp_path / "key").read_text() == "secret"
    return json.loads(done.stdout)


OWN = ["write and rename its own", "resolve and connect", "read a module"]


@locked
def test_it_can_do_its_work_and_nothing_else(tmp_path: Path) -> None:
    locks, took, done = tried(tmp_path)
    assert locks == ["landlock", "seccomp"]
    # Landlock keeps signals from its version 6 on; before, a fetcher may signal processes of the same user.
    assert [name for name in done if name != "signal its parent" or landlock.abi() >= 6] == OWN
    assert took < 1  # 0.5 ms on an idle machine: a bound for mistakes, not a measurement


@locked
def test_a_program_that_is_named_can_be_started(tmp_path: Path) -> None:
    assert tried(tmp_path, os.path.realpath("/bin/true"))[2] == [*OWN, "start a program"]
