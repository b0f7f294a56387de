"""yt-dlp's parsers of manifests, made to count segments before they list them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from yt_dlp.extractor.common import InfoExtractor

from archiver.capture import reasons
from archiver.capture.manifest import too_many_segments
from archiver.capture.wire import Wire

# The two through which every extractor's manifests come, already parsed: a list of a billion is not made yet.
_PARSERS = ("_parse_mpd_periods", "_parse_ism_formats_and_subtitles")


def count_first() -> None:
    """Put the count before the parsers, for this process. Once is enough; more often does no harm."""
    for name in _PARSERS:
        parse = getattr(InfoExtractor, name)
        setattr(InfoExtractor, name, _counted(getattr(parse, "__wrapped__", parse)))


def _counted(parse: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(parse)
    def counted(extractor: Any, manifest: Any, *arguments: Any, **options: Any) -> Any:
        wire: Wire = extractor._downloader.wire
        if too_many_segments(manifest, wire.limits.requests):
            raise wire.stop(reasons.failure("too-many-requests", "the manifest names more segments than that"))
        return parse(extractor, manifest, *arguments, **options)

    return counted
