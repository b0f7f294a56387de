"""Asking an authority over HTTP (RFC 3161, section 3.4). Only addresses that a person configured are ever asked.

There is no way for the other side to send us elsewhere (redirects are not followed), to fill the memory, or to keep us
longer than `SECONDS`: a timer closes the connection, so that a server that sends a byte now and then cannot.
"""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from archiver.errors import MachineError, UsageError
from archiver.proof.timestamp import MAX_REPLY_BYTES

#: Authorities answer in a second; behind a slow line, in a few.
SECONDS = 30.0

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"


def ask(url: str, query: bytes, seconds: float = SECONDS) -> bytes:
    """The authority's reply, as it was sent. Raises UsageError for a URL that cannot be asked, MachineError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host or parts.fragment or parts.username or not _is_plain(url):
        raise UsageError(f"{url[:200]!r} is no authority's address", next_step="Give its http or https address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=seconds)
    expired = threading.Event()
    timer = answer = None
    try:
        connection.connect()
        # The socket itself: http.client forgets it when an answer has no length, and goes on reading from it.
        timer = threading.Timer(seconds, _end, (connection.sock, expired))
        timer.daemon = True
        timer.start()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, query, {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE})
        answer = connection.getresponse()
        data = answer.read(MAX_REPLY_BYTES + 1)
        status, media_type = answer.status, answer.headers.get_content_type()
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: headers that cannot be read
        why = f"no whole answer within {seconds:g} s" if expired.is_set() else str(error) or type(error).__name__
        raise _unreachable(url, why) from None
    finally:
        if timer is not None:
            timer.cancel()
        if answer is not None:
            answer.close()
        connection.close()
    if expired.is_set():
        raise _unreachable(url, f"no whole answer within {seconds:g} s")
    if len(data) > MAX_REPLY_BYTES:
        raise _refused(url, f"answered with more than {MAX_REPLY_BYTES} bytes")
    if status != 200 or media_type != REPLY_TYPE:
        where = answer.headers.get("Location", "")
        sent = f", and sends us to {where[:200]!r}, where nobody configured us to go" if where else ""
        raise _refused(url, f"answered {status} with {media_type}{sent}")
    return data


def _is_plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url


def _end(sock: socket.socket, expired: threading.Event) -> None:
    expired.set()
    with suppress(OSError):  # it ended by itself in this moment
        sock.shutdown(socket.SHUT_RDWR)


def _unreachable(url: str, why: str) -> MachineError:
    return MachineError(
        f"the authority at {url} cannot be asked: {why}",
        code="timestamp-unreachable",
        next_step="The checkpoint stays pending: `archiver timestamp add` or the next run asks again",
    )


def _refused(url: str, what: str) -> MachineError:
    return MachineError(
        f"the authority at {url} {what}", code="timestamp-refused", next_step="Ask those who run it, or take another"
    )
