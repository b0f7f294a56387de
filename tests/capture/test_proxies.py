"""Through proxies: where the name is looked up, what is refused without looking, and what bad proxies come to."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.capture import fetcher, tunnel
from archiver.capture.access import Access, for_url
from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from archiver.capture.route import Routes, judge_name
from archiver.config import parse_networks
from archiver.errors import RefusedError
from archiver.model import Outcome
from archiver.sites import Site
from tests.capture import proxy_servers
from tests.capture.exchanges import exchanges
from tests.capture.hostile_server import LIMITS, HostileServer
from tests.capture.proxy_servers import proxying
from tests.capture.test_connection import serving_tls

NAME = "footage.example"  # never looked up here: a proxy that resolves is told the name


@pytest.fixture
def no_lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name that is looked up in this process, beside addresses."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def noting(host: Any, *rest: Any, **options: Any) -> Any:
        if not str(host).startswith("127."):
            asked.append(str(host))
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", noting)
    return asked


def fetch_through(proxy: str, url: str, folder: Path, networks: tuple[str, ...] = (), **changes: Any) -> FetchResult:
    limits = replace(LIMITS, **changes)
    return fetcher.fetch(FetchJob(url, folder, networks, limits, access=Access(proxy=proxy)), lambda _progress: None)


def test_socks5h_leaves_the_name_to_the_proxy_and_says_so(
    server: HostileServer, tmp_path: Path, media: dict[str, bytes], no_lookups: list[str]
) -> None:
    with proxying(proxy_servers.socks5) as proxy:
        url = f"http://{NAME}:{server.server_port}/media/clip.mp4"
        result = fetch_through(proxy.url("socks5h"), url, tmp_path)
    assert result.outcome is Outcome.SUCCESS
    assert (tmp_path / "00001.mp4.mp4").read_bytes() == media["clip.mp4"]
    assert proxy.asked == [(NAME, server.server_port)]
    assert no_lookups == []
    (one,) = exchanges(tmp_path)
    assert one["via"] == {"proxy": f"socks5h://127.0.0.1:{proxy.port}", "name_looked_up_by": "the proxy"}
    assert one["address"] == ""


def test_socks5_looks_the_name_up_here_and_judges_it(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def fake(host: str, port: int, *rest: Any, **options: Any) -> Any:
        address = {NAME: "127.0.0.1", "private.example": "10.0.0.1"}.get(host, host)
        return real(address, port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with proxying(proxy_servers.socks5) as proxy:
        path = f":{server.server_port}/media/clip.mp4"
        good = fetch_through(proxy.url("socks5"), f"http://{NAME}{path}", tmp_path / "a", ("127.0.0.0/8",))
        bad = fetch_through(proxy.url("socks5"), f"http://private.example{path}", tmp_path / "b", ("127.0.0.0/8",))
    assert good.outcome is Outcome.SUCCESS
    assert (bad.outcome, bad.reason) == (Outcome.REFUSAL, "address-not-global")
    assert proxy.asked == [("127.0.0.1", server.server_port)]
    assert exchanges(tmp_path / "a")[0]["address"] == f"127.0.0.1 {server.server_port}"


def test_connect_with_a_password_that_is_in_no_record(server: HostileServer, tmp_path: Path) -> None:
    with proxying(proxy_servers.connect) as proxy:
        url = f"http://{NAME}:{server.server_port}/media/clip.mp4"
        result = fetch_through(proxy.url("http", "office:hush-hush@"), url, tmp_path)
    assert result.outcome is Outcome.SUCCESS
    assert "Proxy-Authorization: Basic b2ZmaWNlOmh1c2gtaHVzaA==" in proxy.heads[0]
    for path in tmp_path.iterdir():
        assert b"hush" not in path.read_bytes()
        assert b"b2ZmaWNl" not in path.read_bytes()
    assert all("Proxy-Authorization" not in headers for headers in server.headers)


def test_every_acquisition_has_a_user_name_of_its_own_so_that_tor_keeps_them_apart(
    server: HostileServer, tmp_path: Path
) -> None:
    with proxying(proxy_servers.socks5) as proxy:
        for name in "ab":
            (tmp_path / name).mkdir()
            fetch_through(proxy.url("socks5h"), f"http://{NAME}:{server.server_port}/media/clip.mp4", tmp_path / name)
        fetch_through(proxy.url("socks5h", "me:too@"), f"http://{NAME}:{server.server_port}/x", tmp_path)
    first, second, given = proxy.users
    assert first != second
    assert len(first[0]) == 16
    assert given == ("me", "too")


def test_https_through_each_kind_of_proxy_is_verified_for_the_targets_name(
    media: dict[str, bytes],
    authority: Path,
    trusted: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(authority)
    theirs = ssl.create_default_context(cafile=authority)
    monkeypatch.setattr(tunnel, "tls_context", lambda: theirs)
    with serving_tls(media, authority) as server:
        kinds = (("socks5h", proxy_servers.socks5, None), ("https", proxy_servers.connect, ours))
        for scheme, speak, context in kinds:
            folder = tmp_path / scheme
            folder.mkdir()
            with proxying(speak, context) as proxy:
                # The certificate is for localhost, which a proxy would not be asked for.
                monkeypatch.setattr("archiver.capture.route.judge_name", lambda *_: None)
                address = f"{scheme}://localhost:{proxy.port}"
                result = fetch_through(address, f"https://localhost:{server.server_port}/media/clip.mp4", folder)
                (folder / "other").mkdir()
                place = f"https://other.example:{server.server_port}/media/clip.mp4"
                other = fetch_through(address, place, folder / "other")
            assert result.outcome is Outcome.SUCCESS, result.message
            assert (folder / "00001.mp4.mp4").read_bytes() == media["clip.mp4"]
            assert other.reason == "tls-failed"


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "127.0.0.1", "0x7f.1", "2130706433", "169.254.169.254", "::1", "fe80::1", "::ffff:10.0.0.1",
     "localhost", "a.localhost", "printer.local", "db.internal", "router.lan", "x.home.arpa", "intranet", "nas.corp"],
)  # fmt: skip
def test_a_proxy_is_not_asked_for_what_is_local(host: str) -> None:
    with pytest.raises(RefusedError) as refused:
        judge_name(host)
    assert refused.value.code == "address-not-global"
    with proxying(proxy_servers.socks5) as proxy, pytest.raises(RefusedError):
        Routes(Access(proxy=proxy.url("socks5h"))).find(host, 80, ())
    assert proxy.asked == []


@pytest.mark.parametrize("host", ["example.org", "93.184.215.14", "2606:2800::1", "local.example.org"])
def test_a_proxy_is_asked_for_what_is_public(host: str) -> None:
    judge_name(host)


def test_a_redirect_to_this_machine_is_refused_before_the_proxy_hears_of_it(
    server: HostileServer, tmp_path: Path
) -> None:
    with proxying(proxy_servers.socks5) as proxy:
        url = f"http://{NAME}:{server.server_port}/redirect-to?http://0x7f000001:{server.server_port}/media/clip.mp4"
        result = fetch_through(proxy.url("socks5h"), url, tmp_path)
    assert (result.outcome, result.reason) == (Outcome.REFUSAL, "address-not-global")
    assert proxy.asked == [(NAME, server.server_port)]


def test_an_onion_name_goes_through_socks5h_and_no_other_way(no_lookups: list[str]) -> None:
    onion = f"{'a' * 56}.onion"
    for proxy in ("", "socks5://127.0.0.1:9050", "http://127.0.0.1:8080"):
        with pytest.raises(RefusedError) as refused:
            Routes(Access(proxy=proxy)).find(onion, 80, ())
        assert refused.value.code == "onion-without-tor"
    assert Routes(Access(proxy="socks5h://127.0.0.1:9050")).find(onion, 80, ()).ask == (onion, 80)
    assert no_lookups == []


def test_each_hop_goes_the_way_that_its_own_host_is_set_to() -> None:
    known = [
        Site("*", proxy="socks5h://127.0.0.1:1"),
        Site("plain.example", proxy="none"),
        Site("tor.example", proxy="socks5h://127.0.0.2:9050"),
    ]
    networks = parse_networks("127.0.0.0/8")
    routes = Routes(for_url("http://start.example/", known))

    def port_of(host: str) -> int | None:
        proxy = routes.find(host, 80, networks).proxy
        return proxy.port if proxy else None

    assert port_of("start.example") == 1
    assert port_of("www.tor.example") == 9050
    assert Routes(for_url("http://plain.example/", known))._proxy("plain.example") is None
    # What a page that is set to go directly leads to goes the way of everything else: nobody set that to go directly.
    direct = Routes(for_url("http://plain.example/", known))
    elsewhere = direct._proxy("cdn.example")
    assert elsewhere is not None
    assert elsewhere.port == 1
    assert direct._proxy("tor.example") is not None


@pytest.mark.parametrize(
    ("speak", "reason"),
    [
        (proxy_servers.drips, "stalled"),
        (proxy_servers.forbids, "proxy-failed"),
        (proxy_servers.babbles, "proxy-failed"),
        (proxy_servers.hangs_up, "proxy-failed"),
    ],
)
@pytest.mark.parametrize("scheme", ["socks5h", "http"])
def test_what_bad_proxies_come_to(speak: proxy_servers.Speak, reason: str, scheme: str, tmp_path: Path) -> None:
    if (speak, scheme) == (proxy_servers.drips, "socks5h"):
        reason = "proxy-failed"  # its first byte is none of SOCKS5
    with proxying(speak) as proxy:
        result = fetch_through(proxy.url(scheme), f"http://{NAME}/", tmp_path, stall_seconds=0.5)
    assert (result.outcome, result.reason) == (Outcome.FAILURE, reason), result.message
    assert result.passing


def test_a_wrong_password_and_a_dead_target_are_told_apart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    with proxying(proxy_servers.socks5) as proxy:
        wrong = fetch_through(proxy.url("socks5h", "me:wrong@"), f"http://{NAME}/", tmp_path)
        (tmp_path / "result.json").unlink()
        nothing = fetch_through(proxy.url("socks5h"), f"http://{NAME}:{dead}/", tmp_path)
    assert (wrong.reason, nothing.reason) == ("proxy-failed", "connection-refused")
    assert "wrong@" not in wrong.message
    (tmp_path / "result.json").unlink()
    gone = fetch_through(f"socks5h://127.0.0.1:{dead}", f"http://{NAME}/", tmp_path)
    assert (gone.reason, gone.passing) == ("proxy-failed", True)


def test_the_confined_process_reaches_the_proxy_at_its_port_and_nothing_else_on_loopback(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1")  # proxies of the environment are never used
    with proxying(proxy_servers.socks5) as proxy:
        access = Access(proxy=proxy.url("socks5h"), proxies=(("direct.example", "none"),))
        for name in "ab":
            (tmp_path / name).mkdir()
        url = f"http://{NAME}:{server.server_port}/media/clip.mp4"
        through = fetchers.fetch(FetchJob(url, tmp_path / "a", (), LIMITS, access=access))
        beside = fetchers.fetch(FetchJob(server.url("/media/clip.mp4"), tmp_path / "b", (), LIMITS))
    assert through.outcome is Outcome.SUCCESS, through.message
    assert (beside.outcome, beside.reason) == (Outcome.REFUSAL, "address-not-global")
