"""Two offices at the command line: by files and over loopback, policy, memory, forks and rollbacks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archiver.custody.witness.folder import WitnessFolder
from archiver.report.bundle.pyz import verifier
from tests.calling import Archiver
from tests.custody.test_witness_http import serving


class Office:
    """A vault, the witnesses of other offices, and a reader's policy."""

    def __init__(self, archiver: Archiver, folder: Path) -> None:
        self.archiver = archiver
        self.folder = folder
        self.log_key = archiver("key", "show").out.splitlines()[0]

    def witness(self, name: str) -> str:
        """Another office's witness that watches this vault; gives its key."""
        key: str = self.archiver(
            "witness", "init", "--name", f"{name}.example/w", "--folder", self.at(name), "--json"
        ).json["verifier_key"]
        self.archiver("witness", "trust", self.log_key, "--folder", self.at(name))
        return key

    def at(self, name: str) -> str:
        return str(self.folder / name)

    def cosign(self, name: str) -> None:
        """By files, there and back."""
        self.archiver("witness", "request", "--out", self.at("request"), "--for", f"{name}.example/w")
        self.archiver("witness", "sign", self.at("request"), "--out", self.at("answer"), "--folder", self.at(name))
        self.archiver("witness", "add", self.at("answer"))

    def policy(self, quorum: str, **keys: str) -> str:
        lines = [f"log {self.log_key}", *(f"witness {name} {key}" for name, key in keys.items())]
        lines += [f"group all-of-them {quorum} {' '.join(keys)}", "quorum all-of-them"]
        path = self.folder / f"policy-{quorum}"
        path.write_text("".join(f"{line}\n" for line in lines))
        return str(path)

    def verify(self, *arguments: str, code: int = 0) -> Any:
        return self.archiver("verify", "--json", *arguments, code=code).json

    def act(self, number: int = 0) -> None:
        self.archiver("add", f"https://video.example/{number}")


@pytest.fixture
def office(archiver: Archiver, tmp_path: Path) -> Office:
    return Office(archiver, tmp_path)


def codes(document: Any) -> set[str]:
    return {fault["code"] for fault in document["faults"]}


def test_two_of_three_witnesses_by_files_meet_a_policy(office: Office) -> None:
    keys = {name: office.witness(name) for name in ("b", "c", "d")}
    for key in keys.values():
        office.archiver("witness", "appoint", key)
    policy = office.policy("2", **keys)
    assert codes(office.verify("--policy", policy, code=1)) == {"quorum-not-met"}
    office.cosign("b")
    assert codes(office.verify("--policy", policy, code=1)) == {"quorum-not-met"}
    office.cosign("c")
    document = office.verify("--policy", policy)
    assert document["verdict"] == "VERIFIED"
    assert [(one["name"], one["in_policy"]) for one in document["witnesses"]] == [
        ("b.example/w", True),
        ("c.example/w", True),
    ]
    assert document["checkpoint"]["quorum_size"] == document["checkpoint"]["size"]
    # What comes later is signed by the log and seen by nobody else: that is said, and is no lie.
    office.act()
    later = office.verify("--policy", policy, code=3)
    assert codes(later) == {"unwitnessed-tail"}
    told = office.archiver("verify", "--policy", policy, code=3).out
    assert "Witness b.example/w cosigned 1 entries" in told
    # The cosignatures are entries of the batch that came after them, and the checkpoint before still bears them.
    ledger = (office.archiver.vault / "ledger" / "tile" / "entries").glob("000.p/*")
    assert max(path.read_bytes().count(b"cosignature received") for path in ledger) == 2
    office.cosign("b")
    office.cosign("d")
    assert office.verify("--policy", policy)["verdict"] == "VERIFIED"
    listed = office.archiver("witness", "list", "--json").json
    assert {one["name"]: one["size"] > 1 for one in listed} == {
        "b.example/w": True,
        "c.example/w": False,
        "d.example/w": True,
    }
    assert office.archiver("witness", "list", "--folder", office.at("b"), "--json").json[0]["size"] > 1


def test_an_answer_may_come_back_after_the_ledger_went_on(office: Office) -> None:
    key = office.witness("b")
    office.archiver("witness", "appoint", key)
    office.archiver("witness", "request", "--out", office.at("request"))
    office.act()
    office.archiver("witness", "sign", office.at("request"), "--out", office.at("answer"), "--folder", office.at("b"))
    assert "cosigned 1 entries" in office.archiver("witness", "add", office.at("answer")).out
    assert "there already" in office.archiver("witness", "add", office.at("answer")).err
    assert b"b.example/w" not in (office.archiver.vault / "ledger" / "checkpoint").read_bytes()
    assert b"b.example/w" in (office.archiver.vault / "cosigned" / "1").read_bytes()
    assert codes(office.verify("--policy", office.policy("any", b=key), code=3)) == {"unwitnessed-tail"}


def test_the_same_over_http_and_one_witness_that_is_away(office: Office) -> None:
    keys = {name: office.witness(name) for name in ("b", "c")}
    with serving(WitnessFolder(Path(office.at("b")))) as (server, _):
        address = f"http://127.0.0.1:{server.server_address[1]}"
        office.archiver("witness", "appoint", keys["b"], "--url", address)
        got = office.archiver("witness", "request", "--json").json
        assert [one["size"] for one in got] == [1]
        office.act()
        office.archiver("witness", "appoint", keys["c"], "--url", "http://127.0.0.1:1/")
        said = office.archiver("witness", "request", "--json", code=1)
        assert len(said.json) == 1
        assert "cannot be asked" in said.err
        office.archiver("witness", "request", "--to", "http://127.0.0.1:1/nobody", code=2)
        assert office.archiver("witness", "request", "--to", address).out == ""  # it was cosigned already
    assert office.verify("--policy", office.policy("any", b=keys["b"]))["verdict"] == "VERIFIED"


def test_nothing_is_asked_of_anybody_unless_an_address_was_configured(office: Office) -> None:
    assert "no witness with an address" in office.archiver("witness", "request", code=2).err
    office.archiver("witness", "appoint", office.witness("b"))
    assert "no witness with an address" in office.archiver("witness", "request", code=2).err


def test_a_witness_says_loudly_what_contradicts_its_memory(office: Office) -> None:
    office.archiver("witness", "appoint", office.witness("b"))
    shutil.copytree(office.archiver.vault, office.at("twin"))
    office.act(1)
    office.cosign("b")
    twin = Archiver(Path(office.at("twin")))
    twin("add", "https://video.example/2")
    twin("witness", "request", "--out", office.at("fork"), "--old", "0")
    said = office.archiver("witness", "sign", office.at("fork"), "--folder", office.at("b"), code=1)
    assert "FORK" in said.err
    assert len(list(Path(office.at("b")).glob("logs/*/evidence/*/refused"))) == 1
    twin("add", "https://video.example/3")
    twin("witness", "request", "--out", office.at("fork"), "--old", "3")
    said = office.archiver("witness", "sign", office.at("fork"), "--folder", office.at("b"), code=1)
    assert "NOT CONSISTENT" in said.err


def test_a_request_from_another_size_is_refused_with_the_right_one(office: Office) -> None:
    office.archiver("witness", "appoint", office.witness("b"))
    office.cosign("b")
    office.act()
    office.archiver("witness", "request", "--out", office.at("r"), "--old", "0")
    said = office.archiver("witness", "sign", office.at("r"), "--folder", office.at("b"), code=1)
    assert "--old 1" in said.err
    office.archiver("witness", "request", "--out", office.at("r"), "--old", "1")
    office.archiver("witness", "sign", office.at("r"), "--folder", office.at("b"))


def test_what_is_no_answer_is_refused(office: Office) -> None:
    key = office.witness("b")
    Path(office.at("answer")).write_bytes(b"\xe2\x80\x94 b.example/w AAAA\n")
    office.archiver("witness", "add", office.at("answer"), code=2)
    office.archiver("witness", "request", "--out", office.at("request"), "--old", "0")
    office.archiver("witness", "sign", office.at("request"), "--out", office.at("answer"), "--folder", office.at("b"))
    assert "appointed" in office.archiver("witness", "add", office.at("answer"), code=1).err
    office.archiver("witness", "appoint", key)
    office.archiver("witness", "add", office.at("answer"))
    office.archiver("witness", "add", office.at("nowhere"), code=2)
    for text in ("x", office.log_key):
        office.archiver("witness", "appoint", text, code=2)
    office.archiver("witness", "trust", key, "--folder", office.at("b"), code=2)
    office.archiver("witness", "sign", office.at("answer"), "--folder", office.at("nobody"), code=2)


def test_the_memory_says_rolled_back_and_goes_on_saying_it(office: Office) -> None:
    shutil.copytree(office.archiver.vault, office.at("older"))
    office.act()
    assert office.verify()["memory"] == {"state": "first", "seen_size": None, "conflicts": 0}
    assert office.verify()["memory"]["state"] == "agrees"
    for _ in range(2):
        document = office.verify(office.at("older"), code=1)
        assert (codes(document), document["memory"]["state"]) == ({"rolled-back"}, "rolled-back")
    assert "ROLLED BACK" in office.archiver("verify", office.at("older"), code=1).out
    assert office.verify("--no-memory", office.at("older"))["memory"]["state"] == "none"
    assert office.verify()["memory"]["conflicts"] == 1


def test_the_memory_says_fork(office: Office) -> None:
    shutil.copytree(office.archiver.vault, office.at("twin"))
    office.act(1)
    office.verify()
    Archiver(Path(office.at("twin")))("add", "https://video.example/2")
    document = office.verify(office.at("twin"), code=1)
    assert (codes(document), document["memory"]["state"]) == ({"fork"}, "fork")
    kept = json.loads((office.folder / "state" / "seen.json").read_text())["logs"][0]
    assert len(kept["seen"]) == len(kept["against"]) == 1  # two signed notes of one size: that is the proof


def test_a_look_without_memory_says_what_it_cannot_exclude(office: Office) -> None:
    said = office.archiver("verify", "--no-memory").out
    assert "Newest checkpoint: 1 entries of office-a.example/archive" in said
    assert "a fork" in said
    assert "a cut end" in said
    assert not (office.folder / "state").exists()


def test_a_memory_that_is_none_is_not_overwritten(office: Office) -> None:
    (office.folder / "state").mkdir()
    (office.folder / "state" / "seen.json").write_text("my notes")
    assert "--no-memory" in office.archiver("verify", code=1).err
    assert (office.folder / "state" / "seen.json").read_text() == "my notes"
    office.archiver("verify", "--no-memory")


def test_a_policy_that_is_none_is_wrong_usage(office: Office) -> None:
    (office.folder / "p").write_text("quorum nobody\n")
    assert "line 1" in office.archiver("verify", "--policy", office.at("p"), code=2).err
    office.archiver("verify", "--policy", office.at("nowhere"), code=2)


def test_a_policy_of_another_log_does_not_accept_this_one(office: Office) -> None:
    other = Archiver(office.folder / "other")
    other("init", "--origin", "office-a.example/archive")
    (office.folder / "p").write_text(f"log {other('key', 'show').out.split()[0]}\nquorum none\n")
    assert codes(office.verify("--policy", office.at("p"), code=1)) == {"key-other"}


def test_a_backup_takes_cosignatures_and_witnesses_along(office: Office) -> None:
    key = office.witness("b")
    office.archiver("witness", "appoint", key)
    office.cosign("b")
    office.archiver("backup", office.at("backup"))
    office.archiver("backup", office.at("backup"))
    document = office.verify(office.at("backup"), "--policy", office.policy("any", b=key), code=3)
    assert codes(document) == {"unwitnessed-tail"}
    assert (office.folder / "backup" / "witnesses.policy").is_file()


def test_a_bundle_carries_its_cosignatures_and_both_verifiers_agree(
    office: Office, picture: Any, tmp_path: Path
) -> None:
    key = office.witness("b")
    (tmp_path / "one.png").write_bytes(picture(7))
    office.archiver("ingest", str(tmp_path / "one.png"), "--case", "c")
    office.archiver("witness", "appoint", key)
    office.cosign("b")
    policy = office.policy("any", b=key)
    office.archiver("export", "--case", "c", "--to", office.at("later"))
    document = office.verify(office.at("later"), "--policy", policy, "--no-memory", code=3)
    assert codes(document) == {"unwitnessed-tail"}  # the export's own entry, which nobody else has seen yet
    assert len(document["faults"]) == 1
    assert document["faults"][0]["subject"].startswith("entry ")
    with serving(WitnessFolder(Path(office.at("b")))) as (server, _):
        office.archiver("witness", "appoint", key, "--url", f"http://127.0.0.1:{server.server_address[1]}")
        office.archiver("export", "--case", "c", "--to", office.at("cosigned"), "--cosign")
    document = office.verify(office.at("cosigned"), "--policy", policy, "--no-memory")
    assert document["verdict"] == "VERIFIED"
    (tmp_path / "verify.pyz").write_bytes(verifier())
    for bundle in ("later", "cosigned"):
        done = subprocess.run(
            [sys.executable, "-I", tmp_path / "verify.pyz", "--policy", policy, "--json", office.at(bundle)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        ours = office.verify(office.at(bundle), "--policy", policy, "--no-memory", code=done.returncode)
        assert json.loads(done.stdout) == ours
    verify = str(tmp_path / "verify.pyz")
    remember = [sys.executable, "-I", verify, "--memory", office.at("seen"), office.at("later")]
    for word in ("not seen before", "continues what was seen"):
        assert word in subprocess.run(remember, capture_output=True, text=True, timeout=60).stdout
    assert office.verify(office.at("cosigned"))["memory"]["state"] == "first"
    assert office.verify(office.at("later"))["memory"]["state"] == "unproven"
    assert office.verify()["memory"]["state"] == "agrees"  # the vault relates both
