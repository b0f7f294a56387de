"""Areas that people set: the ledger is their record, and only an item that is there has any."""

from __future__ import annotations

import pytest

from archiver.covers import Area, Box
from archiver.custody import areas
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.proof import canonical
from tests.report.bundle_story import FILM, PHOTO, build

BOX = Box(100_000, 200_000, 300_000, 400_000)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return build(tmp_path_factory.mktemp("areas") / "vault")


def test_areas_are_listed_as_they_were_set_until_they_are_taken_back(vault: Vault) -> None:
    first, entry = areas.add(vault, FILM, BOX, 0, 500, note="a badge")
    second, _ = areas.add(vault, FILM, Box(0, 0, 1, 1), 100, 200)
    assert areas.listing(vault, FILM) == [first, second]
    assert first == Area(first.id, BOX, 0, 500)
    assert areas.listing(vault, PHOTO) == []
    told = canonical.decode(vault.ledger.entry(entry))
    assert told["item"] == FILM
    assert told["detail"]["box"] == [100_000, 200_000, 300_000, 400_000]
    assert b"badge" not in vault.ledger.entry(entry)
    areas.remove(vault, FILM, [first.id])
    assert areas.listing(vault, FILM) == [second]
    with pytest.raises(UsageError, match="no area"):
        areas.remove(vault, FILM, [second.id, first.id])
    assert areas.listing(vault, FILM) == [second], "none was taken back"


@pytest.mark.parametrize(
    ("box", "start_ms", "end_ms"), [(Box(0, 0, 0, 5), 0, 1), (Box(0, 0, 5, 0), 0, 1), (BOX, 5, 5), (BOX, -1, 5)]
)
def test_an_area_that_hides_nothing_is_refused(vault: Vault, box: Box, start_ms: int, end_ms: int) -> None:
    before = vault.ledger.latest()
    with pytest.raises(UsageError, match="empty"):
        areas.add(vault, FILM, box, start_ms, end_ms)
    assert vault.ledger.latest() == before


def test_an_item_that_is_not_there_has_none(vault: Vault) -> None:
    with pytest.raises(UsageError):
        areas.add(vault, "inothing22", BOX, 0, 1)
    with pytest.raises(UsageError):
        areas.listing(vault, "inothing22")


def test_there_are_no_more_than_an_entry_can_list(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(areas, "MAX_AREAS", 2)
    for _ in range(2):
        areas.add(vault, PHOTO, BOX, 0, 1)
    with pytest.raises(UsageError, match="2 areas already"):
        areas.add(vault, PHOTO, BOX, 0, 1)
