"""`archiver timestamp` with calendars, and what `run`, `export` and `verify` do with anchors, on the command line."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpSHA256
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from archiver.proof.bundle import layout
from tests.authority import Authority, answering, stamping
from tests.authority import configure as configure_authority
from tests.calendar import configure, running, verifier, written
from tests.calling import Archiver

pytestmark = pytest.mark.usefixtures("easy_blocks")


def test_add_upgrade_status_and_verify(archiver: Archiver, tmp_path: Path) -> None:
    with running() as calendar:
        configure(archiver.vault, calendar.url)
        before = archiver("timestamp", "status", "--json").json
        assert (before["anchors"], before["pending"], before["unanchored"]) == ([], [calendar.url], 1)
        (pending,) = archiver("timestamp", "add", "--json").json["anchors"]
        assert (pending["blocks"], pending["source"]) == ([], calendar.url)
        assert "Nothing is new" in archiver("timestamp", "add").err
        assert "still wait" in archiver("timestamp", "upgrade").err
        assert f"pending at {calendar.url}" in archiver("timestamp", "status").out
        assert "1 entries are anchored in no block yet" in archiver("timestamp", "status").out
        promised = archiver("verify")
        assert "Time anchors that only promise a block, and prove nothing yet: 1" in promised.out
        calendar.mine(840_000)
        assert "1 entries are anchored in Bitcoin block 840000; entry" in archiver("timestamp", "upgrade").out
        assert "No proof is pending" in archiver("timestamp", "upgrade").err
        (again,) = archiver("timestamp", "add", "--again", "--url", f"{calendar.url}/", "--json").json["anchors"]
        assert again["size"] > pending["entry"]
    after = archiver("timestamp", "status", "--json").json
    assert (after["pending"], after["unanchored"]) == ([], 0)
    assert [one["blocks"] for one in after["anchors"]] == [[], [840_000], []]
    assert after["anchors"][0]["completed_by"] == after["anchors"][1]["entry"]
    said = archiver("timestamp", "status").out
    assert "in Bitcoin block 840000" in said
    assert "Every entry is anchored in a block" in said
    headers = tmp_path / "headers.txt"
    headers.write_bytes(calendar.header_lines())
    plain, known = archiver("verify"), archiver("verify", "--block-headers", str(headers))
    assert "(not checked here: bring the block's header with --block-headers)" in plain.out
    assert "Not excluded: a made-up anchor" in plain.out
    assert (
        "before Bitcoin block 840000 of 2033-05-18T03:33:20Z (as its header says, which shows 2^2 hashes" in known.out
    )
    assert "made-up anchor" not in known.out


def test_verify_takes_headers_from_the_reader_and_names_what_they_deny(archiver: Archiver, tmp_path: Path) -> None:
    with running() as calendar:
        configure(archiver.vault, calendar.url)
        archiver("timestamp", "add")
        calendar.mine(840_000)
        archiver("timestamp", "upgrade")
        right = calendar.header_lines()
        archiver("timestamp", "add", "--again")
        calendar.mine(840_001)
        other = calendar.headers[840_001].hex()
    file = tmp_path / "headers.txt"
    for content, verdict, code in (
        (right, 0, []),
        (f"840000 {other}\n".encode(), 1, ["anchor-header-differs"]),
        (f"840001 {other}\n".encode(), 3, ["anchor-header-absent"]),
    ):
        file.write_bytes(content)
        said = archiver("verify", "--block-headers", str(file), "--json", code=verdict).json
        assert [one["code"] for one in said["faults"]] == code
    file.write_bytes(b"840000 abc")
    assert "holds no block headers: line 1" in archiver("verify", "--block-headers", str(file), code=2).err
    assert "cannot be read" in archiver("verify", "--block-headers", str(tmp_path / "none"), code=2).err


def test_a_calendar_that_is_away_is_told_and_stays_pending(archiver: Archiver) -> None:
    with running() as calendar:
        pass
    configure(archiver.vault, calendar.url)
    said = archiver("timestamp", "add", "--json", code=1).json
    assert (said["timestamps"], said["anchors"]) == ([], [])
    assert "the calendar at" in said["errors"][0]
    assert archiver("timestamp", "status", "--json").json["pending"] == [calendar.url]


def test_nobody_is_asked_who_is_not_configured(archiver: Archiver) -> None:
    assert "configured" in archiver("timestamp", "add", code=2).err
    with running() as calendar:
        configure(archiver.vault, calendar.url)
        assert "not configured" in archiver("timestamp", "add", "--url", "http://127.0.0.1:1", code=2).err
        assert archiver("timestamp", "upgrade", "--json").json == {"anchors": [], "waiting": [], "errors": []}
        assert calendar.asked == []


def test_authorities_and_calendars_are_asked_together_or_one_alone(archiver: Archiver, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tsa")
    with running() as calendar, answering(stamping(authority)) as url:
        configure(archiver.vault, calendar.url)
        configure_authority(archiver.vault, url, authority)
        both = archiver("timestamp", "add", "--json").json
        assert (len(both["timestamps"]), len(both["anchors"])) == (1, 1)
        alone = archiver("timestamp", "add", "--again", "--url", url, "--json").json
        assert (len(alone["timestamps"]), len(alone["anchors"])) == (1, 0)
        alone = archiver("timestamp", "add", "--again", "--url", calendar.url, "--json").json
        assert (len(alone["timestamps"]), len(alone["anchors"])) == (0, 1)


def test_notes_and_proofs_are_carried_by_hand(archiver: Archiver, tmp_path: Path) -> None:
    note, proof = tmp_path / "note", tmp_path / "note.ots"
    assert archiver("timestamp", "query", "--calendar", "--to", str(note), "--json").json["size"] == 1
    start = Timestamp(hashlib.sha256(note.read_bytes()).digest())
    start.attestations.add(PendingAttestation("https://elsewhere.example"))
    proof.write_bytes(written(DetachedTimestampFile(OpSHA256(), start)))
    (made,) = archiver("timestamp", "import", str(proof), "--source", "by hand", "--json").json["anchors"]
    assert (made["size"], made["source"], made["blocks"]) == (1, "by hand", [])
    assert "which is not configured" in archiver("timestamp", "status").out
    (carried,) = archiver("timestamp", "upgrade", "--to", str(tmp_path / "proofs"), "--json").json["proofs"]
    assert Path(carried).read_bytes() == proof.read_bytes()
    start.ops.add(OpSHA256()).attestations.add(BitcoinBlockHeaderAttestation(5))
    Path(carried).write_bytes(written(DetachedTimestampFile(OpSHA256(), start)))
    assert "anchored in Bitcoin block 5" in archiver("timestamp", "import", carried).out
    assert "No proof is pending" in archiver("timestamp", "upgrade", "--to", str(tmp_path / "proofs")).err
    proof.write_bytes(proof.read_bytes()[:-1])
    assert "cut off" in archiver("timestamp", "import", str(proof), code=1).err


@pytest.mark.slow
def test_an_export_asks_for_what_is_pending_and_verifiers_agree(
    archiver: Archiver, clip: bytes, tmp_path: Path
) -> None:
    footage = tmp_path / "march.mp4"
    footage.write_bytes(clip)
    archiver("ingest", str(footage), "--case", "march")
    bundle, headers = tmp_path / "bundle", tmp_path / "headers.txt"
    with running() as calendar:
        configure(archiver.vault, calendar.url)
        archiver("timestamp", "add")
        calendar.mine(840_000)
        headers.write_bytes(calendar.header_lines())
        archiver("add", "https://video.example/more")
        said = archiver("export", "--case", "march", "--to", str(bundle), "--block-headers", str(headers)).err
        assert "anchored in Bitcoin block 840000" in said
        assert "promises to anchor" in said
    assert "2033-05-18 03:33:20 UTC, when Bitcoin block 840000 was made" in (bundle / layout.REPORT_HTML).read_text()
    for more, checked in (((), False), (("--block-headers", str(headers)), True)):
        ours = archiver("verify", str(bundle), *more, "--json").json
        theirs = json.loads(subprocess.run(verifier(bundle, *more, "--json"), capture_output=True, check=True).stdout)
        assert ours["verdict"] == theirs["verdict"] == "VERIFIED"
        assert ours["anchors"] == theirs["anchors"]
        assert ours["anchors"][0]["header_checked"] is checked
