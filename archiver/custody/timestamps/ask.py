"""Asking an authority over HTTP (RFC 3161, section 3.4)."""

from __future__ import annotations

from archiver.custody.timestamps.exchange import SECONDS, Peer, exchange
from archiver.proof.times.timestamp import MAX_REPLY_BYTES

QUERY_TYPE = "application/timestamp-query"
REPLY_TYPE = "application/timestamp-reply"


def ask(url: str, query: bytes, seconds: float = SECONDS) -> bytes:
    """The authority's reply, as it was sent. Raises UsageError for a URL that cannot be asked, MachineError."""
    peer = Peer(url, "authority")
    parts = peer.parts()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE}
    answer = exchange(peer, path, query, headers, MAX_REPLY_BYTES, seconds)
    if answer.status != 200 or answer.media_type != REPLY_TYPE:
        raise peer.refused(f"answered {answer.status} with {answer.media_type}{answer.elsewhere}")
    return answer.body
