"""A calendar of the tests' own (OpenTimestamps): promises, blocks with proof of work, and a server on loopback.

Its proofs are made by the reference library, python-opentimestamps, so that ours are held against another's.
"""

from __future__ import annotations

import hashlib
import http.server
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesDeserializationContext, BytesSerializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp, make_merkle_tree

from archiver.proof.bundle import layout

#: A target that every fourth header meets, so that a block is mined at once; real ones took 2^32 hashes and more.
EASY = 0x203FFFFF

#: A time to come, as blocks of these tests bear it: 2033.
LATER = 2_000_000_000


def read(data: bytes) -> DetachedTimestampFile:
    """A proof, as the reference library reads it."""
    context = BytesDeserializationContext(data)
    made = DetachedTimestampFile.deserialize(context)
    context.assert_eof()
    return made


def written(timestamp: Timestamp | DetachedTimestampFile) -> bytes:
    """A proof or an answer, as the reference library writes it."""
    context = BytesSerializationContext()
    timestamp.serialize(context)
    made: bytes = context.getbytes()
    return made


def header(merkle_root: bytes, time: int, bits: int = EASY) -> bytes:
    """The header of a block, 80 bytes, with its proof of work."""
    exponent, mantissa = bits >> 24, bits & 0xFFFFFF
    target = mantissa << 8 * (exponent - 3)
    for nonce in range(10_000):
        made = struct.pack("<i32s32sIII", 4, b"\7" * 32, merkle_root, time, bits, nonce)
        digest = hashlib.sha256(hashlib.sha256(made).digest()).digest()
        if int.from_bytes(digest, "little") <= target:
            return made
    raise AssertionError("no nonce was found")


class Calendar:
    """Promises to every digest, and keeps its promises when `mine` is called. `url` is how it names itself."""

    def __init__(self, url: str = "http://calendar.example") -> None:
        self.url = url
        self.asked: list[bytes] = []  # what it was given: all that a calendar learns
        self.headers: dict[int, bytes] = {}
        self._waiting: list[Timestamp] = []
        self._kept: dict[bytes, Timestamp] = {}

    def submit(self, url: str, digest: bytes) -> bytes:
        """The answer to `POST digest`."""
        self.asked.append(digest)
        start = Timestamp(digest)
        promised = start.ops.add(OpPrepend(os.urandom(4))).ops.add(OpAppend(os.urandom(8))).ops.add(OpSHA256())
        kept = Timestamp(promised.msg)
        self._waiting.append(kept)
        promised.attestations.add(PendingAttestation(self.url))
        return written(start)

    def fetch(self, url: str, message: bytes) -> bytes | None:
        """The answer to `GET timestamp/HEX`."""
        found = self._kept.get(message)
        return written(found) if found is not None else None

    def mine(self, height: int, time: int = LATER) -> bytes:
        """Put all promises into a block, as a calendar does: a tree over them, a transaction, the tree of a block."""
        tip = make_merkle_tree([*self._waiting, Timestamp(os.urandom(32))])
        paid = tip.ops.add(OpPrepend(os.urandom(60))).ops.add(OpAppend(b"\0\0\0\0")).ops.add(OpSHA256())
        block = paid.ops.add(OpSHA256()).ops.add(OpAppend(os.urandom(32))).ops.add(OpSHA256()).ops.add(OpSHA256())
        block.attestations.add(BitcoinBlockHeaderAttestation(height))
        self._kept.update({one.msg: one for one in self._waiting})
        self._waiting.clear()
        self.headers[height] = header(block.msg, time)
        return self.headers[height]

    def header_lines(self) -> bytes:
        """The file of headers that a reader brings."""
        return "".join(f"{height} {raw.hex()}\n" for height, raw in self.headers.items()).encode()


#: What a server does with a request: method, path and body to status and body.
Answer = Callable[[str, str, bytes], tuple[int, bytes]]


def honest(calendar: Calendar) -> Answer:
    """Answers as a calendar does."""

    def answer(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if method == "POST" and path == "/digest":
            return 200, calendar.submit("", body)
        found = calendar.fetch("", bytes.fromhex(path.removeprefix("/timestamp/")))
        return (200, found) if found is not None else (404, b"Pending confirmation in Bitcoin blockchain")

    return answer


@contextmanager
def serving(answer: Answer, headers: dict[str, str] | None = None) -> Iterator[str]:
    """A server on loopback; gives its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            self._answer(b"")

        def _answer(self, asked: bytes) -> None:
            status, body = answer(self.command, self.path, asked)
            self.send_response(status)
            for name, value in {"Content-Type": "application/octet-stream", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running() -> Iterator[Calendar]:
    """A calendar that answers at its own address."""
    calendar = Calendar()
    with serving(honest(calendar)) as url:
        calendar.url = url
        yield calendar


def configure(vault: Path, *urls: str) -> None:
    """Name calendars in a vault's settings."""
    with (vault / "archiver.toml").open("a") as settings:
        settings.write("".join(f'[[calendar]]\nurl = "{url}"\n' for url in urls))


def verifier(bundle: Path, *more: str) -> list[str]:
    """verify.pyz, with the one change that blocks of these tests have less work than those of the chain."""
    program = (
        f"import sys; sys.path.insert(0, {str(bundle / layout.VERIFIER)!r});"
        " from archiver.proof import __main__; from archiver.proof.times import blockheaders;"
        " assert 'pyz' in blockheaders.__file__;"
        " blockheaders.EASIEST = 2**256; sys.exit(__main__.main(sys.argv[1:]))"
    )
    return [sys.executable, "-I", "-c", program, str(bundle), *more]
