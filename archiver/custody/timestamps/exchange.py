"""One bounded exchange over HTTP with an authority or a calendar. Only addresses that a person configured are asked.

There is no way for the other side to send us elsewhere (redirects are not followed), to fill the memory, or to keep us
longer than `SECONDS`: a timer closes the connection, so that a server that sends a byte now and then cannot.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from archiver.errors import MachineError, UsageError

#: Authorities and calendars answer in a second; behind a slow line, in a few.
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `elsewhere` is where the other side would send us, shortened, for people."""

    status: int
    media_type: str
    body: bytes
    elsewhere: str


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is asked: `url`, and the word for it in messages ("authority", "calendar")."""

    url: str
    word: str

    def parts(self) -> SplitResult:
        """The address, taken apart. Raises UsageError for what no request can be sent to."""
        try:
            parts = urlsplit(self.url)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        plain = self.url.isascii() and self.url.isprintable() and " " not in self.url
        known = parts.scheme in ("http", "https") and parts.hostname
        if not known or parts.fragment or parts.username or not plain:
            raise UsageError(
                f"{self.url[:200]!r} is no {self.word}'s address", next_step="Give its http or https address"
            )
        return parts

    def unreachable(self, why: str) -> MachineError:
        """It did not answer."""
        return MachineError(
            f"the {self.word} at {self.url} cannot be asked: {why}",
            code="timestamp-unreachable",
            next_step="It stays pending: the next run asks again, or `archiver timestamp add` (`upgrade` for a proof)",
        )

    def refused(self, what: str) -> MachineError:
        """It answered something of no use; `what` continues a sentence about it."""
        return MachineError(
            f"the {self.word} at {self.url} {what}",
            code="timestamp-refused",
            next_step="Ask those who run it, or take another",
        )


def exchange(
    peer: Peer, path: str, body: bytes | None, headers: Mapping[str, str], most: int, seconds: float
) -> Answer:
    """GET `path` (POST where there is a body) and read at most `most` bytes.

    Raises UsageError for a URL that cannot be asked, MachineError where no whole answer of that length came in time.
    """
    parts = peer.parts()
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=seconds)
    expired = threading.Event()
    timer = answer = None
    try:
        connection.connect()
        # The socket itself: http.client forgets it when an answer has no length, and goes on reading from it.
        timer = threading.Timer(seconds, _end, (connection.sock, expired))
        timer.daemon = True
        timer.start()
        connection.request("GET" if body is None else "POST", path, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read(most + 1)
        status, media_type = answer.status, answer.headers.get_content_type()
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: headers that cannot be read
        why = f"no whole answer within {seconds:g} s" if expired.is_set() else str(error) or type(error).__name__
        raise peer.unreachable(why) from None
    finally:
        if timer is not None:
            timer.cancel()
        if answer is not None:
            answer.close()
        connection.close()
    if expired.is_set():
        raise peer.unreachable(f"no whole answer within {seconds:g} s")
    if len(data) > most:
        raise peer.refused(f"answered with more than {most} bytes")
    where = answer.headers.get("Location", "")
    elsewhere = f", and sends us to {where[:200]!r}, where nobody configured us to go" if where else ""
    return Answer(status, media_type, data, elsewhere)


def _end(sock: socket.socket, expired: threading.Event) -> None:
    expired.set()
    with suppress(OSError):  # it ended by itself in this moment
        sock.shutdown(socket.SHUT_RDWR)
