"""Reading back what was recorded, and searching it with whatever somebody types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.custody import catalog
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.fingerprint import SUCCEEDED_BY
from archiver.model import Outcome, Role
from tests.vault_story import FIRST, SECOND, Copy


@pytest.fixture
def vault(vault_copy: Copy) -> Iterator[Vault]:
    with vault_copy.open() as opened:
        yield opened


def test_items_come_in_the_order_in_which_they_were_taken_in(vault: Vault) -> None:
    assert [item.id for item in catalog.items(vault)] == [FIRST, SECOND]
    assert catalog.item_count(vault) == 2
    assert [item.id for item in catalog.items(vault, case="square")] == [FIRST, SECOND]
    assert catalog.items(vault, case="") == []


def test_an_item_is_read_back_with_its_holdings_in_order(vault: Vault) -> None:
    item = catalog.item(vault, FIRST)
    assert [holding.role for holding in item.holdings] == [Role.ORIGINAL, Role.INFO, Role.METADATA, Role.FINGERPRINT]
    assert item.holdings[0].name == f"{FIRST}.mp4"
    assert (item.title, item.uploader, item.summary) == ("Square at noon", "someone", {"duration_ms": 12_500})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("noon", [FIRST]),
        ("squ", [FIRST]),
        ("SQUARE noon", [FIRST]),
        ("Square midnight", []),
        ("video.example", [FIRST]),
        ('"', []),
        ('" "', []),
        ("noon OR midnight", []),
        ("title:noon", []),
        ("*", []),
        ("no\0on", []),
        ("", [FIRST, SECOND]),
        ("  ", [FIRST, SECOND]),
    ],
)
def test_words_are_searched_as_words(vault: Vault, text: str, found: list[str]) -> None:
    assert [item.id for item in catalog.items(vault, text=text)] == found


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_typed_breaks_the_search(vault: Vault, text: str) -> None:
    assert len(catalog.items(vault, text=text)) <= 2


@pytest.mark.parametrize("read", [catalog.item, catalog.acquisition])
def test_what_is_not_there_is_wrong_usage(vault: Vault, read: object) -> None:
    with pytest.raises(UsageError, match="inothing"):
        read(vault, "inothing")  # type: ignore[operator]  # one of two functions of the same form


def test_an_acquisition_is_read_back_with_what_belongs_to_it_alone(vault: Vault, vault_copy: Copy) -> None:
    (attempt,) = catalog.attempts(vault, vault_copy.names["failed"])
    assert (attempt.outcome, attempt.reason, attempt.attempt) == (Outcome.FAILURE, "http-404", 1)
    assert [holding.role for holding in attempt.holdings] == [Role.EXCHANGE]
    assert catalog.acquisition(vault, attempt.id) == attempt


def test_objects_are_counted_once(vault: Vault) -> None:
    assert catalog.object_count(vault) == (12, 101_212)


def test_fingerprints_are_given_from_where_the_reader_stopped(vault: Vault) -> None:
    everything = list(catalog.fingerprints(vault))
    assert [item for _, item, _ in everything] == [FIRST, SECOND]
    assert list(catalog.fingerprints(vault, everything[0][0])) == everything[1:]


def test_a_fingerprint_is_left_out_once_a_newer_algorithms_has_come_for_each_of_its_files(vault: Vault) -> None:
    old, new = next(iter(SUCCEEDED_BY.items()))
    *_, (_, item_id, sha256) = catalog.fingerprints(vault)
    with vault.database.write() as rows:
        rows.execute("UPDATE holding SET name = ? WHERE sha256 = ?", (old, sha256))
    assert catalog.fingerprinted(vault, sha256) == [item_id]
    assert sha256 in [each for _, _, each in catalog.fingerprints(vault)]
    with vault.database.write() as rows:
        rows.execute(
            "INSERT INTO holding (acquisition_id, item_id, position, role, name, sha256)"
            " SELECT acquisition_id, item_id, 99, role, ?, (SELECT sha256 FROM object WHERE sha256 <> ? LIMIT 1)"
            " FROM holding WHERE sha256 = ?",
            (new, sha256, sha256),
        )
    assert catalog.fingerprinted(vault, sha256) == []
    assert sha256 not in [each for _, _, each in catalog.fingerprints(vault)]


def test_entries_about_a_subject_are_in_order(vault: Vault) -> None:
    about = catalog.entries_about(vault, FIRST)
    assert about == sorted(about)
    assert len(about) == 5  # taken in, digested, metadata, fingerprint, match
