"""sites.toml: strict, hand-editable, read back as written; the most specific table decides, setting by setting."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import sites
from archiver.errors import ArchiverError, UsageError
from archiver.proxies import parse_proxy
from archiver.sites import Site, cookie_site, for_host, host_of, parse, render

HOSTS = st.from_regex(r"([a-z0-9]{1,8}\.){0,2}[a-z]{2,5}", fullmatch=True)
PROXIES = st.sampled_from(["none", "socks5h://127.0.0.1:9050", "http://u:p%40@proxy.example:3128", "https://[::1]"])
TABLES = st.builds(
    Site,
    HOSTS,
    st.none() | PROXIES,
    st.none() | st.sampled_from(["none", "chrome", "safari184_ios"]),
    st.none() | st.booleans(),
    st.none() | st.from_regex(r"[ -~]{1,60}", fullmatch=True),
    st.none() | st.booleans(),
).filter(lambda site: bool(site.given()))


@given(st.lists(TABLES, unique_by=lambda site: site.host, max_size=6))
def test_what_is_written_is_read_back(tables: list[Site]) -> None:
    assert parse(render(tables)) == tuple(sorted(tables, key=lambda site: site.host))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_an_error_of_ours(text: str) -> None:
    for read in (parse, host_of, parse_proxy):
        with contextlib.suppress(ArchiverError):
            read(text)


def test_each_setting_comes_from_the_most_specific_table_that_says_anything() -> None:
    known = parse(
        '["*"]\nproxy = "socks5h://127.0.0.1:9050"\n'
        '["example.org"]\nimpersonate = "chrome"\njavascript = true\ncookies = true\n'
        '["www.example.org"]\nproxy = "none"\njavascript = false\n'
    )
    assert for_host(known, "example.org").javascript is True
    found = for_host(known, "video.www.example.org")
    assert (found.proxy, found.impersonate, found.javascript) == ("none", "chrome", False)
    assert cookie_site(known, "video.www.example.org") == "example.org"
    assert for_host(known, "notexample.org").given() == {"proxy": "socks5h://127.0.0.1:9050"}
    assert cookie_site(known, "notexample.org") == ""


def test_a_narrower_table_can_send_no_cookies() -> None:
    known = [Site("example.org", cookies=True), Site("public.example.org", cookies=False)]
    assert cookie_site(known, "public.example.org") == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('["a.example"]\ncolour = "red"', "unknown setting 'colour'"),
        ("[a.example]\njavascript = true", "a table within a table"),
        ('proxy = "none"', "outside a table"),
        ('["a.example"]\njavascript = "yes"', "not true or false"),
        ('["a.example"]\nproxy = 9050', "not text"),
        ('["a.example"]\nproxy = "127.0.0.1:9050"', "no proxy"),
        ('["a.example"]\nproxy = "socks4://127.0.0.1"', "scheme"),
        ('["a.example"]\nproxy = "socks5h://127.0.0.1/x"', "after its port"),
        ('["a.example"]\nproxy = "socks5h://127.0.0.1:0"', "port is 0"),
        ('["a.example"]\nimpersonate = "Chrome browser"', "no browser"),
        ('["a.example"]\nuser_agent = "a\\nb"', "user agent"),
        ('["*"]\ncookies = true', "belong to one site"),
        ('["https://a.example/"]\njavascript = true', "is no host"),
        ('["A.example"]\njavascript = true\n["a.example."]\njavascript = false', "two tables"),
        ('["a.example"\n', "TOML"),
        ("#" * 40_000, "longer than"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_place(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse(text, "the file")
    assert caught.value.what.startswith("the file")
    assert caught.value.next_step


def test_no_error_quotes_a_password() -> None:
    for text in (
        "socks9://me:hush@a.example",
        "socks5h://me:hush@a.example/x",
        "http://me:hush@:80",
        "http://a:hush@b:x",
    ):
        with pytest.raises(UsageError) as caught:
            parse_proxy(text)
        assert "hush" not in caught.value.line()
    proxy = parse_proxy("http://me:hush@a.example")
    assert "hush" not in repr(proxy) + proxy.shown
    assert proxy.shown == "http://a.example:8080"


def test_the_file_is_for_its_owner_only_and_changes_keep_the_rest(tmp_path: Path) -> None:
    assert sites.load(tmp_path) == ()
    sites.change(tmp_path, Site("a.example"), {"javascript": True})
    sites.change(tmp_path, Site("b.example"), {"proxy": "http://u:p@a.example"})
    sites.change(tmp_path, Site("a.example"), {"impersonate": "chrome"})
    assert sites.load(tmp_path)[0] == Site("a.example", impersonate="chrome", javascript=True)
    assert stat.S_IMODE((tmp_path / "sites.toml").stat().st_mode) == 0o600
    sites.change(tmp_path, Site("a.example"), {"javascript": None, "impersonate": None})
    assert [site.host for site in sites.load(tmp_path)] == ["b.example"]
    with pytest.raises(UsageError):
        sites.change(tmp_path, Site("a.example"), {"proxy": "nonsense"})
    assert [site.host for site in sites.load(tmp_path)] == ["b.example"]


def test_a_file_that_cannot_be_read_is_an_error_and_not_no_settings(tmp_path: Path) -> None:
    (tmp_path / "sites.toml").mkdir()
    with pytest.raises(ArchiverError):
        sites.load(tmp_path)
    (tmp_path / "sites.toml").rmdir()
    (tmp_path / "sites.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="UTF-8"):
        sites.load(tmp_path)
