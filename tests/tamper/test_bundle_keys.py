"""Attacks on a bundle's signatures and on the chain of its ledger's keys."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.custody import keys, rotation
from archiver.custody.vault import Vault, open_vault
from archiver.proof.bundle import check as bundles
from archiver.proof.bundle import layout
from archiver.proof.faults import FAILED, VERIFIED
from archiver.proof.log import note
from archiver.report.export import export
from tests.report.bundle_story import CASE, ORIGIN, PHOTO, Bundle

PLACE = layout.EXPORT_CHECKPOINT


@pytest.fixture(scope="module")
def rotated(exporting_vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    """A bundle that was exported after a change of keys, with the verifier keys before and after."""
    top = tmp_path_factory.mktemp("rotated")
    shutil.copytree(exporting_vault.folder, top / "vault")
    vault = open_vault(top / "vault", {})
    old = keys.public_keys(vault.folder / "keys", ORIGIN).lines()
    rotation.rotate(vault)
    export(vault, [PHOTO], CASE, top / "bundle")
    vault.database.close()
    return top / "bundle", old, keys.public_keys(vault.folder / "keys", ORIGIN).lines()


@pytest.fixture
def changed(rotated: tuple[Path, list[str], list[str]], tmp_path: Path) -> Bundle:
    """A copy of that bundle, to be tampered with."""
    shutil.copytree(rotated[0], tmp_path / "changed")
    return Bundle(tmp_path / "changed")


def _codes(bundle: Bundle, key: str | None = None) -> dict[str, set[str]]:
    bundle.seal_again()
    found: dict[str, set[str]] = {}
    for fault in bundles.verify(bundle.folder, key).faults:
        found.setdefault(fault.code, set()).add(fault.subject)
    return found


def _relined(bundle: Bundle, change: Callable[[list[note.Signature]], list[note.Signature]]) -> None:
    """Write the checkpoint with other signature lines."""
    found = note.parse(bundle.read(PLACE))
    bundle.write(PLACE, note.Note(found.text, tuple(change(list(found.signatures)))).encode())


@pytest.mark.parametrize("which", [0, 1])
def test_a_signature_removed(bundle: Bundle, which: int) -> None:
    _relined(bundle, lambda lines: [line for at, line in enumerate(lines) if at != which])
    assert _codes(bundle) == {"signature-missing": {PLACE}}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("at", [0, 8, 40, -1])
def test_a_signature_edited(bundle: Bundle, which: int, at: int) -> None:
    def edit(lines: list[note.Signature]) -> list[note.Signature]:
        data = bytearray(lines[which].signature)
        data[at] ^= 1
        lines[which] = note.Signature(lines[which].name, lines[which].key_id, bytes(data))
        return lines

    _relined(bundle, edit)
    assert _codes(bundle) == {"signature-wrong": {PLACE}}


@pytest.mark.parametrize("which", [0, 1])
def test_a_signature_replaced_by_that_of_another_key(bundle: Bundle, which: int, tmp_path: Path) -> None:
    keys.create(tmp_path / "other", ORIGIN)
    text = note.parse(bundle.read(PLACE)).text
    foreign = note.parse(keys.sign(tmp_path / "other", ORIGIN, text)).signatures[which]
    _relined(bundle, lambda lines: [foreign if at == which else line for at, line in enumerate(lines)])
    assert _codes(bundle) == {"signature-missing": {PLACE}}


@pytest.mark.parametrize("which", [0, 1])
def test_a_signature_by_a_foreign_key_of_our_name_added(bundle: Bundle, which: int, tmp_path: Path) -> None:
    keys.create(tmp_path / "other", ORIGIN)
    text = note.parse(bundle.read(PLACE)).text
    foreign = note.parse(keys.sign(tmp_path / "other", ORIGIN, text)).signatures[which]
    _relined(bundle, lambda lines: [*lines, foreign])
    assert _codes(bundle) == {"signature-unknown": {PLACE}}


@pytest.mark.honest
def test_a_line_of_another_name_is_left_to_the_policy_of_witnesses(bundle: Bundle, tmp_path: Path) -> None:
    keys.create(tmp_path / "other", "witness.example/w")
    text = note.parse(bundle.read(PLACE)).text
    foreign = note.parse(keys.sign(tmp_path / "other", "witness.example/w", text)).signatures[0]
    _relined(bundle, lambda lines: [*lines, foreign])
    assert _codes(bundle) == {}


def test_the_second_key_taken_out_of_the_bundle_with_its_signature(bundle: Bundle) -> None:
    """The entries name it, so that a bundle cannot fall back to the first one."""
    bundle.write(layout.KEY, bundle.read(layout.KEY).splitlines(keepends=True)[0])
    _relined(bundle, lambda lines: lines[:1])
    assert _codes(bundle)["key-untold"] == {layout.KEY}


def test_the_second_key_exchanged_for_the_forgers_own(bundle: Bundle, tmp_path: Path) -> None:
    keys.create(tmp_path / "other", ORIGIN)
    own = bundle.read(layout.KEY).decode().splitlines()
    theirs = keys.public_keys(tmp_path / "other", ORIGIN).lines()
    bundle.write(layout.KEY, f"{own[0]}\n{theirs[1]}\n".encode())
    text = note.parse(bundle.read(PLACE)).text
    foreign = note.parse(keys.sign(tmp_path / "other", ORIGIN, text)).signatures[1]
    _relined(bundle, lambda lines: [lines[0], foreign])
    assert _codes(bundle)["key-untold"] == {layout.KEY}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.honest
def test_either_key_of_the_office_may_be_given(bundle: Bundle, which: int) -> None:
    key = bundle.read(layout.KEY).decode().splitlines()[which]
    assert bundles.verify(bundle.folder, key).word == VERIFIED
    assert bundles.verify(bundle.folder, bundle.read(layout.KEY).decode()).word == VERIFIED


@pytest.mark.honest
def test_a_reader_with_the_old_or_the_new_key_follows_the_change(rotated: tuple[Path, list[str], list[str]]) -> None:
    folder, old, new = rotated
    for given in (None, *old, *new):
        assert bundles.verify(folder, given).faults == ()


def test_another_key_is_refused_all_the_same(rotated: tuple[Path, list[str], list[str]], tmp_path: Path) -> None:
    keys.create(tmp_path / "other", ORIGIN)
    verdict = bundles.verify(rotated[0], keys.verifier_key(tmp_path / "other", ORIGIN))
    assert verdict.word == FAILED
    assert [fault.code for fault in verdict.faults] == ["key-other"]


def test_the_checkpoint_of_the_change_left_out(changed: Bundle) -> None:
    (changed.folder / layout.EXPORT_ROTATIONS).unlink()
    assert _codes(changed) == {"rotation-unproved": {layout.EXPORT_ROTATIONS}}


def test_the_change_without_the_signatures_of_the_old_keys(
    changed: Bundle, rotated: tuple[Path, list[str], list[str]]
) -> None:
    """A forged rotation: all that its maker has are the new keys."""
    ids = {line.split("+")[1] for line in rotated[1]}

    def strip(document: dict[str, Any]) -> None:
        found = note.parse(document["changes"][0]["note"].encode())
        kept = tuple(line for line in found.signatures if line.key_id.hex() not in ids)
        assert 0 < len(kept) < len(found.signatures)
        document["changes"][0]["note"] = note.Note(found.text, kept).encode().decode()

    _edit(changed, strip)
    assert _codes(changed) == {"signature-missing": {layout.EXPORT_ROTATIONS}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["changes"][0].update(consistency=d["changes"][0]["consistency"][1:]), "proof-shape"),
        (lambda d: d["changes"][0].update(consistency=["AAAA"]), "proof-shape"),
        (lambda d: d["changes"].append(d["changes"][0]), "rotation-malformed"),
        (lambda d: d["changes"].clear(), "rotation-unproved"),
        (lambda d: d.update(changes=5), "rotation-malformed"),
        (lambda d: d["changes"][0].pop("note"), "rotation-malformed"),
        (lambda d: d.update(changes=[{}] * 1001), "rotation-malformed"),
    ],
)
def test_a_list_of_changes_of_another_form(changed: Bundle, change: Callable[[Any], object], code: str) -> None:
    _edit(changed, change)
    assert code in _codes(changed)


def test_the_entry_of_the_change_left_out(changed: Bundle) -> None:
    path = changed.entry_of("key rotation")
    (changed.folder / path).unlink()
    assert "key-untold" in _codes(changed)


def test_a_list_of_changes_where_there_were_none(bundle: Bundle, changed: Bundle) -> None:
    bundle.write(layout.EXPORT_ROTATIONS, changed.read(layout.EXPORT_ROTATIONS))
    assert set(_codes(bundle)) & {"signature-unknown", "signature-missing", "consistency-proof", "rotation-malformed"}


def _edit(bundle: Bundle, change: Callable[[Any], object]) -> None:
    document = bundle.json(layout.EXPORT_ROTATIONS)
    change(document)
    bundle.write_json(layout.EXPORT_ROTATIONS, document)
