"""Asking a witness over HTTP for its cosignature. Only addresses that a person configured are ever asked."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from archiver.custody.witness.request import MAX_ANSWER_BYTES, SIZE_TYPE, Request
from archiver.custody.witness.serve import PATH
from archiver.errors import EvidenceError, MachineError, UsageError

#: A witness answers in milliseconds; behind a slow line, in seconds.
SECONDS = 30.0

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


@dataclass(frozen=True, slots=True)
class Said:
    """A witness's answer: status, media type and body."""

    status: int
    media_type: str
    body: bytes


def ask(url: str, old: int, make: Callable[[int], Request], seconds: float = SECONDS) -> bytes:
    """The signature lines of the witness whose submission prefix is `url`.

    `make(old)` gives the request from an old size; where the witness names another one, it is asked once more.
    Raises UsageError for a URL that cannot be asked, MachineError where it is not reached or answers what a witness
    does not, EvidenceError where it refuses because the ledger contradicts what it saw.
    """
    request = make(old)
    said = _post(url, request.encode(), seconds)
    if said.status == 409 and said.media_type == SIZE_TYPE and _SIZE.fullmatch(said.body):
        remembered = int(said.body)
        if remembered > request.checkpoint.size:
            raise EvidenceError(
                f"ROLLED BACK: the witness at {url} cosigned {remembered} entries of this ledger, which now has"
                f" {request.checkpoint.size}",
                code="rolled-back",
                next_step="Do not go on with this copy: find out where the later entries went, `archiver verify`",
            )
        request = make(remembered)
        said = _post(url, request.encode(), seconds)
    if said.status == 200:
        return said.body
    raise _refusal(url, said)


def _refusal(url: str, said: Said) -> Exception:
    reason = said.body.decode("utf-8", "replace").strip()[:200]
    if said.status in (409, 422):
        return EvidenceError(
            f"FORK: the witness at {url} saw another ledger under this origin: {reason}",
            code="fork",
            next_step="Compare both with the other office: two signed trees mean that the log's key was misused",
        )
    steps = {
        403: "It knows another key for this origin: `archiver key show`, and `witness trust` over there",
        404: "It does not watch this ledger yet: `archiver witness trust KEY` over there",
    }
    return MachineError(
        f"the witness at {url} answered {said.status}: {reason}",
        code="witness-refused",
        next_step=steps.get(said.status, "Ask the office that runs it"),
    )


def _post(url: str, body: bytes, seconds: float) -> Said:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or not url.isascii():
        raise UsageError(f"{url[:200]!r} is no witness's address", next_step="Give its http or https submission prefix")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=seconds)
    ends = time.monotonic() + seconds
    try:
        connection.request("POST", parts.path.rstrip("/") + PATH, body, {"Content-Type": "text/plain; charset=utf-8"})
        answer = connection.getresponse()
        data = b""
        while len(data) <= MAX_ANSWER_BYTES and (more := answer.read1(MAX_ANSWER_BYTES + 1 - len(data))):
            data += more
            if time.monotonic() > ends:
                raise TimeoutError("it took too long")
        media_type = answer.headers.get_content_type()
    except (OSError, http.client.HTTPException) as error:
        raise MachineError(
            f"the witness at {url} cannot be asked: {error or type(error).__name__}",
            code="witness-unreachable",
            next_step="Try again later, or send it the request as a file: `archiver witness request --out FILE`",
        ) from None
    finally:
        connection.close()
    if len(data) > MAX_ANSWER_BYTES:
        raise MachineError(f"the witness at {url} answered with more than a witness says", code="witness-refused")
    return Said(answer.status, media_type, data)
