"""Fingerprints that items lack are made later, once, with entries of their own; old ones stay."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.custody import acquisitions, catalog, findings
from archiver.custody.audit import verify
from archiver.custody.vault import Vault, create, open_vault
from archiver.demo import footage
from archiver.engine.ingest import Label, ingest
from archiver.engine.refingerprint import lacks, refingerprint
from archiver.errors import UsageError
from archiver.examine.examiner import Examiner
from archiver.examine.record import Examination
from archiver.fingerprint import VIDEO_ALGORITHM
from archiver.model import Finding, Item, Role
from archiver.proof.faults import VERIFIED
from archiver.standard import CHROMAPRINT, PDQ

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault as a program made it that knew no standard fingerprints: a film, its copy, a silent film and an image."""
    folder = tmp_path_factory.mktemp("before")
    march = footage.scene(folder / "march.mp4", "march", seconds=6, size=(160, 90))
    files = [march, footage.mirrored(march, folder / "copy.mp4")]
    files.append(footage.scene(folder / "silent.mp4", "square", seconds=2, size=(160, 90), sound=False))
    shutil.copy(Path(__file__).parents[2] / "docs" / "architecture.svg", folder / "drawing.svg")
    vault = create(folder / "vault")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Examiner, "examine", _ours_alone)
        ingest(vault, [*files, folder / "drawing.svg"], Label())
    vault.database.close()
    return folder / "vault"


def _ours_alone(examiner: Examiner, originals: Sequence[tuple[Path, str]]) -> Examination:
    found = _examine(examiner, originals)
    return replace(found, fingerprints=tuple(one for one in found.fingerprints if one.algorithm.startswith("archiver")))


_examine = Examiner.examine


@pytest.fixture
def vault(before: Path, tmp_path: Path) -> Vault:
    shutil.copytree(before, tmp_path / "vault")
    return open_vault(tmp_path / "vault", {})


def names(vault: Vault) -> list[list[str]]:
    return [[held.name for held in item.of_role(Role.FINGERPRINT)] for item in catalog.items(vault)]


def test_an_older_vault_gets_what_it_lacks_and_is_matched_by_it(vault: Vault) -> None:
    items = catalog.items(vault)
    old = names(vault)
    assert old == [[VIDEO_ALGORITHM]] * 3 + [[]]
    assert {match.finding for match, _ in findings.listing(vault)} == {Finding.SAME_RECORDING}
    told: list[tuple[int, int, str]] = []

    done = refingerprint(vault, items, observe=lambda *progress: told.append(progress))

    assert [(one.item_id, one.made) for one in done] == [
        (items[0].id, (PDQ, CHROMAPRINT)), (items[1].id, (PDQ, CHROMAPRINT)), (items[2].id, (PDQ,)),
    ]  # fmt: skip
    assert names(vault) == [[VIDEO_ALGORITHM, PDQ, CHROMAPRINT]] * 2 + [[VIDEO_ALGORITHM, PDQ], []]
    assert told == [(1, 3, "items"), (2, 3, "items"), (3, 3, "items")]
    assert sorted(match.finding for match, _ in findings.listing(vault)) == ["same-recording", "same-sound"]
    assert findings.unmatched(vault) == []
    (last,) = [
        body
        for seq in catalog.entries_about(vault, items[2].id)
        if (body := json.loads(vault.ledger.entry(seq)))["type"] == "fingerprint calculation"
        and body["detail"]["algorithms"] == [PDQ]
    ]
    assert last["item"] == items[2].id
    assert verify(vault.folder).word == VERIFIED

    entries = catalog.entry_count(vault)
    assert refingerprint(vault, catalog.items(vault)) == [], "a second time there is nothing to do"
    assert catalog.entry_count(vault) == entries


def test_one_algorithm_alone_may_be_asked_for(vault: Vault) -> None:
    items = catalog.items(vault)
    done = refingerprint(vault, items, CHROMAPRINT)
    assert [one.made for one in done] == [(CHROMAPRINT,)] * 2
    assert lacks(vault, catalog.item(vault, items[0].id)) == {PDQ: 1}
    with pytest.raises(UsageError, match="not made here"):
        refingerprint(vault, items, "pdq/9")


def test_what_was_cut_off_goes_on_where_it_was(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    record = acquisitions.add_fingerprints
    calls: list[str] = []

    def cut_off(vault: Vault, item: Item, *rest: object) -> object:
        calls.append(item.id)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return record(vault, item, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(acquisitions, "add_fingerprints", cut_off)
    with pytest.raises(KeyboardInterrupt):
        refingerprint(vault, catalog.items(vault))
    assert len(findings.unmatched(vault)) == 1
    monkeypatch.undo()
    assert len(refingerprint(vault, catalog.items(vault))) == 2
    assert findings.unmatched(vault) == []
    assert verify(vault.folder).word == VERIFIED


def test_an_original_that_is_not_what_was_recorded_gets_no_fingerprint(vault: Vault) -> None:
    items = catalog.items(vault)
    path = vault.store.path(items[0].of_role(Role.ORIGINAL)[0].object.sha256)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    vault.store.path(items[1].of_role(Role.ORIGINAL)[0].object.sha256).unlink()
    done = {one.item_id: one for one in refingerprint(vault, items)}
    assert (done[items[0].id].made, done[items[0].id].warnings) == ((), ("object-altered",))
    assert (done[items[1].id].made, done[items[1].id].warnings) == ((), ("object-missing",))
    assert done[items[2].id].made == (PDQ,)
