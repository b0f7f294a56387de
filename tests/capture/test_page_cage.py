"""The browser's cage, with a program in it that tries to get out, and the process of a visit that is ended early."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.capture.page import browser, cage, snapshots
from archiver.capture.page.cage import Confinement
from archiver.capture.page.job import SnapshotJob
from archiver.config import Limits
from archiver.sandbox.level import probe
from tests.capture.page_site import Pages, serving

PROGRAM = browser.find()

#: Tries everything, and tells on descriptor 4, where a browser tells what it sees.
PRISONER = """#!/usr/bin/python3
import json, os, socket, sys
told = {}
def attempt(name, act):
    try:
        told[name] = repr(act())
    except (OSError, IndexError):
        told[name] = "refused"
port = int(os.environ.get("PORT") or open("/proc/self/cmdline").read().split("port=")[1].split("\\0")[0])
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", port), 2))
attempt("udp outside", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("10.255.255.1", 9)))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))
# Of the home folder, Python alone may be in sight, where it lies there.
attempt("home", lambda: [one for one in os.listdir("/root") if not "PYTHON/".startswith("/root/" + one + "/")][0])
attempt("passwords", lambda: open("/etc/passwd").read(1))
attempt("writes", lambda: open("/usr/x", "w"))
attempt("writes in the root", lambda: open("/x", "w"))
attempt("scratch", lambda: open("/tmp/x", "w"))
told["interfaces"] = [name for _, name in socket.if_nameindex()]
told["processes"] = sum(name.isdigit() for name in os.listdir("/proc"))
told["environment"] = sorted(os.environ)
os.write(4, json.dumps(told).encode())
"""


@pytest.fixture
def pages() -> Iterator[Pages]:
    with serving() as running:
        yield running


@pytest.mark.skipif(not probe()["works"], reason="bubblewrap does not work here")
@pytest.mark.parametrize("confinement", [Confinement.BOTH, Confinement.BUBBLEWRAP])
def test_what_is_in_the_cage_has_no_way_out_but_the_proxy(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confinement: Confinement
) -> None:
    monkeypatch.setenv("SECRET", "of ours")
    prisoner = tmp_path / "program" / "prisoner"
    prisoner.parent.mkdir()
    prisoner.write_text(PRISONER.replace("PYTHON", os.path.realpath(sys.base_prefix)))
    prisoner.chmod(0o755)
    (tmp_path / "out").touch()
    more = (f"port={pages.forbidden.port}",)
    line, environment = cage.command(confinement, prisoner, tmp_path / "out", tmp_path, more)
    reads, writes = os.pipe()

    def lay() -> None:
        os.dup2(os.dup2(writes, 104), 4)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 3)

    done = subprocess.run(line, env=environment, pass_fds=(3, 4), preexec_fn=lay, timeout=60, capture_output=True)
    os.close(writes)
    with open(reads, "rb") as file:
        told = json.loads(file.read() or b"{}")
    assert done.returncode == 0, done.stderr
    for name in ("tcp", "udp outside", "home", "passwords", "writes", "writes in the root"):
        assert told[name] == "refused", name
    assert told["scratch"] != "refused"
    assert told["interfaces"] == ["lo"]
    assert told["processes"] <= 3
    assert "SECRET" not in told["environment"]
    assert (pages.forbidden.visitors, pages.forbidden.received) == ([], 0)
    assert not (tmp_path / "x").exists()


def test_as_root_no_page_is_opened_without_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cage, "probe", lambda: {"works": False})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert cage.ladder() == []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert cage.ladder() == [Confinement.BROWSER]


def test_the_settings_that_keep_it_on_its_way_are_there() -> None:
    flags = browser.flags("/p", 3128, own_sandbox=True)
    assert "--proxy-server=http://127.0.0.1:3128" in flags
    assert "--proxy-bypass-list=<-loopback>" in flags
    assert "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1" in flags
    assert "--no-sandbox" not in flags
    assert "--no-sandbox" in browser.flags("/p", 3128, own_sandbox=False)


def test_a_start_script_is_passed_over_for_the_program_behind_it(tmp_path: Path) -> None:
    script, program = tmp_path / "google-chrome", tmp_path / "chrome"
    script.write_text("#!/bin/sh\nexec chrome\n")
    script.chmod(0o755)
    assert browser.find(str(script)) == script
    program.write_bytes(b"\x7fELF")
    program.chmod(0o755)
    assert browser.find(str(script)) == program
    assert browser.find(str(tmp_path / "nothing")) is None
    assert browser.version(tmp_path / "nothing") == ""


def _ours(folder: Path) -> list[str]:
    """Processes whose command line names the folder, or that are a browser's below such a one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if str(folder) in command:
                found.append(command)
    return found


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None or not cage.ladder(), reason="no browser can be used here")
@pytest.mark.parametrize("way", ["cancelled", "overdue"])
def test_a_visit_that_is_ended_from_outside_leaves_nothing(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    assert PROGRAM is not None
    folder = tmp_path / "attempt of a visit"
    folder.mkdir()
    cancel = threading.Event()

    def cancelled() -> bool:
        cancel.wait(0.5 if way == "cancelled" and "/waits" in pages.asked else 0)
        return way == "cancelled" and "/endless" in pages.asked

    seconds = 25.0
    if way == "overdue":
        seconds = 6.0
        monkeypatch.setattr(snapshots, "_GRACE_SECONDS", -2.0)
    job = SnapshotJob(pages.url("/waits"), folder, PROGRAM, ("127.0.0.2/32",), Limits(snapshot_seconds=seconds))
    result = snapshots.make(job, cancelled)
    assert result.reason == ("cancelled" if way == "cancelled" else "snapshot-timed-out")
    assert {path.name for path in folder.iterdir()} == (set() if way == "cancelled" else {"snapshot.json"})
    deadline = time.monotonic() + 10
    while _ours(folder) and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert _ours(folder) == []


@pytest.mark.slow
@pytest.mark.skipif(PROGRAM is None or not cage.ladder(), reason="no browser can be used here")
def test_a_visit_in_a_process_of_its_own_gives_its_result(pages: Pages, tmp_path: Path) -> None:
    assert PROGRAM is not None
    job = SnapshotJob(pages.url("/plain"), tmp_path, PROGRAM, ("127.0.0.2/32",))
    result = snapshots.make(job)
    assert (result.reason, result.title) == ("", "Plain")
    assert snapshots.make(job) == result
    assert pages.asked.count("/plain") == 1


def test_the_relay_is_a_script_that_needs_nothing_of_ours() -> None:
    path = Path(cage.__file__).with_name("relay.py")
    done = subprocess.run([sys.executable, "-I", "-S", path, "/nonexistent", "0", "/bin/true"], pass_fds=(), timeout=60)
    assert done.returncode in (0, 1)  # without the two pipes there is nothing to start
