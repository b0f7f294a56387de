"""What is taken from a page that is there: its document, a picture of the whole of it, and a PDF."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from archiver.capture.page import limits as bounds
from archiver.capture.page.browser import HEIGHT, WIDTH
from archiver.model import now

_MARGIN_INCHES, _PAPER_INCHES = 0.4, (8.27, 11.69)  # A4
_STREAM_BYTES = 1024 * 1024


class Page(Protocol):
    """Asks the page for something: an empty table where it cannot. Raises Overdue or Gone."""

    def __call__(
        self, method: str, parameters: Mapping[str, Any] | None = None, seconds: float = 0.0
    ) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class Seen:
    """What was seen. `reason` is empty where the page came to rest in time; `notes` says what is missing and why."""

    url: str = ""
    title: str = ""
    version: str = ""
    picture: bytes = b""
    pdf: bytes = b""
    dom: bytes = b""
    reason: str = ""
    message: str = ""
    dialogs: int = 0
    notes: list[str] = field(default_factory=list)

    def worse(self, reason: str, message: str) -> None:
        """Note why this is less than the whole page; what happened first counts."""
        if not self.reason:
            self.reason, self.message = reason, message


def document(page: Page, seen: Seen) -> None:
    """Where the visit ended, the title, and the document as it is now, asked for without the page's own scripts."""
    history = page("Page.getNavigationHistory")
    entries, place = history.get("entries"), history.get("currentIndex")
    if isinstance(entries, list) and isinstance(place, int) and 0 <= place < len(entries):
        current = entries[place] if isinstance(entries[place], dict) else {}
        seen.url, seen.title = str(current.get("url", "")), str(current.get("title", ""))
    root = page("DOM.getDocument", {"depth": 0}).get("root")
    number = root.get("nodeId", 0) if isinstance(root, dict) else 0
    dom = str(page("DOM.getOuterHTML", {"nodeId": number}).get("outerHTML", "")).encode("utf-8", "replace")
    if len(dom) > bounds.DOM_BYTES:
        seen.notes.append(f"the document has {len(dom)} bytes and is cut at {bounds.DOM_BYTES}")
    seen.dom = dom[: bounds.DOM_BYTES]


def picture(page: Page, seen: Seen, most_height: int) -> None:
    """A PNG of the page from top to bottom, at most `most_height` pixels of it."""
    height = max(HEIGHT, content_height(page))
    if height > most_height:
        seen.notes.append(f"the page is {height} pixels high and its picture is cut at {most_height}")
    area = {"x": 0, "y": 0, "width": WIDTH, "height": min(height, most_height), "scale": 1}
    settings = {"format": "png", "clip": area, "captureBeyondViewport": True}
    seen.picture = _decoded(page("Page.captureScreenshot", settings).get("data"))
    if not seen.picture:
        seen.notes.append("the browser made no picture")


def pdf(page: Page, seen: Seen) -> None:
    """The page on paper as it looks on the screen, with its address above and the time below."""
    page("Emulation.setEmulatedMedia", {"media": "screen"})
    settings: dict[str, Any] = {
        "printBackground": True,
        "pageRanges": f"1-{bounds.PDF_PAGES}",
        "transferMode": "ReturnAsStream",
        "displayHeaderFooter": True,
        "headerTemplate": _line("<span class=url></span>"),
        "footerTemplate": _line(f"{now()[:19]}Z, page <span class=pageNumber></span>"),
        "paperWidth": _PAPER_INCHES[0],
        "paperHeight": _PAPER_INCHES[1],
        "marginTop": 2 * _MARGIN_INCHES,
        "marginBottom": 2 * _MARGIN_INCHES,
        "marginLeft": _MARGIN_INCHES,
        "marginRight": _MARGIN_INCHES,
    }
    stream = page("Page.printToPDF", settings).get("stream", "")
    parts, size = [], 0
    while stream:
        read = page("IO.read", {"handle": stream, "size": _STREAM_BYTES})
        part = _decoded(read.get("data")) if read.get("base64Encoded") else str(read.get("data", "")).encode()
        parts.append(part)
        size += len(part)
        if size > bounds.PDF_BYTES:
            seen.notes.append(f"the PDF has more than {bounds.PDF_BYTES} bytes and is left out")
            return
        if read.get("eof", True):
            break
    seen.pdf = b"".join(parts)
    if not seen.pdf:
        seen.notes.append("the browser made no PDF")


def content_height(page: Page) -> int:
    """How high the page is, in pixels."""
    size = page("Page.getLayoutMetrics").get("cssContentSize")
    height = size.get("height", 0) if isinstance(size, dict) else 0
    return int(height) if isinstance(height, int | float) and 0 < height < 1e9 else 0


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _line(content: str) -> str:
    return f'<div style="font-size:7px;width:100%;margin:0 0.4in;overflow:hidden;white-space:nowrap">{content}</div>'
