"""Every trick to reach a private address, tried in an enclosure with the settings of production; prints JSON.

    python -m tests.capture.hostile.inside [--open] [--every N]

The attacker's site and the canary are one server on all addresses: a connection to any address but the site's two
public ones is one that the guard let through. `--open` allows every network, to see how many tricks would arrive.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from archiver.capture.job import FetchJob
from archiver.capture.pool import Fetchers
from archiver.capture.urls import canonical
from archiver.config import parse_networks
from archiver.errors import RefusedError
from tests.capture.hostile.addresses import DOCUMENTS, PUBLIC4, PUBLIC6, SITE, SPELLINGS, ZONE
from tests.capture.hostile.line import Line
from tests.capture.hostile.resolver import answering
from tests.capture.hostile.site import HostileSite, make_media, running
from tests.capture.hostile.table import LIMITS

_PORTS = (80, 443, 8080)
_OWN = {PUBLIC4, PUBLIC6, f"::ffff:{PUBLIC4}"}
_AT_A_TIME = 8
#: Targets that a document names, as an address and as a name.
_TARGETS = ("10.0.0.1", "loopback.example", "[::ffff:169.254.169.254]", "rebinds.example")
_WAYS = ("row", "fetcher", "redirect")


@dataclass(frozen=True, slots=True)
class Trick:
    """`way` is `row` (a URL that somebody asked for), `fetcher` (handed to the fetcher as it is), `redirect` or
    `document`."""

    way: str
    name: str
    url: str


class Canary(HostileSite):
    """Counts connections to addresses that nobody may reach, by address."""

    address_family = socket.AF_INET6

    def __init__(self, port: int, media: dict[str, bytes]) -> None:
        super().__init__(media, {"to": _redirect, "document": _document, "once": _once}, ("::", port))
        self.reached: list[str] = []

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        address = str(request.getsockname()[0]).partition("%")[0]
        if address not in _OWN:
            with self.turn:
                self.reached.append(address.removeprefix("::ffff:") if "." in address else address)
            request.close()
            return
        super().finish_request(request, client_address)


def tricks() -> Iterator[Trick]:
    """All of them."""
    for host in SPELLINGS:
        yield from _ways(host, dict.fromkeys(_WAYS, host))
    for name in ZONE:
        if name != SITE:
            # A name of its own for each way, so that an answer that changes changes for each.
            yield from _ways(name, {way: f"{way}.{name}" for way in _WAYS})
    for name, host in itertools.product(DOCUMENTS, _TARGETS):
        target = f"{name}.{host}" if host.endswith(".example") else host
        yield Trick("document", f"{name} {host}", f"http://{SITE}/document/{name}?{quote(target)}")


def _ways(name: str, hosts: dict[str, str]) -> Iterator[Trick]:
    for way, host in hosts.items():
        url = f"http://{host}/media/clip.mp4"
        yield Trick(way, name, f"http://{SITE}/to?{quote(url.encode())}" if way == "redirect" else url)


def _redirect(line: Line) -> None:
    place = unquote_to_bytes(line.path.partition("?")[2])
    line.send(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n")


def _document(line: Line) -> None:
    kind, text = DOCUMENTS[line.rest]
    host = unquote_to_bytes(line.path.partition("?")[2]).decode()
    # A connection for each request, so that a name is looked up for each.
    line.head("Connection: close", kind=kind, length=len(text.replace("HOST", host).encode()))
    line.send(text.replace("HOST", host).encode())
    line.closed = True


def _once(line: Line) -> None:
    """A segment, and then the end of the connection, so that the next one needs another look-up."""
    line.answer(line.site.media.get(line.rest, b"none"), "video/mp2t", "Connection: close")
    line.closed = True


def main() -> None:
    """Try, and print `{tried, reached: [address, ...], rows: [[way, name, reason], ...]}`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--open", action="store_true")
    parser.add_argument("--every", type=int, default=1)
    arguments = parser.parse_args()
    allowed = ("0.0.0.0/0", "::/0") if arguments.open else ()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (scratch / "media").mkdir()
        media = make_media(scratch / "media")
        stack.enter_context(answering(ZONE, ("127.0.0.53", 53)))
        canaries = [stack.enter_context(running(Canary(port, media))) for port in _PORTS]
        fetchers = stack.enter_context(Fetchers())
        threads = stack.enter_context(ThreadPoolExecutor(_AT_A_TIME))
        numbers = itertools.count()
        lock = threading.Lock()

        def attempt(trick: Trick) -> str:
            url = trick.url
            if trick.way == "row":
                try:
                    url = canonical(url, LIMITS, parse_networks(",".join(allowed)))
                except RefusedError as error:
                    return error.code
            with lock:
                folder = scratch / str(next(numbers))
            folder.mkdir()
            limits = replace(LIMITS, connect_seconds=2, stall_seconds=2, fetch_seconds=20)
            result = fetchers.fetch(FetchJob(url, folder, allowed, limits))
            return result.reason or "archived"

        chosen = list(tricks())[:: arguments.every]
        ends = list(threads.map(attempt, chosen))
    reached = [address for canary in canaries if isinstance(canary, Canary) for address in canary.reached]
    rows = [[trick.way, trick.name, end] for trick, end in zip(chosen, ends, strict=True)]
    json.dump({"tried": len(chosen), "reached": reached, "rows": rows}, sys.stdout)


if __name__ == "__main__":
    main()
