"""What a site's settings do to a plain fetch: cookies for their hosts only, the user agent, and what is missing."""

from __future__ import annotations

from pathlib import Path

from archiver.capture.access import Access
from archiver.capture.job import FetchJob
from archiver.capture.pool import Fetchers
from archiver.cookies import Cookie
from archiver.custody.cookiejar import SITE_BYTES
from archiver.model import Outcome
from tests.capture.exchanges import exchanges
from tests.capture.hostile_server import LIMITS, HostileServer

LOOPBACK = ("127.0.0.0/8",)
SECRET = "value-of-the-session"


def cookie(**changes: object) -> Cookie:
    given = {"domain": "127.0.0.1", "subdomains": False, "path": "/", "secure": False, "ends": 0, "name": "sid"}
    return Cookie(**{**given, "value": SECRET, **changes})  # type: ignore[arg-type]  # fields of Cookie


def test_cookies_go_to_their_host_and_nowhere_after_a_redirect(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path
) -> None:
    elsewhere = f"http://127.0.0.2:{server.server_port}/media/clip.mp4"
    job = FetchJob(
        server.url(f"/redirect-to?{elsewhere}"), tmp_path, LOOPBACK, LIMITS, access=Access(cookies=(cookie(),))
    )
    fetchers.fetch(job)
    assert server.headers[0]["Cookie"] == f"sid={SECRET}"
    # The server listens at one address only, so that the second hop is a failed connection of the record.
    first, second = exchanges(tmp_path)
    assert "Cookie: sha256-commitment:" in first["request"]
    assert "Cookie" not in second["request"]
    for path in tmp_path.iterdir():
        assert SECRET.encode() not in path.read_bytes()


def test_what_a_cookie_is_not_for_does_not_get_it(server: HostileServer, fetchers: Fetchers, tmp_path: Path) -> None:
    others = (
        cookie(name="a", secure=True),
        cookie(name="b", path="/members"),
        cookie(name="c", domain="example.org"),
        cookie(name="d", ends=1),
        cookie(name="e"),
    )
    fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path, LOOPBACK, LIMITS, access=Access(cookies=others)))
    assert server.headers[0]["Cookie"] == f"e={SECRET}"


def test_cookies_of_one_job_are_not_there_in_the_next(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path
) -> None:
    for name, access in (("a", Access(cookies=(cookie(),), user_agent="A reader")), ("b", Access())):
        (tmp_path / name).mkdir()
        fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path / name, LOOPBACK, LIMITS, access=access))
    first, second = server.headers
    assert (first["Cookie"], first["User-Agent"]) == (f"sid={SECRET}", "A reader")
    assert "Cookie" not in second
    assert second["User-Agent"] != "A reader"


def test_a_site_with_as_many_cookies_as_are_kept_fits_into_a_job(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path
) -> None:
    proxies = tuple((f"site-number-{number}.example", "socks5h://127.0.0.1:9050") for number in range(400))
    many = tuple(cookie(name=f"n{number}", value="x" * 3500, path="/nowhere") for number in range(17))
    assert SITE_BYTES < 17 * 3900
    access = Access(cookies=many, proxies=proxies)
    result = fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path, LOOPBACK, LIMITS, access=access))
    assert result.outcome is Outcome.SUCCESS, result.message


def test_what_is_missing_ends_the_fetch_before_anything_is_asked(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path
) -> None:
    access = Access(missing="the cookies of example.org are not there")
    result = fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path, LOOPBACK, LIMITS, access=access))
    assert (result.reason, result.message, result.passing) == ("access-missing", access.missing, False)
    assert not server.asked
