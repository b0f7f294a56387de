"""Routes for streams and files that misbehave in time: cut and changed, in segments, encrypted, live.

The first part of a path is the route, the second one the way in which it behaves.
"""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.capture import hostile_server
from tests.capture.hostile_server import HostileServer

M3U8 = "application/vnd.apple.mpegurl"
KEY, IV = bytes(range(16)), bytes(range(16, 32))
PAGE = b"<!doctype html><html><title>Sorry</title><body>Not here.</body></html>"


def other_version(body: bytes) -> bytes:
    """A film of the same length with other bytes in it."""
    return body[:200] + bytes(255 - byte for byte in body[200:])


def encrypted(body: bytes) -> bytes:
    """As HLS encrypts segments with AES-128 (RFC 8216 section 5.2)."""
    padder = padding.PKCS7(128).padder()
    plain = padder.update(body) + padder.finalize()
    sealer = Cipher(algorithms.AES(KEY), modes.CBC(IV)).encryptor()
    return sealer.update(plain) + sealer.finalize()


class StreamServer(HostileServer):
    """`polls` counts how often a live playlist was asked for; `answers` how often anything was."""

    def __init__(self, media: dict[str, bytes]) -> None:
        ThreadingHTTPServer.__init__(self, ("127.0.0.1", 0), _Handler)
        self.media = media
        self.asked: Counter[str] = Counter()
        self.headers: list[dict[str, str]] = []
        self.waiting = threading.Event()
        self.closing = threading.Event()
        self.cuts: Counter[str] = Counter()
        self.polls: Counter[str] = Counter()

    def segments(self) -> list[bytes]:
        """The segments of the HLS sample, in order."""
        names = [name for name in self.media if name.startswith("hls") and name.endswith(".ts")]
        return [self.media[name] for name in sorted(names)]


@contextmanager
def streaming(media: dict[str, bytes]) -> Iterator[StreamServer]:
    """The server, running."""
    server = StreamServer(media)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(hostile_server._Handler):
    server: StreamServer

    # Files that are cut and come back as something else.

    def on_version(self, rest: str) -> None:
        """The first answer is cut half way; what follows depends on the way."""
        way = rest.partition("/")[0]
        first = self.server.media["clip.mp4"]
        second = other_version(first)
        self.server.cuts[way] += 1
        number = self.server.cuts[way]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if way == "always":
            return self._cut(first, f'"{number}"')
        if number == 1:
            return self._cut(first, "" if way.startswith("silent") else '"one"')
        if way == "tag" and start:
            return self._rest(second, start, '"two"')
        if way == "total" and start:
            return self._rest(second + b"more", start, "")
        if way == "shifted" and start:
            return self._rest(first, start - 100, '"one"')
        if way == "gone" and start:
            return self.answer(b"", "text/plain", 416, Content_Range=f"bytes */{len(first) // 3}")
        if way in ("same", "silent-same", "shifted", "gone"):
            return self.answer(first, "video/mp4", 200, **({} if way == "silent-same" else {"ETag": '"one"'}))
        return self.answer(second, "video/mp4", 200, **({} if way.startswith("silent") else {"ETag": '"two"'}))

    def on_lossy(self, rest: str) -> None:
        """Honours Range, and hangs up after as many bytes as the path says."""
        body = self.server.media["clip.mp4"]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if start:
            assert self.headers["If-Range"] == '"one"'
            self.head(len(body) - start, status=206, ETag='"one"', Content_Range=_range(body, start))
        else:
            self.head(len(body), ETag='"one"')
        most = int(rest.partition("/")[0])
        self.wfile.write(body[start : start + most])
        if start + most < len(body):
            self.hang_up()

    def _cut(self, body: bytes, tag: str) -> None:
        self.head(len(body), "video/mp4", 200, **({"ETag": tag} if tag else {}))
        self.wfile.write(body[: len(body) // 2])
        self.hang_up()

    def _rest(self, body: bytes, start: int, tag: str) -> None:
        self.head(len(body) - start, status=206, Content_Range=_range(body, start), **({"ETag": tag} if tag else {}))
        self.wfile.write(body[start:])

    # What the server calls media.

    def on_called(self, rest: str) -> None:
        """`called/KIND/WHAT`: a body that is not what its type says."""
        kind, _, what = rest.partition("/")
        bodies = {
            "page.mp4": PAGE,
            "error.mp4": b'{"error": "expired", "code": 403}',
            "list.mp4": b'[\n{"error": "expired"}]',
            "xml.mp4": b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body/></html>",
            "brace.mp4": b"{ not json, whatever it is \x00\x01",
            "data.json": b'{"observations": [1, 2, 3]}',
        }
        self.answer(bodies[what], kind.replace("-", "/"))

    def on_player(self, rest: str) -> None:
        self.page(f'<video src="/{rest}"></video>')

    def on_gzip(self, _rest: str) -> None:
        """Ignores that the client wants no encoding."""
        self.answer(gzip.compress(self.server.media["clip.mp4"]), "video/mp4", Content_Encoding="gzip", ETag='"one"')

    def on_gzip_cut(self, rest: str) -> None:
        body = gzip.compress(self.server.media["clip.mp4"], 0)
        self.server.cuts["gzip"] += 1
        if self.server.cuts["gzip"] > 1:
            return self.answer(body, "video/mp4", Content_Encoding="gzip", ETag='"one"')
        self.head(len(body), Content_Encoding="gzip", ETag='"one"')
        self.wfile.write(body[: len(body) // 2])
        return self.hang_up()

    def on_long_refusal(self, rest: str) -> None:
        """An error whose page never ends."""
        self.head(None, "text/html", int(rest))
        while not self.server.closing.is_set():
            self.wfile.write(b"<p>removed</p>" * 1000)

    def on_slow_refusal(self, rest: str) -> None:
        """An error whose page stays away."""
        self.head(1000, "text/html", int(rest))
        self.wfile.flush()
        self.server.closing.wait()

    def on_long_head(self, _rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.closing.is_set():
            self.wfile.write(b"X-More: " + b"x" * 60_000 + b"\r\n")

    # Streams in segments.

    def playlist(self, lines: list[str], *, ended: bool = True, first: int = 0, target: int = 1) -> None:
        head = ["#EXTM3U", f"#EXT-X-TARGETDURATION:{target}", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        text = "\n".join([*head, *lines, *(["#EXT-X-ENDLIST"] if ended else [])])
        self.answer(text.encode(), M3U8)

    def on_aes(self, rest: str) -> None:
        """An encrypted stream: list.m3u8, key, and its segments by number."""
        count = len(self.server.segments())
        if rest == "list.m3u8":
            key = f'#EXT-X-KEY:METHOD=AES-128,URI="/aes/key",IV=0x{IV.hex()}'
            return self.playlist([key, *(f"#EXTINF:0.5,\n/aes/{number}.ts" for number in range(count))])
        if rest == "key":
            return self.answer(KEY, "application/octet-stream")
        return self.answer(encrypted(self.server.segments()[int(rest.removesuffix(".ts"))]), "video/mp2t")

    def on_sample_aes(self, _rest: str) -> None:
        self.playlist(['#EXT-X-KEY:METHOD=SAMPLE-AES,URI="/aes/key"', "#EXTINF:1,", "/media/hls0.ts"])

    def on_gappy(self, rest: str) -> None:
        """`gappy/WAY/list.m3u8`: the second segment is not what it should be."""
        way = rest.partition("/")[0]
        self.playlist([f"#EXTINF:1,\n{place}" for place in ("/media/hls0.ts", f"/bad/{way}/1.ts", "/media/hls2.ts")])

    def on_advertised(self, _rest: str) -> None:
        """Marks that make yt-dlp leave a segment out."""
        self.playlist(
            [
                "#UPLYNK-SEGMENT:x,0,ad",
                "#EXTINF:1,\n/media/hls0.ts",
                "#UPLYNK-SEGMENT:x,0,segment",
                "#EXTINF:1,\n/media/hls1.ts",
            ]
        )

    def on_bad(self, rest: str) -> None:
        way = rest.partition("/")[0]
        if way == "page":
            return self.answer(PAGE, "text/html")
        if way == "called":
            return self.answer(PAGE, "video/mp2t")
        if way == "error":
            return self.answer(b'{"error": "expired"}', "application/json")
        if way == "empty":
            return self.answer(b"", "video/mp2t")
        if way == "short":
            self.head(10_000, "video/mp2t")
            self.wfile.write(b"G" * 100)
            return self.hang_up()
        return self.on_status(way)

    def on_dash(self, rest: str) -> None:
        """`dash/WAY/NAME`: the DASH sample, whose second piece of the first stream misbehaves."""
        way, _, name = rest.partition("/")
        if name == "chunk-stream0-00002.m4s" and way != "good":
            return self.on_bad(way)
        return self.on_media(name)

    def on_dynamic(self, _rest: str) -> None:
        text = self.server.media["dash.mpd"].replace(b'type="static"', b'type="dynamic"')
        self.answer(text, "application/dash+xml")

    def on_ranges(self, rest: str) -> None:
        """One file of segments, addressed by byte ranges. `deaf` ignores Range."""
        whole = b"".join(self.server.segments()[:2])
        if rest.endswith(".m3u8"):
            sizes = [len(one) for one in self.server.segments()[:2]]
            place = rest.replace("list.m3u8", "all.ts")
            return self.playlist(
                [
                    f"#EXTINF:1,\n#EXT-X-BYTERANGE:{size}@{sum(sizes[:n])}\n/ranges/{place}"
                    for n, size in enumerate(sizes)
                ]
            )
        first, last = map(int, self.headers.get("Range", "bytes=0-0").removeprefix("bytes=").split("-"))
        if rest.startswith("deaf"):
            return self.answer(whole, "video/mp2t")
        return self.answer(
            whole[first : last + 1], "video/mp2t", 206, Content_Range=f"bytes {first}-{last}/{len(whole)}"
        )

    def on_limited(self, rest: str) -> None:
        """Fewer requests are wanted, for a while."""
        if rest.endswith(".m3u8"):
            return self.playlist(["#EXTINF:1,\n/media/hls0.ts", "#EXTINF:1,\n/status/429/1.ts"])
        return self.page('<video src="/status/503/a.mp4"></video>')

    # Live streams: a segment more each time that the playlist is asked for.

    def on_live(self, rest: str) -> None:
        way = rest.partition("/")[0]
        number = self.server.polls[way]
        self.server.polls[way] += 1
        count = len(self.server.segments())
        last = 1 if way == "stops" else min(count, number + 1) if way == "ends" else number + 1
        first = max(0, last - 2)
        if way == "gap" and number >= 2:
            first, last = first + 3, last + 3
        lines = [f"#EXTINF:0.5,\n/piece/{way}/{one}.ts" for one in range(first, last)]
        if way == "aes":
            lines = [f'#EXT-X-KEY:METHOD=AES-128,URI="/aes/key",IV=0x{IV.hex()}', *lines]
        over = way in ("ends", "lost", "gap", "aes") and number >= count
        self.playlist(lines, ended=over, first=first, target=0)

    def on_piece(self, rest: str) -> None:
        way, _, name = rest.partition("/")
        number = int(name.removesuffix(".ts"))
        if (way == "lost" and number == 1) or way == "nothing":
            return self.on_nothing(rest)
        segments = self.server.segments()
        body = segments[number % len(segments)]
        return self.answer(encrypted(body) if way == "aes" else body, "video/mp2t")

    # What a page offers beside its footage.

    def on_offers(self, rest: str) -> None:
        """`offers/POSTER/SUBTITLES`: a player with a poster and subtitles, where each is the path of a route."""
        poster, subtitles = rest.replace("+", "/").split("//")
        self.page(
            f'<video poster="/{poster}" src="/media/clip.mp4">'
            f'<track kind="subtitles" srclang="fa" src="/{subtitles}"></video>'
        )

    def on_words(self, _rest: str) -> None:
        self.answer("WEBVTT\n\n00:00.000 --> 00:01.000\nمی‌خواهم\n".encode(), "text/vtt")


def _range(body: bytes, start: int) -> str:
    return f"bytes {start}-{len(body) - 1}/{len(body)}"
