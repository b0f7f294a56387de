"""Reading playlists: what the standard says, and nothing but the reader's own error for anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture import playlist
from archiver.capture.playlist import NoPlaylist, Part, Span
from archiver.capture.segments import with_advertisements

BASE = "https://example.org/live/list.m3u8"
TEXT = """#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="head.mp4",BYTERANGE="100@0"
#EXTINF:6,
a.ts

#EXT-X-KEY:METHOD=AES-128,URI="../key,1",IV=0x01
#EXT-X-BYTERANGE:10@20
#EXTINF:6,
b.ts
#EXT-X-BYTERANGE:5
#EXTINF:6,
b.ts
#EXT-X-KEY:METHOD=NONE
https://other.example/c.ts
"""


def test_segments_have_numbers_places_keys_and_heads() -> None:
    found = playlist.read(TEXT.encode(), BASE)
    head = Part(7, "https://example.org/live/head.mp4", Span(0, 100))
    key = (("IV", "0x01"), ("METHOD", "AES-128"), ("URI", "https://example.org/key,1"))
    assert found.parts == (
        Part(7, "https://example.org/live/a.ts", None, (), head),
        Part(8, "https://example.org/live/b.ts", Span(20, 30), key, head),
        Part(9, "https://example.org/live/b.ts", Span(30, 35), key, head),
        Part(10, "https://other.example/c.ts", None, (), head),
    )
    assert (found.target, found.ended) == (6.0, False)
    assert playlist.read((TEXT + "#EXT-X-ENDLIST\n").encode(), BASE).ended


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8",
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:many",
        "#EXTM3U\n#EXT-X-TARGETDURATION:-1",
        "#EXTM3U\n#EXT-X-BYTERANGE:x@y\na.ts",
        "#EXTM3U\nhttp://[::1",
    ],
)
def test_what_is_no_media_playlist_is_none(text: str) -> None:
    with pytest.raises(NoPlaylist):
        playlist.read(text.encode(), BASE)


def test_an_endless_list_is_refused() -> None:
    with pytest.raises(NoPlaylist, match="more segments"):
        playlist.read(b"#EXTM3U\n" + b"a.ts\n" * 100_001, BASE)


def test_numbers_that_are_told_too_late_are_not_followed() -> None:
    found = playlist.read(b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\na.ts\n#EXT-X-MEDIA-SEQUENCE:3\nb.ts\n", BASE)
    assert [part.sequence for part in found.parts] == [7, 8]


LINES = st.one_of(
    st.sampled_from([line for line in TEXT.splitlines() if line]),
    st.builds("{}:{}".format, st.sampled_from(["#EXT-X-KEY", "#EXT-X-MAP", "#EXT-X-BYTERANGE"]), st.text(max_size=20)),
    st.text(max_size=20),
)


@given(st.lists(LINES, max_size=12), st.binary(max_size=10))
def test_nothing_breaks_the_reader(lines: list[str], tail: bytes) -> None:
    try:
        found = playlist.read("\n".join(["#EXTM3U", *lines]).encode("utf-8", "surrogatepass") + tail, BASE)
    except NoPlaylist:
        return
    assert [part.sequence for part in found.parts] == sorted(part.sequence for part in found.parts)


def test_only_the_marks_of_advertisements_go() -> None:
    assert with_advertisements(
        "#EXTM3U\n#UPLYNK-SEGMENT:1,ad\na.ts\n #ANVATO-SEGMENT-INFO:type=ad\n#EXTINF:1,\nb.ts"
    ) == ("#EXTM3U\na.ts\n#EXTINF:1,\nb.ts")
