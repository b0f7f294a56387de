"""What leaves the sandbox is bounded and checked, or refused whole."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.examine.bounded import RefusedAnswer, bounded_json
from archiver.examine.record import (
    Answer,
    Examination,
    FileRecord,
    claimed_creation,
    document,
    read_answer,
    read_stills,
)
from archiver.examine.warnings import MESSAGES

LIMIT = 100_000


def head(**changes: Any) -> dict[str, Any]:
    file = {"media_type": "video/mp4", "facts": {"width": 640, "codec": "h264"}, "warnings": ["truncated"]}
    good: dict[str, Any] = {
        "files": [file],
        "fingerprints": [{"file": 0, "algorithm": "a/1", "bytes": 4}],
        "metadata_bytes": 2 + 2,
        "tools": {"av": "18.1.0"},
    }
    return good | changes


def reply(head: Any, rest: bytes = b"[{}]BLOB") -> bytes:
    spelled = json.dumps(head).encode()
    return len(spelled).to_bytes(4, "big") + spelled + rest


def file(**changes: Any) -> dict[str, Any]:
    return {"files": [{"media_type": "video/mp4", "facts": {}, "warnings": []} | changes]}


def test_a_good_answer_is_read() -> None:
    answer = read_answer(reply(head()), 1, LIMIT)
    assert answer.files == (FileRecord("video/mp4", {"width": 640, "codec": "h264"}),)
    assert answer.warnings == (("truncated",),)
    assert [(one.file_index, one.algorithm, one.blob) for one in answer.fingerprints] == [(0, "a/1", b"BLOB")]
    assert answer.blocks == ({},)
    assert answer.tools == {"av": "18.1.0"}


def test_a_file_may_have_several_fingerprints_of_different_algorithms() -> None:
    prints = [{"file": 0, "algorithm": name, "bytes": size} for name, size in (("a/1", 1), ("pdq/1", 2), ("c/1", 1))]
    answer = read_answer(reply(head(fingerprints=prints)), 1, LIMIT)
    assert [(one.algorithm, one.blob) for one in answer.fingerprints] == [
        ("a/1", b"B"),
        ("pdq/1", b"LO"),
        ("c/1", b"B"),
    ]


@pytest.mark.parametrize(
    "untrusted",
    [
        b"",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff{}",
        reply([]),
        reply({}),
        reply(head(extra=1)),
        reply(head(files=[])),
        reply(head(files=None)),
        reply(head(**file(media_type="video/mp4\n<script>"))),
        reply(head(**file(media_type=7))),
        reply(head(**file(facts={"width": 2**53}))),
        reply(head(**file(facts={"width": 1.5}))),
        reply(head(**file(facts={"width": True}))),
        reply(head(**file(facts={"width": None}))),
        reply(head(**file(facts={"codec": "x" * 41}))),
        reply(head(**file(facts={"codec": "\u202e"}))),
        reply(head(**file(facts={"Codec\n": "x"}))),
        reply(head(**file(facts={f"f{n}": n for n in range(41)}))),
        reply(head(**file(warnings=["all is well"]))),
        reply(head(**file(warnings=["unheard-of"]))),
        reply(head(**file(warnings=[["truncated"]]))),
        reply(head(fingerprints=[{"file": 1, "algorithm": "a/1", "bytes": 4}])),
        reply(head(fingerprints=[{"file": -1, "algorithm": "a/1", "bytes": 4}])),
        reply(head(fingerprints=[{"file": 0, "algorithm": "", "bytes": 4}])),
        reply(head(fingerprints=[{"file": 0, "algorithm": "a/1", "bytes": 5}])),
        reply(head(fingerprints=[{"file": 0, "algorithm": "a/1", "bytes": 3}])),
        reply(head(fingerprints=[{"file": 0, "algorithm": "a/1", "bytes": 2}] * 2)),
        reply(head(fingerprints=[{"file": 0, "algorithm": f"a/{n}", "bytes": 1} for n in range(4)])),
        reply(head(fingerprints=[])),
        reply(head(metadata_bytes=9)),
        reply(head(metadata_bytes=-1)),
        reply(head(metadata_bytes=LIMIT + 1)),
        reply(head(metadata_bytes="4")),
        reply(head(), b"[[]]BLOB"),
        reply(head(), b"{}  BLOB"),
        reply(head(metadata_bytes=7), b"[{},{}]BLOB"),
        reply(head(tools={"av": "\x1b[31m"})),
        reply(head(tools={"av": 18})),
    ],
)
def test_an_answer_with_one_thing_wrong_is_refused(untrusted: bytes) -> None:
    with pytest.raises(RefusedAnswer):
        read_answer(untrusted, 1, LIMIT)


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(1, 30))
def test_a_mutated_answer_is_read_or_refused(noise: bytes, at: int, removed: int) -> None:
    good = reply(head())
    with contextlib.suppress(RefusedAnswer):
        read_answer(good[:at] + noise + good[at + removed :], 1, LIMIT)


@pytest.mark.parametrize(
    "untrusted",
    [
        b"[" * 100_000,
        b"[" * 40 + b"]" * 40,
        b"[" + b"1," * 2000 + b"1]",
        b"1" * 5000,
        b"1e999",
        b"-Infinity",
        b"NaN",
        b"1000000000000000000",
        b'"' + b"x" * 101 + b'"',
        b'{"' + b"x" * 101 + b'": 1}',
        b'"\\ud800"',
        b"\xff",
        b"",
    ],
)
def test_json_beyond_the_bounds_is_refused(untrusted: bytes) -> None:
    with pytest.raises(RefusedAnswer):
        bounded_json(untrusted, max_values=1000, max_string=100)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(max_size=20),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_json_within_the_bounds_is_read_as_it_is(value: Any) -> None:
    assert bounded_json(json.dumps(value).encode()) == value


def test_stills_are_told_apart_and_anything_else_refused() -> None:
    jpeg = b"\xff\xd8\xff\xe0"
    framed = len(jpeg).to_bytes(4, "big") + jpeg
    assert read_stills(framed * 2, 2) == [jpeg, jpeg]
    for untrusted, wanted in ((framed, 2), (framed * 2, 1), (b"\0\0\0\x04<svg", 1), (b"\xff\xff\xff\xff", 1), (b"", 1)):
        with pytest.raises(RefusedAnswer):
            read_stills(untrusted, wanted)


def test_the_document_is_the_same_every_time() -> None:
    answer = Answer((FileRecord("image/png", {"b": 1, "a": 2}),), ((),), (), ({"z": "ü", "a": 1.5},), {"av": "1"})
    spelled = document(answer, "bubblewrap", [("damaged",)])
    assert (
        spelled
        == (
            '{"files":[{"exiftool":{"a":1.5,"z":"ü"},"facts":{"a":2,"b":1},"media_type":"image/png",'
            '"warnings":["damaged"]}],"sandbox":"bubblewrap","schema":"archiver-metadata/1","tools":{"av":"1"}}'
        ).encode()
    )


def test_the_claimed_creation_is_the_camera_before_the_editor_and_never_a_zero_date() -> None:
    block: dict[str, Any] = {
        "QuickTime:CreateDate": {"desc": "Create Date", "val": "2020:01:02 03:04:05"},
        "EXIF:ExifIFD:DateTimeOriginal": {"desc": "x", "val": "2019:01:02 03:04:05+02:00"},
    }
    assert claimed_creation((block,)) == "2019:01:02 03:04:05+02:00"
    for value in ("0000:00:00 00:00:00", "<script>", 5, None, ["2019:01:02"], "2019:01:02 03:04:05\n"):
        assert claimed_creation(({"QuickTime:CreateDate": {"val": value}},)) == ""
    assert claimed_creation(({"QuickTime:CreateDate": "2020:01:02 03:04:05"},)) == ""


def test_the_summary_is_of_the_file_with_pictures() -> None:
    sound = FileRecord("audio/mp4", {"audio_codec": "aac", "stated_duration_ms": 900})
    picture = FileRecord("video/mp4", {"codec": "h264", "width": 640, "height": 360, "duration_ms": 1500})
    made = Examination((sound, picture), b"", (), (), "bubblewrap", (), created="2020:01:02")
    assert made.summary() == {
        "media_type": "video/mp4",
        "duration_seconds": 1.5,
        "width": 640,
        "height": 360,
        "codecs": "h264+aac",
        "created": "2020:01:02",
    }
    assert Examination((), b"", (), (), "rlimits", ()).summary() == {}


def test_every_message_is_one_plain_line() -> None:
    assert all(message.isprintable() and not message.endswith(".") for message in MESSAGES.values())
