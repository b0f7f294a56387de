"""Every way out that we can think of, tried at every level that this machine allows: none may work."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.sandbox.failure import JobLimits
from archiver.sandbox.level import Level, locks
from archiver.sandbox.sandbox import Sandbox
from tests.sandbox.test_sandbox import each_level

ESCAPES = Path(__file__).with_name("escapes.py")
LONG = 60.0

#: Where nothing but the filter is in force, a job can look at what the user can look at, and at nothing else.
LOOKING = {"read the secret", "list the folder", "read the shadow passwords", "read another's environment"}
#: Attempts that work for every process of a user and do no harm to the machine.
HARMLESS = {
    "read the secret",
    "write the secret",
    "change the secret's mode",
    "change the secret's times",
    "make a folder",
    "make a link",
    "list the folder",
    "listen",
    "ask for interfaces",
    "signal another process",
    "hide memory in a file",
}


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process of the same user that must live on."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@each_level
def test_no_way_out_works(chosen: Level, tmp_path: Path, victim: subprocess.Popen[bytes]) -> None:
    if "seccomp" not in locks(chosen):
        pytest.skip("no filter of system calls on this machine")
    outside = tmp_path / "vault"
    outside.mkdir()
    secret, original = outside / "key", tmp_path / "original"
    secret.write_text("secret")
    original.write_text("original")
    original.chmod(0o644)
    before = [(path.stat().st_mode, path.stat().st_mtime_ns) for path in (secret, original)]
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    datagrams = socket.socket(type=socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", port))
    local = socket.socket(socket.AF_UNIX)
    local.bind(str(tmp_path / "socket"))
    local.listen()
    with listener, datagrams, local, Sandbox(code=[ESCAPES], level=chosen, inbox=tmp_path / "working") as sandbox:
        arguments = {
            "secret": str(secret),
            "folder": str(outside),
            "port": port,
            "socket": str(tmp_path / "socket"),
            "victim": victim.pid,
        }
        worked = json.loads(sandbox.run("escapes:try_all", [original], arguments, seconds=LONG, max_bytes=10_000))
        assert select.select([listener, datagrams, local], [], [], 0)[0] == []
        assert (
            json.loads(sandbox.run("escapes:try_all", [original], arguments, seconds=LONG, max_bytes=10_000)) == worked
        )
    assert set(worked) - (LOOKING if chosen is Level.RLIMITS else set()) == set()
    assert victim.poll() is None
    assert sorted(path.name for path in outside.iterdir()) == ["key"]
    assert [secret.read_text(), original.read_text()] == ["secret", "original"]
    assert [(path.stat().st_mode, path.stat().st_mtime_ns) for path in (secret, original)] == before
    assert list((tmp_path / "working").iterdir()) == []
    for folder in ("/tmp", "/dev/shm"):
        assert not os.path.exists(f"{folder}/archiver-escaped")


def test_the_attempts_would_be_noticed_without_locks(tmp_path: Path, victim: subprocess.Popen[bytes]) -> None:
    """In an ordinary process most of them work: the list above is no list of things that never do."""
    secret = tmp_path / "key"
    secret.write_text("secret")
    program = f"""
import json, sys
sys.path.insert(0, {str(ESCAPES.parent)!r})
import escapes
outside = json.loads(sys.argv[1])
worked = []
for name, attempt in [*escapes._on_files(outside["secret"], outside), *escapes._on_others(outside)]:
    if name not in {HARMLESS!r}:
        continue
    try:
        attempt()
    except OSError:
        continue
    worked.append(name)
print(sorted(worked))
"""
    arguments = {"secret": str(secret), "folder": str(tmp_path), "port": 1, "socket": "", "victim": victim.pid}
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(arguments)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == repr(sorted(HARMLESS))


@each_level
def test_a_job_has_no_privileges_to_gain_and_a_filter(chosen: Level) -> None:
    if "seccomp" not in locks(chosen):
        pytest.skip("no filter of system calls on this machine")
    hostile = ESCAPES.with_name("hostile.py")
    with Sandbox(JobLimits(), code=[hostile], level=chosen) as sandbox:
        state = sandbox.run("hostile:locked", [], None, seconds=LONG, max_bytes=100)
    assert json.loads(state) == {"no_new_privs": 1, "seccomp": 2}
