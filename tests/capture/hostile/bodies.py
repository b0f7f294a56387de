"""Bodies that never end, end too soon, or are not what their headers say."""

from __future__ import annotations

import gzip
import zlib

from tests.capture.hostile.line import HTML, Line
from tests.capture.hostile.table import SHORT_STALL, SHORT_TIME, behaviour

_ZEROS = bytes(1 << 16)
_FTYP = b"\x00\x00\x00\x18ftypmp42"


@behaviour("sends a video for ever, without a length", "too-large")
def endless_body(line: Line) -> None:
    line.head()
    line.send(_FTYP)
    line.flood(_ZEROS)


@behaviour("sends chunks for ever", "too-large")
def endless_chunks(line: Line) -> None:
    line.head("Transfer-Encoding: chunked", length=None)
    line.chunk(_FTYP)
    while not line.site.closing.is_set():
        line.chunk(_ZEROS)


@behaviour("sends a page for ever", "too-large")
def endless_page(line: Line) -> None:
    line.head(kind=HTML)
    line.send("<html><body>")
    line.flood(b"<p>more</p>" * 6000)


@behaviour("sends one chunk-size line for ever", "broken-answer")
def endless_chunk_line(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.send("5;name=")
    line.flood(b"x" * 65536)


@behaviour("ends its chunks with trailers for ever", "too-large")
def endless_trailers(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.chunk(line.clip())
    line.send("0\r\n")
    line.flood(b"X-More: and more\r\n" * 1000)


@behaviour("announces 10 GB", "too-large")
def announces_too_much(line: Line) -> None:
    line.head(length=10_000_000_000)
    line.send(bytes(1000))
    line.hold()


@behaviour("announces a length of 40 digits", "too-large")
def announces_forty_digits(line: Line) -> None:
    line.head(f"Content-Length: {'9' * 40}")
    line.send(bytes(1000))
    line.hold()


@behaviour("sends a body byte by byte", "stalled", limits=SHORT_STALL)
def drips_body(line: Line) -> None:
    line.head(length=2_000_000)
    line.drip()


@behaviour("sends a byte a chunk", "stalled", limits=SHORT_STALL)
def drips_chunks(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.drip(b"1\r\nx\r\n")


@behaviour("sends the digits of a chunk size one by one", "stalled", limits=SHORT_STALL)
def drips_chunk_size(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.drip(b"0")


@behaviour("drips just above the floor, for ever", "timed-out", limits=SHORT_TIME)
def drips_above_the_floor(line: Line) -> None:
    line.head(length=2_900_000)
    line.drip(b"x" * 2000)


@behaviour("sends 99 % at once and the rest byte by byte", "stalled", limits=SHORT_STALL)
def drips_the_last_percent(line: Line) -> None:
    body = line.clip()
    line.head(length=len(body) * 2)
    line.send(body)
    line.drip()


@behaviour("sends 99 % and says nothing more", "stalled", limits=SHORT_STALL)
def silent_after_most(line: Line) -> None:
    body = line.clip()
    line.head(length=len(body) + 100)
    line.send(body)
    line.hold()


@behaviour("sends half of what it announced, every time", "connection-cut")
def short_body(line: Line) -> None:
    body = line.clip()
    line.head(length=len(body))
    line.send(body[: len(body) // 2])
    line.hang_up()


@behaviour("hangs up between two chunks", "connection-cut")
def short_chunks(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.chunk(line.clip()[:20_000])
    line.hang_up()


@behaviour("hangs up within a chunk", "connection-cut")
def short_chunk(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.send(b"ffff\r\n" + line.clip()[:20_000])
    line.hang_up()


@behaviour("resets the connection in the middle of a body", "connection-cut")
def resets_in_body(line: Line) -> None:
    body = line.clip()
    line.head(length=len(body))
    line.send(body[: len(body) // 2])
    line.reset()


@behaviour("sends a second answer behind the first, for the next question", whole=True)
def long_body(line: Line) -> None:
    body = line.clip()
    line.answer(body)
    line.send(f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {len(body)}\r\n\r\n")
    line.send(bytes(len(body)))


@behaviour("plants the answer to a page's video behind the page", whole=True)
def planted_answer(line: Line) -> None:
    line.page('<video src="/media/clip.mp4"></video>')
    line.send("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 8\r\n\r\nplanted!")


@behaviour("ends half a video without having told its length: found by decoding")
def half_without_length(line: Line) -> None:
    body = line.clip()
    line.head()
    line.send(body[: len(body) // 2])
    line.hang_up()


@behaviour("gives a chunk size that is no number", "broken-answer")
def bad_chunk_size(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.send(b"zz\r\n" + line.clip())
    line.hang_up()


@behaviour("gives a negative chunk size", "broken-answer")
def negative_chunk_size(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.send(b"-5\r\n" + line.clip())
    line.hang_up()


@behaviour("gives a chunk size of 2^200", "broken-answer")
def huge_chunk_size(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.send(b"f" * 50 + b"\r\n")
    line.flood(_ZEROS)


@behaviour("forgets the line end after a chunk", "broken-answer")
def chunk_without_end(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.send(b"5\r\n12345XXXX\r\n0\r\n\r\n")
    line.hang_up()


@behaviour("sends zeros in gzip, a thousand times as large when decoded", "too-large")
def gzip_bomb(line: Line) -> None:
    line.answer(gzip.compress(bytes(80_000_000), 6), "video/mp4", "Content-Encoding: gzip")


@behaviour("sends zeros in gzip in gzip", "too-large")
def nested_gzip_bomb(line: Line) -> None:
    packed = gzip.compress(gzip.compress(bytes(80_000_000), 6), 6)
    line.answer(packed, "video/mp4", "Content-Encoding: gzip, gzip")


@behaviour("lists a thousand encodings", "broken-answer")
def thousand_encodings(line: Line) -> None:
    line.answer(line.clip(), "video/mp4", "Content-Encoding: " + ", ".join(["gzip"] * 1000))


@behaviour("sends a page in gzip that is too large when decoded", "too-large")
def gzip_bomb_page(line: Line) -> None:
    line.answer(gzip.compress(b"<html>" + b" " * 80_000_000, 6), HTML, "Content-Encoding: gzip")


@behaviour("sends deflate that is none", "broken-answer")
def deflate_garbage(line: Line) -> None:
    line.answer(b"\xff" * 5000, "video/mp4", "Content-Encoding: deflate")


@behaviour("sends gzip that is cut: found by decoding the video")
def gzip_cut(line: Line) -> None:
    line.answer(gzip.compress(line.clip())[:-500], "video/mp4", "Content-Encoding: gzip")


@behaviour("sends deflate although it was not asked for", whole=True)
def deflate_unasked(line: Line) -> None:
    line.answer(zlib.compress(line.clip()), "video/mp4", "Content-Encoding: deflate")


@behaviour("sends Brotli although it was not asked for", "broken-answer")
def brotli_unasked(line: Line) -> None:
    line.answer(b"\x1b\xff\xff" + bytes(3000), "video/mp4", "Content-Encoding: br")


@behaviour("sends a video of 0 bytes", "empty-body")
def empty_video(line: Line) -> None:
    line.answer(b"")


@behaviour("sends a video of 0 bytes in chunks", "empty-body")
def empty_chunks(line: Line) -> None:
    line.head("Transfer-Encoding: chunked")
    line.send("0\r\n\r\n")


@behaviour("sends a page of 0 bytes", "empty-body")
def empty_page(line: Line) -> None:
    line.answer(b"", HTML)


@behaviour("sends an HTML page as video/mp4", "not-media")
def page_as_video(line: Line) -> None:
    line.answer("<!doctype html><html><body>Please log in</body></html>")


@behaviour("sends a video as text/html", whole=True)
def video_as_page(line: Line) -> None:
    line.answer(line.clip(), HTML)
