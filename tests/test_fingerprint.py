"""The format of fingerprint objects: round trips, and what is refused."""

import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.fingerprint import (
    BLOCK,
    FORMS,
    MAX_MS,
    SIDE,
    VIDEO_ALGORITHM,
    Fingerprint,
    FingerprintError,
    decode,
    pack,
    pack_block,
    unpack_block,
)

_SHORT = st.text(max_size=20)


def _fingerprint(times: tuple[int, ...] = (0, 333, 667), seed: int = 1) -> Fingerprint:
    pictures = np.random.default_rng(seed).integers(0, 256, (len(times), SIDE, SIDE), np.uint8)
    return Fingerprint(
        algorithm=VIDEO_ALGORITHM,
        duration_ms=1000,
        times_ms=times,
        blocks=pack(pictures),
        parameters={"rate": 3, "scaling": "area"},
        tools={"av": "1"},
        exchange={},
    )


def _with_header(**changes: object) -> bytes:
    blob = _fingerprint().to_bytes()
    (size,) = struct.unpack_from("<I", blob, 4)
    header = json.loads(blob[8 : 8 + size]) | changes
    spelled = json.dumps(header).encode()
    return blob[:4] + struct.pack("<I", len(spelled)) + spelled + blob[8 + size :]


@given(
    steps=st.lists(st.integers(1, 10_000), max_size=12),
    seed=st.integers(0, 1000),
    algorithm=st.sampled_from(tuple(FORMS)),
    parameters=st.dictionaries(_SHORT, st.one_of(_SHORT, st.integers(-(2**40), 2**40)), max_size=4),
    texts=st.dictionaries(_SHORT, _SHORT, max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_what_was_written_is_read(
    steps: list[int], seed: int, algorithm: str, parameters: dict[str, int | str], texts: dict[str, str]
) -> None:
    times = tuple(int(each) for each in np.cumsum(steps, dtype=np.int64))
    form = FORMS[algorithm]
    pictures = np.random.default_rng(seed).integers(0, 256, (len(times), form.side, form.side), np.uint8)
    made = Fingerprint(algorithm, 5, times, pack(pictures, form), parameters, texts, texts)
    read = decode(made.to_bytes())
    assert read == made
    assert read.kind == form.kind
    assert read.to_bytes() == made.to_bytes()
    assert np.array_equal(read.pictures(), pictures >> form.shift << form.shift)


def test_an_object_of_the_first_algorithm_is_read() -> None:
    """Its bytes as version 0.2 wrote them: a picture of 64 x 64 at 6 bits, and one four levels darker."""
    levels = np.repeat(np.array([10, 20], np.uint8), 32 * 64).reshape(64, 64)
    block = zlib.compress(levels.tobytes() + np.full((64, 64), 60, np.uint8).tobytes())
    header = (
        b'{"algorithm":"archiver-video-dct/1","duration_ms":667,"exchange":{},"kind":"video",'
        b'"parameters":{"shift":2,"side":64},"samples":2,"tools":{}}'
    )
    sections = header, zlib.compress(struct.pack("<ii", 0, 333)), block
    read = decode(b"AFP\x01" + b"".join(struct.pack("<I", len(each)) + each for each in sections))
    assert read.pictures().shape == (2, 64, 64)
    assert read.pictures()[:, [0, 63], 5].tolist() == [[40, 80], [24, 64]]


def test_pictures_of_several_blocks_stay_in_order() -> None:
    levels = (np.arange(BLOCK + 3) % 32 * 8).astype(np.uint8)
    pictures = np.broadcast_to(levels[:, None, None], (len(levels), SIDE, SIDE))
    made = Fingerprint(VIDEO_ALGORITHM, 9, tuple(range(len(levels))), pack(pictures), {}, {}, {})
    assert len(made.blocks) == 2
    assert np.array_equal(decode(made.to_bytes()).pictures(), pictures)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(FingerprintError):
        decode(noise)
    with pytest.raises(FingerprintError):
        decode(b"AFP\x01" + noise)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_byte_is_refused_or_gives_a_fingerprint_within_bounds(data: st.DataObject) -> None:
    blob = bytearray(_fingerprint().to_bytes())
    at = data.draw(st.integers(0, min(len(blob) - 1, 700)))
    blob[at] ^= data.draw(st.integers(1, 255))
    try:
        read = decode(bytes(blob))
    except FingerprintError:
        return
    assert read.pictures().shape == (len(read.times_ms), SIDE, SIDE)
    assert all(0 <= each <= MAX_MS for each in read.times_ms)


def test_every_truncation_is_refused() -> None:
    blob = _fingerprint().to_bytes()
    for end in range(0, len(blob), 97):
        with pytest.raises(FingerprintError):
            decode(blob[:end])
    with pytest.raises(FingerprintError):
        decode(blob + b"\x00")
    with pytest.raises(FingerprintError):
        decode(blob + struct.pack("<I", 0))


@pytest.mark.parametrize(
    "changes",
    [
        {"algorithm": "archiver-video-dct/1"},
        {"algorithm": "archiver-video-dct/9"},
        {"algorithm": ["archiver-video-dct/2"]},
        {"kind": "image"},
        {"samples": 2},
        {"samples": 4},
        {"samples": -1},
        {"samples": 10**9},
        {"samples": True},
        {"samples": 3.0},
        {"duration_ms": MAX_MS + 1},
        {"parameters": {"rate": 3.5}},
        {"parameters": {"rate": True}},
        {"parameters": {"deep": {}}},
        {"parameters": []},
        {"tools": {"av": 1}},
        {"exchange": {"phash": "0" * 201}},
        {"more": 1},
    ],
)
def test_a_header_out_of_range_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(FingerprintError):
        decode(_with_header(**changes))


def test_times_that_do_not_rise_are_refused() -> None:
    for times in ((0, 0, 1), (5, 3, 9), (-1, 3, 9), (0, 1, MAX_MS + 1)):
        with pytest.raises(FingerprintError):
            decode(_fingerprint(times).to_bytes())


def test_a_block_that_unpacks_to_more_than_it_should_is_refused_without_unpacking_it() -> None:
    bomb = zlib.compress(bytes(200_000_000), 9)
    with pytest.raises(FingerprintError):
        unpack_block(bomb, 1)
    made = _fingerprint()
    with pytest.raises(FingerprintError):
        decode(Fingerprint(made.algorithm, 1, made.times_ms, (bomb,), {}, {}, {}).to_bytes())


def test_levels_out_of_range_are_refused() -> None:
    with pytest.raises(FingerprintError):
        unpack_block(zlib.compress(bytes([64]) * SIDE * SIDE), 1)


def test_a_still_scene_takes_few_bytes() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (1, SIDE, SIDE), np.uint8)
    assert len(pack_block(np.repeat(picture, 30, axis=0))) < 1.1 * len(pack_block(picture)) + 400


@pytest.mark.parametrize("short", [0, 2_048])
def test_short_and_long_films_are_read_alike_and_pictures_are_not_to_be_changed(
    short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.fingerprint._SHORT", short)
    pictures = np.random.default_rng(5).integers(0, 256, (BLOCK + 3, SIDE, SIDE), np.uint8)
    times = tuple(range(0, len(pictures) * 10, 10))
    made = decode(Fingerprint(VIDEO_ALGORITHM, 5, times, pack(pictures), {}, {}, {}).to_bytes())
    assert np.array_equal(made.pictures(), pictures >> 3 << 3)
    with pytest.raises(ValueError, match="read-only"):
        made.pictures()[0] = 0
