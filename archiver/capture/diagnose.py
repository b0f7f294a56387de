"""From an exception of yt-dlp's to one of our reasons.

What happened on the network was noted on the wire when it happened; texts of messages are the last resort.
"""

from __future__ import annotations

from yt_dlp.networking.exceptions import HTTPError, NoSupportingHandlers, RequestError
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError, UserNotLive

from archiver.capture import plain, reasons
from archiver.capture.wire import Stop, Wire
from archiver.errors import CaptureError, RefusedError

_MESSAGE_CHARACTERS = 300
# How platforms say, through yt-dlp, that a stream was announced and has not begun.
_ANNOUNCED = ("live event will begin", "Premieres in", "Premiere will begin")


def typed_failure(error: BaseException, wire: Wire | None) -> CaptureError | RefusedError:
    """What went wrong, as one of our codes."""
    if isinstance(error, Stop):
        return error.error
    if (machine := reasons.from_machine(error)) is not None:
        return machine
    links = list(reasons.chain(error))
    refusal = next((link for link in links if isinstance(link, RefusedError)), None)
    if refusal is not None:
        return refusal
    if any(isinstance(link, NoSupportingHandlers) for link in links):
        return RefusedError("a part of it is at an address that is neither http nor https", code="bad-scheme")
    if any(isinstance(link, UnsupportedError) for link in links):
        return reasons.failure("no-media")
    if wire is not None and (failed := _on_the_network(error, wire)) is not None:
        return failed
    if wire is not None and wire.in_file and wire.failure is not None:
        return wire.failure
    if any(isinstance(link, GeoRestrictedError) for link in links):
        return reasons.failure("geo-restricted")
    words = plain.text(str(error), _MESSAGE_CHARACTERS)
    if any(isinstance(link, UserNotLive) for link in links) or any(phrase in words for phrase in _ANNOUNCED):
        return reasons.failure("live-stream", words)
    if "DRM" in words:
        return reasons.failure("drm-protected", words)
    if "--cookies" in words:
        return reasons.failure("login-required", words)
    if "No video formats found" in words or "format is not available" in words:
        return reasons.failure("no-media", words)
    if "downloaded file is empty" in words:
        return reasons.failure("empty-body", "the stream has nothing in it")
    if "ffmpeg could not be found" in words:
        return reasons.failure("extractor-failed", "the stream is one that yt-dlp would leave to another program")
    if any(isinstance(link, ExtractorError | DownloadError) for link in links):
        if wire is not None and wire.failure is not None and "Giving up" in words:
            return wire.failure
        return reasons.failure("extractor-failed", words)
    return reasons.failure("extractor-failed", f"yt-dlp failed: {type(error).__name__}: {words}")


def _on_the_network(error: BaseException, wire: Wire) -> CaptureError | RefusedError | None:
    """The network failure behind `error`, if there is one."""
    for link in reasons.chain(error):
        if isinstance(link, HTTPError):
            return reasons.from_status(link.status, link.response.headers.get("Retry-After") or "")
        if isinstance(link, RequestError):
            return wire.failure
    return None
