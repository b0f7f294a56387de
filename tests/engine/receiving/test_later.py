"""Fields that the other office withheld and opens later."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.custody import audit, catalog, received
from archiver.custody.disclosing import disclose
from archiver.custody.vault import Vault
from archiver.engine.receiving.later import add_disclosure
from archiver.errors import UsageError
from archiver.model import Role
from archiver.proof.faults import VERIFIED
from tests.receiving_story import entries, office, take_in
from tests.report.bundle_story import FILM


@pytest.fixture
def vault(withholding_bundle: Path, tmp_path: Path) -> Vault:
    made = office(tmp_path / "vault")
    take_in(made, withholding_bundle)
    return made


def ingestion(vault: Vault) -> int:
    about = catalog.entries_about(vault, FILM)
    return next(seq for seq in about if b'"type":"ingestion"' in vault.ledger.entry(seq))


def test_a_field_is_checked_against_the_kept_history_and_kept_with_it(vault: Vault, exporting_vault: Vault) -> None:
    film = catalog.items(vault)[0]
    seq = ingestion(exporting_vault)
    file = disclose(exporting_vault, seq, "note").file
    opened, entry = add_disclosure(vault, film.id, file)
    assert (opened.entry, opened.field, opened.value) == (seq, "note", "loud\nscene")
    told = entries(vault, "accession")[-1]
    assert told["detail"] == {"item": FILM, "opens": seq, "field": "note"}
    assert b"loud" not in vault.ledger.entry(entry or 0)
    assert received.read_disclosure(vault, received.of_item(vault, film.id)[-1]) == opened
    assert len(catalog.item(vault, film.id).of_role(Role.HISTORY)) == 3, "history, metadata there, and the field"
    assert add_disclosure(vault, film.id, file.removesuffix(b"\n")) == (opened, None), "held already"
    assert audit.verify(vault).word == VERIFIED


def test_what_opens_nothing_of_the_history_is_refused_and_not_kept(vault: Vault, exporting_vault: Vault) -> None:
    film = catalog.items(vault)[0]
    before = entries(vault), list(vault.store.names())
    own = disclose(vault, catalog.entries_about(vault, film.id)[0], "agent").file
    before = entries(vault), before[1]
    good = disclose(exporting_vault, ingestion(exporting_vault), "note").file
    for data, message in (
        (b"", "file opens nothing"),
        (own, "of another ledger"),
        (good.replace(b'"field":"note"', b'"field":"title"'), "another field than it says"),
        (good[:-40], "file opens nothing"),
    ):
        with pytest.raises(UsageError, match=message):
            add_disclosure(vault, film.id, data)
    assert (entries(vault), list(vault.store.names())) == before


def test_an_item_of_this_office_has_no_history_to_add_to(exporting_vault: Vault) -> None:
    with pytest.raises(UsageError, match="was not received"):
        add_disclosure(exporting_vault, FILM, b"{}")
