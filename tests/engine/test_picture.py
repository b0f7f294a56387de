"""A page's snapshot in a run: kept beside what was archived or in spite of a failure, and in the way of neither."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from archiver.capture.job import FetchResult, write_durably
from archiver.capture.page import browser, cage, snapshots
from archiver.capture.page.job import FILE_NAME, RESULT_NAME, SnapshotResult, result_to_json
from archiver.config import Limits
from archiver.custody.store import Store
from archiver.engine import picture
from archiver.errors import MachineError
from archiver.model import Outcome, Role
from tests.calling import Archiver
from tests.loopback import Site

PROGRAM = browser.find()
with_browser = pytest.mark.skipif(PROGRAM is None or not cage.ladder(), reason="no browser can be used here")
URL = "http://127.0.0.1/watch"
NOTHING = b"<!doctype html><html><head><title>Nothing to see</title></head><body><p>Words only</p></body></html>"


def player(source: str) -> bytes:
    return f"<!doctype html><title>A march</title><video controls src='{source}'></video>".encode()


def fetched(outcome: Outcome = Outcome.SUCCESS, *, page: bool = True) -> FetchResult:
    return FetchResult(outcome, "", "", False, None, "t", "t", 0, 200, URL, page=page)


def result(reason: str = "", size: int = 0, message: str = "") -> SnapshotResult:
    return SnapshotResult(reason, message, size=size, url=URL, browser="Chrome/156.0", confinement="bubblewrap")


def test_a_page_is_visited_once_and_with_the_last_attempt_only() -> None:
    there = Path("/usr/bin/chromium")
    assert picture.is_wanted(there, fetched(), again=False)
    assert picture.is_wanted(there, fetched(Outcome.FAILURE), again=False)
    assert not picture.is_wanted(there, fetched(Outcome.FAILURE), again=True)
    assert not picture.is_wanted(there, fetched(Outcome.CANCELLED), again=False)
    assert not picture.is_wanted(there, fetched(Outcome.REFUSAL), again=False)
    assert not picture.is_wanted(there, fetched(page=False), again=False)
    assert not picture.is_wanted(None, fetched(), again=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "attempt").mkdir()
    return tmp_path / "attempt"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "objects").mkdir()
    return Store(tmp_path / "objects")


def test_a_finished_snapshot_is_kept_without_visiting_again(folder: Path, store: Store) -> None:
    write_durably(folder, FILE_NAME, b"PK...")
    write_durably(folder, RESULT_NAME, result_to_json(result(size=5)))
    made = picture.make(Path("/nonexistent/browser"), URL, folder, (), Limits(), lambda: False)
    assert made.size == 5
    kept = picture.keep(store, folder, URL)
    assert [(held.role, held.object.media_type) for held in kept.holdings] == [(Role.SNAPSHOT, "application/wacz")]
    assert (kept.failures, kept.confinement) == ((), "bubblewrap")
    assert [(tool.name, tool.version) for tool in kept.tools] == [("Chrome", "156.0")]


def test_a_file_that_is_not_the_one_of_its_record_is_not_kept(folder: Path, store: Store) -> None:
    write_durably(folder, FILE_NAME, b"PK... and more")
    write_durably(folder, RESULT_NAME, result_to_json(result(size=5)))
    assert picture.keep(store, folder, URL) == picture.Pictured()


def test_what_went_wrong_is_a_failure_on_record_beside_the_part_that_came(folder: Path, store: Store) -> None:
    write_durably(folder, FILE_NAME, b"PK...")
    write_durably(folder, RESULT_NAME, result_to_json(result("snapshot-timed-out", 5, "the page was busy")))
    kept = picture.keep(store, folder, URL)
    assert kept.failures == ((URL, "snapshot-timed-out"),)
    assert len(kept.holdings) == 1
    assert "in part" in kept.message


def test_a_defect_of_the_snapshot_costs_the_snapshot_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(snapshots, "make", broken)
    made = picture.make(Path("/browser"), URL, folder, (), Limits(), lambda: False)
    assert made.reason == "internal-error"
    assert json.loads((folder / RESULT_NAME).read_bytes())["reason"] == "internal-error"


def test_a_full_disk_halts_instead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "make", lambda *_arguments: result("disk-full"))
    with pytest.raises(MachineError):
        picture.make(Path("/browser"), URL, folder, (), Limits(), lambda: False)


@with_browser
@pytest.mark.slow
def test_a_page_without_media_fails_and_its_snapshot_is_kept(archiver: Archiver, site: Site, tmp_path: Path) -> None:
    url = site.put("/words", NOTHING, kind="text/html")
    archiver("add", url)
    archiver("run", code=1)
    row = archiver.requests()["/words"]
    assert (row["state"], row["reason"], row["item_ids"]) == ("failed", "no-media", [])
    assert "a snapshot of the page is kept" in row["message"]
    shown = archiver("show", row["request_id"], "--json").json
    assert [held["role"] for held in shown["attempts"][0]["objects"]] == ["exchange", "snapshot"]
    assert "snapshot" in archiver("show", row["request_id"]).out
    files = archiver("get", row["request_id"], "--to", str(tmp_path / "out"), "--json").json
    wacz = next(Path(file["path"]) for file in files if file["role"] == "snapshot")
    assert wacz.suffix == ".wacz"
    with zipfile.ZipFile(wacz) as archive:
        assert b"Nothing to see" in archive.read("pages/pages.jsonl")
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"


@with_browser
@pytest.mark.slow
def test_a_page_with_media_gives_an_item_whose_provenance_and_bundle_have_the_snapshot(
    archiver: Archiver, site: Site, clip: bytes, tmp_path: Path
) -> None:
    site.put("/clip.mp4", clip)
    archiver("add", site.put("/watch", player("/clip.mp4"), kind="text/html"), "--case", "c")
    archiver("run")
    (item,) = archiver("items", "--json").json
    shown = archiver("show", item["item_id"], "--json").json
    assert [held["role"] for held in shown["acquisition"]["objects"]] == ["exchange", "snapshot"]
    capture = next(entry["body"] for entry in shown["custody"] if entry["type"] == "capture")
    assert capture["detail"]["snapshot"] in list(cage.Confinement)
    exported = archiver("export", "--case", "c", "--to", str(tmp_path / "bundle"), "--json").json
    assert exported["verdict"] == "VERIFIED"
    assert (tmp_path / "bundle" / "data" / "exhibits" / "001" / "snapshot.wacz").stat().st_size > 1000


@with_browser
@pytest.mark.slow
def test_no_snapshot_means_no_browser(archiver: Archiver, site: Site) -> None:
    archiver("add", site.put("/words", NOTHING, kind="text/html"))
    archiver("run", "--no-snapshot", code=1)
    assert site.order.count("/words") == 1
    shown = archiver("show", archiver.requests()["/words"]["request_id"], "--json").json
    assert [held["role"] for held in shown["attempts"][0]["objects"]] == ["exchange"]


@with_browser
@pytest.mark.slow
@pytest.mark.parametrize("host", ["*", "elsewhere.example"])
def test_where_a_proxy_hides_who_asks_no_browser_shows_it(archiver: Archiver, site: Site, host: str) -> None:
    own = '["127.0.0.1"]\nproxy = "none"\n'
    (archiver.vault / "sites.toml").write_text(f'["{host}"]\nproxy = "socks5h://127.0.0.1:9"\n{own}')
    archiver("add", site.put("/words", NOTHING, kind="text/html"))
    archiver("run", code=1)
    assert site.asked["/words"] == 1
    (attempt,) = archiver("show", archiver.requests()["/words"]["request_id"], "--json").json["attempts"]
    assert [held["role"] for held in attempt["objects"]] == ["exchange"]
    assert "through a proxy" in attempt["message"]
    entries = sqlite3.connect(archiver.vault / "archive.db").execute("SELECT CAST(body AS TEXT) FROM entry")
    assert any('"snapshot-proxied"' in body for (body,) in entries)


@with_browser
@pytest.mark.slow
def test_the_vaults_setting_counts_and_the_option_before_it(archiver: Archiver, site: Site) -> None:
    settings = archiver.vault / "archiver.toml"
    settings.write_text(settings.read_text().replace("snapshot = true", "snapshot = false"))
    archiver("add", site.put("/words", NOTHING, kind="text/html"), site.put("/more", NOTHING, kind="text/html"))
    archiver("run", code=1)
    assert site.asked == {"/words": 1, "/more": 1}
    archiver("retry", "--failed")
    archiver("run", "--snapshot", code=1)
    assert site.asked["/words"] == 3


@with_browser
@pytest.mark.slow
def test_a_plain_media_file_needs_no_browser(archiver: Archiver, site: Site, clip: bytes) -> None:
    archiver("add", site.put("/clip.mp4", clip))
    archiver("run")
    assert site.asked == {"/clip.mp4": 1}


@pytest.mark.slow
def test_a_browser_that_does_not_start_costs_the_snapshot_only(archiver: Archiver, site: Site, clip: bytes) -> None:
    settings = archiver.vault / "archiver.toml"
    settings.write_text(settings.read_text().replace('# browser = "/usr/bin/chromium"', 'browser = "/bin/false"'))
    site.put("/clip.mp4", clip)
    archiver("add", site.put("/watch", player("/clip.mp4"), kind="text/html"))
    archiver("run")
    row = archiver.requests()["/watch"]
    assert (row["state"], len(row["item_ids"])) == ("archived", 1)
    assert "snapshot of the page failed" in row["message"]


@pytest.mark.parametrize("line", ["snapshot = 1", 'snapshot = "no"', "browser = true"])
def test_a_setting_that_makes_no_sense_is_refused(archiver: Archiver, line: str) -> None:
    settings = archiver.vault / "archiver.toml"
    kept = [row for row in settings.read_text().splitlines() if not row.startswith(("snapshot", "# browser"))]
    settings.write_text("\n".join([line, *kept]))
    assert line.split()[0] in archiver("status", code=2).err


def test_doctor_says_whether_there_is_a_browser_and_what_its_absence_costs(
    archiver: Archiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(row for row in archiver("doctor", "--json").json["tools"] if row["name"] == "browser")
    assert bool(row["version"]) == (PROGRAM is not None)
    monkeypatch.setattr(browser, "find", lambda setting="": None)
    told = archiver("doctor", "--json").json
    assert any("pages are not kept as a browser shows them" in line for line in told["missing"])
