"""Pages that are too much, lead in circles, or point where nobody should go."""

from __future__ import annotations

import json

from tests.capture.hostile.line import HTML, Line
from tests.capture.hostile.table import ROOMY, SHORT_STALL, behaviour

_VIDEO = '<video src="/media/clip.mp4"></video>'


@behaviour("is a page without media", "no-media")
def bare_page(line: Line) -> None:
    line.page("<p>Nothing to see.</p>")


@behaviour("lists a thousand videos", missing=("playlist-too-long",))
def thousand_videos(line: Line) -> None:
    line.page("".join(f'<video src="/media/clip.mp4?{number}"></video>' for number in range(1000)))


@behaviour("lists one video that is there and one that is not", missing=("not-found",))
def one_of_two(line: Line) -> None:
    line.page(_VIDEO + '<video src="/media/none.mp4"></video>')


@behaviour("has a title of 10 MB", whole=True, limits=ROOMY, heavy=True)
def giant_title(line: Line) -> None:
    line.page(_VIDEO, f"<title>{'long ' * 2_000_000}</title>")


@behaviour("has control characters, turned directions, line ends and a path in its title", whole=True)
def tricky_title(line: Line) -> None:
    line.page(_VIDEO, "<title>../../etc/passwd\x07\x1b[31m\n\u202e4pm.exe\u2066\ud800\x00</title>")


@behaviour("refreshes to itself", "no-media")
def refreshes_to_itself(line: Line) -> None:
    line.page("", '<meta http-equiv="refresh" content="0; url=/refreshes-to-itself">')


@behaviour("refreshes to a new page, for ever", "redirect-loop")
def endless_refresh(line: Line) -> None:
    step = int(line.rest or 0) + 1
    line.page("", f'<meta http-equiv="refresh" content="0; url=/endless-refresh/{step}">')


@behaviour("refreshes by a header, for ever", "redirect-loop")
def endless_refresh_header(line: Line) -> None:
    step = int(line.rest or 0) + 1
    line.answer("<html></html>", HTML, f"Refresh: 0; url=/endless-refresh-header/{step}")


@behaviour("names itself as its video", "no-media")
def video_is_the_page(line: Line) -> None:
    line.page("", f'<meta property="og:video" content="{line.site.url("/video-is-the-page")}">')


@behaviour("names a video in the private network", "address-not-global")
def video_is_private(line: Line) -> None:
    line.page("", '<meta property="og:video" content="http://10.0.0.1/clip.mp4">')


@behaviour("refreshes into the private network", "address-not-global")
def refresh_is_private(line: Line) -> None:
    line.page("", '<meta http-equiv="refresh" content="0; url=http://169.254.169.254/latest/">')


@behaviour("names a local file as its video", "bad-scheme")
def video_is_a_file(line: Line) -> None:
    line.page('<video src="file:///etc/passwd"></video>')


@behaviour("names an RTMP stream as its video", "unsupported-protocol")
def video_is_rtmp(line: Line) -> None:
    line.page('<video src="rtmp://127.0.0.1/live/stream"></video>')


@behaviour("sets the base of its links to the private network, which is not followed", "not-found")
def base_is_private(line: Line) -> None:
    line.page('<video src="clip.mp4"></video>', '<base href="http://10.0.0.1/">')


@behaviour("nests JSON-LD 100,000 deep", "extractor-failed")
def deep_json_ld(line: Line) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    line.page(f'<script type="application/ld+json">{deep}</script>{_VIDEO}')


@behaviour("names its video in JSON-LD, with a date of a thousand digits", "extractor-failed")
def odd_json_ld(line: Line) -> None:
    told = {
        "@context": "https://schema.org",
        "@type": "VideoObject",
        "name": "n",
        "contentUrl": line.site.url("/media/clip.mp4"),
        "duration": "PT" + "9" * 1000 + "S",
        "uploadDate": "9" * 1000,
        "interactionStatistic": [{"interactionType": None, "userInteractionCount": "1e999"}] * 1000,
    }
    line.page(f'<script type="application/ld+json">{json.dumps(told)}</script>')


@behaviour("is 10 MB of JSON", limits=ROOMY)
def huge_json(line: Line) -> None:
    line.answer('{"a":[' + "1," * 5_000_000 + "1]}", "application/json")


@behaviour("nests a hundred thousand elements", whole=True)
def deep_page(line: Line) -> None:
    line.page("<div>" * 100_000 + _VIDEO)


@behaviour("has two megabytes of half-open tags, for slow expressions", "stalled", limits=SHORT_STALL, heavy=True)
def slow_page(line: Line) -> None:
    line.page(_VIDEO + "<iframe src='" * 20_000 + "<meta property=" * 20_000 + "<a href=" * 50_000)


@behaviour("offers subtitles in no language", whole=True)
def nameless_subtitles(line: Line) -> None:
    if line.rest:
        line.answer("WEBVTT\n\n00:00.000 --> 00:01.000\nWords\n", "text/vtt")
    else:
        line.page('<video src="/media/clip.mp4"><track kind="subtitles" src="/nameless-subtitles/s.vtt"></video>')


@behaviour("claims an encoding of characters that does not exist", whole=True)
def unknown_charset(line: Line) -> None:
    line.answer(f"<html>{_VIDEO}</html>", "text/html; charset=klingon")


@behaviour("claims an encoding that is no encoding of characters", whole=True)
def codec_charset(line: Line) -> None:
    line.answer(f"<html>{_VIDEO}</html>", "text/html; charset=zip")


@behaviour("is a feed with a billion laughs: kept as it is, never expanded")
def laughing_feed(line: Line) -> None:
    line.answer(billion_laughs("rss", "<channel><title>&l9;</title><item><link>/x</link></item></channel>"), "text/xml")


@behaviour("is a feed that includes a local file: kept as it is, nothing read")
def including_feed(line: Line) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY e SYSTEM "file:///etc/passwd">]><rss version="2.0">'
    line.answer(text + "<channel><title>&e;</title></channel></rss>", "text/xml")


def billion_laughs(root: str, inside: str) -> str:
    """XML whose entities stand for ten of the one before, nine times."""
    entities = '<!ENTITY l0 "lol">' + "".join(
        f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 10)
    )
    return f'<?xml version="1.0"?><!DOCTYPE {root} [{entities}]><{root}>{inside}</{root}>'
