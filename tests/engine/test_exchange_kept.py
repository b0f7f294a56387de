"""From a run to `get --warc`: the record of the exchange is an object, is shown, and is made complete again."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archiver.capture.commitments import acquisition_key, commitment
from archiver.custody import catalog, queue
from archiver.custody.secret import commitment_secret
from archiver.custody.vault import open_vault
from archiver.engine import attempt
from archiver.engine.worker import make_hands
from archiver.errors import EvidenceError, MachineError
from archiver.model import Outcome, Role
from tests.calling import Archiver
from tests.capture.warc_reader import payload, read
from tests.loopback import Site, serving


@dataclass(frozen=True)
class Kept:
    archiver: Archiver
    site: Site
    item: str


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, clip: bytes) -> Iterator[Kept]:
    archiver = Archiver(tmp_path_factory.mktemp("kept") / "vault")
    archiver("init")
    with serving() as site:
        archiver("add", site.put("/clip.mp4", clip))
        archiver.process("run")
        (item,) = archiver("items", "--json").json
        yield Kept(archiver, site, item["item_id"])


@pytest.mark.slow
def test_the_complete_warc_has_the_film_in_it(kept: Kept, tmp_path: Path, clip: bytes) -> None:
    files = kept.archiver("get", kept.item, "--to", str(tmp_path), "--warc", "--json").json
    by_role = {file["role"]: Path(file["path"]) for file in files}
    stored, whole = read(by_role["exchange"]), read(by_role["complete exchange"])
    assert by_role["exchange"].suffix == by_role["complete exchange"].suffix == ".warc"
    assert [record.type for record in stored] == ["warcinfo", "request", "revisit", "metadata"]
    assert [payload(record.block) for record in whole if record.type == "response"] == [clip]
    assert stored[2].fields["archiver-object"] == f"sha256:{hashlib.sha256(clip).hexdigest()}"
    acquisition = catalog.item(open_vault(kept.archiver.vault), kept.item).acquisition_id
    assert f"acquisition: {acquisition}\r\n".encode() in stored[0].block


@pytest.mark.slow
def test_the_exchange_is_shown(kept: Kept) -> None:
    shown = kept.archiver("show", kept.item, "--json").json
    (one,) = shown["exchange"]
    assert (one["status"], one["url"]) == (200, kept.site.url("/clip.mp4"))
    assert one["address"] == f"127.0.0.1 {kept.site.server_port}"
    (held,) = [held for held in shown["acquisition"]["objects"] if held["role"] == "exchange"]
    assert held["media_type"] == "application/warc"
    assert "GET http://127.0.0.1" in " ".join(kept.archiver("show", kept.item).out.split())


@pytest.mark.slow
def test_the_report_reads_it(kept: Kept, tmp_path: Path) -> None:
    kept.archiver("export", kept.item, "--to", str(tmp_path / "bundle"))
    (exhibit,) = json.loads((tmp_path / "bundle" / "data" / "report.json").read_text())["exhibits"]
    (request,) = exhibit["http"]["shown"]
    assert (exhibit["http"]["note"], request["status"], request["method"]) == ("", 200, "GET")
    assert ["Content-Type", "video/mp4"] in request["headers"]
    assert (tmp_path / "bundle" / "data" / "exhibits" / "001" / "exchange.warc").is_file()


@pytest.mark.slow
def test_an_altered_object_gives_no_complete_warc(kept: Kept, tmp_path: Path, clip: bytes) -> None:
    path = open_vault(kept.archiver.vault).store.path(hashlib.sha256(clip).hexdigest())
    path.chmod(0o644)
    path.write_bytes(clip[:-1] + bytes([clip[-1] ^ 1]))
    try:
        kept.archiver("get", kept.item, "--to", str(tmp_path), "--warc", code=1)
        assert not list(tmp_path.glob("*complete*"))
    finally:
        path.write_bytes(clip)
        path.chmod(0o444)


@pytest.mark.slow
def test_a_local_file_has_no_warc(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (row,) = kept.archiver("ingest", str(tmp_path / "a.txt"), "--json").json["rows"]
    kept.archiver("get", row["item_id"], "--to", str(tmp_path / "out"), "--warc", code=2)


@pytest.mark.slow
def test_a_file_that_is_not_what_was_recorded_is_no_item(kept: Kept, tmp_path: Path, clip: bytes) -> None:
    """A byte changes between the fetch and the store: the bytes are kept, and nothing is archived on their word."""
    url = kept.site.put("/second.mp4", clip + b"\0" * 8)
    kept.archiver("add", url)
    vault = open_vault(kept.archiver.vault, kept.archiver.environ)
    with make_hands(vault) as hands:
        request = next(one for one in queue.listing(vault) if one.url == url)
        queue.mark_running(vault, request.id)
        result = attempt.fetch(hands, request, 1, lambda _progress: None)
        (file, _) = result.items[0].files
        path = attempt.folder_of(vault, f"{request.id}.1") / file.name
        path.write_bytes(b"x" + path.read_bytes()[1:])
        ended = attempt.settle(hands, request, 1)
    assert (ended.outcome, ended.reason, ended.items) == (Outcome.FAILURE, "record-differs", 0)
    acquisition = catalog.acquisition(vault, f"{request.id}.1")
    assert [held.role for held in acquisition.holdings] == [Role.EXCHANGE, Role.ORIGINAL, Role.INFO]
    vault.ledger.publish()
    kept.archiver("verify")


@pytest.mark.slow
def test_the_vaults_owner_can_prove_a_value_that_was_withheld(tmp_path: Path) -> None:
    archiver = Archiver(tmp_path / "vault")
    archiver("init")
    with serving() as site:
        url = site.put("/no.mp4", first=[(404, {"Set-Cookie": "session=hidden-value"})] * 3)
        archiver("add", url)
        archiver.process("run", code=1)
        (request,) = archiver.requests().values()
    vault = open_vault(tmp_path / "vault")
    name = f"{request['request_id']}.1"
    held = catalog.acquisition(vault, name).holdings[0]
    stored = read(vault.store.path(held.object.sha256))
    answer = next(record.block for record in stored if record.type == "response")
    line = next(number for number, line in enumerate(answer.split(b"\r\n")) if line.startswith(b"Set-Cookie"))
    key = acquisition_key(commitment_secret(vault.folder / "keys"), name)
    assert b"Set-Cookie: " + commitment(key, 1, "response", "set-cookie", line, b"session=hidden-value") in answer
    for path in (tmp_path / "vault").rglob("*"):
        assert path.is_dir() or b"hidden-value" not in path.read_bytes()


def test_the_secret_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    secret = commitment_secret(tmp_path)
    assert len(secret) == 32
    assert commitment_secret(tmp_path) == secret
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("short\n")
    with pytest.raises(EvidenceError):
        commitment_secret(tmp_path)
    with pytest.raises(MachineError):
        commitment_secret(tmp_path / "nothing")
