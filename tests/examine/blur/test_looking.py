"""What comes out of the sandbox about faces is numbers of a known form, or nothing of it is used."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from archiver.covers import Area, Box, Cover, Mark
from archiver.examine.blur import copying, looking
from archiver.examine.blur.asked import Hiding
from archiver.examine.blur.copying import blur
from archiver.examine.blur.spelling import covers_from_json, covers_to_json
from archiver.examine.blur.tracking import Sighting
from archiver.sandbox.failure import Failure, SandboxError


class Sandboxes:
    """Answers as a job would that an attacker has taken over: `seen` and `copy` are what it writes."""

    def __init__(self, seen: bytes = b"0\n", copy: bytes = b"film", **answer: Any) -> None:
        counted = {"width": 1, "height": 1, "frames": 1, "frames_with_patches": 1, "length_ms": 0}
        self.seen, self.copy = seen, copy
        self.answer: Any = {"tools": {"pyav": "1"}, "counted": counted} | answer

    def run(self, target: str, files: Any, arguments: Any, *, output: Path, **limits: Any) -> bytes:
        if target.endswith(":look"):
            output.write_bytes(self.seen)
            return b'{"centerface": "1"}'
        output.write_bytes(self.copy)
        return json.dumps(self.answer).encode()


def made(sandboxes: Any, tmp_path: Path) -> copying.Blurred:
    """What becomes of it."""
    found = blur(sandboxes, tmp_path / "original", "video", Hiding(), tmp_path / "copy", "")
    assert (tmp_path / "copy").exists() == (not found.failure)
    return found


def test_lines_are_read_as_they_are_written() -> None:
    lines = [b"0\n", b"200 1 2 3 4\n", b"400 1 2 3 4 5 6 7 8\n"]
    assert list(looking.read(lines)) == [
        Sighting(0, ()),
        Sighting(200, (Box(1, 2, 3, 4),)),
        Sighting(400, (Box(1, 2, 3, 4), Box(5, 6, 7, 8))),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [b"0 1 2 3\n"],
        [b"0\n", b"0\n"],
        [b"200\n", b"100\n"],
        [b"-1\n"],
        [b"1.5\n"],
        [b"x\n"],
        [b"\n"],
        [b"\xff\n"],
        [b"0 1 2 3 1000001\n"],
        [b"0 -1 2 3 4\n"],
        [b"99999999999999\n"],
        [b"0 " + b"1 2 3 4 " * 10_000 + b"\n"],
    ],
)
def test_lines_of_another_form_are_refused(lines: list[bytes]) -> None:
    with pytest.raises(ValueError):
        list(looking.read(lines))


def test_an_answer_of_the_right_form_is_taken(tmp_path: Path) -> None:
    assert made(Sandboxes(), tmp_path).failure == ""


@pytest.mark.parametrize(
    "sandboxes",
    [
        Sandboxes(seen=b"0 1 2\n"),
        Sandboxes(counted={}),
        Sandboxes(counted={"width": -1, "height": 1, "frames": 1, "frames_with_patches": 1, "length_ms": 0}),
        Sandboxes(counted={"width": 1, "height": 1, "frames": 1.5, "frames_with_patches": 1, "length_ms": 0}),
        Sandboxes(tools=[]),
        Sandboxes(tools={"a name with blanks": "1"}),
        Sandboxes(tools={"pyav": "<script>"}),
        Sandboxes(more=1),
    ],
)
def test_an_answer_of_another_form_is_refused(sandboxes: Any, tmp_path: Path) -> None:
    assert made(sandboxes, tmp_path).failure == "answer-refused"


def test_more_than_can_be_looked_through_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "MAX_SEEN_BYTES", 3)
    assert made(Sandboxes(seen=b"0\n1\n2\n"), tmp_path).failure == "answer-refused"


def test_why_a_job_ended_is_told(tmp_path: Path) -> None:
    class Ending:
        def run(self, *given: Any, **more: Any) -> bytes:
            raise SandboxError(Failure.TIMED_OUT, "it took too long")

    found = made(Ending(), tmp_path)
    assert (found.failure, found.why) == ("timed-out", "it took too long")


def test_covers_are_read_as_they_are_written() -> None:
    covers = [Area("b1", Box(1, 2, 3, 4), 0, 500).cover(), Cover((Mark(-800, Box(0, 0, 5, 5)),))]
    assert covers_from_json(covers_to_json(covers)) == covers
    assert covers_from_json(covers_to_json([])) == []


def test_how_far_it_is_can_be_seen_while_it_goes_on() -> None:
    with tempfile.TemporaryDirectory() as folder:
        seen = Path(folder, "seen")
        for written, ms in ((b"", 0), (b"0\n", 0), (b"0\n200 1 2 3 4\n", 200), (b"0\n200\n40", 200), (b"x\nx\n", 0)):
            seen.write_bytes(written)
            assert copying._last_ms(seen) == ms
