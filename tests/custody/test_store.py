"""Objects are written once, compared when they come again, and never believed without being read back."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.custody import store as stores
from archiver.custody.store import CHUNK_BYTES, Store, digest
from archiver.errors import EvidenceError, MachineError


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "objects")


@given(data=st.binary(max_size=2000))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_put_is_read_back_under_its_own_digest(store: Store, data: bytes) -> None:
    digests = store.put(data)
    assert digests.sha256 == hashlib.sha256(data).hexdigest()
    assert digests.sha512 == hashlib.sha512(data).hexdigest()
    assert digests.size == len(data)
    assert store.read(digests.sha256) == data
    assert store.digest(digests.sha256) == digests


def test_an_object_lies_read_only_where_sha256sum_finds_it(store: Store) -> None:
    sha256 = store.put(b"footage").sha256
    path = store.folder / sha256[:2] / sha256[2:]
    assert path.read_bytes() == b"footage"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert list(store.names()) == [(sha256, path)]


def test_more_than_one_chunk_is_digested_whole(store: Store) -> None:
    data = os.urandom(CHUNK_BYTES + 17)
    assert store.copy(io.BytesIO(data)).sha256 == hashlib.sha256(data).hexdigest()
    assert digest(io.BytesIO(data)).size == len(data)


def test_the_same_bytes_are_one_object(store: Store) -> None:
    first = store.put(b"footage")
    inode = store.path(first.sha256).stat().st_ino
    assert store.put(b"footage") == first
    assert store.path(first.sha256).stat().st_ino == inode
    assert len(list(store.names())) == 1


def test_a_damaged_object_is_reported_and_not_overwritten(store: Store) -> None:
    sha256 = store.put(b"footage").sha256
    path = store.path(sha256)
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    with pytest.raises(EvidenceError) as caught:
        store.put(b"footage")
    assert caught.value.code == "object-altered"
    assert path.read_bytes() == b"damaged"


def test_what_is_not_what_was_expected_is_not_kept(store: Store) -> None:
    expected = digest(io.BytesIO(b"footage"))
    with pytest.raises(EvidenceError, match="not any more what it was") as error:
        store.copy(io.BytesIO(b"footagE"), expected)
    assert error.value.code == "file-changing"
    assert list(store.names()) == []
    assert store.copy(io.BytesIO(b"footage"), expected) == expected


def test_a_taken_file_keeps_its_first_name_and_may_be_taken_again(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "download"
    path.write_bytes(b"footage")
    digests = store.take(path)
    assert store.take(path) == digests
    assert path.samefile(store.path(digests.sha256))


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.EIO, "the line broke")

    with pytest.raises(OSError, match="broke"):
        store.copy(Broken())
    assert list(store.names()) == []


def test_a_full_disk_is_said_in_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError) as caught:
        store.put(b"footage")
    assert caught.value.code == "disk-full"
    assert list(store.names()) == []


def test_bytes_that_read_back_differently_are_not_accepted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "digest", lambda stream: stores.Digests("0" * 64, "0" * 128, 0))
    with pytest.raises(MachineError) as caught:
        store.put(b"footage")
    assert caught.value.code == "read-back-differs"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_is_no_digest_leads_nowhere(store: Store, name: str) -> None:
    with pytest.raises(EvidenceError):
        store.path(name)


def test_a_missing_object_is_an_error_of_ours(store: Store) -> None:
    with pytest.raises(EvidenceError) as caught:
        store.read("0" * 64)
    assert caught.value.code == "object-missing"


def test_strays_are_listed_too(store: Store) -> None:
    (store.folder / "stray").write_text("x")
    (store.folder / "link").symlink_to("/etc")
    assert {path.name for _, path in store.names()} == {"stray", "link"}
