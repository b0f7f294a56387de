"""Status lines and headers that break the rules, and servers that are no web servers."""

from __future__ import annotations

from tests.capture.hostile.line import Line
from tests.capture.hostile.table import SHORT_STALL, behaviour


@behaviour("sends headers for ever", "broken-answer")
def endless_headers(line: Line) -> None:
    line.send("HTTP/1.1 200 OK\r\n")
    line.flood(b"X-More: and more\r\n" * 1000)


@behaviour("sends one header for ever", "broken-answer")
def endless_header(line: Line) -> None:
    line.send("HTTP/1.1 200 OK\r\nX-More: ")
    line.flood(b"x" * 65536)


@behaviour("sends a status line for ever", "broken-answer")
def endless_status_line(line: Line) -> None:
    line.send("HTTP/1.1 200 ")
    line.flood(b"x" * 65536)


@behaviour("sends a header of 60 kB ninety times", "broken-answer")
def giant_headers(line: Line) -> None:
    line.answer(line.clip(), "video/mp4", *(f"X-{number}: {'x' * 60_000}" for number in range(90)))


@behaviour("sends headers byte by byte", "stalled", limits=SHORT_STALL)
def drips_headers(line: Line) -> None:
    line.send("HTTP/1.1 200 OK\r\nX-Slow: ")
    line.drip()


@behaviour("sends the status line byte by byte", "stalled", limits=SHORT_STALL)
def drips_status_line(line: Line) -> None:
    line.send("HTTP/1.1 200 ")
    line.drip()


@behaviour("takes the request and never answers", "stalled", limits=SHORT_STALL)
def never_answers(line: Line) -> None:
    line.hold()


@behaviour("hangs up without an answer", "connection-cut")
def closes_at_once(line: Line) -> None:
    line.hang_up()


@behaviour("resets the connection instead of an answer", "connection-cut")
def resets_at_once(line: Line) -> None:
    line.reset()


@behaviour("hangs up in the middle of the headers", "connection-cut")
def cut_headers(line: Line) -> None:
    line.send("HTTP/1.1 200 OK\r\nContent-Type: vid")
    line.hang_up()


@behaviour("sends 100 Continue for ever", "broken-answer")
def endless_continue(line: Line) -> None:
    line.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


@behaviour("sends 103 Early Hints before the answer", whole=True)
def early_hints(line: Line) -> None:
    line.send("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    line.answer(line.clip())


@behaviour("sends 102 Processing for ever", "broken-answer")
def endless_processing(line: Line) -> None:
    line.flood(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000)


@behaviour("switches to another protocol unasked", "broken-answer")
def switches_protocols(line: Line) -> None:
    line.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    line.send(b"\x82\x7f" + bytes(1000))
    line.hang_up()


@behaviour("answers as HTTP/0.9 did: a body and no head", "broken-answer")
def http_0_9(line: Line) -> None:
    line.send("<html><video src='/media/clip.mp4'></video></html>")
    line.hang_up()


@behaviour("answers in HTTP/2", "broken-answer")
def http_2(line: Line) -> None:
    line.send(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80\x00\x04\x00\x01\x00\x00\x00\x05\x00")
    line.hang_up()


@behaviour("says that it is HTTP/7.3", "broken-answer")
def http_7_3(line: Line) -> None:
    line.send(f"HTTP/7.3 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {len(line.clip())}\r\n\r\n")
    line.send(line.clip())


@behaviour("is an SSH server", "broken-answer")
def ssh_banner(line: Line) -> None:
    line.send("SSH-2.0-OpenSSH_9.6\r\n")
    line.hang_up()


@behaviour("is a mail server", "broken-answer")
def smtp_banner(line: Line) -> None:
    line.send("220 mail.example ESMTP\r\n500 what?\r\n")
    line.hang_up()


@behaviour("answers in TLS where http was asked", "broken-answer")
def tls_on_http(line: Line) -> None:
    line.send(b"\x15\x03\x03\x00\x02\x02\x28")
    line.hang_up()


@behaviour("sends NUL and noise", "broken-answer")
def noise(line: Line) -> None:
    line.send(b"\x00\xff this is not HTTP\r\n\r\n")
    line.hang_up()


@behaviour("gives a status that is no number", "broken-answer")
def bad_status(line: Line) -> None:
    line.send("HTTP/1.1 OK 200\r\n\r\n")
    line.hang_up()


@behaviour("gives two lengths", "broken-answer")
def two_lengths(line: Line) -> None:
    line.head("Content-Length: 10", length=len(line.clip()))
    line.send(line.clip())


@behaviour("gives the same length twice", whole=True)
def same_length_twice(line: Line) -> None:
    size = len(line.clip())
    line.head(f"Content-Length: {size}", length=size)
    line.send(line.clip())


@behaviour("gives a length and chunks: the chunks count", whole=True)
def length_and_chunks(line: Line) -> None:
    line.head("Transfer-Encoding: chunked", length=10)
    line.chunk(line.clip())
    line.send("0\r\n\r\n")


@behaviour("gives a negative length", "broken-answer")
def negative_length(line: Line) -> None:
    line.head("Content-Length: -1")
    line.send(line.clip())
    line.hang_up()


@behaviour("gives a length that is no number", "broken-answer")
def garbage_length(line: Line) -> None:
    line.head("Content-Length: 12abc")
    line.send(line.clip())
    line.hang_up()


@behaviour("names a transfer coding that nobody knows", "broken-answer")
def unknown_transfer_coding(line: Line) -> None:
    line.head("Transfer-Encoding: x-scrambled")
    line.send(line.clip())
    line.hang_up()


@behaviour("sets forty cookies of 4 kB each, for itself and for others", whole=True)
def cookie_flood(line: Line) -> None:
    names = [f"Set-Cookie: c{number}={'v' * 4000}; Domain=bank.example" for number in range(20)]
    line.answer(line.clip(), "video/mp4", *names, *(name.partition(";")[0] for name in names), status="200 OK")


@behaviour("sends control characters and raw bytes in its headers", whole=True)
def odd_headers(line: Line) -> None:
    line.answer(line.clip(), "video/mp4", "X-Odd: \x07\xff\xfe\x1b[31m", "No colon here", ": no name")


@behaviour("names a file with a path in its headers", whole=True)
def path_in_disposition(line: Line) -> None:
    line.answer(line.clip(), "video/mp4", 'Content-Disposition: attachment; filename="../../.ssh/authorized_keys"')


@behaviour("gives no content type", whole=True)
def no_content_type(line: Line) -> None:
    line.answer(line.clip(), "")


@behaviour("gives a content type of 50 kB", "extractor-failed")
def long_content_type(line: Line) -> None:
    line.answer(line.clip(), "video/" + "m" * 50_000)
