"""What interrupts a run: Ctrl-C, kill -9, a full disk. Nothing asked for is lost, nothing finished is done again."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.calling import Archiver
from tests.loopback import Site
from tests.small_disk import fill, small_disk

__all__ = ["small_disk"]

pytestmark = pytest.mark.slow

PICTURES = 14

#: Answers after which the run is killed: at the start, in the thick of it, and near the end.
MOMENTS = (1, 7, 13)

#: A run on a busy machine starts within this.
PATIENCE_SECONDS = 60


def read(archiver: Archiver, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(archiver.vault / "archive.db")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def finished_downloads(archiver: Archiver) -> set[str]:
    """Paths whose download was complete and durable: recorded, or lying with its result in the working folder."""
    urls = dict(read(archiver, "SELECT id, url FROM request"))
    done = {row[0] for row in read(archiver, "SELECT id FROM request WHERE state = 'archived'")}
    done |= {path.parent.name.partition(".")[0] for path in archiver.vault.glob("working/attempts/*/result.json")}
    return {"/" + urls[request].rpartition("/")[2] for request in done}


def descendants(pid: int) -> list[int]:
    """Process ids below `pid`, from /proc."""
    below = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(path.parent.name)
            below += [child, *descendants(child)]
    return below


@contextmanager
def watched(pids: list[int]) -> Iterator[None]:
    """Assert that all these processes end by themselves, soon after the block."""
    handles = []
    for pid in pids:
        try:
            handles.append(os.pidfd_open(pid))
        except ProcessLookupError:
            continue
    try:
        yield
        for handle in handles:
            assert select.select([handle], [], [], PATIENCE_SECONDS)[0], "a child outlived the run"
    finally:
        for handle in handles:
            os.close(handle)


def after_answers(site: Site, count: int) -> threading.Event:
    """An event that is set when the site has answered for `count` more paths."""
    reached = threading.Event()
    before = len(set(site.order))

    class Order(list[str]):
        def append(self, path: str) -> None:
            super().append(path)
            if len(set(self)) >= before + count:
                reached.set()

    site.order = Order(site.order)
    return reached


def check_the_end(archiver: Archiver, expected: int) -> None:
    """Every request archived once, no entry twice, and the vault verifies."""
    assert {row["state"] for row in archiver.requests().values()} == {"archived"}
    assert read(archiver, "SELECT COUNT(*) FROM item") == [(expected,)]
    told = Counter(
        read(
            archiver,
            "SELECT json_extract(CAST(body AS TEXT), '$.acquisition'), json_extract(CAST(body AS TEXT), '$.item'),"
            " json_extract(CAST(body AS TEXT), '$.type') FROM entry"
            " WHERE json_extract(CAST(body AS TEXT), '$.type') NOT IN ('checkpoint issued', 'recovery', 'match')"
            " AND json_extract(CAST(body AS TEXT), '$.acquisition') IS NOT NULL",
        )
    )
    assert max(told.values()) == 1, told.most_common(3)
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"


def test_killed_at_any_moment_a_run_loses_and_repeats_nothing(
    archiver: Archiver, site: Site, picture: Callable[[int], bytes]
) -> None:
    urls = [site.put(f"/{n}.png", picture(n), kind="image/png") for n in range(PICTURES)]
    archiver("add", *urls)
    counted: dict[str, int] = {}  # finished downloads, and how often each was asked for when it was finished
    for moment in MOMENTS:
        reached = after_answers(site, moment - len(site.asked))
        run = archiver.start("run", stderr=subprocess.DEVNULL)
        try:
            assert reached.wait(PATIENCE_SECONDS)
            with watched(descendants(run.pid)):
                run.kill()
                run.wait()
        finally:
            run.kill()
            run.communicate()
        lost = [row for row in archiver.requests().values() if row["state"] not in ("queued", "running", "archived")]
        assert lost == []
        assert len(archiver.requests()) == PICTURES
        counted |= {path: site.asked[path] for path in finished_downloads(archiver)} | counted
    archiver.process("run")
    assert {path: site.asked[path] for path in counted} == counted
    check_the_end(archiver, PICTURES)


def test_ctrl_c_stops_cleanly_and_the_next_run_goes_on(
    archiver: Archiver, site: Site, picture: Callable[[int], bytes]
) -> None:
    archiver("add", site.put("/drip.png", drips=True, kind="image/png"), "--priority", "5")
    archiver("add", site.put("/one.png", picture(1), kind="image/png"))
    run = archiver.start("run")
    try:
        assert site.dripping.wait(PATIENCE_SECONDS)
        with watched(descendants(run.pid)):
            run.send_signal(signal.SIGINT)
            _, err = run.communicate(timeout=PATIENCE_SECONDS)
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 130
    assert err.decode().splitlines()[-1].startswith("archiver: stopped;")
    assert b"Traceback" not in err
    assert archiver.requests()["/drip.png"]["state"] == "queued"
    site.put("/drip.png", picture(2), kind="image/png")
    archiver.process("run")
    check_the_end(archiver, 2)


@pytest.mark.parametrize("leave", [0, 900_000])
def test_a_full_disk_halts_the_run_and_the_next_one_goes_on(
    small_disk: Callable[[int], Path], site: Site, picture: Callable[[int], bytes], leave: int
) -> None:
    disk = small_disk(12_000)
    archiver = Archiver(disk / "vault")
    archiver("init")
    urls = [site.put(f"/{n}.png", picture(n) + os.urandom(300_000), kind="image/png") for n in range(5)]
    archiver("add", *urls)
    ballast = fill(disk, leave)
    said = archiver.process("run", code=1)
    assert said.err.splitlines()[-1].startswith("archiver: ")
    assert "full" in said.err.splitlines()[-1] or "No space" in said.err.splitlines()[-1], said.err
    states = {row["state"] for row in archiver.requests().values()}
    assert states <= {"queued", "running", "archived"}, "a full disk is the fault of no request"
    ballast.unlink()
    archiver.process("run")
    check_the_end(archiver, len(urls))


def test_on_a_full_disk_commands_end_with_one_line_and_change_nothing(
    small_disk: Callable[[int], Path], tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    disk = small_disk(6_000)
    archiver = Archiver(disk / "vault")
    archiver("init")
    before = archiver("status", "--json").json
    ballast = fill(disk, 0)
    local = tmp_path / "local.bin"
    local.write_bytes(picture(1) + os.urandom(200_000))
    many = "\n".join(f"http://a.example/{n}" for n in range(2000)).encode()
    for arguments, given in ((["add", "--from", "-"], many), (["ingest", str(local)], b"")):
        said = archiver(*arguments, code=1, stdin=given)
        assert said.err.splitlines()[-1].startswith("archiver: ")
        assert said.err.count("\n") <= 2
    ballast.unlink()
    assert archiver("status", "--json").json["requests"] == before["requests"]
    assert archiver("add", "--from", "-", "--json", stdin=many).json["rows"][-1]["outcome"] == "queued"
    assert archiver("ingest", str(local), "--json").json["rows"][0]["outcome"] == "archived"
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"
