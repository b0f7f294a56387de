"""A cosignature that came by mail is added to a finished bundle, which stays a valid bag and meets a policy then."""

from __future__ import annotations

from pathlib import Path

import bagit
import pytest

from archiver.custody.vault import Vault
from archiver.custody.witness import notary, received
from archiver.custody.witness.folder import WitnessFolder
from archiver.errors import EvidenceError, UsageError
from archiver.proof.bundle import check as bundles
from archiver.proof.bundle import layout
from archiver.proof.faults import VERIFIED
from archiver.proof.log import note
from archiver.proof.trust import cosignature, policy
from archiver.proof.trust.outside import Outside
from archiver.report.bundle import cosign
from archiver.report.export import export
from tests.calling import Archiver
from tests.report.bundle_story import CASE, FILM, Bundle


@pytest.fixture
def late(exporting_vault: Vault, tmp_path: Path) -> tuple[Bundle, WitnessFolder, bytes]:
    """A bundle just exported, a witness of another office, and its answer about the checkpoint."""
    export(exporting_vault, [FILM], CASE, tmp_path / "late")
    bundle = Bundle(tmp_path / "late")
    witness = WitnessFolder.create(tmp_path / "witness", "office-b.example/witness")
    witness.trust(note.parse_key(bundle.read(layout.KEY).decode().splitlines()[0]))
    answer = notary.answer(witness, received.request(exporting_vault, 0).encode())
    return bundle, witness, answer.body


def _asked(bundle: Bundle, witness: WitnessFolder) -> set[str]:
    """Codes that a reader sees who wants this witness."""
    log = bundle.read(layout.KEY).decode().splitlines()[0]
    wanted = policy.parse(f"log {log}\nwitness B {witness.key}\nquorum B\n".encode())
    return {fault.code for fault in bundles.verify(bundle.folder, outside=Outside(wanted)).faults}


def _files(bundle: Bundle) -> dict[str, bytes]:
    return {
        str(path.relative_to(bundle.folder)): path.read_bytes() for path in bundle.folder.rglob("*") if path.is_file()
    }


def test_an_answer_that_came_later_meets_the_readers_policy(late: tuple[Bundle, WitnessFolder, bytes]) -> None:
    bundle, witness, answer = late
    before = _files(bundle)
    assert _asked(bundle, witness) == {"quorum-not-met"}
    (added,) = cosign.add(bundle.folder, answer, [witness.key])
    assert added.witness == str(witness.key)
    assert _asked(bundle, witness) == set()
    assert bundles.verify(bundle.folder).word == VERIFIED
    assert bagit.Bag(str(bundle.folder)).is_valid()
    changed = {path for path, data in _files(bundle).items() if before.get(path) != data}
    assert changed == {layout.EXPORT_CHECKPOINT, layout.INFO, *layout.MANIFESTS, *layout.TAG_MANIFESTS}
    assert cosign.add(bundle.folder, answer, [witness.key]) == []
    assert [path.name for path in bundle.folder.parent.iterdir() if path.name.startswith(".")] == []


def test_what_was_interrupted_is_finished_by_the_next_call(late: tuple[Bundle, WitnessFolder, bytes]) -> None:
    bundle, witness, answer = late
    (line,) = cosignature.parse_lines(answer)
    signed = cosignature.with_line(note.parse(bundle.read(layout.EXPORT_CHECKPOINT)), line)
    bundle.write(layout.EXPORT_CHECKPOINT, signed.encode())
    assert "digest-differs" in _asked(bundle, witness)
    assert cosign.add(bundle.folder, answer, [witness.key]) == []
    assert _asked(bundle, witness) == set()


def test_lines_of_strangers_and_of_other_checkpoints_are_not_added(
    late: tuple[Bundle, WitnessFolder, bytes], exported_bundle: Path, tmp_path: Path
) -> None:
    bundle, witness, answer = late
    stranger = WitnessFolder.create(tmp_path / "stranger", "office-c.example/witness")
    before = _files(bundle)
    with pytest.raises(EvidenceError, match="no line is a cosignature"):
        cosign.add(bundle.folder, answer, [stranger.key])
    (line,) = cosignature.parse_lines(answer)
    forged = note.Signature(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    with pytest.raises(EvidenceError, match="no line is a cosignature"):
        cosign.add(bundle.folder, forged.line().encode(), [witness.key])
    assert _files(bundle) == before
    with pytest.raises(EvidenceError, match="no line is a cosignature"):
        cosign.add(exported_bundle, answer, [witness.key])


def test_nothing_is_added_to_a_bundle_that_was_tampered_with(late: tuple[Bundle, WitnessFolder, bytes]) -> None:
    bundle, witness, answer = late
    page = bundle.read(layout.REPORT_HTML)
    bundle.write(layout.REPORT_HTML, page + b" ")
    before = _files(bundle)
    with pytest.raises(EvidenceError, match="does not verify, and nothing was added"):
        cosign.add(bundle.folder, answer, [witness.key])
    assert _files(bundle) == before


def test_other_folders_and_files_are_a_mistake_of_the_caller(
    late: tuple[Bundle, WitnessFolder, bytes], tmp_path: Path
) -> None:
    bundle, witness, answer = late
    with pytest.raises(UsageError, match="is no bundle"):
        cosign.add(tmp_path, answer, [witness.key])
    with pytest.raises(UsageError, match="no cosignatures"):
        cosign.add(bundle.folder, b"hello", [witness.key])


def test_the_command_adds_an_answer_to_a_bundle_with_the_witnesss_key(
    late: tuple[Bundle, WitnessFolder, bytes], tmp_path: Path
) -> None:
    """Whoever has the bundle needs no vault for it."""
    bundle, witness, answer = late
    (tmp_path / "answer").write_bytes(answer)
    archiver = Archiver(tmp_path / "no vault")
    call = ["witness", "add", str(tmp_path / "answer")]
    assert "--key belongs to --bundle" in archiver(*call, "--key", str(witness.key), code=2).err
    call += ["--bundle", str(bundle.folder), "--key", str(witness.key)]
    assert "office-b.example/witness cosigned" in archiver(*call).out
    assert "All of it was there already" in archiver(*call).err
    assert _asked(bundle, witness) == set()
