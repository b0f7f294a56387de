"""`archiver site`: settings and cookies of sites; acts are on record, and nothing of them in the clear."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.calling import Archiver

COOKIES = (
    "# Netscape HTTP Cookie File\n"
    ".secret-site.example\tTRUE\t/\tTRUE\t0\tsession\tvalue-of-the-session\n"
    ".elsewhere.example\tTRUE\t/\tTRUE\t0\tsession\tvalue-of-another\n"
)
FIELDS = {"host", "proxy", "impersonate", "javascript", "user_agent", "cookies", "cookies_kept"}


@pytest.fixture
def archiver(tmp_path: Path) -> Archiver:
    made = Archiver(tmp_path / "vault")
    made("init")
    return made


def entries(archiver: Archiver) -> list[dict[str, object]]:
    import sqlite3

    connection = sqlite3.connect(archiver.vault / "archive.db")
    rows = connection.execute("SELECT body FROM entry ORDER BY seq").fetchall()
    connection.close()
    return [json.loads(body) for (body,) in rows]


def test_settings_are_set_shown_listed_and_unset(archiver: Archiver) -> None:
    said = archiver("site", "set", "Secret-Site.example.", "--proxy", "socks5h://me:hush@127.0.0.1:9050", "--json").json
    assert said.keys() == FIELDS
    assert (said["host"], said["proxy"]) == ("secret-site.example", "socks5h://127.0.0.1:9050")
    archiver("site", "set", "*", "--impersonate", "chrome", "--javascript")
    archiver("site", "set", "www.secret-site.example", "--impersonate", "none", "--user-agent", "A browser")
    shown = archiver("--json", "site", "show", "a.www.secret-site.example").json
    assert shown.keys() == FIELDS | {"from"}
    assert (shown["proxy"], shown["impersonate"], shown["javascript"], shown["user_agent"]) == (
        "socks5h://127.0.0.1:9050", "none", True, "A browser",
    )  # fmt: skip
    assert shown["from"] == ["*", "secret-site.example", "www.secret-site.example"]
    assert [row["host"] for row in archiver("site", "list", "--json").json] == shown["from"]
    archiver("site", "set", "secret-site.example", "--unset", "proxy")
    assert archiver("site", "show", "secret-site.example", "--json").json["proxy"] is None
    everything = archiver("site", "list").out + archiver("site", "show", "secret-site.example").out
    assert "hush" not in everything


def test_acts_are_on_record_and_say_nothing_in_the_clear(archiver: Archiver, tmp_path: Path) -> None:
    before = len(entries(archiver))
    archiver("site", "set", "secret-site.example", "--proxy", "http://me:hush@p.example")
    archiver("site", "cookies", "secret-site.example", "--from", "-", stdin=COOKIES.encode())
    archiver("site", "cookies", "secret-site.example", "--forget")
    mine = [one for one in entries(archiver)[before:] if one["type"] == "setting changed"]
    assert len(mine) == 3
    for one in mine:
        assert one.keys() == {"v", "type", "time", "outcome", "sealed"}
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"
    for path in archiver.vault.rglob("*"):
        if path.is_file() and path.name != "sites.toml":
            assert b"hush" not in path.read_bytes(), path
    ledger = b"".join(path.read_bytes() for path in (archiver.vault / "ledger").rglob("*") if path.is_file())
    assert b"secret-site" not in ledger


def test_cookies_of_the_site_are_kept_encrypted_and_forgotten(archiver: Archiver, tmp_path: Path) -> None:
    (tmp_path / "cookies.txt").write_text(COOKIES)
    said = archiver("site", "cookies", "secret-site.example", "--from", str(tmp_path / "cookies.txt"), "--json").json
    assert said == {"host": "secret-site.example", "cookies": 1, "others": {"elsewhere.example": 1}, "ended": 0}
    for path in archiver.vault.rglob("*"):
        assert not path.is_file() or b"value-of" not in path.read_bytes(), path
    assert archiver("site", "show", "www.secret-site.example", "--json").json["cookies_kept"] == 1
    archiver("backup", str(tmp_path / "copy"))
    copied = {path.name for path in (tmp_path / "copy" / "keys").iterdir()}
    assert copied == {"ledger.vkey", "ledger-pq.vkey"}
    assert (tmp_path / "copy" / "sites.toml").stat().st_mode & 0o777 == 0o600
    archiver("site", "cookies", "secret-site.example", "--forget")
    assert not list((archiver.vault / "keys").glob("cookies*"))
    assert archiver("site", "show", "secret-site.example", "--json").json["cookies"] is False


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "a.example"], "nothing to set"),
        (["set", "https://a.example/", "--javascript"], "no host"),
        (["set", "a.example", "--proxy", "socks5h://me:hush@x/y"], "no proxy"),
        (["set", "a.example", "--impersonate", "netscape"], "does not know the browser"),
        (["set", "a.example", "--unset", "colour"], "no setting"),
        (["cookies", "a.example"], "either --from FILE or --forget"),
        (["cookies", "a.example", "--from", "-", "--forget"], "either --from FILE or --forget"),
        (["cookies", "www.secret-site.example", "--from", "-"], "Name secret-site.example"),
        (["cookies", "*", "--from", "-"], "there is no cookie"),
        (["cookies", "a.example", "--from", "/nonexistent"], "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_next_step(
    archiver: Archiver, arguments: list[str], words: str
) -> None:
    before = len(entries(archiver))
    said = archiver("site", *arguments, code=2, stdin=COOKIES.encode())
    assert words in said.err
    assert "hush" not in said.err + said.out
    assert "value-of" not in said.err + said.out
    assert len(entries(archiver)) == before
    assert not (archiver.vault / "sites.toml").exists()


def test_doctor_says_what_is_there_without_naming_a_site(archiver: Archiver) -> None:
    archiver("site", "set", "secret-site.example", "--proxy", "socks5h://127.0.0.1:9050", "--javascript")
    report = archiver("doctor", "--json").json
    access = report["access"]
    assert access["versions"].keys() == {"curl-cffi", "deno", "yt-dlp-ejs"}
    assert access["sites"]["configured"] == access["sites"]["proxy"] == access["sites"]["javascript"] == 1
    assert access["sites"]["cookies"] == 0
    assert access["javascript"]["works"] is (not access["javascript"]["reason"])
    assert report["yt_dlp_age_days"] >= 0
    said = archiver("doctor").out
    assert "days old" in said
    assert "secret-site" not in said + json.dumps(report)
