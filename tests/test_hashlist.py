"""Hash lists as others write them, and as nobody should: every row is a row or is told by its number."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import UsageError
from archiver.hashlist import reading, writing
from archiver.hashlist.reading import parse
from archiver.hashlist.records import Kind, Picture

A, B, C = "0a" * 32, "1b" * 32, "2c" * 64


def test_digests_with_a_header_may_have_other_columns() -> None:
    found = parse(f"name,SHA256,sha512\nx.mp4,{A.upper()},\ny.mp4,{B},{C}\n".encode())
    assert found.kind is Kind.DIGESTS
    assert [(row.number, row.sha256, row.sha512) for row in found.rows] == [(2, A, ""), (3, B, C)]
    assert found.refused == ()


def test_digests_without_a_header_are_told_by_their_length() -> None:
    assert parse(f"{C}\n{A}\n".encode()).rows[1].sha256 == A
    assert parse(f"{A}\n".encode(), Kind.DIGESTS).rows[0].sha256 == A
    found = parse(f"{'d' * 32}\n{'e' * 40}\n".encode())
    assert (found.kind, found.rows, [number for number, _ in found.refused]) == (Kind.DIGESTS, (), [1, 2])
    assert "not compared" in found.refused[0][1]


def test_what_may_be_of_two_kinds_is_asked_about() -> None:
    for text in (A, f"hash\n{A}", f"{A},clip.mp4"):
        with pytest.raises(UsageError, match="cannot be told") as caught:
            parse(text.encode())
        assert "--kind" in caught.value.line()
    assert parse(f"hash\n{A}".encode(), Kind.DIGESTS).rows[0].sha256 == A
    assert parse(f"hash\n{A}".encode(), Kind.PDQ).rows[0].pictures == (Picture(bytes.fromhex(A), 100),)


def test_pdq_is_read_with_and_without_a_header() -> None:
    for text in (f"hash,quality\n{A},99\n{B},7\n", f"quality,pdq\n99,{A}\n7,{B}\n", f"{A.upper()},99,a.jpg\n{B},7\n"):
        found = parse(text.encode())
        assert found.kind is Kind.PDQ
        assert [row.pictures for row in found.rows] == [
            (Picture(bytes.fromhex(A), 99),), (Picture(bytes.fromhex(B), 7),),
        ]  # fmt: skip
    assert parse(f"{A},a.jpg\n".encode(), Kind.PDQ).rows[0].pictures[0].quality == 100


def test_vpdq_is_read_in_each_of_its_forms() -> None:
    frames = [f"{A},100,0.000", f"{B},60,1.001"]
    older = {"0": {"hash": A, "quality": 100, "timestamp": 0.0}, "25": {"hash": B, "quality": 60, "timestamp": 1.001}}
    expected = (Picture(bytes.fromhex(A), 100, 0.0), Picture(bytes.fromhex(B), 60, 1.001))
    for text in (json.dumps(frames), json.dumps(older), f"0,100,{A},0.000\n25,60,{B},1.001\n"):
        found = parse(text.encode())
        assert found.kind is Kind.VPDQ
        assert [row.pictures for row in found.rows] == [expected]
        assert found.rows[0].seconds == 1.001


def test_sound_is_read_as_fpcalc_prints_it() -> None:
    found = parse(b'{"duration": 20.01, "fingerprint": [1, 4294967295, 7]}\n\n{"fingerprint": [-1], "duration": "x"}\n')
    assert found.kind is Kind.SOUND
    assert [(row.number, row.sound, row.seconds) for row in found.rows] == [
        (1, (1, 2**32 - 1, 7), 20.01), (3, (2**32 - 1,), 0.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Kind.DIGESTS, "g" * 64),
        (Kind.DIGESTS, A[:-1]),
        (Kind.DIGESTS, '"never closed'),
        (Kind.DIGESTS, "\u0660" * 64),
        (Kind.PDQ, f"{A},101"),
        (Kind.PDQ, A[:-2]),
        (Kind.PDQ, ","),
        (Kind.VPDQ, "[]"),
        (Kind.VPDQ, "{}"),
        (Kind.VPDQ, "7"),
        (Kind.VPDQ, "[" * 5_000),
        (Kind.VPDQ, "[[1]]"),
        (Kind.VPDQ, json.dumps([f"{A},100"])),
        (Kind.VPDQ, json.dumps([f"{A},100,-1"])),
        (Kind.VPDQ, json.dumps([f"{A},100,nan"])),
        (Kind.VPDQ, json.dumps([f"{A},100,1e9"])),
        (Kind.VPDQ, json.dumps([f"{A},100,999999999"])),
        (Kind.VPDQ, json.dumps({"0": {"hash": A, "quality": 100}})),
        (Kind.VPDQ, json.dumps({"0": [A, 100, 0]})),
        (Kind.SOUND, "{"),
        (Kind.SOUND, "[1]"),
        (Kind.SOUND, '{"fingerprint": []}'),
        (Kind.SOUND, '{"fingerprint": "AQAAA0"}'),
        (Kind.SOUND, '{"fingerprint": [4294967296]}'),
        (Kind.SOUND, '{"fingerprint": [1.5]}'),
        (Kind.SOUND, '{"fingerprint": [true]}'),
    ],
)
def test_a_bad_row_is_told_by_number_and_the_next_is_read(kind: Kind, line: str) -> None:
    good = {
        Kind.DIGESTS: A, Kind.PDQ: f"{A},5", Kind.VPDQ: json.dumps([f"{A},5,0"]), Kind.SOUND: '{"fingerprint": [5]}',
    }  # fmt: skip
    found = parse(f"{good[kind]}\r\n{line}\r\n{good[kind]}\r\n".encode(), kind)
    assert [row.number for row in found.rows] == [1, 3]
    assert [number for number, _ in found.refused] == [2]


def test_a_bad_frame_of_the_line_form_takes_no_other_with_it() -> None:
    found = parse(f"0,100,{A},0.0\n1,100,{A}\n2,300,{B},2.0\n3,90,{B},3.0\n".encode())
    assert [number for number, _ in found.refused] == [2, 3]
    assert len(found.rows[0].pictures) == 2


@pytest.mark.parametrize(
    ("data", "says"), [(b"", "empty"), (b"\n \n", "empty"), (b"\xff\xfe", "UTF-8"), (b"hello", "told")]
)
def test_what_is_no_list_is_refused_whole(data: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse(data)


def test_a_list_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    with pytest.raises(UsageError, match="more than 2 rows"):
        parse(f"sha256\n{A}\n{B}\n".encode())
    monkeypatch.setattr(reading, "MAX_BYTES", 60)
    with pytest.raises(UsageError, match="longer"):
        parse(f"sha256\n{A}\n".encode())
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MAX_PICTURES", 1)
    assert parse(json.dumps([f"{A},1,0", f"{A},1,1"]).encode()).refused[0][0] == 1
    with pytest.raises(UsageError, match="frames"):
        parse(f"0,1,{A},0\n1,1,{A},1\n".encode())


def test_what_is_written_is_read_back_and_its_order_tells_nothing() -> None:
    pictures = [
        Picture(bytes.fromhex(B), 60, 1.0),
        Picture(bytes.fromhex(A), 70, 0.0),
        Picture(bytes.fromhex(A), 90, 4.0),
    ]
    pdq = parse(writing.pdq(pictures))
    assert [(row.pictures[0].hash.hex(), row.pictures[0].quality) for row in pdq.rows] == [(A, 90), (B, 60)]
    digests = writing.digests([(B, C, 7), (A, C, 9), (B, C, 7)])
    assert digests == writing.digests([(A, C, 9), (B, C, 7)])
    assert [(row.sha256, row.sha512) for row in parse(digests).rows] == [(A, C), (B, C)]
    videos = [pictures[:2], pictures[2:]]
    assert writing.vpdq(videos) == writing.vpdq(videos[::-1])
    assert sorted(len(row.pictures) for row in parse(writing.vpdq(videos)).rows) == [1, 2]
    sound = parse(writing.sound([(20.014, (1, 2**32 - 1))]))
    assert [(row.sound, row.seconds) for row in sound.rows] == [((1, 2**32 - 1), 20.01)]


@given(st.binary(max_size=300), st.sampled_from([None, *Kind]))
def test_any_bytes_are_read_or_refused(data: bytes, kind: Kind | None) -> None:
    try:
        found = parse(data, kind)
    except UsageError:
        return
    lines = [line for line in data.decode("utf-8-sig").split("\n") if line.strip()]
    if found.kind is not Kind.VPDQ:
        assert len(lines) - 1 <= len(found.rows) + len(found.refused) <= len(lines)
