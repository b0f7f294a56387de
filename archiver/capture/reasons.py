"""Every reason that capture gives for not archiving, in one table; `docs/reasons.md` is generated from it.

The code is what is recorded and never changes its meaning. The words are for people. `passing` says whether the same
request may succeed later, so that it is tried again.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from archiver.errors import CaptureError

Passing = Literal["no", "yes", "sometimes"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One row of the table. `refused` tells a refusal by us from a failure of the other side."""

    code: str
    words: str
    next_step: str
    passing: Passing = "no"
    refused: bool = False


_COOKIES = "`archiver site cookies HOST --from FILE` keeps a login"
_BROWSER = "`archiver site set HOST --impersonate chrome`"
_PROXY = "`archiver site set HOST --proxy URL`"
_SCRIPTS = "`archiver site set HOST --javascript` where the site needs scripts"

_ROWS = (
    Reason("bad-url", "It is not an absolute http or https URL", "Correct the row", refused=True),
    Reason("bad-scheme", "Only http and https are archived", "Give the page's web address", refused=True),
    Reason("url-too-long", "The URL is longer than the limit", "Shorten it or raise url_characters", refused=True),
    Reason(
        "address-not-global",
        "The URL, its name, a redirect or a part of the stream leads into a private network",
        "ARCHIVER_ALLOW_NET names networks that may be reached",
        refused=True,
    ),
    Reason("not-found", "The server says that there is nothing (404)", "Look for another copy"),
    Reason("gone", "The server says that it was removed (410)", "Look for another copy"),
    Reason("forbidden", "The server refuses access (403)", f"{_COOKIES}, or {_BROWSER}; else another way: {_PROXY}"),
    Reason("unauthorized", "The server wants a login (401)", f"{_COOKIES}; docs/access.md tells the risk"),
    Reason("legal-reasons", "The server withholds it for legal reasons (451)", "Archive it from another country"),
    Reason("geo-restricted", "The site withholds it in this country", f"Archive it from another country: {_PROXY}"),
    Reason("login-required", "The site wants a login", f"{_COOKIES}; docs/access.md tells the risk"),
    Reason("drm-protected", "The stream is encrypted by a rights management system", "Look for another copy"),
    Reason("http-error", "The server answered with another error", "Open the URL in a browser"),
    Reason("rate-limited", "The server wants fewer requests (429)", "Wait, then `archiver retry`", "yes"),
    Reason("server-error", "The server failed", "Wait, then `archiver retry`", "yes"),
    Reason(
        "name-not-resolved",
        "The host's name has no address; passing if the resolver itself did not answer",
        "Check the spelling",
        "sometimes",
    ),
    Reason("connection-refused", "Nothing answers at that address", "Wait, then `archiver retry`", "yes"),
    Reason("connection-cut", "The connection ended in the middle", "Wait, then `archiver retry`", "yes"),
    Reason("timed-out", "It took longer than the time limit", "Raise fetch_seconds or connect_seconds", "yes"),
    Reason("stalled", "Next to nothing came for the stall limit", "Wait, then `archiver retry`", "yes"),
    Reason("tls-failed", "The server's certificate or encryption is not acceptable", "Open the URL in a browser"),
    Reason("redirect-loop", "More redirects than the limit", "Open the URL in a browser"),
    Reason("broken-answer", "What the server sent is not HTTP, or cannot be decoded", "Open the URL in a browser"),
    Reason("too-many-requests", "It took more HTTP requests than the limit", "Raise requests"),
    Reason("too-many-files", "It has more files than the limit", "Raise files, or queue the parts by their own URLs"),
    Reason(
        "too-much", "All that came for this URL is more than the limit", "Raise acquisition_bytes, or queue the parts"
    ),
    Reason("too-large", "It is larger than the limit", "Raise file_bytes if the disk has room"),
    Reason(
        "media-incomplete",
        "The file that came ends before its stated end: what is there was archived",
        "`archiver add --again`, or look for another copy",
    ),
    Reason("empty-body", "The server sent a file of 0 bytes", "Open the URL in a browser"),
    Reason(
        "content-changed",
        "The file changed between a cut and its resumption; beside an item: it was fetched again from the start",
        "`archiver retry`",
        "yes",
    ),
    Reason(
        "not-media",
        "What the server called media is a page or an error message",
        "Open the URL in a browser, or look for another copy",
    ),
    Reason("no-media", "There is no media at that URL", "Give the URL of the media or of a page with a player"),
    Reason("fragment-missing", "A segment of the stream is missing", "`archiver retry`, or look for another copy"),
    Reason(
        "live-stream",
        "It is a live stream that has not begun, or of a kind that cannot be recorded",
        "Archive it after it has ended",
    ),
    Reason("unsupported-protocol", "The stream comes over something other than HTTP", "Look for another copy"),
    Reason("playlist-too-long", "The playlist has more entries than the limit", "Queue the rest by their own URLs"),
    Reason(
        "extractor-failed",
        "yt-dlp does not understand the page",
        f"`archiver doctor` says how old yt-dlp is; {_SCRIPTS}; {_BROWSER}",
    ),
    Reason(
        "access-missing",
        "What the site's settings ask for is not there",
        "`archiver site show HOST` says what is asked for, `archiver doctor` what is there",
    ),
    Reason(
        "proxy-failed",
        "The proxy that the site's settings name does not answer or does not connect",
        "Start the proxy, or change it with `archiver site set HOST --proxy URL`",
        "yes",
    ),
    Reason(
        "onion-without-tor",
        "An .onion address is reached through Tor only",
        "`archiver site set onion --proxy socks5h://127.0.0.1:9050`, with Tor running",
        refused=True,
    ),
    Reason("disk-full", "This machine's disk is full", "Make room, then `archiver retry`", "yes"),
    Reason(
        "record-incomplete",
        "Parts of the file are not in the record of its exchange",
        "Compare the two; `archiver retry`",
    ),
    Reason(
        "record-differs", "The file is not what the record of its exchange says that it is", "`archiver retry`", "yes"
    ),
    Reason("fetcher-died", "The download process ended without a result", "`archiver retry`", "yes"),
    Reason("cancelled", "A person cancelled it", "`archiver retry` if it is wanted after all"),
    Reason("internal-error", "A fault in this program", "Report it with the message"),
    Reason("machine-failed", "This machine could not go on", "`archiver run` goes on where it stopped", "yes"),
    # Of the snapshot of a page: what else came of the request stays as it is.
    Reason("snapshot-failed", "The browser could not load the page", "Open the URL in a browser"),
    Reason(
        "snapshot-timed-out", "The page did not come to rest in time; what was there is kept", "Raise snapshot_seconds"
    ),
    Reason(
        "snapshot-too-large",
        "The page loaded more than the limit; what came before is kept",
        "Raise snapshot_bytes or snapshot_requests",
    ),
    Reason("snapshot-crashed", "The browser or the page's process died", "`archiver add --again`"),
    Reason("snapshot-unconfined", "The browser cannot be confined on this machine", "`archiver doctor` says why"),
    Reason(
        "snapshot-proxied",
        "Sites of this vault are reached through a proxy, which the browser cannot use yet",
        "Visit the page in Tor Browser and `archiver ingest` what it saves",
    ),
    # Of rows and files that were handed over.
    Reason("bad-row", "The row is no CSV", "Correct the row", refused=True),
    Reason("bad-priority", "The priority is not a whole number that is taken", "Correct the row", refused=True),
    Reason("not-utf8", "The row is not UTF-8", "Save the list as UTF-8", refused=True),
    Reason("note-too-long", "The note is longer than the limit", "Shorten it", refused=True),
    Reason("case-too-long", "The case's name is longer than the limit", "Shorten it", refused=True),
    Reason("name-too-long", "The requester's name is longer than the limit", "Shorten it", refused=True),
    Reason(
        "bundle-failed",
        "What another office sent failed its checks, or no archive makes such",
        "Ask that office for a new bundle",
        refused=True,
    ),
    Reason(
        "bundle-incomplete",
        "What another office sent could not be checked whole",
        "Do what the faults ask for, or `archiver receive --accept-incomplete`",
        refused=True,
    ),
    Reason(
        "sender-unconfirmed",
        "Nobody vouches for the key of the office that sent a bundle",
        "Ask that office for its key, and give it with --key",
        refused=True,
    ),
    Reason(
        "sender-changed",
        "A bundle is signed by another key than earlier ones of that office",
        "Ask that office for its key, and give it with --key",
        refused=True,
    ),
    Reason("symbolic-link", "Links are not followed", "Name the file itself", refused=True),
    Reason("special-file", "It is a device, a pipe or a socket", "Name a file", refused=True),
    Reason("part-of-a-vault", "It is a vault or part of one", "`archiver backup` copies vaults", refused=True),
    Reason("file-missing", "There is no such file", "Correct the path"),
    Reason("file-unreadable", "The file cannot be read", "Check its rights and the disk"),
)
#: Code to reason.
REASONS: Mapping[str, Reason] = {reason.code: reason for reason in _ROWS}

_STATUS = {
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    410: "gone",
    429: "rate-limited",
    451: "legal-reasons",
}
# A server that asks for longer than a month has no meaning that a queue could follow.
_RETRY_AFTER_MOST = 31 * 24 * 3600.0


def failure(
    code: str, what: str = "", *, passing: bool | None = None, retry_after: float | None = None
) -> CaptureError:
    """A typed failure with the table's words; `passing` overrides the table where that says "sometimes"."""
    reason = REASONS[code]
    return CaptureError(
        what or reason.words,
        code=code,
        passing=reason.passing == "yes" if passing is None else passing,
        retry_after=retry_after,
        next_step=reason.next_step,
    )


def from_status(status: int, retry_after: str = "", now: datetime | None = None) -> CaptureError:
    """The failure that an HTTP status of 300 or more stands for; `retry_after` is the header's value."""
    code = _STATUS.get(status, "server-error" if 500 <= status < 600 else "http-error")
    wish = seconds_of(retry_after, now) if code in ("rate-limited", "server-error") else None
    words = REASONS[code].words
    return failure(code, words if str(status) in words else f"{words}: {status}", retry_after=wish)


def seconds_of(retry_after: str, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for: a number or an HTTP date (RFC 9110 section 10.2.3)."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), _RETRY_AFTER_MOST)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        wait = (moment - (now or datetime.now(UTC))).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait, 0.0), _RETRY_AFTER_MOST)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """`error` and what led to it, nearest first. yt-dlp hides causes in `exc_info`, `cause` and `unexpected_errors`."""
    waiting, seen = [error], set()
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        info = getattr(link, "exc_info", None)
        waiting += [link.__cause__, getattr(link, "cause", None), info[1] if isinstance(info, tuple) else None]
        waiting += getattr(link, "unexpected_errors", ())
        waiting += [link.__context__, *(part for part in link.args if isinstance(part, BaseException))]


def from_machine(error: BaseException) -> CaptureError | None:
    """The failure of this machine that `error` stems from, if it does."""
    for link in chain(error):
        if isinstance(link, MemoryError):
            return failure("too-large", "a part of it does not fit into the memory that one download may use")
        if isinstance(link, OSError) and link.errno in (errno.ENOSPC, errno.EDQUOT):
            return failure("disk-full")
        if isinstance(link, OSError) and link.errno == errno.EFBIG:
            return failure("too-large")
    return None


def markdown() -> str:
    """The text of `docs/reasons.md`."""
    lines = [
        "# Reasons",
        "",
        "Why a request was not archived. Generated from `archiver/capture/reasons.py` by",
        "`python -m archiver.capture.reasons > docs/reasons.md`; a test compares the two.",
        "A passing reason is tried again by itself.",
        "",
        "| code | outcome | what it means | passing | what to do |",
        "|---|---|---|---|---|",
    ]
    for reason in sorted(_ROWS, key=lambda row: (not row.refused, row.code)):
        outcome = "refused" if reason.refused else "cancelled" if reason.code == "cancelled" else "failed"
        lines.append(f"| `{reason.code}` | {outcome} | {reason.words} | {reason.passing} | {reason.next_step} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(markdown())
