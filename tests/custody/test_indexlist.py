"""Every reader of the index sees one whole list of volumes, and what no list names does not stay."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.custody import indexlist
from archiver.custody.indexlist import ListError, VolumeFile, VolumeList

FILE = VolumeFile("one.volume", "ab" * 32, 1_000, 17, 3, 250)
LIST = VolumeList("recipe/1", 7, "cd" * 32, ("ef" * 32,), (FILE, replace(FILE, name="two.volume")))


def test_a_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    indexlist.write(tmp_path, LIST)
    assert indexlist.read(tmp_path, "recipe/1") == indexlist.glance(tmp_path) == LIST
    assert (LIST.films, LIST.codes, LIST.bytes) == (6, 500, 2_000)


def test_where_there_is_no_list_yet_it_is_empty(tmp_path: Path) -> None:
    assert indexlist.read(tmp_path / "index", "recipe/1") == VolumeList("recipe/1")
    assert indexlist.glance(tmp_path / "index").volumes == ()
    assert indexlist.stamp(tmp_path / "index") == ()


def test_the_list_of_another_recipe_is_not_used(tmp_path: Path) -> None:
    indexlist.write(tmp_path, LIST)
    with pytest.raises(ListError, match="another version"):
        indexlist.read(tmp_path, "recipe/2")


def test_any_changed_byte_is_noticed(tmp_path: Path) -> None:
    indexlist.write(tmp_path, LIST)
    path = tmp_path / indexlist.FILE_NAME
    good = path.read_bytes()
    for place in range(0, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(ListError):
            indexlist.read(tmp_path, "recipe/1")
    for cut in (0, 30, 65, len(good) - 1):
        path.write_bytes(good[:cut])
        with pytest.raises(ListError):
            indexlist.read(tmp_path, "recipe/1")
        assert indexlist.glance(tmp_path).volumes == ()


def test_what_the_new_list_does_not_name_is_removed(tmp_path: Path) -> None:
    for name in ("one.volume", "two.volume", "torn.volume", ".volumes.json.x.new", indexlist.LOCK_NAME):
        (tmp_path / name).write_bytes(b"x")
    before = indexlist.stamp(tmp_path)
    indexlist.write(tmp_path, LIST)
    assert {path.name for path in tmp_path.iterdir()} == {
        "one.volume", "two.volume", indexlist.FILE_NAME, indexlist.LOCK_NAME,
    }  # fmt: skip
    assert indexlist.stamp(tmp_path) != before


def _hold(folder: Path, held: object, release: object) -> None:
    with indexlist.writing(folder):
        held.set()  # type: ignore[attr-defined]
        release.wait(60)  # type: ignore[attr-defined]


def test_a_second_writer_waits_says_so_and_gets_its_turn(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, release))
    other.start()
    assert held.wait(60)
    said = []

    def waiting() -> None:
        said.append("waiting")
        release.set()

    with indexlist.writing(tmp_path, waiting):
        assert said == ["waiting"]
    other.join()
    with indexlist.writing(tmp_path, waiting):
        assert said == ["waiting"]
