"""Standard fingerprints as objects: one spelling, read back whole, and refused where anything is out of form."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import standard
from archiver.fingerprint import MAX_MS, FingerprintError
from archiver.standard import PdqPrint, SoundPrint, decode

PICTURES = PdqPrint(
    "video", 2_500, (0, 1_000, 2_040), (b"\1" * 32, bytes(32), b"\xff" * 32), (100, 0, 51), {"a": 1}, {}
)
SOUND = SoundPrint(9_000, -20, (0, 627_964_279, 2**32 - 1), {"rate": 11_025}, {"av": "18.1.0"})


@pytest.mark.parametrize("made", [PICTURES, SOUND])
def test_a_print_is_read_back_as_it_was_and_has_one_spelling(made: PdqPrint | SoundPrint) -> None:
    blob = made.to_bytes()
    assert decode(blob) == made
    assert json.dumps(json.loads(blob), sort_keys=True, separators=(",", ":")).encode() == blob


def test_it_can_be_read_without_us() -> None:
    read = json.loads(PICTURES.to_bytes())
    assert read["hashes"][0] == "01" * 32
    assert (read["algorithm"], read["times_ms"], read["qualities"]) == ("pdq/1", [0, 1_000, 2_040], [100, 0, 51])
    assert json.loads(SOUND.to_bytes())["fingerprint"] == [0, 627_964_279, 2**32 - 1]


@pytest.mark.parametrize(
    ("of", "changes"),
    [
        (PICTURES, {"algorithm": "pdq/2"}),
        (PICTURES, {"algorithm": ["pdq/1"]}),
        (PICTURES, {"extra": 1}),
        (PICTURES, {"kind": "sound"}),
        (PICTURES, {"kind": []}),
        (PICTURES, {"duration_ms": -1}),
        (PICTURES, {"duration_ms": 1.5}),
        (PICTURES, {"duration_ms": True}),
        (PICTURES, {"times_ms": [0, 1_000]}),
        (PICTURES, {"times_ms": [0, 0, 1]}),
        (PICTURES, {"times_ms": [0, 1, MAX_MS + 1]}),
        (PICTURES, {"times_ms": None}),
        (PICTURES, {"hashes": ["00" * 32, "00" * 32, "00" * 31]}),
        (PICTURES, {"hashes": ["00" * 32, "00" * 32, "FF" * 32]}),
        (PICTURES, {"hashes": ["00" * 32, "00" * 32, "0 " * 32]}),
        (PICTURES, {"hashes": ["00" * 32, "00" * 32, 7]}),
        (PICTURES, {"qualities": [0, 0, 101]}),
        (PICTURES, {"parameters": {"a": 1.5}}),
        (PICTURES, {"parameters": {str(n): n for n in range(33)}}),
        (PICTURES, {"tools": {"av": 18}}),
        (SOUND, {"fingerprint": [2**32]}),
        (SOUND, {"fingerprint": [-1]}),
        (SOUND, {"fingerprint": [1.0]}),
        (SOUND, {"fingerprint": "1,2,3"}),
        (SOUND, {"start_ms": -MAX_MS - 1}),
        (SOUND, {"tools": {"av": "x" * 201}}),
    ],
)
def test_anything_out_of_form_is_refused(of: PdqPrint | SoundPrint, changes: dict[str, Any]) -> None:
    with pytest.raises(FingerprintError):
        decode(json.dumps(json.loads(of.to_bytes()) | changes).encode())


@pytest.mark.parametrize("blob", [b"", b"null", b"[]", b"{", b"[" * 100_000, b"\xff", b'{"algorithm":"pdq/1"}'])
def test_what_is_no_print_is_refused(blob: bytes) -> None:
    with pytest.raises(FingerprintError):
        decode(blob)


def test_what_is_too_long_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard, "MAX_BYTES", 100)
    with pytest.raises(FingerprintError, match="longer"):
        decode(PICTURES.to_bytes())


def test_the_longest_prints_are_within_the_limit() -> None:
    count = standard.MAX_PICTURES
    pictures = PdqPrint("video", 1, tuple(range(10**8, 10**8 + count)), (bytes(32),) * count, (100,) * count, {}, {})
    assert len(pictures.to_bytes()) < standard.MAX_BYTES
    assert len(SoundPrint(1, 0, (2**32 - 1,) * standard.MAX_SOUND, {}, {}).to_bytes()) < standard.MAX_BYTES


@given(st.binary(max_size=20), st.integers(0, 500), st.integers(0, 9))
def test_a_mutated_print_is_read_or_refused(noise: bytes, at: int, removed: int) -> None:
    good = PICTURES.to_bytes()
    with contextlib.suppress(FingerprintError):
        decode(good[:at] + noise + good[at + removed :])
