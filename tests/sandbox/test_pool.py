"""A pool gives every thread a sandbox, starts few of them, and ends cleanly."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archiver.sandbox.failure import Failure, SandboxError
from archiver.sandbox.pool import SandboxPool

HOSTILE = Path(__file__).with_name("hostile.py")


def started(pool: SandboxPool) -> int:
    return sum(sandbox._process is not None for sandbox in pool._all)


def test_a_single_user_starts_a_single_sandbox(tmp_path: Path) -> None:
    with SandboxPool(3, code=[HOSTILE], inbox=tmp_path) as pool:
        assert started(pool) == 0
        pool.start()
        for _ in range(3):
            pool.run("hostile:output_bomb", [], 1, seconds=60, max_bytes=9)
        assert started(pool) == 1
    assert started(pool) == 0
    assert list(tmp_path.iterdir()) == []


def test_many_threads_each_get_their_own_answer(tmp_path: Path) -> None:
    files = []
    for number in range(24):
        files.append(tmp_path / str(number))
        files[-1].write_text(str(number))

    def ask(number: int) -> str:
        if number % 8 == 7:
            with pytest.raises(SandboxError) as caught:
                pool.run("hostile:crash", [], None, seconds=60, max_bytes=9)
            assert caught.value.failure is Failure.CRASHED
        reply = json.loads(pool.run("hostile:read", [files[number]], number, seconds=60, max_bytes=999))
        return f"{reply[1][0]} {reply[2]}"

    with SandboxPool(2, code=[HOSTILE], inbox=tmp_path / "w") as pool, ThreadPoolExecutor(6) as threads:
        assert list(threads.map(ask, range(24))) == [f"{number} {number}" for number in range(24)]
        assert started(pool) <= 2


def test_the_thread_that_started_a_sandbox_may_end_before_it(tmp_path: Path) -> None:
    """The kernel's parent-death signal goes by thread: a sandbox must not die with the worker that needed it first."""
    with SandboxPool(1, code=[HOSTILE]) as pool:
        thread = threading.Thread(target=pool.start)
        thread.start()
        thread.join()
        process = pool._all[0]._process
        for _ in range(3):
            pool.run("hostile:output_bomb", [], 1, seconds=60, max_bytes=9)
        assert pool._all[0]._process is process


def test_a_closed_pool_refuses_jobs() -> None:
    pool = SandboxPool(1)
    pool.close()
    with pytest.raises(SandboxError, match="closed"):
        pool.run("hostile:crash", [], None, seconds=60, max_bytes=9)
