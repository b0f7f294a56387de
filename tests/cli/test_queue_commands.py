from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from typing import Any

import pytest

from tests.calling import Archiver

FIELDS = {"request_id", "url", "case", "state", "reason", "attempts", "item_ids"}
URL = "http://a.example/x.mp4"


def add(archiver: Archiver, *arguments: str, code: int = 0, stdin: bytes = b"") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = archiver("add", *arguments, "--json", code=code, stdin=stdin).json["rows"]
    assert all({"input", "url", "request_id", "outcome", "reason"} <= row.keys() for row in rows)
    return rows


def test_the_same_address_in_one_case_is_a_duplicate_that_names_the_request(archiver: Archiver) -> None:
    (first,) = add(archiver, URL, "--case", "one")
    (again,) = add(archiver, "HTTP://A.example:80/./x.mp4#top", "--case", "one")
    assert (again["outcome"], again["request_id"]) == ("duplicate", first["request_id"])
    assert again["url"] == "HTTP://A.example:80/./x.mp4#top"
    said = archiver("add", URL, "--case", "one")
    assert first["request_id"] in said.out


def test_another_case_or_none_is_no_duplicate(archiver: Archiver) -> None:
    rows = [*add(archiver, URL), *add(archiver, URL, "--case", "one"), *add(archiver, URL, "--case", "two")]
    assert [row["outcome"] for row in rows] == ["queued"] * 3
    assert len({row["request_id"] for row in rows}) == 3


def test_duplicates_within_one_call_are_found_too(archiver: Archiver) -> None:
    assert [row["outcome"] for row in add(archiver, URL, URL, URL)] == ["queued", "duplicate", "duplicate"]


def test_again_queues_what_was_asked_for_before(archiver: Archiver) -> None:
    (first,) = add(archiver, URL)
    (second,) = add(archiver, URL, "--again")
    assert second["outcome"] == "queued"
    assert second["request_id"] != first["request_id"]
    assert add(archiver, URL)[0]["request_id"] == first["request_id"]


def test_every_row_of_a_file_is_answered_for(archiver: Archiver) -> None:
    data = (
        b"\xef\xbb\xbfurl,case,note,priority,requested_by,colour\r\n"
        b"http://a.example/1,c,n,5,who,red\r\n\r\n"
        b"http://a.example/1,c,,,,\r\n"
        b"file:///etc/passwd,c,,,,\r\n"
        b"http://a.example/2,c,,much,,\r\n"
        b"http://a.example/\xff,c,,,,\r\n"
        b"http://127.1/x,c,,,,\r\n"
    )
    archiver.environ["ARCHIVER_ALLOW_NET"] = ""
    rows = add(archiver, "--from", "-", code=1, stdin=data)
    assert [(row["outcome"], row["reason"]) for row in rows] == [
        ("queued", ""),
        ("duplicate", "already-requested"),
        ("refused", "bad-scheme"),
        ("refused", "bad-priority"),
        ("refused", "not-utf8"),
        ("refused", "address-not-global"),
    ]
    listed = archiver("requests", "--case", "c", "--json").json
    assert [row["state"] for row in listed] == ["queued", "refused", "refused", "refused", "refused"]
    assert (listed[0]["note"], listed[0]["priority"]) == ("n", 5)


def test_a_refused_row_is_an_entry(archiver: Archiver) -> None:
    (row,) = add(archiver, "ftp://a.example/", code=1)
    connection = sqlite3.connect(archiver.vault / "archive.db")
    found = connection.execute("SELECT type, outcome FROM v_custody WHERE request = ?", (row["request_id"],)).fetchall()
    connection.close()
    assert found == [("request", "refusal")]


def test_a_duplicate_alone_is_no_failure(archiver: Archiver) -> None:
    add(archiver, URL)
    add(archiver, URL, code=0)


def test_the_queue_in_its_json_form(archiver: Archiver) -> None:
    (row,) = add(archiver, URL, "--case", "c")
    (listed,) = archiver("requests", "--json").json
    (cancelled,) = archiver("cancel", row["request_id"], "--json").json
    (queued,) = archiver("retry", row["request_id"], "--json").json
    assert all(one.keys() >= FIELDS for one in (listed, cancelled, queued))
    assert [one["state"] for one in (listed, cancelled, queued)] == ["queued", "cancelled", "queued"]
    assert {one["request_id"] for one in (listed, cancelled, queued)} == {row["request_id"]}


def test_requests_are_listed_by_state_and_case(archiver: Archiver) -> None:
    add(archiver, URL, "--case", "one")
    add(archiver, "ftp://a.example/", "--case", "two", code=1)
    assert [row["case"] for row in archiver("requests", "--state", "refused", "--json").json] == ["two"]
    assert [row["state"] for row in archiver("requests", "--case", "one", "--json").json] == ["queued"]
    assert archiver("requests", "--case", "three", "--json").json == []
    assert "no requests" in archiver("requests", "--case", "three").out


def test_cancelling_twice_changes_nothing_the_second_time(archiver: Archiver) -> None:
    (row,) = add(archiver, URL)
    archiver("cancel", row["request_id"])
    assert archiver("cancel", row["request_id"], "--json").json == []


def test_an_unknown_id_changes_no_request_of_the_call(archiver: Archiver) -> None:
    (row,) = add(archiver, URL)
    archiver("cancel", row["request_id"], "rnothing", code=2)
    assert archiver("requests", "--json").json[0]["state"] == "queued"


def test_a_row_that_is_refused_for_good_is_not_queued_by_retry_and_says_why(archiver: Archiver) -> None:
    (row,) = add(archiver, "ftp://a.example/", code=1)
    said = archiver("retry", row["request_id"], "--json", code=1)
    assert said.json == []
    assert "still refused" in said.err


def test_a_row_that_was_refused_for_its_network_is_queued_by_retry_once_that_is_allowed(archiver: Archiver) -> None:
    (row,) = add(archiver, "http://10.1.2.3/a.mp4", code=1)
    settings = archiver.vault / "archiver.toml"
    settings.write_text(settings.read_text("utf-8").replace("allow_net = []", 'allow_net = ["10.0.0.0/8"]'), "utf-8")
    command = [sys.executable, "-c", "from archiver.cli import main; main()", "retry", row["request_id"], "--json"]
    environment = {name: value for name, value in os.environ.items() if name != "ARCHIVER_ALLOW_NET"}
    done = subprocess.run(
        command, env={**environment, "ARCHIVER_VAULT": str(archiver.vault)}, capture_output=True, text=True, check=True
    )
    (queued,) = json.loads(done.stdout)
    assert (queued["state"], queued["canonical_url"]) == ("queued", "http://10.1.2.3/a.mp4")
    assert archiver("verify", "--json").json["faults"] == []


def test_a_limit_of_one_request_is_kept_and_on_record(archiver: Archiver) -> None:
    add(archiver, URL, "--limit", "file_bytes=1000", "--limit", "fetch_seconds=60")
    connection = sqlite3.connect(archiver.vault / "archive.db")
    (limits,) = connection.execute("SELECT limits FROM request").fetchone()
    (body,) = connection.execute("SELECT body FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    connection.close()
    assert limits == '{"file_bytes": 1000, "fetch_seconds": 60}'
    assert b'"limits":{"fetch_seconds":60,"file_bytes":1000}' in body


@pytest.mark.parametrize(
    "limit", ["nonsense", "file_bytes", "file_bytes=", "file_bytes=0", "file_bytes=-1", "file_bytes=1.5", "x=1",
              "file_bytes=\u00b2", "file_bytes=" + "9" * 5000, "per_host=50", "attempts=9"],
)  # fmt: skip
def test_a_limit_that_is_none_is_wrong_usage_and_queues_nothing(archiver: Archiver, limit: str) -> None:
    said = archiver("add", URL, "--limit", limit, code=2)
    assert said.err.count("\n") == 1
    assert archiver("requests", "--json").json == []


def test_adding_takes_no_engine() -> None:
    import subprocess
    import sys

    code = "import sys, archiver.engine.intake, archiver.cli.requests; sys.exit('dbos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Archiver.__init__.__globals__["ROOT"]).returncode == 0
