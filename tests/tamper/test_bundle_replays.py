"""A bundle whose checkpoint was exchanged for one that the log really signed: an older one, from the same ledger."""

from __future__ import annotations

import base64
import json
from datetime import datetime, tzinfo
from pathlib import Path

import pytest

from archiver.custody.vault import Vault
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.proof.faults import FAILED, INCOMPLETE, VERIFIED
from archiver.proof.log import note
from archiver.proof.log.checkpoint import parse
from archiver.proof.trust import memory
from archiver.proof.trust.memory import Memory
from archiver.proof.trust.outside import Outside
from archiver.report.export import export
from tests.report.bundle_story import CASE, FILM, PHOTO, REPOST, Bundle


def _older(vault: Vault, bundle: Bundle) -> tuple[int, bytes]:
    """The newest checkpoint that the ledger issued before the bundle's own."""
    size = parse(note.parse(bundle.read(layout.EXPORT_CHECKPOINT)).text).size
    query = "SELECT size, note FROM checkpoint WHERE size < ? ORDER BY size DESC LIMIT 1"
    found, data = vault.database.read().execute(query, (size,)).fetchone()
    return found, bytes(data)


def _subjects(bundle: Bundle) -> dict[str, set[str]]:
    verdict = verify(bundle.folder)
    assert verdict.word == FAILED
    found: dict[str, set[str]] = {}
    for fault in verdict.faults:
        found.setdefault(fault.code, set()).add(fault.subject)
    return found


def _proofs(vault: Vault, bundle: Bundle, size: int) -> None:
    """All proofs made anew for the older tree, as the ledger's own tiles allow everybody."""
    document = bundle.json(layout.EXPORT_PROOFS)
    inclusion = {
        seq: [base64.b64encode(one).decode() for one in vault.ledger.inclusion_proof(int(seq), size)]
        for seq in document["inclusion"]
        if int(seq) < size
    }
    cited = bundle.json(layout.REPORT_JSON)["ledger"]["checkpoint"]["size"]
    consistency = vault.ledger.consistency_proof(cited, size) if cited <= size else []
    proofs = [base64.b64encode(one).decode() for one in consistency]
    bundle.write_json(layout.EXPORT_PROOFS, {**document, "size": size, "inclusion": inclusion, "consistency": proofs})


def test_an_older_checkpoint_of_the_same_log(exporting_vault: Vault, bundle: Bundle) -> None:
    """Its signatures are good; no proof leads to its root, and the export's own entry came after it."""
    _, data = _older(exporting_vault, bundle)
    bundle.write(layout.EXPORT_CHECKPOINT, data)
    bundle.seal_again()
    codes = _subjects(bundle)
    own = f"entry {bundle.json(layout.EXPORT_PROOFS)['export']}"
    assert own in codes["proof-size"]
    assert len(codes["proof-shape"] | codes.get("inclusion-proof", set())) > 5


def test_an_older_checkpoint_with_all_proofs_made_for_it(exporting_vault: Vault, bundle: Bundle) -> None:
    size, data = _older(exporting_vault, bundle)
    bundle.write(layout.EXPORT_CHECKPOINT, data)
    _proofs(exporting_vault, bundle, size)
    bundle.seal_again()
    codes = _subjects(bundle)
    own = f"entry {bundle.json(layout.EXPORT_PROOFS)['export']}"
    assert codes["proof-missing"] == {own}
    assert "signature-wrong" not in codes


@pytest.mark.needs_memory
def test_an_older_bundle_in_place_of_a_newer_one(exporting_vault: Vault, bundle: Bundle, tmp_path: Path) -> None:
    """It was made then, and is whole: only who saw a newer checkpoint is told that there is one."""
    export(exporting_vault, [FILM, REPOST, PHOTO], CASE, tmp_path / "newer")
    look = verify(tmp_path / "newer", outside=Outside(None, Memory())).look
    assert look is not None
    seen = memory.remember(Memory(), look, "2026-01-01T00:00:00.000000Z")
    assert verify(bundle.folder).word == VERIFIED
    told = verify(bundle.folder, outside=Outside(None, seen)).told["memory"]
    own = parse(note.parse(bundle.read(layout.EXPORT_CHECKPOINT)).text).size
    assert told["seen_size"] > own


class LongAgo(datetime):
    """The clock of a verifier's machine that was never set."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> LongAgo:
        return cls(2001, 9, 9, tzinfo=tz)


def test_entries_later_than_the_verifiers_clock(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Post-dated, or a clock that is behind: no verifier can tell which, so it is named and nobody is accused."""
    monkeypatch.setattr("archiver.proof.times.clock.datetime", LongAgo)
    verdict = verify(bundle.folder)
    assert verdict.word == INCOMPLETE
    (fault,) = verdict.faults
    first = min(json.loads(path.read_bytes())["time"] for path in (bundle.folder / layout.ENTRIES).iterdir())
    assert fault.code == "time-ahead"
    assert first in fault.message
