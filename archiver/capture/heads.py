"""Whether an answer's head can be believed: its length, its encodings, and that it is the part that was asked for.

Pure: headers in, a typed failure out. Two answers that are understood in two ways are how one film is passed off as
another, so what is ambiguous is refused. Sources: RFC 9110 sections 8.6, 14.4 and 15.3.7, RFC 9112 section 6.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from archiver.capture import reasons
from archiver.errors import CaptureError

Headers = Sequence[tuple[str, str]]

# More codings than one would be undone one after the other, each a thousandfold.
_CODINGS = 2
_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{0,19})")
_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.IGNORECASE)
_WHOLE, _PARTIAL = 200, 206


def promised_length(headers: Headers) -> int | None:
    """The length of the body in bytes; None if the head does not tell, or chunks tell it.

    Raises CaptureError `broken-answer` where it is no number, or two different ones.
    """
    codings = _values(headers, "transfer-encoding")
    if codings:
        if [coding.lower() for coding in codings] != ["chunked"]:
            raise _broken(f"it comes in the transfer coding {codings[0][:40]}")
        return None
    lengths = set(_values(headers, "content-length"))
    if not lengths:
        return None
    if len(lengths) > 1:
        raise _broken("it gives two lengths")
    (length,) = lengths
    if not (length.isascii() and length.isdigit()):
        raise _broken(f"it gives the length {length[:40]!r}")
    return int(length[:30])  # what is longer is too large whatever follows


def judge_codings(headers: Headers, decodable: Callable[[str], bool]) -> None:
    """Raise CaptureError `broken-answer` where the body is encoded as this program cannot undo."""
    codings = [coding.lower() for coding in _values(headers, "content-encoding") if coding.lower() != "identity"]
    if len(codings) > _CODINGS:
        raise _broken(f"it is encoded {len(codings)} times")
    for coding in codings:
        if not decodable(coding):
            raise _broken(f"it is encoded as {coding[:40]}, which was not asked for")


def judge_part(asked: str, status: int, headers: Headers, segment: bool) -> None:
    """Raise CaptureError `broken-answer` unless the answer is the part that was asked for, or the whole.

    `asked` is the Range header of the request, or the empty string. The whole is not a
    segment that is cut out of a file: it would be spliced in in place of it. (What is resumed has no end in its Range.)
    """
    wanted = _RANGE.fullmatch(asked.strip())
    if status != _PARTIAL:
        if segment and wanted and wanted[2] and status == _WHOLE:
            raise _broken("a part was asked for, and the whole came")
        return
    came = _CONTENT_RANGE.fullmatch(" ".join(_values(headers, "content-range")))
    if came is None:
        raise _broken("it is a part that does not tell its place", passing=bool(asked))
    first, last, total = int(came[1]), int(came[2]), came[3]
    if wanted is None:
        if first != 0 or total == "*" or last + 1 != int(total):
            raise _broken(f"only bytes {first} to {last} of {total} came, and the whole was asked for")
    elif first != int(wanted[1]) or (wanted[2] and last > int(wanted[2])):
        raise _broken(f"bytes from {wanted[1]} were asked for, and bytes {first} to {last} came", passing=True)


def _values(headers: Headers, name: str) -> list[str]:
    """The members of a header, however often it stands there."""
    lists = [value for key, value in headers if key.lower() == name]
    return [member.strip() for one in lists for member in one.split(",") if member.strip()]


def _broken(why: str, *, passing: bool = False) -> CaptureError:
    return reasons.failure("broken-answer", f"The answer cannot be believed: {why}", passing=passing)
