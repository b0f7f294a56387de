"""Spellings, names and documents that lead to a private address: what an attacker writes to get into a network.

`SPELLINGS` are hosts as somebody may write them into a URL. `ZONE` is what the attacker's name server answers.
`DOCUMENTS` are pages and streams in which HOST stands for the target.
"""

from __future__ import annotations

from tests.capture.hostile.line import DASH, HLS, HTML

#: The attacker's own site, at addresses that are public; only in a network of its own (`enclosure`).
PUBLIC4, PUBLIC6 = "93.184.215.14", "2606:4700::1111"
SITE = "site.example"

_LOOPBACK = """
    127.0.0.1 127.1 127.0.1 127.0.0.1. 127.255.255.254 0177.0.0.1 0177.1 017700000001 00000177.0.0.1 2130706433
    0x7f000001 0x7F.1 0x7f.0x0.0x0.0x1 0x00000000000000007f000001 127.0x0.0.01 0 0.0.0.0 0x0 00
    localhost LOCALHOST localhost. ip6-localhost l%6fcalhost 127%2e0%2e0%2e1 %31%32%37.0.0.1
    [::] [::1] [0:0:0:0:0:0:0:1] [::0001] [::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:7F00:0001] [::127.0.0.1]
    [::ffff:0:127.0.0.1] [::1%25lo] [::1%lo]
"""
_PRIVATE = """
    10.0.0.1 012.0.0.1 167772161 0xa.1 0x0a000001 172.16.0.1 172.31.255.255 192.168.1.1 192.168.257 0300.0250.1.1
    169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376 100.64.0.1 100.127.255.254 198.18.0.1 192.0.0.1
    192.0.0.170 192.0.2.1 198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
    [fe80::1] [fe80::1%25lo] [fe80::a9fe:a9fe] [fc00::1] [fd00:ec2::254] [fec0::1] [ff02::1] [ff0e::1] [2001:db8::1]
    [100::1] [3fff::1] [5f00::1] [2001:2::1] [2001:10::1] [::ffff:10.0.0.1] [::ffff:a9fe:a9fe] [::10.0.0.1]
    [2002:7f00:1::] [2002:a00:1::1] [2002:a9fe:a9fe::1] [2001:0:7f00:1::] [2001:0:808:808:0:0:f5ff:fffe]
    [64:ff9b::7f00:1] [64:ff9b::10.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::a00:1] [2606:4700::5efe:7f00:1]
    [2606:4700::200:5efe:10.0.0.1]
"""
_CHARACTERS = [
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127．0．0．1",
    "１２７｡０｡０｡１",
    "１６９．２５４．１６９．２５４",
    "[：：1]",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "ｌｏｃａｌｈｏｓｔ",
    "127\u00ad.0.0.1",
    "127\u200b.0.0.1",
    "1\u206027.0.0.1",
    "127.0.0.1\u3002",
    "127.0.0.1\x00.site.example",
    "127.0.\t0.1",
    "127.0\n.0.1",
    "\t127.0.0.1",
    "127.0.0.1 ",
    " 127.0.0.1",
    "127.0.0.1%00",
    "127.0.0.1%20",
    "127.0.0.1%0a",
    "127.0.0.1%09.site.example",
]
_AUTHORITIES = [
    f"{SITE}@127.0.0.1",
    f"{SITE}:80@10.0.0.1",
    f"{SITE}:80@127.0.0.1:80",
    f"a@{SITE}@127.0.0.1",
    f"{SITE}%40127.0.0.1",
    f"{SITE}\\@127.0.0.1",
    f"127.0.0.1\\@{SITE}",
    f"127.0.0.1\\.{SITE}",
    f"{SITE}#@127.0.0.1",
    f"127.0.0.1#@{SITE}",
    f"{SITE}?@127.0.0.1",
    f"127.0.0.1?@{SITE}",
    f"{SITE};@127.0.0.1",
    f"{SITE}%23@127.0.0.1",
    f"{SITE}%2f@127.0.0.1",
    f"{SITE}\n@127.0.0.1",
    f"{SITE}\r\nHost: 127.0.0.1",
    f"{SITE}&@127.0.0.1#@{SITE}",
    f"[::1]@{SITE}",
    f"{SITE}@[::1]",
    "[127.0.0.1]",
    "[::1",
    "::1",
    "127.0.0.1:80",
    "127.0.0.1:00080",
    "127.0.0.1:",
    "127.0.0.1:80:80",
    "127.0.0.1:65616",  # 80 in sixteen bits
    "127.0.0.1:８０",
    "127.0.0.1:80@",
    "@127.0.0.1",
    ":@127.0.0.1",
    "/127.0.0.1",
    "//127.0.0.1",
    "\\127.0.0.1",
]
SPELLINGS: list[str] = [*_LOOPBACK.split(), *_PRIVATE.split(), *_CHARACTERS, *_AUTHORITIES]

#: Name to the addresses of each answer in turn; the last one is repeated. A name among the addresses is an alias.
ZONE: dict[str, list[list[str]]] = {
    SITE: [[PUBLIC4]],
    "loopback.example": [["127.0.0.1"]],
    "private.example": [["10.0.0.1"]],
    "metadata.example": [["169.254.169.254"]],
    "zero.example": [["0.0.0.0"]],
    "loopback6.example": [["::1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "nat64.example": [["64:ff9b::7f00:1"]],
    "sixtofour.example": [["2002:7f00:1::1"]],
    "unique-local.example": [["fd00::1"]],
    "mixed.example": [[PUBLIC4, "10.0.0.1"]],
    "mixed-last.example": [["10.0.0.1", PUBLIC4]],
    "mixed-families.example": [[PUBLIC4, "::1"]],
    "last-of-many.example": [[*[PUBLIC4] * 20, "127.0.0.1"]],
    "alias.example": [["private.example"]],
    "long-alias.example": [["alias.example"]],
    "rebinds.example": [[PUBLIC4], ["127.0.0.1"]],
    "rebinds-at-once.example": [["127.0.0.1"], [PUBLIC4]],
    "rebinds-to-mixed.example": [[PUBLIC4], [PUBLIC4, "127.0.0.1"]],
    "10.0.0.1.wildcard.example": [["10.0.0.1"]],
}

_LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n{}#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
_OWN = f"http://{SITE}/media/hls0.ts"
_MASTER = (
    '#EXTM3U\n#EXT-X-MEDIA:TYPE={},GROUP-ID="g",NAME="n",URI="http://HOST/list.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1,'
)
_MPD = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT2S">{}<Period>'
    '<AdaptationSet mimeType="video/mp4"><Representation id="v" bandwidth="1">{}</Representation></AdaptationSet>'
    "</Period></MPD>"
)
_SEGMENTS = '<SegmentList duration="1"><Initialization sourceURL="{}"/><SegmentURL media="{}"/></SegmentList>'

#: Name to media type and text.
DOCUMENTS: dict[str, tuple[str, str]] = {
    "hls-segment": (HLS, _LIST.format("", "http://HOST/0.ts")),
    "hls-second-segment": (HLS, _LIST.format(f"#EXTINF:1,\n{_OWN}\n", "http://HOST/1.ts")),
    "hls-key": (HLS, _LIST.format('#EXT-X-KEY:METHOD=AES-128,URI="http://HOST/key"\n', _OWN)),
    "hls-map": (HLS, _LIST.format('#EXT-X-MAP:URI="http://HOST/init.mp4"\n', _OWN)),
    "hls-session-key": (HLS, _LIST.format('#EXT-X-SESSION-KEY:METHOD=AES-128,URI="http://HOST/key"\n', "http://HOST/")),
    "hls-variant": (HLS, "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://HOST/list.m3u8\n"),
    "hls-sound": (HLS, _MASTER.format("AUDIO") + 'CODECS="avc1.4d401e,mp4a.40.2",AUDIO="g"\n/document/hls-segment\n'),
    "hls-subtitles": (HLS, _MASTER.format("SUBTITLES") + 'SUBTITLES="g"\n/media/hls.m3u8\n'),
    "hls-two-connections": (HLS, _LIST.format("#EXTINF:1,\nhttp://HOST/once/hls0.ts\n", "http://HOST/once/hls1.ts")),
    "page-and-video": (
        HTML,
        '<video src="http://HOST/once/none.mp4"></video><video src="http://HOST/clip.mp4"></video>',
    ),
    "hls-schemeless": (HLS, _LIST.format("", "//HOST/0.ts")),
    "dash-base": (DASH, _MPD.format("<BaseURL>http://HOST/</BaseURL>", _SEGMENTS.format("i.mp4", "0.m4s"))),
    "dash-initialisation": (DASH, _MPD.format("", _SEGMENTS.format("http://HOST/i.mp4", "/media/0.m4s"))),
    "dash-segment": (DASH, _MPD.format("", _SEGMENTS.format("/media/dash-init-stream0.m4s", "http://HOST/0.m4s"))),
    "dash-whole": (DASH, _MPD.format("<BaseURL>http://HOST/clip.mp4</BaseURL>", "")),
    "smooth": (
        "application/vnd.ms-sstr+xml",
        '<SmoothStreamingMedia Duration="20000000"><StreamIndex Type="video" Url="http://HOST/{start time}">'
        '<QualityLevel Bitrate="1" FourCC="H264" CodecPrivateData="00"/><c d="1"/></StreamIndex>'
        "</SmoothStreamingMedia>",
    ),
    "og-video": (HTML, '<meta property="og:video" content="http://HOST/clip.mp4">'),
    "og-video-secure": (HTML, '<meta property="og:video:secure_url" content="http://HOST/clip.mp4">'),
    "twitter-player": (HTML, '<meta name="twitter:player:stream" content="http://HOST/clip.mp4">'),
    "video": (HTML, '<video src="http://HOST/clip.mp4"></video>'),
    "video-source": (HTML, '<video><source src="http://HOST/clip.mp4" type="video/mp4"></video>'),
    "video-schemeless": (HTML, '<video src="//HOST/clip.mp4"></video>'),
    "poster": (HTML, '<video src="/media/clip.mp4" poster="http://HOST/p.jpg"></video>'),
    "subtitles": (HTML, '<video src="/media/clip.mp4"><track kind="subtitles" src="http://HOST/s.vtt"></video>'),
    "og-image": (HTML, '<meta property="og:image" content="http://HOST/p.jpg"><video src="/media/clip.mp4"></video>'),
    "entries": (HTML, '<video src="/media/clip.mp4"></video><video src="http://HOST/clip.mp4"></video>'),
    "frame": (HTML, '<iframe src="http://HOST/embed"></iframe>'),
    "refresh": (HTML, '<meta http-equiv="refresh" content="0; url=http://HOST/">'),
    "base": (HTML, '<base href="http://HOST/"><video src="clip.mp4"></video>'),
    "json-ld": (
        HTML,
        '<script type="application/ld+json">{"@context":"https://schema.org","@type":"VideoObject","name":"n",'
        '"contentUrl":"http://HOST/clip.mp4","thumbnailUrl":"http://HOST/p.jpg"}</script>',
    ),
    "player-script": (HTML, '<script>jwplayer("p").setup({"file": "http://HOST/clip.mp4", "width": 1});</script>'),
    "feed": (
        "application/rss+xml",
        '<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><title>i</title>'
        '<enclosure url="http://HOST/clip.mp4" type="video/mp4"/><link>http://HOST/</link></item></channel></rss>',
    ),
    "playlist": (
        "application/xspf+xml",
        "<playlist><trackList><track><location>http://HOST/clip.mp4</location></track>",
    ),
    "f4m": (
        "application/f4m+xml",
        '<manifest xmlns="http://ns.adobe.com/f4m/1.0"><media url="http://HOST/clip.f4m" bitrate="1"/></manifest>',
    ),
}
