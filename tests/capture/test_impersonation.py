"""Through curl-cffi: the browser's head goes out; limits, guard, redirects, cookies and records hold as elsewhere."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from archiver.capture import browsers, fetcher, impersonation
from archiver.capture.access import Access
from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from archiver.capture.transfer import _as_http_1
from archiver.cookies import Cookie
from archiver.model import Outcome
from tests.capture import proxy_servers
from tests.capture.conftest import _loopback_only
from tests.capture.exchanges import exchanges
from tests.capture.hostile_server import LIMITS, HostileServer
from tests.capture.proxy_servers import proxying
from tests.capture.test_connection import serving_tls

pytest.importorskip("curl_cffi")
SESSION = Cookie("127.0.0.1", False, "/", False, 0, "session", "value-of-the-session")


def impersonate(url: str, folder: Path, access: Access | None = None, **changes: Any) -> FetchResult:
    limits = replace(LIMITS, **changes)
    access = replace(access or Access(), impersonate="chrome")
    return fetcher.fetch(FetchJob(url, folder, ("127.0.0.0/8",), limits, access=access), lambda _progress: None)


def test_a_file_comes_with_the_browsers_head_in_one_request_and_the_record_says_what_it_lacks(
    server: HostileServer, tmp_path: Path, media: dict[str, bytes]
) -> None:
    result = impersonate(server.url("/media/clip.mp4"), tmp_path)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert (tmp_path / "00001.mp4.mp4").read_bytes() == media["clip.mp4"]
    assert server.asked["/media/clip.mp4"] == 1
    sent = server.headers[0]
    assert "Chrome/" in sent["User-Agent"]
    assert "sec-ch-ua" in {name.lower() for name in sent}
    (one,) = exchanges(tmp_path)
    assert one["via"]["recorded"].startswith("impersonated through curl")
    assert one["address"] == f"127.0.0.1 {server.server_port}"
    assert sent["User-Agent"] in one["request"]
    assert one["answer"].startswith("HTTP/1.1 200 ")
    assert one["for_file"] is True
    assert one["wire_bytes"] > one["body_bytes"] == len(media["clip.mp4"])
    assert "curl-cffi" in {tool.name for tool in result.tools}


def test_pages_redirects_and_streams_come_as_without(
    server: HostileServer, tmp_path: Path, media: dict[str, bytes]
) -> None:
    for number, path in enumerate(("/page", "/moved/clip.mp4", "/media/hls.m3u8", "/cut/resumable")):
        folder = tmp_path / str(number)
        folder.mkdir()
        result = impersonate(server.url(path), folder)
        assert result.outcome is Outcome.SUCCESS, (path, result.message)
        (original,) = [one.name for item in result.items for one in item.files if one.role.value == "original"]
        wanted = b"".join(body for name, body in media.items() if name.startswith("hls") and name.endswith(".ts"))
        assert (folder / original).read_bytes() == (wanted if "hls" in path else media["clip.mp4"])


@pytest.mark.parametrize(
    ("path", "outcome", "reason"),
    [
        ("/to/private", Outcome.REFUSAL, "address-not-global"),
        ("/to/mapped", Outcome.REFUSAL, "address-not-global"),
        ("/to/decimal", Outcome.REFUSAL, "address-not-global"),
        ("/to/file", Outcome.REFUSAL, "bad-scheme"),
        ("/to/unresolved", Outcome.FAILURE, "name-not-resolved"),
        ("/loop", Outcome.FAILURE, "redirect-loop"),
        ("/status/404/x.mp4", Outcome.FAILURE, "not-found"),
        ("/status/403/x.mp4", Outcome.FAILURE, "forbidden"),
        ("/bare", Outcome.FAILURE, "no-media"),
        ("/endless", Outcome.FAILURE, "too-large"),
        ("/drip", Outcome.FAILURE, "stalled"),
        ("/drip/head", Outcome.FAILURE, "stalled"),
        ("/garbage", Outcome.FAILURE, "broken-answer"),
    ],
)
def test_refusals_and_limits_hold(
    path: str, outcome: Outcome, reason: str, server: HostileServer, tmp_path: Path
) -> None:
    result = impersonate(server.url(path), tmp_path, stall_seconds=1)
    assert (result.outcome, result.reason) == (outcome, reason), result.message
    assert not [one for one in tmp_path.iterdir() if one.suffix == ".mp4"]


def test_curl_connects_to_the_address_that_was_judged(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fake(host: str, port: int, *_rest: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    result = impersonate(f"http://rebind.example:{server.server_port}/media/clip.mp4", tmp_path)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert asked == ["rebind.example"]


def test_cookies_go_to_their_host_only_and_are_in_no_file(server: HostileServer, tmp_path: Path) -> None:
    result = impersonate(server.url("/media/clip.mp4"), tmp_path, Access(cookies=(SESSION,)))
    assert result.outcome is Outcome.SUCCESS
    assert server.headers[0]["Cookie"] == "session=value-of-the-session"
    for path in tmp_path.iterdir():
        assert b"value-of-the-session" not in path.read_bytes()
    assert "Cookie: sha256-commitment:" in exchanges(tmp_path)[0]["request"]
    # The same server by another name gets none.
    server.headers.clear()
    (tmp_path / "b").mkdir()
    place = f"http://127.0.0.2:{server.server_port}/x"
    impersonate(server.url(f"/redirect-to?{place}"), tmp_path / "b", Access(cookies=(SESSION,)))
    assert "Cookie" in server.headers[0]
    assert not any("Cookie" in headers for headers in server.headers[1:])


def test_it_goes_through_a_proxy_that_looks_the_name_up(
    server: HostileServer, tmp_path: Path, media: dict[str, bytes]
) -> None:
    for scheme, speak in (("socks5h", proxy_servers.socks5), ("http", proxy_servers.connect)):
        folder = tmp_path / scheme
        folder.mkdir()
        with proxying(speak) as proxy:
            url = f"http://footage.example:{server.server_port}/media/clip.mp4"
            result = impersonate(url, folder, Access(proxy=proxy.url(scheme)))
        assert result.outcome is Outcome.SUCCESS, result.message
        assert proxy.asked == [("footage.example", server.server_port)]
        assert exchanges(folder)[0]["via"]["proxy"] == f"{scheme}://127.0.0.1:{proxy.port}"
        assert exchanges(folder)[0]["address"] == ""
        assert (folder / "00001.mp4.mp4").read_bytes() == media["clip.mp4"]


def test_a_certificate_of_an_unknown_authority_is_not_accepted(
    media: dict[str, bytes], authority: Path, tmp_path: Path
) -> None:
    with serving_tls(media, authority) as server:
        result = impersonate(f"https://127.0.0.1:{server.server_port}/media/clip.mp4", tmp_path)
    assert result.reason == "tls-failed", result.message


def test_a_certificate_is_verified_for_the_name(
    media: dict[str, bytes], authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impersonation, "authorities", lambda: str(authority))
    monkeypatch.setattr(socket, "getaddrinfo", _loopback_only)
    for name, reason in (("localhost", ""), ("other.example", "tls-failed")):
        (tmp_path / name).mkdir()
        with serving_tls(media, authority) as server:
            result = impersonate(f"https://{name}:{server.server_port}/media/clip.mp4", tmp_path / name)
        assert result.reason == reason, result.message


def test_it_works_in_the_confined_process(server: HostileServer, fetchers: Fetchers, tmp_path: Path) -> None:
    access = Access(impersonate="firefox", user_agent="")
    result = fetchers.fetch(FetchJob(server.url("/page"), tmp_path, ("127.0.0.0/8",), LIMITS, access=access))
    assert result.outcome is Outcome.SUCCESS, result.message
    assert all("Firefox/" in headers["User-Agent"] for headers in server.headers)


@pytest.mark.parametrize(
    "place",
    ["http://%31%30.0.0.1/", "http://0x0a.1/", "http://10.0.0.1%2f@a.example/", "http://a.example\\@10.0.0.1/",
     "http://a.example%00.b/", "http://[::ffff:a00:1]/", "http://①⓪.0.0.1/", "http://127.0.0.1:80:80/"],
)  # fmt: skip
def test_no_spelling_leads_curl_where_we_did_not_look(
    place: str, server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def fake(host: str, port: int, *rest: Any, **options: Any) -> Any:
        if "a.example" in host:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return real(host, port, *rest, **{**options, "flags": socket.AI_NUMERICHOST})

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    result = impersonate(server.url(f"/redirect-to?{quote(place)}"), tmp_path)
    assert result.outcome is not Outcome.SUCCESS
    assert sum(server.asked.values()) == 1
    assert all(one["address"] in ("", f"127.0.0.1 {server.server_port}") for one in exchanges(tmp_path))


def test_a_proxy_of_the_environment_is_never_used(
    server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert impersonate(server.url("/media/clip.mp4"), tmp_path).outcome is Outcome.SUCCESS


def test_names_of_browsers_are_known_before_a_fetch() -> None:
    assert browsers.is_known("chrome")
    assert not browsers.is_known("netscape")
    assert browsers.release("chrome") in browsers.known()


@pytest.mark.parametrize("ends", [True, False])
def test_a_body_in_chunks_is_taken_apart_and_its_end_is_looked_for(ends: bool, tmp_path: Path) -> None:
    body = bytes(range(256)) * 100
    chunks = b"".join(b"%x\r\n%b\r\n" % (5120, body[start : start + 5120]) for start in range(0, len(body), 5120))
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                channel, _ = listener.accept()
            except OSError:
                return
            with channel:
                channel.recv(65536)
                channel.sendall(answer + (b"0\r\n\r\n" if ends else b""))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        result = impersonate(f"http://127.0.0.1:{listener.getsockname()[1]}/a.mp4", tmp_path)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    if ends:
        assert result.outcome is Outcome.SUCCESS, result.message
        assert (tmp_path / "00001.mp4.mp4").read_bytes() == body
        assert exchanges(tmp_path)[0]["wire_bytes"] >= len(answer)
    else:
        assert result.outcome is Outcome.FAILURE


def test_heads_of_http_2_are_written_as_http_1() -> None:
    assert _as_http_1(b"HTTP/2 200 \r\na: b\r\n\r\n") == b"HTTP/1.1 200 \r\na: b\r\n\r\n"
    assert _as_http_1(b"HTTP/1.0 200 OK\r\n\r\n") == b"HTTP/1.0 200 OK\r\n\r\n"


_NODE = """
const http2 = require("node:http2"), fs = require("node:fs");
const [certificate, clip] = process.argv.slice(1);
const pem = fs.readFileSync(certificate);
const server = http2.createSecureServer({ cert: pem, key: pem, allowHTTP1: true });
server.on("request", (request, response) => {
    console.error(request.httpVersion);
    if (request.url === "/cut.mp4") {
        response.writeHead(200, { "content-type": "video/mp4" });
        response.write(Buffer.alloc(70000));
        setTimeout(() => request.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 50);
        return;
    }
    response.writeHead(200, { "content-type": "video/mp4", "set-cookie": "a=key-to-an-account" });
    response.end(fs.readFileSync(clip));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="a server that speaks HTTP/2 needs node")
def test_http_2_as_browsers_speak_it(
    media: dict[str, bytes], authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(impersonation, "authorities", lambda: str(authority))
    monkeypatch.setattr(socket, "getaddrinfo", _loopback_only)
    (tmp_path / "clip.mp4").write_bytes(media["clip.mp4"])
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    line = ["node", "-e", _NODE, "--", str(authority), str(tmp_path / "clip.mp4")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert node.stderr is not None
        try:
            port = int(node.stdout.readline())
            whole = impersonate(f"https://localhost:{port}/whole.mp4", tmp_path / "whole")
            cut = impersonate(f"https://localhost:{port}/cut.mp4", tmp_path / "cut")
        finally:
            node.kill()
        assert set(node.stderr.read().split()) == {"2.0"}
    assert whole.outcome is Outcome.SUCCESS, whole.message
    assert (tmp_path / "whole" / "00001.mp4.mp4").read_bytes() == media["clip.mp4"]
    assert (cut.outcome, cut.reason) == (Outcome.FAILURE, "connection-cut"), cut.message
    (one,) = exchanges(tmp_path / "whole")
    assert one["answer"].startswith("HTTP/1.1 200 ")
    assert "set-cookie: sha256-commitment:" in one["answer"]
    assert b"key-to-an-account" not in (tmp_path / "whole" / "exchange.warc").read_bytes()
