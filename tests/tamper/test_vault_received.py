"""Attacks on what a vault received from another office, by somebody who may even sign as this office."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import catalog, received
from archiver.custody.received import Accession
from archiver.custody.vault import Vault
from archiver.model import CustodyEvent, EventType, Holding, Item, Role, StoredObject
from archiver.proof import canonical, disclosure
from archiver.proof.bundle import history, layout
from archiver.proof.faults import VERIFIED
from tests.receiving_story import repacked
from tests.report.bundle_story import FILM, PHOTO, held, ingested, item
from tests.vault_story import Copy

Files = dict[str, bytes]


def accession(vault: Vault) -> tuple[Item, Accession]:
    """The film, and how it came."""
    film = catalog.items(vault)[0]
    return film, received.of_item(vault, film.id)[0]


def event(film: Item, told: Accession, holding: Holding, detail: dict[str, Any], key: str = "") -> CustodyEvent:
    return CustodyEvent(
        EventType.ACCESSION,
        acquisition=film.acquisition_id,
        item=film.id,
        holdings=(holding,),
        detail=detail,
        sealed={"source": key or told.key},
    )


def told_anew(
    copy: Copy, change: Callable[[dict[str, Any]], None] | None = None, data: bytes = b"", key: str = ""
) -> int:
    """Tell once more how the film came, otherwise: a true signature of this office under a false entry."""
    with copy.open() as vault:
        film, told = accession(vault)
        detail = dict(told.detail)
        if change:
            change(detail)
        whole = data or repacked(vault.store.read(told.file), lambda files: None)
        if not data:  # another file with the same content, so that it is no repetition
            whole = repacked(whole, lambda files: files.pop(layout.EXPORT_FILES))
        holding = held(vault, whole, Role.HISTORY, history.ZIP_TYPE, "history.zip")
        entry = received.add(vault, film, holding, event(film, told, holding, detail, key))
        vault.ledger.publish()
    assert entry is not None
    return entry


@pytest.mark.honest
def test_an_untampered_vault_and_a_second_telling_verify(received_copy: Copy) -> None:
    told_anew(received_copy)
    assert received_copy.verify().word == VERIFIED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", 5),
        ("root", "0" * 64),
        ("export", 3),
        ("exhibit", 2),
        ("item", PHOTO),
        ("item", "imadeup222"),
    ],
)
def test_an_accession_that_tells_of_another_bundle(name: str, value: object, received_copy: Copy) -> None:
    entry = told_anew(received_copy, lambda detail: detail.update({name: value}))
    assert received_copy.codes() == {"history-of-other": {f"entry {entry}"}}


def test_an_accession_under_another_key(received_copy: Copy) -> None:
    with received_copy.open() as vault:
        own = (vault.folder / "keys" / "ledger.vkey").read_text("utf-8").strip()
    entry = told_anew(received_copy, key=own)
    assert received_copy.codes() == {"history-of-other": {f"entry {entry}"}}


def entry_file(files: Files, kind: str) -> str:
    return next(
        path for path in sorted(files) if path.startswith(layout.ENTRIES) and json.loads(files[path])["type"] == kind
    )


def edited(files: Files) -> None:
    path = entry_file(files, "capture")
    files[path] = canonical.encode({**json.loads(files[path]), "outcome": "success"})


def dropped(files: Files) -> None:
    del files[entry_file(files, "capture")]


def unproved(files: Files) -> None:
    proofs = json.loads(files[layout.EXPORT_PROOFS])
    proofs["inclusion"].popitem()
    files[layout.EXPORT_PROOFS] = canonical.encode(proofs)


def moved(files: Files) -> None:
    """A title that another entry sealed."""
    document = json.loads(files[layout.DISCLOSURES])
    first, second, *_ = document["disclosures"]
    document["disclosures"][first] = document["disclosures"][second]
    files[layout.DISCLOSURES] = canonical.encode(document)


def unsigned(files: Files) -> None:
    text, _, _ = files[layout.EXPORT_CHECKPOINT].partition(b"\n\n")
    lines = files[layout.EXPORT_CHECKPOINT].split(b"\n\n")[1].splitlines()
    files[layout.EXPORT_CHECKPOINT] = text + b"\n\n" + lines[1] + b"\n"


def other_keys(files: Files) -> None:
    files[layout.KEY] = files[layout.KEY].replace(b"office-a", b"office-x")


def other_files(files: Files) -> None:
    files[layout.EXPORT_FILES] = files[layout.EXPORT_FILES].replace(b"exhibits/001", b"exhibits/009")


def planted(files: Files) -> None:
    files[layout.REPORT_JSON] = b"{}"


def no_export(files: Files) -> None:
    proofs = json.loads(files[layout.EXPORT_PROOFS])
    proofs["export"] = 0
    files[layout.EXPORT_PROOFS] = canonical.encode(proofs)


@pytest.mark.parametrize(
    ("change", "inner"),
    [
        (edited, "inclusion-proof"),
        (dropped, "entry-missing"),
        (unproved, "proof-missing"),
        (moved, "disclosure-foreign"),
        (unsigned, "signature-missing"),
        (other_keys, "key-malformed"),
        (other_files, "files-list-differs"),
        (planted, "file-extra"),
        (no_export, "entry-repeated"),
    ],
)
def test_a_forged_history_under_a_true_entry(change: Callable[[Files], None], inner: str, received_copy: Copy) -> None:
    with received_copy.open() as vault:
        data = repacked(vault.store.read(accession(vault)[1].file), change)
    told_anew(received_copy, data=data)
    faults = [one for one in received_copy.verify().faults if one.code == "history-invalid"]
    assert any(f"[{inner}]" in one.message for one in faults), faults
    assert set(received_copy.codes()) <= {"history-invalid", "history-of-other"}


def test_a_history_that_is_none(received_copy: Copy) -> None:
    told_anew(received_copy, data=b"PK no history")
    assert set(received_copy.codes()) == {"history-invalid"}


def test_a_history_packed_anew_by_another_program(received_copy: Copy, tmp_path: Path) -> None:
    with received_copy.open() as vault:
        (tmp_path / "history.zip").write_bytes(vault.store.read(accession(vault)[1].file))
    shutil.unpack_archive(tmp_path / "history.zip", tmp_path / "files")
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "files")
    told_anew(received_copy, data=Path(packed).read_bytes())
    assert set(received_copy.codes()) == {"history-invalid"}, "what another program packed is not what came"


def path_of(copy: Copy, sha256: str) -> Path:
    return copy.folder / "objects" / sha256[:2] / sha256[2:]


def test_the_history_edited_on_the_disk(received_copy: Copy) -> None:
    with received_copy.open() as vault:
        place = path_of(received_copy, accession(vault)[1].file)
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    assert set(received_copy.codes()) == {"object-altered", "history-invalid"}


def test_the_history_removed(received_copy: Copy) -> None:
    with received_copy.open() as vault:
        path_of(received_copy, accession(vault)[1].file).unlink()
    assert set(received_copy.codes()) == {"object-missing", "history-missing"}


def test_the_history_taken_from_its_item(received_copy: Copy) -> None:
    with received_copy.open() as vault:
        film, told = accession(vault)
    received_copy.sql("DELETE FROM holding WHERE item_id = ? AND sha256 = ?", film.id, told.file)
    assert received_copy.codes() == {"holding-missing": {film.id}}


def test_the_index_that_leads_to_an_accession_cut(received_copy: Copy) -> None:
    received_copy.sql("DELETE FROM subject WHERE id = ?", f"received.{FILM}")
    assert set(received_copy.codes()) == {"subject-missing"}


def test_other_footage_passed_off_as_received(received_copy: Copy) -> None:
    """Taken in and told under true signatures, beside the true history of another film."""
    with received_copy.open() as vault:
        _, told = accession(vault)
        forged = item(vault, "iforged222", "nforged222.1", b"another film", "video/mp4")
        story = Holding(
            StoredObject(told.file, *vault.database.read().execute(
                "SELECT sha512, size, media_type FROM object WHERE sha256 = ?", (told.file,)
            ).fetchone()),
            Role.HISTORY,
            "history.zip",
        )  # fmt: skip
        forged = replace(forged, holdings=(*forged.holdings, story))
        ingested(vault, "nforged222.1", forged)
        act = event(forged, told, story, dict(told.detail))
        with vault.database.write() as transaction:
            (entry,) = vault.ledger.append(transaction, [act])
        vault.ledger.publish()
    faults = received_copy.verify().faults
    assert {(one.code, one.subject) for one in faults} == {("history-of-other", f"entry {entry}")}
    assert "does not tell of the" in faults[0].message


@pytest.mark.parametrize(("name", "value"), [("opens", 1), ("field", "title")])
def test_a_field_opened_later_that_is_told_as_another(name: str, value: object, received_copy: Copy) -> None:
    opened = opened_later(received_copy, {name: value})
    assert received_copy.codes() == {"history-of-other": {f"entry {opened}"}}


def test_a_field_opened_later_with_another_value(received_copy: Copy) -> None:
    opened = opened_later(
        received_copy, {}, lambda document: document | {"disclosure": document["disclosure"][:-6] + "AAAAAA"}
    )
    assert {subject for subjects in received_copy.codes().values() for subject in subjects} == {f"entry {opened}"}
    assert set(received_copy.codes()) <= {"disclosure-foreign", "disclosure-malformed", "json-malformed"}


def opened_later(
    copy: Copy, told_as: dict[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document
) -> int:
    """A disclosure of the other office, kept under a false entry; gives the entry's number."""
    with copy.open() as vault:
        film, told = accession(vault)
        found = received.read_history(vault, told)
        entry = next(one for one in history.about(found.evidence, FILM) if one.type == "ingestion")
        listed = json.loads(found.bag.read(layout.DISCLOSURES, layout.MAX_JSON_BYTES))["disclosures"][str(entry.seq)]

        chosen = next(one for one in listed if disclosure.read(one).name == "note")
        proofs = json.loads(found.bag.read(layout.EXPORT_PROOFS, layout.MAX_JSON_BYTES))
        document = {
            "v": 1,
            "origin": found.origin,
            "entry": entry.seq,
            "field": "note",
            "disclosure": chosen,
            "checkpoint": found.bag.read(layout.EXPORT_CHECKPOINT, layout.MAX_TEXT_BYTES).decode(),
            "inclusion": proofs["inclusion"][str(entry.seq)],
        }
        data = canonical.encode(change(document)) + b"\n"
        holding = held(vault, data, Role.HISTORY, history.DISCLOSURE_TYPE, "note.json")
        detail = {"item": FILM, "opens": entry.seq, "field": "note"} | told_as
        number = received.add(vault, film, holding, event(film, told, holding, detail))
        vault.ledger.publish()
    assert number is not None
    return number


@pytest.mark.honest
def test_a_true_field_opened_later_verifies(received_copy: Copy) -> None:
    opened_later(received_copy, {})
    assert received_copy.verify().word == VERIFIED
