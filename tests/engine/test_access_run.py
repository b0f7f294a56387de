"""A whole run with a login: the server sees the cookie, and afterwards it is nowhere but encrypted in keys/."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.capture.access import for_url
from archiver.capture.job import job_from_json, job_to_json
from archiver.custody import cookiejar
from tests.calling import Archiver
from tests.capture.proxy_servers import proxying, socks5
from tests.loopback import serving

pytestmark = pytest.mark.slow

SECRET = "value-of-a-persons-session"


def test_cookies_reach_the_site_through_its_proxy_and_no_file(tmp_path: Path, picture: Callable[[int], bytes]) -> None:
    archiver = Archiver(tmp_path / "vault")
    archiver("init")
    line = f"footage.example\tFALSE\t/\tFALSE\t0\tsession\t{SECRET}\n".encode()
    with serving() as site, proxying(socks5) as proxy:
        site.put("/members.png", picture(1), kind="image/png")
        site.put("/public.png", picture(2), kind="image/png")
        archiver("site", "cookies", "footage.example", "--from", "-", stdin=line)
        archiver("site", "set", "*", "--proxy", proxy.url("socks5h"))
        archiver.environ["ARCHIVER_ALLOW_NET"] = ""
        archiver("add", f"http://footage.example:{site.server_port}/members.png", "--case", "c")
        archiver("add", f"http://other.example:{site.server_port}/public.png", "--case", "c")
        archiver.process("run", "--json")
        sent = {path: headers.get("Cookie") for path, headers in site.heads}
    assert sent == {"/members.png": f"session={SECRET}", "/public.png": None}
    assert len(proxy.asked) == 2
    assert len({user for user, _ in proxy.users}) == 2
    archiver("export", "--case", "c", "--to", str(tmp_path / "bundle"))
    archiver("backup", str(tmp_path / "backup"))
    looked = 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            looked += 1
            assert SECRET.encode() not in path.read_bytes(), path
    assert looked > 30
    assert not list((tmp_path / "bundle").rglob("cookies*"))


def test_a_login_that_is_gone_is_a_recorded_failure_and_nothing_is_asked(
    tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    archiver = Archiver(tmp_path / "vault")
    archiver("init")
    archiver("site", "cookies", "127.0.0.1", "--from", "-", stdin=b"127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tx\n")
    for name in (cookiejar.FILE_NAME, cookiejar.KEY_NAME):
        (archiver.vault / "keys" / name).unlink()  # as in a vault that was restored from a backup
    with serving() as site:
        archiver("add", site.put("/a.png", picture(1), kind="image/png"))
        archiver.process("run", "--json", code=1)
        assert not site.order
    row = archiver.requests()["/a.png"]
    assert (row["state"], row["reason"], row["attempts"]) == ("failed", "access-missing", 1)
    assert archiver("verify", "--json").json["verdict"] == "VERIFIED"


def test_the_job_carries_access_whole_and_shows_none_of_it(tmp_path: Path) -> None:
    from archiver.capture.job import FetchJob
    from archiver.cookies import Cookie
    from archiver.sites import Site

    known = [Site("a.example", proxy="http://me:hush@p.example", impersonate="chrome", user_agent="U", cookies=True)]
    access = for_url("http://a.example/", known, [Cookie("a.example", True, "/", True, 5, "n", SECRET)])
    job = FetchJob("http://a.example/", tmp_path, access=access)
    assert job_from_json(job_to_json(job)) == job
    assert SECRET not in repr(job)
    assert "hush" not in repr(job)
