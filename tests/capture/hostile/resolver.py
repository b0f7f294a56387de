"""An attacker's name server: the smallest one that a real resolver believes (RFC 1035)."""

from __future__ import annotations

import ipaddress
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

_A, _CNAME, _AAAA = 1, 5, 28
_ALIASES = 8  # a longer chain is a mistake in the zone


class Resolver(socketserver.ThreadingUDPServer):
    """Answers from `zone`: name to the addresses of each answer in turn, the last one for ever.

    A name in a domain of the zone is answered like that domain, but counted for itself. Others do not exist.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, zone: Mapping[str, list[list[str]]], place: tuple[str, int]) -> None:
        super().__init__(place, _Question)
        self.zone = zone
        self.turn = threading.Lock()
        self.asked: Counter[tuple[str, int]] = Counter()

    def answer(self, packet: bytes) -> bytes:
        """The answer to a question."""
        labels, place = [], 12
        while packet[place]:
            labels.append(packet[place + 1 : place + 1 + packet[place]].decode("latin-1").lower())
            place += 1 + packet[place]
        (kind,) = struct.unpack("!H", packet[place + 1 : place + 3])
        question = packet[12 : place + 5]
        name = ".".join(labels)
        known = self._answers(name) is not None
        records = list(self._records(name, kind)) if known else []
        flags = 0x8580 if known else 0x8583  # an authority's answer, or that there is no such name
        head = packet[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0)
        return head + question + b"".join(records)

    def _answers(self, name: str) -> list[list[str]] | None:
        """Those of the name, or of the domain that it is in."""
        return self.zone.get(name) or self.zone.get(name.partition(".")[2])

    def _records(self, name: str, kind: int) -> Iterator[bytes]:
        for _ in range(_ALIASES):
            with self.turn:
                count = self.asked[name, kind]
                self.asked[name, kind] += 1
            answers = self._answers(name) or [[]]
            here = answers[min(count, len(answers) - 1)]
            if not here or self._answers(here[0]) is None:
                break
            yield _record(name, _CNAME, _spelt(here[0]))
            name = here[0]
        for text in here:
            address = ipaddress.ip_address(text)
            if kind == (_A if address.version == 4 else _AAAA):
                yield _record(name, kind, address.packed)


@contextmanager
def answering(zone: Mapping[str, list[list[str]]], place: tuple[str, int]) -> Iterator[Resolver]:
    """The name server, running."""
    server = Resolver(zone, place)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Question(socketserver.BaseRequestHandler):
    server: Resolver

    def handle(self) -> None:
        data, channel = self.request
        channel.sendto(self.server.answer(data), self.client_address)


def _record(name: str, kind: int, data: bytes) -> bytes:
    return _spelt(name) + struct.pack("!HHIH", kind, 1, 0, len(data)) + data


def _spelt(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
