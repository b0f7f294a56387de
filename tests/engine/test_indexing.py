"""The index follows the records, and nothing that happens to its files loses a copy or ends a command."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from archiver.custody import acquisitions, indexlist
from archiver.custody.vault import Vault, create
from archiver.engine import volumes
from archiver.engine.indexing import VaultIndex
from archiver.fingerprint import SIDE, VIDEO_ALGORITHM, Fingerprint, pack
from archiver.match import index as matching
from archiver.model import Acquisition, Finding, Holding, Item, Outcome, Role, StoredObject, now

SECONDS = 4
WIDE = SIDE + 32
#: Nearer things are more alike, as in the world.
SMOOTH = 1 / np.maximum(np.hypot(np.fft.fftfreq(WIDE)[:, None], np.fft.fftfreq(WIDE)[None]), 0.01) ** 1.2


def film(seed: int) -> Fingerprint:
    """A camera that pans over a picture of its own, three samples a second."""
    rng = np.random.default_rng(seed)
    spots = np.fft.ifft2(np.fft.fft2(rng.normal(size=(WIDE, WIDE))) * SMOOTH).real
    picture = (spots - spots.mean()) / spots.std() * 30 + 128
    down, right = rng.uniform(0.3, 1.0, 2)
    places = [(int(down * at), int(right * at)) for at in range(3 * SECONDS)]
    moves = [picture[y : y + SIDE, x : x + SIDE] for y, x in places]
    times = tuple(at * 1000 // 3 for at in range(3 * SECONDS))
    blocks = pack(np.clip(np.stack(moves), 0, 252).astype(np.uint8))
    return Fingerprint(VIDEO_ALGORITHM, SECONDS * 1000, times, blocks, {"seed": seed}, {"test": "1"}, {})


def take_in(vault: Vault, *seeds: int) -> list[str]:
    """Record a film each; gives the fingerprints' names."""
    names = []
    for seed in seeds:
        rows = vault.database.read().execute("SELECT COUNT(*) FROM item").fetchone()
        number = f"{rows[0]:09}"
        held = []
        for role, data in ((Role.ORIGINAL, f"film {seed}".encode()), (Role.FINGERPRINT, film(seed).to_bytes())):
            kept = vault.store.put(data)
            held.append(Holding(StoredObject(kept.sha256, kept.sha512, kept.size, "video/mp4"), role))
        item = Item(f"i{number}", f"n{number}.1", "", "", f"film {seed}", now(), tuple(held))
        acquisition = Acquisition(
            id=item.acquisition_id, kind="ingest", request_id="", attempt=1, source="", started_at=now(),
            ended_at=now(), outcome=Outcome.SUCCESS, reason="", message="", tools=(), items=(item,),
        )  # fmt: skip
        acquisitions.record(vault, acquisition)
        names.append(held[1].object.sha256)
    return names


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return create(tmp_path / "vault")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def open_index(vault: Vault, said: list[str]) -> Callable[..., VaultIndex]:
    """A function that opens the index as a new process would."""

    def opened(*, thorough: bool = False) -> VaultIndex:
        index = VaultIndex(vault, tell=said.append, thorough=thorough)
        index.catch_up()
        return index

    return opened


def found(index: VaultIndex, seed: int) -> list[str]:
    """Films of which that one is a copy."""
    answers = matching.query(film(seed), index, lambda name: True)
    return [each.item_id for each in answers if each.finding is Finding.SAME_RECORDING]


def held(index: VaultIndex) -> set[str]:
    """The films whose codes are in the index."""
    return {index.name(number) for number in range(sum(each.films for each in index.volumes))}


def volume_files(vault: Vault) -> list[Path]:
    return sorted((vault.folder / "index").glob(f"*{indexlist.SUFFIX}"))


def on_disk(vault: Vault) -> int:
    return indexlist.glance(vault.folder / "index").films


def test_what_is_recorded_is_found_by_every_process_and_no_other(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str]
) -> None:
    one, two = take_in(vault, 1, 2)
    first = open_index()
    assert found(first, 1) == [one]
    assert found(first, 3) == []
    (three,) = take_in(vault, 3)
    second = open_index()
    assert found(second, 3) == [three]
    assert found(second, 2) == [two]
    first.catch_up()
    assert found(first, 3) == [three]
    assert said == []


def test_nothing_is_read_or_written_where_nothing_is_new(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    take_in(vault, 1)
    index = open_index()
    before = indexlist.stamp(vault.folder / "index")
    for path in (vault.folder / "index").iterdir():
        os.utime(path, ns=(1, path.stat().st_mtime_ns))
    index.catch_up()
    open_index()
    assert indexlist.stamp(vault.folder / "index") == before


def test_many_small_volumes_become_few(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    names = []
    for seed in range(20):
        names += take_in(vault, seed)
        open_index()
    assert len(volume_files(vault)) < 2 * volumes.GROWTH
    index = open_index()
    assert held(index) == set(names)
    assert found(index, 7) == [names[7]]


def test_the_same_fingerprint_twice_is_one_film(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    take_in(vault, 1, 1, 1)
    open_index()
    take_in(vault, 1)
    open_index()
    assert on_disk(vault) == 1


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [cut, flip, empty, Path.unlink, replace_by_a_folder])
def test_a_damaged_volume_is_made_anew_and_said(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str], damage: Callable[[Path], None]
) -> None:
    one, two = take_in(vault, 1, 2)
    open_index()
    (path,) = volume_files(vault)
    damage(path)
    index = open_index()
    assert found(index, 1) == [one]
    assert held(index) == {one, two}
    assert len(said) == 1
    assert path.name in said[0]
    assert [each.name for each in volume_files(vault)] == [each.name for each in volume_files(vault) if each.is_file()]


def test_damage_that_keeps_size_and_time_is_found_by_a_thorough_look(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str]
) -> None:
    (one,) = take_in(vault, 1)
    open_index()
    (path,) = volume_files(vault)
    time = path.stat().st_mtime_ns
    flip(path)
    os.utime(path, ns=(time, time))
    assert found(open_index(thorough=True), 1) == [one]
    assert len(said) == 1


@pytest.mark.parametrize("damage", [cut, flip, empty, lambda path: path.write_bytes(b"{}"), replace_by_a_folder])
def test_a_damaged_list_is_made_anew_and_said(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str], damage: Callable[[Path], None]
) -> None:
    (one,) = take_in(vault, 1)
    open_index()
    damage(vault.folder / "index" / indexlist.FILE_NAME)
    assert found(open_index(), 1) == [one]
    assert len(said) >= 1


def test_an_index_that_was_deleted_comes_back(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    (one,) = take_in(vault, 1)
    open_index()
    shutil.rmtree(vault.folder / "index")
    assert found(open_index(), 1) == [one]
    assert on_disk(vault) == 1


def test_an_index_of_another_recipe_is_made_anew_and_said(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (one,) = take_in(vault, 1)
    monkeypatch.setattr("archiver.engine.indexing.recipe", lambda: "archiver-index/0")
    open_index()
    monkeypatch.undo()
    assert found(open_index(), 1) == [one]
    assert "another version" in said[0]


def test_an_index_that_is_ahead_of_the_records_misses_nothing(
    vault: Vault, open_index: Callable[..., VaultIndex], tmp_path: Path
) -> None:
    """A vault whose records were restored from a backup, with the index of later ones."""
    take_in(vault, 1)
    open_index()
    shutil.copytree(vault.folder / "index", tmp_path / "later")
    with vault.database.write() as transaction:
        transaction.execute("DELETE FROM holding")
    (other,) = take_in(vault, 2)
    assert found(open_index(), 2) == [other]


def test_a_missing_fingerprint_is_taken_in_when_it_is_back(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    one, two = take_in(vault, 1, 2)
    path = vault.store.path(one)
    data = path.read_bytes()
    path.unlink()
    open_index()
    assert indexlist.glance(vault.folder / "index").unread == (one,)
    path.write_bytes(data)
    take_in(vault, 3)
    index = open_index()
    assert {one, two} < held(index)
    assert indexlist.glance(vault.folder / "index").unread == ()


def test_what_is_no_picture_s_fingerprint_is_passed_over(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    (one,) = take_in(vault, 1)
    kept = vault.store.put(b"a fingerprint of sound")
    with vault.database.write() as transaction:
        transaction.execute("INSERT INTO object SELECT ?, sha512, size, media_type FROM object LIMIT 1", (kept.sha256,))
        transaction.execute("UPDATE holding SET sha256 = ? WHERE sha256 = ?", (kept.sha256, one))
    assert found(open_index(), 1) == []
    assert indexlist.glance(vault.folder / "index").unread == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_the_vault_cannot_be_written_the_index_is_held_in_memory(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str]
) -> None:
    (one,) = take_in(vault, 1)
    vault.folder.chmod(0o500)
    try:
        assert found(open_index(), 1) == [one]
    finally:
        vault.folder.chmod(0o700)
    assert "memory" in said[0]


def test_where_a_file_is_in_the_way_or_the_disk_is_full_the_index_is_held_in_memory(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str]
) -> None:
    (one,) = take_in(vault, 1)
    (vault.folder / "index").write_bytes(b"")
    index = open_index()
    assert found(index, 1) == [one]
    assert "memory" in said[0]
    (vault.folder / "index").unlink()
    (two,) = take_in(vault, 2)
    index.catch_up()
    assert held(index) == {one, two}
    assert on_disk(vault) == 2, "what was in memory was written when it could be"


def test_a_rebuild_gives_the_same_answers(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    names = take_in(vault, 1, 2)
    open_index()
    names += take_in(vault, 3)
    index = open_index()
    before = [found(index, seed) for seed in (1, 3)]
    made = VaultIndex(vault).rebuild()
    assert (made.films, len(made.volumes)) == (3, 1)
    index.catch_up()
    assert [found(index, seed) for seed in (1, 3)] == before == [[names[0]], [names[2]]]


def test_progress_is_told_where_much_is_taken_in(vault: Vault) -> None:
    take_in(vault, *range(25))
    told: list[tuple[int, int]] = []
    VaultIndex(vault, progress=lambda done, total: told.append((done, total))).catch_up()
    assert told[0] == (0, 25)
    assert told[-1] == (25, 25)
    VaultIndex(vault, progress=lambda done, total: pytest.fail("nothing is new")).catch_up()


def _killed_at(folder: Path, call: int) -> None:
    """Take in everything, and die at the so-many-th thing that is done to a file."""
    from archiver.custody.vault import open_vault

    left = call
    real = {name: getattr(os, name) for name in ("open", "fsync", "replace", "unlink", "posix_fallocate", "ftruncate")}

    def dying(name: str) -> Callable[..., object]:
        def act(*arguments: object, **more: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real[name](*arguments, **more)

        return act

    vault = open_vault(folder, {})
    for name in real:
        setattr(os, name, dying(name))
    VaultIndex(vault).catch_up()
    os._exit(0)


@pytest.mark.slow
def test_killed_at_any_write_the_index_loses_nothing(
    vault: Vault, open_index: Callable[..., VaultIndex], said: list[str]
) -> None:
    names: list[str] = []
    context = multiprocessing.get_context("fork")
    codes: list[int | None] = []
    for call in range(40):
        names += take_in(vault, len(names))  # so that there is something to write, and now and then to merge
        child = context.Process(target=_killed_at, args=(vault.folder, call))
        child.start()
        child.join(60)
        codes.append(child.exitcode)
        if codes[-3:] == [0, 0, 0]:
            break
    assert codes.count(-signal.SIGKILL) >= 8, "each step of a write was a moment to die at"
    assert codes[-1] == 0
    index = open_index()
    assert held(index) == set(names)
    assert found(index, 3) == [names[3]]
    assert said == [], "nothing was damaged"
    listed = {each.name for each in indexlist.glance(vault.folder / "index").volumes}
    assert {path.name for path in volume_files(vault)} == listed, "no leftover stays"
    assert on_disk(vault) == len(names)


def _take_in_all(folder: Path) -> None:
    from archiver.custody.vault import open_vault

    VaultIndex(open_vault(folder, {})).catch_up()
    os._exit(0)


def test_several_processes_write_one_index(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    take_in(vault, *range(6))
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_take_in_all, args=(vault.folder,)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * 4
    assert on_disk(vault) == 6


def test_films_are_named_by_their_fingerprints(vault: Vault, open_index: Callable[..., VaultIndex]) -> None:
    names = take_in(vault, 1, 2)
    index = open_index()
    assert sorted(index.name(number) for number in range(2)) == sorted(names)
    assert hashlib.sha256(film(1).to_bytes()).hexdigest() == names[0]
    assert index.fingerprint(names.index(index.name(0))) is not None
