"""A few prepared sandboxes for the threads of an engine: started when first needed, one job each at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Condition
from types import TracebackType
from typing import Any, BinaryIO, Self

from archiver.sandbox.failure import Failure, JobLimits, SandboxError
from archiver.sandbox.level import Level
from archiver.sandbox.sandbox import Sandbox


class SandboxPool:
    """Up to `size` sandboxes of one kind (`Sandbox` explains the rest). A job waits until one of them is idle."""

    def __init__(
        self,
        size: int,
        limits: JobLimits | None = None,
        *,
        prepare: Sequence[str] = (),
        code: Sequence[Path] = (),
        inbox: Path | None = None,
        level: Level | None = None,
    ) -> None:
        self._all = [Sandbox(limits, prepare=prepare, code=code, inbox=inbox, level=level) for _ in range(max(1, size))]
        self._idle = list(reversed(self._all))  # the last one used is taken first, so that few have to be started
        self._changed = Condition()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def level(self) -> Level:
        """The level in force."""
        return self._all[0].level

    @property
    def protection(self) -> str:
        """The level and the locks inside it, as recorded."""
        return self._all[0].protection

    def start(self) -> None:
        """Prepare one sandbox now, so that the first job does not wait for it. Raises SandboxError."""
        sandbox = self._take()
        try:
            sandbox.start()
        finally:
            self._give_back(sandbox)

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
        """As `Sandbox.run`, in whichever is idle. `seconds` count from when the job starts."""
        sandbox = self._take()
        try:
            return sandbox.run(target, files, arguments, seconds=seconds, max_bytes=max_bytes, output=output)
        finally:
            self._give_back(sandbox)

    def close(self) -> None:
        """Refuse further jobs, wait for those that run and end all sandboxes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for sandbox in self._all:
            sandbox.close()

    def _take(self) -> Sandbox:
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._closed)
            if self._closed:
                raise SandboxError(Failure.FAILED, "the sandboxes have been closed")
            return self._idle.pop()

    def _give_back(self, sandbox: Sandbox) -> None:
        with self._changed:
            self._idle.append(sandbox)
            self._changed.notify()
