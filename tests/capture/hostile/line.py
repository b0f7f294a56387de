"""The server's end of one connection, byte by byte, for servers that do not keep to HTTP."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.capture.hostile.site import HostileSite

#: Between two bytes of a drip: ten bytes a second are far below the floor of every limit.
DRIP_SECONDS = 0.1

HLS = "application/vnd.apple.mpegurl"
DASH = "application/dash+xml"
HTML = "text/html; charset=utf-8"


@dataclass
class Line:
    """One request and the socket that its answer goes to. Writing to a client that is gone raises OSError."""

    site: HostileSite
    channel: socket.socket
    path: str  # with the query
    headers: dict[str, str]  # names in lower case
    asked: int  # how often this path was asked for, this time included
    closed: bool = field(default=False)

    @property
    def rest(self) -> str:
        """What follows the behaviour's name in the path, without the query."""
        return self.path.partition("?")[0].lstrip("/").partition("/")[2]

    def send(self, data: bytes | str) -> None:
        """Bytes as they are; text as Latin-1."""
        self.channel.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def head(self, *fields: str, status: str = "200 OK", kind: str = "video/mp4", length: int | None = None) -> None:
        """Status line and headers. Without a length the body ends with the connection."""
        lines = [f"HTTP/1.1 {status}"]
        lines += [f"Content-Type: {kind}"] if kind else []
        lines += [f"Content-Length: {length}"] if length is not None else []
        self.closed = self.closed or length is None
        self.send("\r\n".join([*lines, *fields]) + "\r\n\r\n")

    def answer(self, body: bytes | str, kind: str = "video/mp4", *fields: str, status: str = "200 OK") -> None:
        """A whole and honest answer."""
        data = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        self.head(*fields, status=status, kind=kind, length=len(data))
        self.send(data)

    def page(self, body: str, head: str = "<title>A page</title>") -> None:
        self.answer(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>", HTML)

    def redirect(self, place: str, status: str = "302 Found") -> None:
        self.answer(b"", "text/plain", f"Location: {place}", status=status)

    def chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def clip(self) -> bytes:
        return self.site.media["clip.mp4"]

    def flood(self, block: bytes) -> None:
        """The same for ever."""
        while not self.site.closing.is_set():
            self.send(block)

    def drip(self, unit: bytes = b"x") -> None:
        """The same for ever, ten times a second."""
        while not self.site.closing.wait(DRIP_SECONDS):
            self.send(unit)

    def hold(self) -> None:
        """Say nothing more, and do not hang up."""
        self.site.closing.wait()

    def hang_up(self) -> None:
        """End in an orderly way."""
        self.closed = True
        with contextlib.suppress(OSError):
            self.channel.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End as a machine that crashed or a censor between: with RST, which throws away what was not read."""
        self.closed = True
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.channel.close()
