"""Kept cookies: encrypted, for the owner only, and gone when they are forgotten."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from archiver.cookies import Cookie
from archiver.custody import cookiejar
from archiver.custody.cookiejar import FILE_NAME, KEY_NAME, put, read
from archiver.errors import EvidenceError, UsageError

ONE = Cookie("example.org", True, "/", True, 0, "session", "key-to-an-account")
TWO = Cookie("other.example", False, "/", False, 5, "sid", "another-key")


def test_what_was_put_is_read_back_and_lies_encrypted(tmp_path: Path) -> None:
    assert read(tmp_path) == {}
    put(tmp_path, "example.org", [ONE])
    put(tmp_path, "other.example", [TWO])
    assert read(tmp_path) == {"example.org": (ONE,), "other.example": (TWO,)}
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not any(word in path.read_bytes() for word in (b"account", b"session", b"example"))


def test_the_same_cookies_are_never_encrypted_the_same_way_twice(tmp_path: Path) -> None:
    put(tmp_path, "example.org", [ONE])
    before = (tmp_path / FILE_NAME).read_bytes()
    put(tmp_path, "example.org", [ONE])
    assert before[:12] != (tmp_path / FILE_NAME).read_bytes()[:12]


def test_forgetting_the_last_site_removes_key_and_file(tmp_path: Path) -> None:
    put(tmp_path, "example.org", [ONE])
    put(tmp_path, "other.example", [TWO])
    put(tmp_path, "example.org", [])
    assert read(tmp_path) == {"other.example": (TWO,)}
    put(tmp_path, "other.example", [])
    assert list(tmp_path.iterdir()) == []
    put(tmp_path, "other.example", [])  # nothing to forget is no fault


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    put(tmp_path, "example.org", [ONE])
    (tmp_path / KEY_NAME).chmod(0o640)
    with pytest.raises(EvidenceError, match="can be read by other users") as caught:
        read(tmp_path)
    assert caught.value.code == "key-readable"
    with pytest.raises(EvidenceError):
        put(tmp_path, "other.example", [TWO])


def test_an_altered_or_lost_file_is_told_and_nothing_of_it_shown(tmp_path: Path) -> None:
    put(tmp_path, "example.org", [ONE])
    whole = (tmp_path / FILE_NAME).read_bytes()
    for altered in (whole[:-1] + bytes([whole[-1] ^ 1]), b"\0" + whole[1:], b"", whole[:5]):
        (tmp_path / FILE_NAME).write_bytes(altered)
        with pytest.raises(EvidenceError, match="not what was written"):
            read(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(whole)
    key = (tmp_path / KEY_NAME).read_bytes()
    for wrong in (key[:-1], bytes(32)):
        (tmp_path / KEY_NAME).write_bytes(wrong)
        with pytest.raises(EvidenceError, match="not what was written"):
            read(tmp_path)
    (tmp_path / KEY_NAME).unlink()
    with pytest.raises(EvidenceError, match="is missing"):
        read(tmp_path)


def test_two_at_a_time_lose_nothing(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: put(tmp_path, f"s{number}.example", [ONE]), range(12)))
    assert len(read(tmp_path)) == 12


def test_more_than_a_job_can_carry_is_refused(tmp_path: Path) -> None:
    large = [Cookie("example.org", True, "/", True, 0, f"n{number}", "x" * 4000) for number in range(20)]
    with pytest.raises(UsageError, match="longer than"):
        put(tmp_path, "example.org", large)
    assert cookiejar.read(tmp_path) == {}
