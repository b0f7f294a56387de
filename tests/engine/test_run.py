from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.calling import Archiver, Said
from tests.loopback import Site, serving

pytestmark = pytest.mark.slow

#: Pictures whose answers are held, so that requests at a time can be counted; their number is their priority.
HELD = 6

TOO_LATE = (429, {"Retry-After": "3600"})
SOON = (429, {"Retry-After": "1"})


@dataclass(frozen=True)
class Day:
    """One run over everything that can happen."""

    archiver: Archiver
    site: Site
    patient: Site
    said: Said
    requests: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory, picture: Callable[[int], bytes], clip: bytes) -> Iterator[Day]:
    archiver = Archiver(tmp_path_factory.mktemp("day") / "vault")
    archiver.environ["ARCHIVER_LIMIT_RETRY_SECONDS"] = "0.2"
    archiver("init")
    with serving() as site, serving() as patient:
        site.put("/clip.mp4", clip)
        site.put("/copy.mp4", clip)
        site.put("/late.png", picture(1), kind="image/png", first=[(500, {})])
        site.put("/soon.png", picture(2), kind="image/png", first=[SOON])
        site.put("/hour.png", picture(3), kind="image/png", first=[TOO_LATE] * 9)
        site.put("/never.png", picture(4), kind="image/png", first=[(503, {})] * 9)
        site.put("/private.png", first=[(302, {"Location": "http://10.11.12.13/x.mp4"})] * 9)
        site.put("/empty.mp4", b"")
        site.put("/large.png", picture(5), kind="image/png")
        archiver("add", site.url("/large.png"), "--limit", "file_bytes=50")
        paths = [*site.pages, "/missing.mp4"]
        paths.remove("/large.png")
        archiver("add", *(site.url(path) for path in paths), "--case", "c", "--note", "n")
        for number in range(HELD):
            url = patient.put(f"/{number}.png", picture(10 + number), kind="image/png", held=True)
            archiver("add", url, "--priority", str(number))
        said = archiver.process("run", "--json", code=1)
        yield Day(archiver, site, patient, said, archiver.requests())


def ended(day: Day, path: str) -> tuple[str, str, int]:
    request = day.requests[path]
    return request["state"], request["reason"], request["attempts"]


def test_every_request_ends_with_its_reason(day: Day) -> None:
    assert ended(day, "/clip.mp4") == ("archived", "", 1)
    assert ended(day, "/missing.mp4") == ("failed", "not-found", 1)
    assert ended(day, "/private.png") == ("refused", "address-not-global", 1)
    assert ended(day, "/empty.mp4") == ("failed", "empty-body", 1)
    assert ended(day, "/large.png") == ("failed", "too-large", 1)


def test_what_can_pass_is_tried_again_and_succeeds(day: Day) -> None:
    assert ended(day, "/late.png") == ("archived", "", 2)
    assert ended(day, "/soon.png") == ("archived", "", 2)
    assert day.requests["/late.png"]["item_ids"]


def test_what_never_passes_is_given_up(day: Day) -> None:
    assert ended(day, "/never.png") == ("failed", "server-error", 3)
    assert "given up after 3 attempts" in day.requests["/never.png"]["message"]
    assert day.site.asked["/never.png"] == 3


def test_a_server_that_wants_an_hour_ends_the_request_and_says_when_to_come_back(day: Day) -> None:
    assert ended(day, "/hour.png") == ("failed", "rate-limited", 1)
    assert "60 min" in day.requests["/hour.png"]["message"]


def test_what_cannot_pass_is_asked_once(day: Day) -> None:
    assert day.site.asked["/missing.mp4"] == 1


def test_totals_count_requests_and_retries_apart(day: Day) -> None:
    totals = day.said.json
    assert {name: totals[name] for name in ("archived", "failed", "refused", "retried")} == {
        "archived": 4 + HELD,
        "failed": 5,
        "refused": 1,
        "retried": 4,
    }


def test_a_run_that_is_no_terminal_says_one_plain_line_an_attempt(day: Day) -> None:
    lines = day.said.err.splitlines()
    assert len(lines) == 4 + HELD + 5 + 1 + 4
    assert not any("\x1b" in line for line in lines)


def test_one_host_is_asked_two_things_at_a_time(day: Day) -> None:
    assert day.patient.most == 2


def test_higher_priorities_come_first(day: Day) -> None:
    first_asked = list(dict.fromkeys(day.patient.order))
    pairs = [set(first_asked[at : at + 2]) for at in range(0, HELD, 2)]
    assert pairs == [{"/5.png", "/4.png"}, {"/3.png", "/2.png"}, {"/1.png", "/0.png"}]


def test_two_urls_with_the_same_bytes_are_an_identical_match_of_one_object(day: Day) -> None:
    items = {item["url"].rpartition("/")[2]: item for item in day.archiver("items", "--json").json}
    ids = {items["clip.mp4"]["item_id"], items["copy.mp4"]["item_id"]}
    identical = [match for match in day.archiver("matches", "--json").json if match["kind"] == "identical"]
    assert [{match["a"], match["b"]} for match in identical] == [ids]


def test_every_failure_and_refusal_is_an_entry(day: Day) -> None:
    connection = sqlite3.connect(day.archiver.vault / "archive.db")
    rows = connection.execute("SELECT request, outcome FROM v_custody WHERE type = 'capture'").fetchall()
    connection.close()
    assert len(rows) == sum(request["attempts"] for request in day.requests.values())
    for path, outcome in (("/missing.mp4", "failure"), ("/private.png", "refusal"), ("/clip.mp4", "success")):
        assert (day.requests[path]["request_id"], outcome) in rows


def test_nothing_is_left_behind_and_the_vault_verifies(day: Day) -> None:
    assert list((day.archiver.vault / "working" / "attempts").iterdir()) == []
    assert day.archiver("verify", "--json").json["verdict"] == "VERIFIED"


def test_other_commands_go_on_beside_a_run_and_cancel_stops_a_download(
    archiver: Archiver, site: Site, picture: Callable[[int], bytes], tmp_path: Path
) -> None:
    (answer,) = archiver("add", site.put("/drip.mp4", drips=True), "--json").json["rows"]
    local = tmp_path / "local.png"
    local.write_bytes(picture(1))
    run = archiver.start("run")
    try:
        assert site.dripping.wait(60)
        second = archiver.process("run", code=1)
        assert second.err.count("\n") == 1
        assert "another `archiver run`" in second.err
        assert archiver.requests()["/drip.mp4"]["state"] == "running"
        archiver("add", site.put("/added.png", picture(2), kind="image/png"))
        assert archiver("ingest", str(local), "--json").json["rows"][0]["outcome"] == "archived"
        assert len(archiver("items", "--json").json) >= 1
        beside = archiver("verify", "--json", code=None).json
        # The run may have recorded /added.png this very moment, and not signed it yet.
        assert {fault["code"] for fault in beside["faults"]} <= {"unsigned-tail"}
        (cancelled,) = archiver("cancel", answer["request_id"], "--json").json
        assert cancelled["state"] == "cancelled"
        _, err = run.communicate(timeout=60)
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 0, err
    assert b"Traceback" not in err
    assert archiver.requests()["/drip.mp4"]["state"] == "cancelled"
    assert archiver.requests()["/added.png"]["state"] == "archived"


def test_two_processes_share_a_run_and_its_limits(
    archiver: Archiver, site: Site, picture: Callable[[int], bytes]
) -> None:
    urls = [site.put(f"/{n}.png", picture(n), kind="image/png", held=True) for n in range(8)]
    archiver("add", *urls)
    said = archiver.process("run", "--workers", "2", "--json")
    assert said.json["archived"] == 8
    assert site.most == 2
    assert len(archiver("items", "--json").json) == 8
    assert {request["attempts"] for request in archiver.requests().values()} == {1}


def test_after_a_lost_engine_file_nothing_is_repeated_and_a_retry_is_taken_up(
    archiver: Archiver, site: Site, picture: Callable[[int], bytes]
) -> None:
    archiver("add", site.put("/one.png", picture(1), kind="image/png"), site.url("/later.png"))
    archiver.process("run", code=1)
    for path in archiver.vault.glob("engine.db*"):
        path.unlink()
    before = site.asked["/one.png"]
    archiver("add", site.put("/two.png", picture(2), kind="image/png"))
    site.put("/later.png", picture(3), kind="image/png")
    (again,) = archiver("retry", "--failed", "--json").json
    assert (again["url"], again["state"]) == (site.url("/later.png"), "queued")
    assert archiver.process("run", "--json").json["archived"] == 2
    assert site.asked["/one.png"] == before
    assert {request["state"] for request in archiver.requests().values()} == {"archived"}
    assert len(archiver("items", "--json").json) == 3
