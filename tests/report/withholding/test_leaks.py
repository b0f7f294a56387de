"""The leak check: no spelling is missed, nothing fires that is no leak, and no value is ever printed."""

from __future__ import annotations

import base64
import gzip
import os
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.report.withholding import encodings, packed
from archiver.report.withholding.encodings import Needle
from archiver.report.withholding.identifying import names_in, parts
from archiver.report.withholding.leaks import Check, Secret, summed
from archiver.report.withholding.search import Search
from tests.report.spellings import SPELLINGS

SECRETS = (
    "Jane Poe", "Дарья Ковалёва", "Μαρία Παππά", "José Núñez", "王小明", "أمل حسن", "@nadia.k", "x.y@z.example",
    "+44 7700 900123", "C:\\Users\\nadia\\film.mp4", 'He said "run" & <ran>',
)  # fmt: skip


def check(*values: str, field: str = "note", ordinary: bytes = b"") -> Check:
    return Check([Secret(field, (number,), value) for number, value in enumerate(values)], ordinary)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_every_secret_is_found(spelling: str) -> None:
    for secret in SECRETS:
        data = b"{ " + SPELLINGS[spelling](secret) + b" }"
        found = list(check(secret).data(data, "f"))
        assert found, secret
        assert not any(secret in line for line in summed(found))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_something_else_is_a_leak(spelling: str) -> None:
    others = check(*SECRETS)
    assert list(others.data(b"{ " + SPELLINGS[spelling]("a quiet street, nobody there") + b" }")) == []


def test_hosts_are_found_as_names_servers_and_indexes_write_them() -> None:
    for data in (b"xn--d1acpjx3f.xn--p1ai", b"org,example,video)/watch", b"VIDEO.example.ORG"):
        secrets = ("http://яндекс.рф/watch", "https://video.example.org/w")
        assert list(check(*secrets, field="url").data(b"GET / Host: " + data + b" ")), data


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("url", "https://www.tube.example/@nadia.k/watch?v=dQw4w9WgXcQ", "dQw4w9WgXcQ"),
        ("url", "https://www.tube.example/@nadia.k/watch?v=dQw4w9WgXcQ", "nadia.k"),
        ("url", "https://www.tube.example/@nadia.k/watch?v=dQw4w9WgXcQ", "Tube.example"),
        ("url", "https://jane:pw@h.example/x", "jane"),
        ("source", "Jane Poe, +44 7700 900123", "Poe's? no: Jane"),
        ("source", "Jane Poe, +44 7700 900123", "447700900123"),
        ("note", "sent by Omar Hassan", "omar hassan"),
        ("note", "write to ab.cd.z@mail.example", "ab.cd.z"),
        ("path", "/home/nadia/films/a.mp4", "/nadia/"),
        ("path", "C:\\Users\\nadia\\a.mp4", "nadia"),
    ],
)
def test_a_part_that_identifies_is_a_leak_as_well(field: str, value: str, text: str) -> None:
    (leak,) = list(Check([Secret(field, (7,), value)]).data(f"<{text}>".encode(), "data/x"))[:1]
    assert leak.part
    assert leak.line().startswith(f"data/x: a part ({leak.part}) of the {field} of entry 7, as ")


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("Lina", "Carolina rice"),  # part of a word
        ("Lina", "linature"),
        ("5550123", "a5550123b"),  # in a digest
        ("see the film", "see the photo"),
    ],
)
def test_what_only_looks_like_it_is_no_leak(secret: str, text: str) -> None:
    assert list(check(secret).data(text.encode())) == []


def test_what_cannot_be_told_from_other_text_is_listed_and_not_searched_for() -> None:
    made = check("Al", "video", "王", "2019", "- ...", "王明", "Jane Poe", ordinary=b"a page about <video> files")
    assert sorted(one.value for one in made.unsearchable) == ["- ...", "2019", "Al", "video", "王"]
    assert set(made.unsearchable.values()) == {
        "too short to be searched for",
        "a word that every bundle holds",
    }
    assert list(made.data(b'Al {"video"} ')) == []
    assert list(made.data("{王明}".encode()))


def test_a_file_name_is_searched_too(tmp_path: Path) -> None:
    assert [one.inside for one in check("Jane Poe").name("data/jane%20poe.txt")] == ["its name"]
    (tmp_path / "empty").write_bytes(b"")
    assert list(check("Jane Poe").file(tmp_path, "empty")) == []


def test_footage_is_not_searched_for_what_is_only_ours(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(b"made by /home/nadia/a.mov")
    made = Check([Secret("path", (1,), "/home/nadia/a.mov", everywhere=False)])
    assert list(made.file(tmp_path, "film", footage=True)) == []
    assert [one.encoding for one in made.file(tmp_path, "film")] == ["UTF-8"]


def test_bodies_that_nobody_can_unpack_here_are_named(tmp_path: Path) -> None:
    path = "data/exhibits/001/exchange.warc"
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_bytes(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n\x0b\x02\x80")
    made = check("Jane Poe")
    assert list(made.file(tmp_path, path)) == []
    assert made.unsearched == [f"{path}: web bodies compressed with br"]


# The search


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(min_size=4, max_size=12), min_size=1, max_size=8),
    st.binary(max_size=64),
    st.integers(0, 7),
    st.integers(0, 9),
)
def test_the_search_finds_what_a_plain_search_finds(wanted: list[bytes], noise: bytes, which: int, pad: int) -> None:
    needles = [
        Needle(one.lower() if number % 2 else one, "x", folds=bool(number % 2)) for number, one in enumerate(wanted)
    ]
    data = bytes(pad) + wanted[which % len(wanted)] + noise
    expected = {number for number, one in enumerate(needles) if one.data in (data.lower() if one.folds else data)}
    assert Search(needles).found(data) == expected


@pytest.mark.parametrize("length", [4, 5, 6, 7, 8, 40])
def test_a_needle_is_found_over_the_edge_of_every_block(length: int) -> None:
    needle = bytes(range(65, 65 + length)).lower()
    search = Search([Needle(needle, "x")])
    for at in range(1024 * 1024 - length - 3, 1024 * 1024 + 4):
        data = bytearray(1024 * 1024 + 60)
        data[at : at + length] = needle.upper()
        assert search.found(bytes(data)) == {0}, at
    assert search.found(needle) == {0}
    assert search.found(needle[1:]) == set()


def test_a_file_of_near_misses_costs_seconds_and_no_more() -> None:
    search = Search([Needle(b"0000000000000001", "x"), Needle(b"0001", "x"), Needle(b"ababababababc", "x")])
    begun = time.process_time()
    assert search.found(b"0" * 2_000_000 + b"ab" * 1_000_000) == set()
    assert time.process_time() - begun < 60  # a comparison place by place would take hours


def test_a_file_of_words_around_a_short_needle_is_taken_for_a_leak() -> None:
    search = Search([Needle(b"lina", "x", alone=True)])
    assert search.found(b"Carolina " * 1_000) == set()
    assert search.found(b"Carolina " * 20_000) == {0}


# What is packed


def test_a_bomb_is_unpacked_up_to_its_limit_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_STREAM_BYTES", 1_000_000)
    monkeypatch.setattr(packed, "MAX_UNPACKED_BYTES", 3_000_000)
    bomb = gzip.compress(gzip.compress(bytes(5_000_000)) * 20)
    found = list(packed.unpacked(b"x" + bomb * 5))
    assert sum(len(one.data) for one in found) < 5_000_000
    assert any(one.cut for one in found)
    assert max(len(one.data) for one in found) <= 1_000_000


def test_a_file_of_nothing_but_beginnings_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_TRIES", 1_000)
    (one,) = packed.unpacked(b"\0" + b"\x78\x9c" * 100_000 + b"PK\3\4" * 1_000)
    assert (one.data, one.cut) == (b"", True)
    assert list(packed.unpacked(b"\0" + b"\x78\x9c" * 999)) == []


def test_archives_nest_no_deeper_than_is_told() -> None:
    data = b"Jane Poe"
    for _ in range(packed.MAX_DEPTH):
        data = b"\0" + gzip.compress(data)
    assert list(check("Jane Poe").data(data))
    made = check("Jane Poe")
    assert list(made.data(b"\0" + gzip.compress(data), "f")) == []
    assert made.unsearched == ["f: gzip, gzip, gzip, gzip, gzip, an archive in an archive: it is more than is searched"]


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_whatever_bytes_there_are_unpacking_never_fails(data: bytes) -> None:
    for mark in (b"\x1f\x8b\x08", b"\x78\x9c", b"PK\3\4" + bytes(4) + b"\x08\0" + bytes(20), b"ff\r\n\x1f\x8b"):
        list(packed.unpacked(b"\r\n" + mark + data))


def test_a_stream_that_is_damaged_is_searched_up_to_the_damage() -> None:
    stream = bytearray(zlib.compress(b"Jane Poe " + os.urandom(5000), 1))
    stream[-1000] ^= 255
    assert list(check("Jane Poe").data(b"\0" + bytes(stream)))


# Values


def test_a_needle_of_base64_is_what_the_text_alone_determines() -> None:
    for before in range(3):
        for behind in range(3):
            data = base64.b64encode(os.urandom(before) + b"a long secret" + os.urandom(behind))
            assert any(one.data in data for one in encodings.needles("a long secret") if not one.folds)


def test_half_a_character_has_no_spelling_and_breaks_nothing() -> None:
    assert encodings.needles("caf\udce9 noir")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ivan Petrov speaks at Tahrir Square", ["Ivan Petrov", "Tahrir Square"]),
        ("The march, from the bridge", []),
        ("Площадь Свободы: Иван Петров и @nadia_k", ["Площадь Свободы", "Иван Петров", "@nadia_k"]),
        ("Η Μαρία Παπαδοπούλου στην πλατεία", ["Η Μαρία Παπαδοπούλου"]),
        ("MARCH live, HLS", []),
        ("seen by Omar. Nobody else. The Square Hotel", ["Omar", "The Square Hotel"]),
        ("call +7 912 345-67-89 or x@y.example", ["+7 912 345-67-89", "x@y.example"]),
        ("at 55.7558, 37.6173 on 2024-03-14", ["55.7558, 37.6173"]),
        ("", []),
    ],
)
def test_names_in_titles_are_offered(text: str, names: list[str]) -> None:
    assert [one.text for one in names_in(text)] == names


def test_parts_of_an_address_that_every_address_has_are_none() -> None:
    found = {one.text for one in parts("url", "https://www.v.example/media/watch/videos/square.mp4?t=3")}
    assert found == {"v.example", "square.mp4"}
    assert parts("url", "http://[::1") == parts("url", "http://[::1")  # no address at all is no error
