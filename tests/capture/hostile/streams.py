"""HLS and DASH that never end, lack parts, or point where nobody should go."""

from __future__ import annotations

from functools import partial

from tests.capture.hostile.line import DASH, HLS, Line
from tests.capture.hostile.pages import billion_laughs
from tests.capture.hostile.table import ROOMY, SHORT_STALL, behaviour

_HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
_END = "#EXT-X-ENDLIST\n"
_FIRST = "#EXTINF:1,\n/media/hls0.ts\n"
_LIMITS: dict[str, dict[str, float]] = {"segment-drips": SHORT_STALL, "many-segments": ROOMY}
_MANY = "".join(f"#EXTINF:1,\n/media/hls0.ts?{number}\n" for number in range(100_000))


def _list(line: Line, text: str) -> None:
    line.answer(_HEAD + text + _END, HLS)


for _label, _does, _text, _reason in (
    ("segment-missing", "lacks a segment", _FIRST + "#EXTINF:1,\n/media/none.ts\n", "fragment-missing"),
    ("segment-private", "has a segment in the private network", "#EXTINF:1,\nhttp://10.0.0.1/0.ts\n", ""),
    ("second-segment-private", "has it later", _FIRST + "#EXTINF:1,\nhttp://192.168.1.1/1.ts\n", ""),
    ("segment-redirects", "redirects a segment there", _FIRST + "#EXTINF:1,\n/to-private\n", ""),
    ("segment-is-a-file", "has a local file as segment", "#EXTINF:1,\nfile:///etc/passwd\n", "bad-scheme"),
    ("segment-is-data", "has a data: segment", "#EXTINF:1,\ndata:video/mp2t;base64,R0BA\n", "bad-scheme"),
    ("segment-is-empty", "has a segment of 0 bytes", _FIRST + "#EXTINF:1,\n/empty-video\n", "fragment-missing"),
    ("segment-is-short", "has a segment that is cut", _FIRST + "#EXTINF:1,\n/short-body\n", "connection-cut"),
    ("segment-is-endless", "has a segment that never ends", _FIRST + "#EXTINF:1,\n/endless-body\n", "too-large"),
    ("segment-drips", "has a segment that drips", _FIRST + "#EXTINF:1,\n/drips-body\n", "stalled"),
    ("key-private", "has its key there", '#EXT-X-KEY:METHOD=AES-128,URI="http://10.0.0.1/key"\n' + _FIRST, ""),
    ("key-missing", "lacks its key", '#EXT-X-KEY:METHOD=AES-128,URI="/media/no-key"\n' + _FIRST, "fragment-missing"),
    ("map-private", "has its beginning there", '#EXT-X-MAP:URI="http://10.0.0.1/init.mp4"\n' + _FIRST, ""),
    ("map-is-a-file", "has a local file there", '#EXT-X-MAP:URI="file:///etc/passwd"\n' + _FIRST, "bad-scheme"),
    ("many-segments", "has 100,000 segments", _MANY, "too-many-requests"),
    ("no-segments", "has no segments", "", "empty-body"),
    (
        "quoted-newline",
        "has a line end in quotes",
        '#EXT-X-KEY:METHOD=AES-128,URI="/a\nb"\n' + _FIRST,
        "extractor-failed",
    ),
    ("long-line", "has a line of 2 MB", "#EXTINF:1,\n/media/" + "a" * 2_000_000 + "\n", "url-too-long"),
    ("drm", "is encrypted", '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k"\n' + _FIRST, "drm-protected"),
    ("sample-aes", "is encrypted in parts", '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="/k"\n' + _FIRST, "drm-protected"),
    ("huge-range", "asks for impossible ranges", "#EXT-X-BYTERANGE:9999999999@99999999999\n" + _FIRST, "broken-answer"),
):
    behaviour(
        f"HLS that {_does}",
        _reason or "address-not-global",
        name=f"hls-{_label}",
        limits=_LIMITS.get(_label),
        heavy=_label == "many-segments",
    )(partial(_list, text=_text))


@behaviour("HLS that never ends: live, recorded for a given time", limits={"live_seconds": 2})
def hls_live(line: Line) -> None:
    first = line.asked
    numbers = range(first, first + 3)
    text = f"#EXT-X-MEDIA-SEQUENCE:{first}\n" + "".join(f"#EXTINF:1,\n/media/hls0.ts?{n}\n" for n in numbers)
    line.answer(_HEAD + text, HLS)


@behaviour("HLS whose playlist drips", "stalled", limits=SHORT_STALL)
def hls_drips(line: Line) -> None:
    line.head(kind=HLS)
    line.send(_HEAD + _FIRST)
    line.drip(b"#")


@behaviour("HLS whose playlist never ends", "too-large")
def hls_endless(line: Line) -> None:
    line.head(kind=HLS)
    line.send(_HEAD)
    line.flood(_FIRST.encode() * 2000)


@behaviour("HLS of which a variant is itself", "extractor-failed")
def hls_self(line: Line) -> None:
    line.answer("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/hls-self\n", HLS)


@behaviour("HLS whose variants lead on for ever", "extractor-failed")
def hls_chain(line: Line) -> None:
    line.answer(f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/hls-chain/{int(line.rest or 0) + 1}\n", HLS)


@behaviour("HLS of which the best variant is in the private network", "address-not-global")
def hls_variant_private(line: Line) -> None:
    line.answer(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/media/hls.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=9999\nhttp://10.0.0.1/best.m3u8\n",
        HLS,
    )


@behaviour("HLS with its sound in the private network", "address-not-global")
def hls_sound_private(line: Line) -> None:
    line.answer(
        '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="n",URI="http://10.0.0.1/a.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.4d401e,mp4a.40.2",AUDIO="a"\n/media/hls.m3u8\n',
        HLS,
    )


@behaviour("HLS in bytes that are no text", "url-too-long")
def hls_noise(line: Line) -> None:
    line.answer(b"#EXTM3U\n" + bytes(range(128, 256)) * 40, HLS)


_SEGMENTS = (
    '<SegmentList duration="1"><Initialization sourceURL="init.m4s"/><SegmentURL media="0.m4s"/>'
    '<SegmentURL media="1.m4s"/></SegmentList>'
)


def _mpd(inside: str, base: str = "", duration: str = "PT2S", kind: str = "static") -> str:
    return (
        f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="{kind}" '
        f'mediaPresentationDuration="{duration}">{base}<Period><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="v" bandwidth="1" codecs="avc1.4d401e">{inside}</Representation>'
        "</AdaptationSet></Period></MPD>"
    )


def _template(more: str, timeline: str = "") -> str:
    names = 'media="/media/$Number$.m4s" initialization="/media/i.m4s"'
    return f"<SegmentTemplate {names} {more}>{timeline}</SegmentTemplate>"


def _dash(line: Line, text: str) -> None:
    line.answer(text, DASH)


_ENTITY = '<!DOCTYPE MPD [<!ENTITY e SYSTEM "file:///etc/passwd">]>'

for _label, _does, _text, _reason in (
    ("private", "has its base in the private network", _mpd(_SEGMENTS, "<BaseURL>http://10.0.0.1/</BaseURL>"), ""),
    ("file", "has a local folder as its base", _mpd(_SEGMENTS, "<BaseURL>file:///etc/</BaseURL>"), "fragment-missing"),
    ("missing", "lacks its segments", _mpd(_SEGMENTS), "fragment-missing"),
    ("laughs", "holds a billion laughs", billion_laughs("MPD", "&l9;"), "no-media"),
    ("entity", "includes a local file", _ENTITY + "<MPD><Period>&e;</Period></MPD>", "no-media"),
    ("cut", "is cut", _mpd(_SEGMENTS)[:150], "no-media"),
    ("empty", "holds nothing", '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>', "no-media"),
    (
        "repeats",
        "repeats a segment a billion times",
        _mpd(_template('timescale="1"', '<SegmentTimeline><S d="1" r="1000000000"/></SegmentTimeline>')),
        "too-many-requests",
    ),
    (
        "long",
        "lasts a million hours in segments of a microsecond",
        _mpd(_template('timescale="1000000" duration="1"'), duration="PT1000000H"),
        "too-many-requests",
    ),
    (
        "many-qualities",
        "offers ten thousand qualities of forty segments",
        _mpd(_template('timescale="1" duration="1"'), duration="PT40S").replace(
            "</AdaptationSet>", '<Representation id="w" bandwidth="1"/>' * 10_000 + "</AdaptationSet>"
        ),
        "too-many-requests",
    ),
    ("zero", "has segments of no duration", _mpd(_template('timescale="1" duration="0"')), "extractor-failed"),
    ("live", "is live", _mpd(_template('timescale="1" duration="1"'), kind="dynamic"), "live-stream"),
):
    behaviour(f"DASH that {_does}", _reason or "address-not-global", name=f"dash-{_label}")(partial(_dash, text=_text))


@behaviour("Smooth Streaming that repeats a segment a billion times", "too-many-requests")
def smooth_repeats(line: Line) -> None:
    line.answer(
        '<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2" MinorVersion="0" Duration="20000000">'
        '<StreamIndex Type="video" Url="q({bitrate})/f({start time})"><QualityLevel Bitrate="1" FourCC="H264"/>'
        '<c d="1" r="1000000000"/></StreamIndex></SmoothStreamingMedia>',
        "application/vnd.ms-sstr+xml",
    )
