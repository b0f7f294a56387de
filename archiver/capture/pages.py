"""Whether bytes that were served as media are a page for people, or an answer for programs, instead."""

from __future__ import annotations

import json
import re

#: As much of a body as has to be looked at.
HEAD_BYTES = 4096
#: An error for programs is a few lines; footage described in JSON is longer, and is asked for as JSON.
JSON_BYTES = 64 * 1024
_BLANK = rb"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,2000}?-->\s*)*"
_PAGE = re.compile(
    _BLANK
    + rb"(?:<\?xml[^>]{0,200}\?>\s*)?<(?:!doctype\s+html|html|head|body|title|meta|script|iframe|h1|p|div|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_MEDIA = ("video/", "audio/", "image/")


def is_page(head: bytes) -> bool:
    """Whether a body that begins with `head` is an HTML page. SVG and other XML is none."""
    return _PAGE.match(head) is not None


def is_json(body: bytes) -> bool:
    """Whether `body`, all of it, is a JSON object or list of the size of an error message."""
    if body.strip()[:1] not in (b"{", b"[") or len(body) > JSON_BYTES:
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def promises_media(content_type: str) -> bool:
    """Whether a Content-Type says picture or sound."""
    return content_type.strip().lower().startswith(_MEDIA)
