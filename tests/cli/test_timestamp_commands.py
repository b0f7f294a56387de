"""`archiver timestamp`, and what `run`, `export` and `verify` do with time stamps, through the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.authority import Authority, answering, configure, stamping
from tests.calling import Archiver


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


def test_add_status_and_verify(archiver: Archiver, authority: Authority) -> None:
    with answering(stamping(authority)) as url:
        configure(archiver.vault, url, authority)
        before = archiver("timestamp", "status", "--json").json
        assert (before["timestamps"], before["pending"], before["unstamped"]) == ([], [url], 1)
        (made,) = archiver("timestamp", "add", "--json").json["timestamps"]
        assert made["source"] == url
        assert "Nothing is new" in archiver("timestamp", "add").err
        (again,) = archiver("timestamp", "add", "--again", "--url", url, "--json").json["timestamps"]
        assert again["size"] > made["entry"]
    after = archiver("timestamp", "status", "--json").json
    assert (after["pending"], after["unstamped"]) == ([], 0)
    row = after["timestamps"][0]
    assert row["claimed"] <= row["time"][:19] + ".999999Z" or row["claimed"][:16] == row["time"][:16]
    assert "Every entry is under a time stamp" in archiver("timestamp", "status").out
    said = archiver("verify", "--json").json
    assert said["verdict"] == "VERIFIED"
    assert [one["signature_checked"] for one in said["timestamps"]] == [True, True]
    assert "the first 1 entries were there at" in archiver("verify").out


def test_verify_takes_roots_from_the_reader(archiver: Archiver, authority: Authority, tmp_path: Path) -> None:
    with answering(stamping(authority)) as url:
        configure(archiver.vault, url, authority)
        archiver("timestamp", "add")
    other = Authority(tmp_path / "other", "Others")
    assert archiver("verify", "--tsa-roots", str(authority.root), "--json").json["verdict"] == "VERIFIED"
    failed = archiver("verify", "--tsa-roots", str(other.root), "--json", code=1).json
    assert [one["code"] for one in failed["faults"]] == ["timestamp-unknown-authority"]
    assert "no certificates" in archiver("verify", "--tsa-roots", str(archiver.vault / "archive.db"), code=2).err
    assert "cannot be read" in archiver("verify", "--tsa-roots", str(tmp_path / "none"), code=2).err
    settings = archiver.vault / "archiver.toml"
    settings.write_text(settings.read_text().partition('[[timestamp]]\nurl = "http://127')[0])
    untrusted = archiver("verify", "--json", code=3).json
    assert [one["code"] for one in untrusted["faults"]] == ["timestamp-untrusted"]


def test_an_authority_that_is_away_is_told_and_stays_pending(archiver: Archiver, authority: Authority) -> None:
    with answering(stamping(authority)) as url:
        pass
    configure(archiver.vault, url, authority)
    said = archiver("timestamp", "add", "--json", code=1).json
    assert said["timestamps"] == []
    assert "cannot be asked" in said["errors"][0]
    assert archiver("timestamp", "status", "--json").json["pending"] == [url]


def test_nobody_is_asked_who_is_not_configured(archiver: Archiver) -> None:
    assert "configured" in archiver("timestamp", "add", code=2).err
    assert "not configured" in archiver("timestamp", "add", "--url", "http://127.0.0.1:1/", code=2).err
    assert archiver("timestamp", "renew", "--json").json == {"due": [], "timestamps": [], "errors": []}


def test_query_and_import_by_hand(archiver: Archiver, authority: Authority, tmp_path: Path) -> None:
    asked, said = tmp_path / "carried.tsq", tmp_path / "carried.tsr"
    told = archiver("timestamp", "query", "--to", str(asked), "--json").json
    assert told["size"] == 1
    assert len(archiver("timestamp", "status", "--json").json["unanswered"]) == 1
    said.write_bytes(authority.forge(asked.read_bytes()))
    assert "no root" in archiver("timestamp", "import", str(said), code=2).err
    (made,) = archiver(
        "timestamp", "import", str(said), "--certificates", str(authority.root), "--source", "by hand", "--json"
    ).json["timestamps"]  # fmt: skip
    assert (made["size"], made["source"]) == (1, "by hand")
    assert archiver("timestamp", "status", "--json").json["unanswered"] == []
    assert "still waits for" in archiver("timestamp", "import", str(said), code=2).err


@pytest.mark.slow
def test_run_and_export_ask_for_what_is_pending(
    archiver: Archiver, authority: Authority, clip: bytes, tmp_path: Path
) -> None:
    footage = tmp_path / "march.mp4"
    footage.write_bytes(clip)
    archiver("ingest", str(footage), "--case", "march")
    with answering(stamping(authority)) as url:
        configure(archiver.vault, url, authority)
        ended = archiver.process("run")
        assert ended.code == 0
        assert "stamped" in ended.err
        archiver("export", "--case", "march", "--to", str(tmp_path / "bundle"))
    bundle = tmp_path / "bundle"
    plain = archiver("verify", str(bundle), "--json").json
    rooted = archiver("verify", str(bundle), "--tsa-roots", str(authority.root), "--json").json
    assert (plain["verdict"], rooted["verdict"]) == ("VERIFIED", "VERIFIED")
    assert rooted["timestamps"][0]["signature_checked"]
    assert "openssl ts -verify" in archiver("verify", str(bundle)).out


def test_a_vault_with_an_authority_that_is_away_runs_and_exports_all_the_same(
    archiver: Archiver, authority: Authority
) -> None:
    with answering(stamping(authority)) as url:
        pass
    configure(archiver.vault, url, authority)
    said = archiver.process("run")
    assert said.code == 0
    assert "stays pending" in said.err
