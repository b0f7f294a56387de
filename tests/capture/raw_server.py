"""A server that sends exactly the bytes that a test wrote, and remembers exactly the bytes that it was sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

#: In an answer: cut the line here. Everything else is sent as it is.
CUT = b"<cut>"


#: What to send, or what to make of the request's head.
Answer = bytes | Callable[[bytes], bytes]


class RawServer:
    """`answers` are given by path, one list entry a request, the last one again and again."""

    def __init__(self, answers: Mapping[str, Sequence[Answer]], context: ssl.SSLContext | None = None) -> None:
        self.answers = {path: list(given) for path, given in answers.items()}
        self.asked: list[bytes] = []
        self.ready = threading.Event()  # set when an answer was sent that is not followed by a cut
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http{'s' if self._context else ''}://{host}:{self.port}{path}"

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for channel in self._open:
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)
            channel.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(channel)
            threading.Thread(target=self._talk, args=(channel,), daemon=True).start()

    def _talk(self, channel: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._context is not None:
                channel = self._context.wrap_socket(channel, server_side=True)
                self._open.append(channel)
            held = b""
            while True:
                while b"\r\n\r\n" not in held:
                    data = channel.recv(65536)
                    if not data:
                        return
                    held += data
                head, _, held = held.partition(b"\r\n\r\n")
                self.asked.append(head + b"\r\n\r\n")
                given = self.answers[head.split(b" ")[1].decode()]
                chosen = given.pop(0) if len(given) > 1 else given[0]
                answer = chosen if isinstance(chosen, bytes) else chosen(head)
                channel.sendall(answer.removesuffix(CUT))
                self.ready.set()
                if answer.endswith(CUT):
                    with contextlib.suppress(OSError):
                        channel.shutdown(socket.SHUT_RDWR)
                    return


@contextmanager
def serving_raw(answers: Mapping[str, Sequence[Answer]], context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    """The server, running."""
    server = RawServer(answers, context)
    try:
        yield server
    finally:
        server.close()
