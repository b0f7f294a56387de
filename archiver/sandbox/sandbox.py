"""One prepared sandbox: a job at a time, watched from outside, replaced after any anomaly."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Any, BinaryIO, Self

from archiver.sandbox.failure import Failure, JobLimits, SandboxError
from archiver.sandbox.inbox import Inbox
from archiver.sandbox.level import ENVIRONMENT, Level, command, level, protection
from archiver.sandbox.prepared import MAX_REQUEST
from archiver.sandbox.watch import SECONDS, usage

_START_SECONDS = 60  # importing everything takes under a second; a machine that is swapping gets its time
_FAREWELL_SECONDS = 1  # what the fallback gets to kill its own children before it is killed itself
_HEADER = 8  # bytes of length before a reply
_CHUNK = 1 << 20
_PACKAGE = Path(__file__).resolve().parents[1]

# A child started with PR_SET_PDEATHSIG dies with the *thread* that started it, so one lasting thread starts them all.
_starter: ThreadPoolExecutor | None = None
_starter_lock = Lock()


class Sandbox:
    """Runs functions of ours on hostile files. Thread-safe: a second job waits for the first.

    `prepare` are modules that the prepared parent imports once. `code` are further packages or modules of ours to be
    in sight besides this package. `inbox` is a folder on the file system of the inputs (hard links instead of copies).
    `level` is the protection asked for; by default the strongest that works here.
    """

    def __init__(
        self,
        limits: JobLimits | None = None,
        *,
        prepare: Sequence[str] = (),
        code: Sequence[Path] = (),
        inbox: Path | None = None,
        level: Level | None = None,
    ) -> None:
        self._limits = limits or JobLimits()
        self._prepare = tuple(prepare)
        self._code = (_PACKAGE, *code)
        self._inbox_parent = inbox
        self._asked = level
        self._lock = Lock()
        self._inbox: Inbox | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._folder = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def level(self) -> Level:
        """The level in force."""
        return self._asked or level()

    @property
    def protection(self) -> str:
        """The level and the locks inside it, as recorded. A sandbox that cannot put them on does not start."""
        return protection(self.level)

    def start(self) -> None:
        """Prepare now instead of at the first job. Raises SandboxError."""
        with self._lock:
            self._ready()

    def run(
        self,
        target: str,
        files: Sequence[Path | BinaryIO],
        arguments: Any,
        *,
        seconds: float,
        max_bytes: int,
        output: Path | None = None,
    ) -> bytes:
        """Call `target`, "package.module:function", inside with (paths of `files`, `arguments`) and return its bytes.

        The bytes are untrusted: a hostile file may have written them. `arguments` are JSON. With `output`, which must
        exist, the function gets a third argument, a descriptor of that file, open for reading and writing.
        Raises SandboxError; after every failure but `failed` the next job finds a fresh sandbox.
        """
        with self._lock:
            control = self._ready()
            assert self._inbox is not None
            try:
                paths = [f"{self._folder}/{name}" for name in self._inbox.put(files)]
                job = {"target": target, "paths": paths, "arguments": arguments, "seconds": seconds}
                request = json.dumps(job | {"limits": asdict(self._limits)}).encode()
                if len(request) > MAX_REQUEST:
                    raise SandboxError(Failure.FAILED, "the arguments of the job are too long")
                untrusted_reply = self._exchange(control, request, output, time.monotonic() + seconds, max_bytes)
                return _answer(untrusted_reply)
            except BaseException as error:  # an interrupt leaves a job behind just as a failure does
                if not (isinstance(error, SandboxError) and error.failure is Failure.FAILED):
                    self._stop()
                raise
            finally:
                self._inbox.clear()

    def close(self) -> None:
        """End the sandbox and whatever runs in it. It can be started again."""
        with self._lock:
            self._stop()
            if self._inbox is not None:
                self._inbox.close()
                self._inbox = None

    def _ready(self) -> socket.socket:
        if self._control is not None and self._process is not None:
            if self._process.poll() is None:
                return self._control
            self._stop()
        if self._inbox is None:
            self._inbox = Inbox(self._inbox_parent)
        try:
            line, settings, self._folder = command(self.level, self._inbox.folder, self._code)
        except KeyError:
            raise SandboxError(Failure.FAILED, "bubblewrap is not installed") from None
        last = json.dumps(settings | {"prepare": self._prepare})
        self._control, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with inner, tempfile.TemporaryFile() as said:
            try:
                self._process = _started([*line, last], inner, said)
                self._control.settimeout(_START_SECONDS)
                inner.close()
                greeting = json.loads(self._control.recv(MAX_REQUEST) or b"{}")
            except (OSError, ValueError) as error:
                self._stop()
                raise SandboxError(Failure.FAILED, f"the sandbox does not start: {error}") from error
            if greeting.get("ready") is not True:
                self._stop()
                said.seek(0)
                reason = (
                    greeting.get("failed") or said.read(500).decode("utf-8", "replace").strip() or "nothing said why"
                )
                raise SandboxError(
                    Failure.FAILED, f"the sandbox does not start: {reason}", next_step="`archiver doctor` tells more"
                )
        return self._control

    def _exchange(
        self, control: socket.socket, request: bytes, output: Path | None, deadline: float, max_bytes: int
    ) -> bytes:
        """Hand over the job and collect its reply until the job has ended. Nothing in the reply is looked at."""
        reading, writing = os.pipe()
        descriptors = [writing]
        try:
            try:
                if output is not None:
                    descriptors.append(os.open(output, os.O_RDWR | os.O_NOFOLLOW))
                socket.send_fds(control, [request], descriptors)
            except OSError as error:
                raise SandboxError(Failure.CRASHED, f"the sandbox did not take the job: {error.strerror}") from error
            finally:
                for descriptor in descriptors:
                    os.close(descriptor)
            poll = select.poll()
            poll.register(reading, select.POLLIN)
            poll.register(control, select.POLLIN)
            received = bytearray()
            status: int | None = None
            replying = True
            due = time.monotonic() + SECONDS
            while replying or status is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise SandboxError(Failure.TIMED_OUT, "the job in the sandbox was stopped at its time limit")
                events = poll.poll(min(left, SECONDS) * 1000)
                if time.monotonic() >= due:  # by the clock, because a job that talks without end is never silent
                    self._count()
                    due = time.monotonic() + SECONDS
                for descriptor, _ in events:
                    if descriptor != reading:
                        status = _status(control)
                        poll.unregister(control)
                    elif chunk := os.read(reading, _CHUNK):
                        received += chunk
                        if len(received) > _HEADER + 1 + max_bytes:
                            raise SandboxError(
                                Failure.OUTPUT_TOO_LARGE, f"the job answered more than {max_bytes:,} bytes"
                            )
                    else:
                        replying = False
                        poll.unregister(reading)
        finally:
            os.close(reading)
        _judge(status)
        return bytes(received)

    def _count(self) -> None:
        """Raise where the job's processes are too many or hold too much, which no limit of a single process sees."""
        assert self._process is not None
        used = usage(self._process.pid)
        if used.processes > self._limits.processes:
            raise SandboxError(Failure.TOO_MANY_PROCESSES, "the job in the sandbox started too many processes")
        if used.bytes > self._limits.total_memory_bytes:
            raise SandboxError(
                Failure.OUT_OF_MEMORY, "the processes of the job together reached the sandbox's memory limit"
            )

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()  # tells the prepared parent to end whatever runs, and itself
            self._control = None
        if self._process is not None:
            if not self.level.alone:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_FAREWELL_SECONDS)
            self._process.kill()
            self._process.wait()
            self._process = None


def _answer(reply: bytes) -> bytes:
    if len(reply) <= _HEADER or int.from_bytes(reply[:_HEADER], "big") != len(reply) - _HEADER:
        raise SandboxError(Failure.CRASHED, "the job in the sandbox ended without a whole answer")
    kind, untrusted_answer = reply[_HEADER : _HEADER + 1], reply[_HEADER + 1 :]
    if kind == b"+":
        return untrusted_answer
    if kind == b"m":
        raise SandboxError(Failure.OUT_OF_MEMORY, "the job in the sandbox reached its memory limit")
    said = "".join(c if c.isprintable() else "?" for c in untrusted_answer[:500].decode("utf-8", "replace"))
    raise SandboxError(Failure.FAILED, f"the job in the sandbox failed: {said}")


def _status(control: socket.socket) -> int:
    try:
        status = json.loads(control.recv(MAX_REQUEST))["status"]
    except (OSError, ValueError, KeyError) as error:
        raise SandboxError(Failure.CRASHED, "the sandbox itself ended during a job") from error
    return int(status)


def _judge(status: int | None) -> None:
    """Raise what the way in which the job's process ended says; how it ended is known from the kernel, not from it."""
    code = os.waitstatus_to_exitcode(status or 0)
    if code == 0:
        return
    if code == -signal.SIGXCPU:
        raise SandboxError(Failure.TIMED_OUT, "the job in the sandbox used up its processor time")
    if code == -signal.SIGKILL:  # nobody else kills a job and leaves its parent alone
        raise SandboxError(Failure.OUT_OF_MEMORY, "the job in the sandbox was killed by the system, for want of memory")
    raise SandboxError(Failure.CRASHED, f"the job in the sandbox crashed ({code})")


def _started(line: Sequence[str], control: socket.socket, said: IO[bytes]) -> subprocess.Popen[bytes]:
    global _starter
    with _starter_lock:
        if _starter is None:
            _starter = ThreadPoolExecutor(1, thread_name_prefix="sandbox-starter")
        starter = _starter

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            line,
            stdin=control.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,  # an interrupt at the terminal is for the owner, who then closes the sandbox
        )

    return starter.submit(start).result()


def _forget_starter() -> None:
    global _starter, _starter_lock
    _starter, _starter_lock = None, Lock()


os.register_at_fork(after_in_child=_forget_starter)
