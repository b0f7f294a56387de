"""Asking a calendar over HTTP, as the reference client of OpenTimestamps does: `digest`, and later `timestamp/HEX`."""

from __future__ import annotations

from archiver.custody.timestamps.exchange import SECONDS, Answer, Peer, exchange
from archiver.proof.times.opentimestamps import MAX_REPLY_BYTES

MEDIA_TYPE = "application/vnd.opentimestamps.v1"

_NOT_YET = 404


def submit(url: str, digest: bytes, seconds: float = SECONDS) -> bytes:
    """What the calendar promises about a digest, as it was sent. Raises UsageError, MachineError."""
    peer = Peer(url, "calendar")
    answer = _exchange(peer, "digest", digest, seconds)
    if answer.status != 200:
        raise peer.refused(f"answered {answer.status}{answer.elsewhere}")
    return answer.body


def fetch(url: str, message: bytes, seconds: float = SECONDS) -> bytes | None:
    """What leads on from a message that the calendar once promised to attest; None: nothing yet.

    Raises UsageError, MachineError.
    """
    peer = Peer(url, "calendar")
    answer = _exchange(peer, f"timestamp/{message.hex()}", None, seconds)
    if answer.status == _NOT_YET:
        return None
    if answer.status != 200:
        raise peer.refused(f"answered {answer.status}{answer.elsewhere}")
    return answer.body


def _exchange(peer: Peer, what: str, body: bytes | None, seconds: float) -> Answer:
    path = f"{peer.parts().path.rstrip('/')}/{what}"
    headers = {"Accept": MEDIA_TYPE} | ({"Content-Type": "application/octet-stream"} if body is not None else {})
    return exchange(peer, path, body, headers, MAX_REPLY_BYTES, seconds)
