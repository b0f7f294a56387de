"""The sandbox holds what a taken-over parser would try, and goes on working afterwards."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archiver.sandbox.failure import Failure, JobLimits, SandboxError
from archiver.sandbox.level import Level, _without_bubblewrap, command, level, probe, protection
from archiver.sandbox.sandbox import Sandbox
from archiver.sandbox.watch import usage

HOSTILE = Path(__file__).with_name("hostile.py")
ROOT = Path(__file__).resolve().parents[2]
LONG = 60.0  # a limit that no test reaches
bubblewrap = pytest.mark.skipif(not probe()["works"], reason=f"no bubblewrap here: {probe()['reason']}")


def works_here(chosen: Level) -> bool:
    """Whether this machine allows a level, its strongest without bubblewrap being the measure."""
    if chosen is Level.BUBBLEWRAP:
        return bool(probe()["works"])
    return list(Level).index(chosen) >= list(Level).index(_without_bubblewrap())


each_level = pytest.mark.parametrize(
    "chosen",
    [pytest.param(one, marks=() if works_here(one) else pytest.mark.skip("not here")) for one in Level],
    ids=str,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(JobLimits(memory_bytes=1 << 30), code=[HOSTILE]) as sandbox:
        yield sandbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "original"
    path.write_bytes(b"original bytes")
    path.chmod(0o644)  # what protects it is the sandbox, not its mode
    return path


def call(sandbox: Sandbox, name: str, files: list[Any], arguments: Any = None, seconds: float = LONG) -> Any:
    return json.loads(sandbox.run(f"hostile:{name}", files, arguments, seconds=seconds, max_bytes=100_000))


def failure_of(sandbox: Sandbox, name: str, arguments: Any = None, seconds: float = LONG) -> Failure:
    with pytest.raises(SandboxError) as caught:
        sandbox.run(f"hostile:{name}", [], arguments, seconds=seconds, max_bytes=100_000)
    assert caught.value.code == caught.value.failure.value
    return caught.value.failure


@each_level
def test_inputs_arrive_under_fixed_names_with_their_bytes(chosen: Level, tmp_path: Path) -> None:
    names = ["-ver", "line\nbreak", "a|b;$(touch x)", "\u202egpj.mp4", "x" * 255]
    files: list[Any] = []
    for number, name in enumerate(names):
        path = tmp_path / name
        path.write_bytes(b"%d" % number)
        files.append(path)
    with tempfile.TemporaryFile() as stream, Sandbox(code=[HOSTILE], level=chosen, inbox=tmp_path / "w") as sandbox:
        stream.write(b"streamed")
        stream.seek(0)
        paths, parts, arguments = call(sandbox, "read", [*files, stream], {"k": [1, "ü"]})
    assert [os.path.basename(path) for path in paths] == ["0", "1", "2", "3", "4", "5"]
    assert parts == ["0", "1", "2", "3", "4", "streamed"]
    assert arguments == {"k": [1, "ü"]}
    assert list((tmp_path / "w").iterdir()) == []


def test_an_input_on_the_same_file_system_is_linked_not_copied(tmp_path: Path, file: Path) -> None:
    from archiver.sandbox.inbox import Inbox

    inbox = Inbox(tmp_path)
    inbox.put([file])
    assert os.path.samefile(inbox.folder / "0", file)
    inbox.clear()
    assert list(inbox.folder.iterdir()) == []
    assert file.read_bytes() == b"original bytes"
    inbox.close()


def test_an_inbox_that_a_killed_process_left_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    from archiver.sandbox.inbox import Inbox

    stale = tmp_path / "archiver-inbox-stale"
    stale.mkdir()
    (stale / "0").write_bytes(b"x")
    first = Inbox(tmp_path)
    second = Inbox(tmp_path)
    assert not stale.exists()
    assert first.folder.exists()
    first.close()
    second.close()


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: os.mkfifo(p), lambda p: None])
def test_what_is_no_regular_file_is_refused(make: Any, shared: Sandbox, tmp_path: Path) -> None:
    make(tmp_path / "thing")
    with pytest.raises(SandboxError, match="input"):
        shared.run("hostile:read", [tmp_path / "thing"], None, seconds=LONG, max_bytes=10)


@bubblewrap
def test_nothing_but_programs_and_inputs_is_in_sight(shared: Sandbox, file: Path) -> None:
    seen = call(shared, "look_around", [file])
    # Of the folders that hold people's files only those that Python itself was installed in.
    pythons = {Path(prefix).parts[1] for prefix in (sys.base_prefix, sys.prefix)}
    assert not ({"home", "root", "proc", "sys", "var", "run", "work"} - pythons) & set(seen["root"])
    assert seen["inputs"] == ["0"]
    assert "HOME" not in seen["environment"]
    assert not [name for name in seen["environment"] if name.startswith("ARCHIVER")]
    assert seen["host"] == "sandbox"
    assert seen["processes"] == [1, seen["pid"]]
    assert len(seen["descriptors"]) == 1  # the reply pipe


@bubblewrap
def test_there_is_no_network(shared: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        assert failure_of(shared, "connect", port) is Failure.FAILED


@bubblewrap
def test_neither_inputs_nor_anything_else_can_be_written(shared: Sandbox, file: Path) -> None:
    assert call(shared, "write_everywhere", [file]) == []
    assert file.read_bytes() == b"original bytes"
    assert file.stat().st_mode & 0o777 == 0o644


@bubblewrap
def test_the_prepared_parent_survives_its_children(shared: Sandbox, file: Path) -> None:
    assert call(shared, "attack_parent", [file]) == []
    assert call(shared, "read", [file])[1] == ["original bytes"]


@bubblewrap
def test_nothing_of_a_job_reaches_the_next(shared: Sandbox) -> None:
    assert shared.run("hostile:leave_a_daemon", [], None, seconds=LONG, max_bytes=10) == b"left"
    assert call(shared, "what_is_left", []) == [[], []]


@each_level
def test_bad_ends_are_told_apart_and_the_next_job_works(chosen: Level, file: Path) -> None:
    with Sandbox(JobLimits(memory_bytes=1 << 30), code=[HOSTILE], level=chosen) as sandbox:
        for name, arguments, seconds, failure in (
            ("memory_bomb", None, LONG, Failure.OUT_OF_MEMORY),
            ("crash", None, LONG, Failure.CRASHED),
            ("leave_quietly", None, LONG, Failure.CRASHED),
            ("half_an_answer", None, LONG, Failure.CRASHED),
            ("raise_an_error", None, LONG, Failure.FAILED),
            ("no_such_function", None, LONG, Failure.FAILED),
            ("output_bomb", 100_001, LONG, Failure.OUTPUT_TOO_LARGE),
            ("endless_output", None, LONG, Failure.OUTPUT_TOO_LARGE),
            ("loop", None, 0.2, Failure.TIMED_OUT),
            ("ignore_signals_and_loop", None, 0.2, Failure.TIMED_OUT),
            ("stop_itself", None, 0.2, Failure.TIMED_OUT),
        ):
            assert failure_of(sandbox, name, arguments, seconds) is failure, name
            assert call(sandbox, "read", [file])[1] == ["original bytes"], name


def test_an_answer_of_exactly_the_limit_passes(shared: Sandbox) -> None:
    assert len(shared.run("hostile:output_bomb", [], 100_000, seconds=LONG, max_bytes=100_000)) == 100_000


def test_the_text_of_an_error_is_short_and_printable(shared: Sandbox) -> None:
    with pytest.raises(SandboxError) as caught:
        shared.run("hostile:raise_an_error", [], None, seconds=LONG, max_bytes=10)
    assert caught.value.what.isprintable()
    assert len(caught.value.what) < 600


def test_arguments_that_do_not_fit_a_message_are_refused(shared: Sandbox, file: Path) -> None:
    with pytest.raises(SandboxError, match="too long"):
        shared.run("hostile:read", [], "x" * 70_000, seconds=LONG, max_bytes=10)
    assert call(shared, "read", [file])[1] == ["original bytes"]


@bubblewrap
@pytest.mark.skipif(os.geteuid() == 0, reason="the kernel does not hold root to a number of processes")
def test_a_fork_bomb_is_refused() -> None:
    with Sandbox(code=[HOSTILE]) as sandbox:
        assert sandbox.run("hostile:fork_bomb", [], None, seconds=LONG, max_bytes=10) == b"refused"


@each_level
def test_a_fork_bomb_ends_for_root_too_and_leaves_nothing(chosen: Level, file: Path) -> None:
    limits = JobLimits(processes=50 if os.geteuid() == 0 else 5000)  # an ordinary user's is refused by the kernel
    with Sandbox(limits, code=[HOSTILE], level=chosen) as sandbox:
        sandbox.start()
        if os.geteuid() == 0:
            assert failure_of(sandbox, "fork_bomb") is Failure.TOO_MANY_PROCESSES
        assert call(sandbox, "read", [file])[1] == ["original bytes"]
        assert call(sandbox, "what_is_left", [])[0] == []
        process = sandbox._process
        assert process is not None
        assert usage(process.pid).processes <= 3  # bubblewrap, the prepared Python and what it was told to wait for


@each_level
def test_processes_that_fill_memory_together_are_ended(chosen: Level, file: Path) -> None:
    limits = JobLimits(memory_bytes=1 << 30, total_memory_bytes=300 << 20)
    with Sandbox(limits, code=[HOSTILE], level=chosen) as sandbox:
        assert failure_of(sandbox, "fill_memory_together", 50 << 20) is Failure.OUT_OF_MEMORY
        assert call(sandbox, "read", [file])[1] == ["original bytes"]


@each_level
def test_a_job_can_start_programs_and_write_the_one_output_given(chosen: Level, tmp_path: Path) -> None:
    output = tmp_path / "derived"
    output.touch()
    with Sandbox(code=[HOSTILE], level=chosen) as sandbox:
        said = sandbox.run("hostile:start_a_program", [], ["uname", "-s"], seconds=LONG, max_bytes=100)
        sandbox.run("hostile:write_output", [], None, seconds=LONG, max_bytes=100, output=output)
    assert said.strip() == os.uname().sysname.encode()
    assert output.read_bytes() == b"derived"


def test_modules_are_imported_once_in_the_parent() -> None:
    with Sandbox(code=[HOSTILE], prepare=["sqlite3"]) as sandbox:
        assert call(sandbox, "versions", [], ["sqlite3", "imaplib"]) == {"sqlite3": True, "imaplib": False}


def test_a_sandbox_that_cannot_be_prepared_says_why() -> None:
    with Sandbox(prepare=["no_such_module"]) as sandbox, pytest.raises(SandboxError, match="no_such_module"):
        sandbox.start()


def test_a_sandbox_that_was_killed_is_replaced(file: Path) -> None:
    with Sandbox(code=[HOSTILE]) as sandbox:
        sandbox.start()
        process = sandbox._process
        assert process is not None
        process.kill()
        process.wait()
        assert call(sandbox, "read", [file])[1] == ["original bytes"]


@each_level
def test_nothing_is_left_open_or_running_after_closing(chosen: Level, file: Path) -> None:
    with Sandbox(code=[HOSTILE], level=chosen) as warm_up:  # the lasting starter thread, once a process
        warm_up.start()
    before = sorted(os.listdir("/proc/self/fd"))
    sandbox = Sandbox(code=[HOSTILE], level=chosen)
    call(sandbox, "read", [file])
    failure_of(sandbox, "crash")
    call(sandbox, "read", [file])
    process = sandbox._process
    sandbox.close()
    sandbox.close()
    assert process is not None
    assert process.returncode is not None  # reaped
    assert sorted(os.listdir("/proc/self/fd")) == before


@each_level
def test_a_killed_owner_leaves_no_process_behind(chosen: Level, tmp_path: Path) -> None:
    """The job itself holds a pipe of ours: it reads as closed when the last process of the sandbox is gone."""
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    code = f"""
        import sys
        from pathlib import Path
        from archiver.sandbox.level import Level
        from archiver.sandbox.sandbox import Sandbox
        sandbox = Sandbox(code=[Path({str(HOSTILE)!r})], level=Level({str(chosen)!r}), inbox=Path({str(tmp_path)!r}))
        sandbox.run("hostile:hold_and_loop", [], None, seconds=600, max_bytes=9, output=Path({str(fifo)!r}))
    """
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        poll = select.poll()
        poll.register(reading, select.POLLIN)
        assert poll.poll(60_000), "the job did not begin"
        assert os.read(reading, 7) == b"working"
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        assert poll.poll(60_000), "something is still running"
        assert os.read(reading, 1) == b""
    finally:
        owner.kill()
        owner.wait()
        os.close(reading)


@bubblewrap
def test_the_level_in_force_is_known() -> None:
    assert level() is Level.BUBBLEWRAP
    with Sandbox() as sandbox:
        assert sandbox.level is Level.BUBBLEWRAP
    line, settings, folder = command(Level.BUBBLEWRAP, Path("/tmp"), [])
    assert {"--unshare-net", "--unshare-pid", "--unshare-user", "--as-pid-1", "--die-with-parent"} <= set(line)
    assert folder == "/in"
    assert str(ROOT) not in settings["path"]


def test_without_bubblewrap_the_probe_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = probe.__wrapped__()
    assert found["level"] == str(_without_bubblewrap()) != "bubblewrap"
    assert found["protection"] == protection(Level(found["level"]))
    assert "not installed" in found["reason"]


def test_a_bubblewrap_that_is_not_permitted_is_reported_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    found = probe.__wrapped__()
    assert found["level"] == str(_without_bubblewrap())
    assert "Permission denied" in found["reason"]


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (path, *path.parents))


@bubblewrap
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become somebody else")
@pytest.mark.skipif(
    not _open_to_all(Path(sys.executable).resolve()), reason="this Python lies where only its owner may look"
)
def test_it_works_for_an_ordinary_user() -> None:
    """In a copy that everybody can read, because a checkout may lie in a home."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        shutil.copytree(ROOT / "archiver", Path(folder, "archiver"), ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HOSTILE, folder)
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        code = f"""
            from pathlib import Path
            from archiver.sandbox.sandbox import Sandbox
            with Sandbox(code=[Path({folder!r}, "hostile.py")]) as sandbox:
                here = Path({folder!r}, "hostile.py")
                print(sandbox.level, sandbox.run("hostile:write_everywhere", [here], None, seconds=60, max_bytes=99))
                print(sandbox.run("hostile:attack_parent", [here], None, seconds=60, max_bytes=99))
                print(sandbox.run("hostile:fork_bomb", [here], None, seconds=60, max_bytes=99))
        """
        setpriv = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        done = subprocess.run(
            [*setpriv, os.path.realpath(sys.executable), "-c", textwrap.dedent(code)],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": folder},
            capture_output=True,
            text=True,
        )
    assert done.stderr == ""
    assert done.stdout.split() == ["bubblewrap", "b'[]'", "b'[]'", "b'refused'"]
