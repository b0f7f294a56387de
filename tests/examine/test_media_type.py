"""Media types are judged by content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.examine.media_type import HEAD_BYTES, by_decoder, kind, sniff

TS = bytes([0x47]) + bytes(187)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", "application/x-empty"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00????", "application/octet-stream"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypavif", "image/avif"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x18ftyp3gp5", "video/3gpp"),
        (b"\x00\x00\x00\x18ftypqt  ", "video/quicktime"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"),
        (b"\x00\x00\x10\x00moov", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01\x42\x82\x88matroska", "video/x-matroska"),
        (TS * 4, "video/mp2t"),
        (b"\0\0\0\0" + (TS + b"\0\0\0\0") * 4, "video/mp2t"),
        (b"\x00\x00\x01\xba", "video/mpeg"),
        (b"OggS\x00\x02" + bytes(22) + b"\x80theora", "video/ogg"),
        (b"OggS\x00\x02" + bytes(22) + b"\x01vorbis", "audio/ogg"),
        (b"ID3\x03", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"fLaC", "audio/flac"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"\n <!DOCTYPE html><html>", "text/html"),
        (b"\xef\xbb\xbf<html lang='de'>", "text/html"),
        (b"<!-- x --><script>", "text/html"),
        (b"<?xml version='1.0'?>", "text/xml"),
        (b"#EXTM3U\n", "application/vnd.apple.mpegurl"),
        ("Grüße".encode(), "text/plain"),
        (b"x" * (HEAD_BYTES - 1) + "ü".encode()[:1], "text/plain"),
        (b"caf\xe9 latin", "application/octet-stream"),
        (b"G", "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
    ],
)
def test_signatures(head: bytes, expected: str) -> None:
    assert sniff(head) == expected


@given(st.binary(max_size=600))
def test_every_head_has_a_type(head: bytes) -> None:
    family, _, name = sniff(head).partition("/")
    assert family in {"application", "audio", "image", "text", "video"}
    assert name


def test_a_container_of_sound_alone_is_sound() -> None:
    assert by_decoder("video/mp4", {"has_audio": 1}) == "audio/mp4"
    assert by_decoder("video/mp4", {"has_audio": 1, "codec": "h264"}) == "video/mp4"
    assert by_decoder("video/mp4", {}) == "video/mp4"


def test_what_only_the_decoder_knows_gets_its_name() -> None:
    assert by_decoder("application/octet-stream", {"container": "dv", "codec": "dvvideo"}) == "video/x-dv"
    assert by_decoder("application/octet-stream", {"container": "../../x"}) == "application/octet-stream"


def test_kinds() -> None:
    found = [kind(one) for one in ("video/mp4", "image/png", "audio/mpeg", "text/html", "application/pdf", "")]
    assert found == ["video", "image", "audio", "other", "other", "other"]
    assert kind("application/mxf") == "video"
