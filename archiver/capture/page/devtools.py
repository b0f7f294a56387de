"""Remote control of a browser over a pair of pipes: JSON messages, each ended by a NUL byte.

Source: the Chrome DevTools Protocol 1.3 and Chromium's `--remote-debugging-pipe`. What the browser says is untrusted: a
page that has taken it over may write anything. Events are given to whoever watches as they come in; they may send
further messages, but only `call` and `pump` wait.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Mapping
from typing import Any

Answer = Callable[[Mapping[str, Any] | None], None]  # the result, or None where there is none
Event = Callable[[str, str, Mapping[str, Any]], None]  # session, method, parameters

#: A picture of the highest page in base64 is the largest thing that is asked for.
MESSAGE_BYTES = 192 * 1024**2
_BLOCK_BYTES = 1024 * 1024


class Gone(Exception):
    """The browser has ended, or says what no browser says."""


class Overdue(Exception):
    """No answer in time."""


class Frames:
    """Messages out of a stream of bytes. Pure."""

    def __init__(self, most: int = MESSAGE_BYTES) -> None:
        self._most = most
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, block: bytes) -> list[Any]:
        """The messages that `block` completes. Raises Gone where they are too long or no JSON."""
        *ended, rest = block.split(b"\0")
        messages = []
        for part in ended:
            messages.append(_decoded(b"".join((*self._parts, part))))
            self._parts, self._size = [], 0
        self._parts.append(rest)
        self._size += len(rest)
        if self._size > self._most:
            raise Gone("the browser's message is too long")
        return messages


class Devtools:
    """The browser behind two pipe descriptors, which belong to the caller. Not for several threads."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._frames = Frames()
        self._number = 0
        self._waiting: dict[int, Answer] = {}
        self.on_event: Event = lambda session, method, parameters: None
        os.set_blocking(writes, False)

    def send(
        self, method: str, parameters: Mapping[str, Any] | None = None, session: str = "", then: Answer | None = None
    ) -> None:
        """Ask for something; `then` is called with the answer, when it comes. Raises Gone."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        if then is not None:
            self._waiting[self._number] = then
        self._write(json.dumps(message).encode() + b"\0")

    def call(
        self, method: str, parameters: Mapping[str, Any] | None = None, session: str = "", *, seconds: float
    ) -> Mapping[str, Any] | None:
        """Ask and wait: the result, or None where the browser says that it cannot. Raises Overdue or Gone."""
        answers: list[Mapping[str, Any] | None] = []
        self.send(method, parameters, session, answers.append)
        number = self._number
        if not self.pump(seconds, lambda: bool(answers)):
            self._waiting.pop(number, None)
            raise Overdue(method)
        return answers[0]

    def pump(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take in what comes for `seconds`, or until `until` holds; says whether it does. Raises Gone."""
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if not select.select([self._reads], [], [], left)[0]:
                continue
            block = os.read(self._reads, _BLOCK_BYTES)
            if not block:
                raise Gone("the browser ended")
            for message in self._frames.feed(block):
                self._take(message)
        return True

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict):
            raise Gone("the browser's message is no object")
        number = message.get("id")
        if isinstance(number, int):
            then = self._waiting.pop(number, None)
            if then is not None:
                result = message.get("result")
                then(result if isinstance(result, dict) else None)
            return
        parameters = message.get("params")
        self.on_event(
            str(message.get("sessionId", "")),
            str(message.get("method", "")),
            parameters if isinstance(parameters, dict) else {},
        )

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            # A browser that does not read for ten seconds does nothing else either.
            if not select.select([], [self._writes], [], 10)[1]:
                raise Gone("the browser takes no messages")
            try:
                view = view[os.write(self._writes, view) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone("the browser ended") from None


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Gone("the browser's message is no JSON") from None
