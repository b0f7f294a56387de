"""PDQ lists by Meta's rules."""

from __future__ import annotations

import random

import pytest

from archiver.hashlist.records import Picture, Row
from archiver.match import listed as module
from archiver.match.listed import Like, PictureList, pictures_of
from archiver.standard import PdqPrint

_CHANCE = random.Random(17)
HASHES = [_CHANCE.randbytes(32) for _ in range(40)]


def flipped(hashed: bytes, bits: int) -> bytes:
    """`hashed` with so many bits changed."""
    return (int.from_bytes(hashed) ^ ((1 << bits) - 1)).to_bytes(32)


def video(hashes: list[bytes], quality: int = 100) -> PdqPrint:
    times = tuple(1000 * second for second in range(len(hashes)))
    return PdqPrint("video", 1000 * len(hashes), times, tuple(hashes), (quality,) * len(hashes), {}, {})


def image(hashed: bytes, quality: int = 100) -> PdqPrint:
    return PdqPrint("image", 0, (0,), (hashed,), (quality,), {}, {})


def pictures(*hashes: bytes, quality: int = 100) -> list[Row]:
    return [Row(number, pictures=(Picture(one, quality),)) for number, one in enumerate(hashes, 1)]


def film(hashes: list[bytes]) -> list[Row]:
    return [Row(1, pictures=tuple(Picture(one, 100, second) for second, one in enumerate(hashes)))]


def test_31_bits_are_alike_and_32_are_not() -> None:
    listed = PictureList(pictures(flipped(HASHES[0], 31), flipped(HASHES[0], 32)), videos=False)
    assert listed.like(image(HASHES[0])) == [Like(1, 31.0, 0.0, 0.0)]


def test_a_listed_picture_is_found_in_a_video_with_its_second() -> None:
    listed = PictureList(pictures(HASHES[30], flipped(HASHES[4], 6)), videos=False)
    assert listed.like(video(HASHES[:9])) == [Like(2, 6.0, 4.0, 5.0)]


def test_pictures_of_little_to_see_are_compared_on_neither_side() -> None:
    assert PictureList(pictures(HASHES[0], quality=49), videos=False).like(image(HASHES[0])) == []
    assert PictureList(pictures(HASHES[0]), videos=False).like(image(HASHES[0], quality=49)) == []
    assert pictures_of(video(HASHES[:3], quality=49)) == []
    assert [one.seconds for one in pictures_of(video(HASHES[:3], quality=50))] == [0.0, 1.0, 2.0]


def test_a_video_is_alike_when_most_of_one_is_in_the_other() -> None:
    whole = PictureList(film(HASHES[:20]), videos=True)
    (excerpt,) = whole.like(video([flipped(one, 4) for one in HASHES[5:12]]))
    assert (excerpt.share_of_list, excerpt.share_of_item, excerpt.bits) == (0.35, 1.0, 4.0)
    (longer,) = PictureList(film(HASHES[5:12]), videos=True).like(video(HASHES[:20]))
    assert (longer.share_of_list, longer.start, longer.end) == (1.0, 5.0, 12.0)
    assert whole.like(video(HASHES[15:30])) == []


def test_an_image_is_no_copy_of_a_video() -> None:
    assert PictureList(film(HASHES[:1]), videos=True).like(image(HASHES[0])) == []


def test_nothing_is_like_nothing() -> None:
    assert PictureList([], videos=False).like(image(HASHES[0])) == []
    assert PictureList(pictures(HASHES[0]), videos=False).like(video([])) == []


def test_long_lists_are_compared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = pictures(*HASHES)
    whole = PictureList(rows, videos=False).like(video(HASHES[10:30]))
    monkeypatch.setattr(module, "_AT_A_TIME", 50)
    assert PictureList(rows, videos=False).like(video(HASHES[10:30])) == whole
    assert [like.row for like in whole] == list(range(11, 31))
