"""The canonical form of a URL, and the spellings that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.capture.urls import canonical, host_key
from archiver.config import Limits, parse_networks
from archiver.errors import RefusedError


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("  https://Example.COM \n", "https://example.com/"),
        ("HTTP://example.com:80/a", "http://example.com/a"),
        ("https://example.com:443", "https://example.com/"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("http://example.com:/", "http://example.com/"),
        ("http://example.com./a", "http://example.com/a"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://example.com?q=1#x", "http://example.com/?q=1"),
        ("http://example.com/?", "http://example.com/?"),
        ("http://example.com/a/./b/../c", "http://example.com/a/c"),
        ("http://example.com/a/..", "http://example.com/"),
        ("http://example.com/a/%2e%2E/b", "http://example.com/b"),
        ("http://example.com/../../b", "http://example.com/b"),
        ("http://example.com//a//b", "http://example.com//a//b"),
        ("http://example.com/%7euser/%c3%a9", "http://example.com/~user/%C3%A9"),
        ("http://example.com/é b", "http://example.com/%C3%A9%20b"),
        ("http://example.com/100%", "http://example.com/100%"),
        ("http://example.com/a?b=%7e&utm_source=x&a=2", "http://example.com/a?b=%7e&utm_source=x&a=2"),
        ("http://example.com/?q=é b", "http://example.com/?q=%C3%A9%20b"),
        ("http://münchen.de/", "http://xn--mnchen-3ya.de/"),
        ("http://ｅｘａｍｐｌｅ.com/", "http://example.com/"),
        ("http://example。com/", "http://example.com/"),
        ("http://ex%61mple.com/", "http://example.com/"),
        ("http://8.8.8.8/", "http://8.8.8.8/"),
        ("http://0x08080808/", "http://8.8.8.8/"),
        ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://[2606:4700::1111]:8443/", "http://[2606:4700::1111]:8443/"),
    ],
)
def test_the_canonical_form(given_url: str, expected: str) -> None:
    assert canonical(given_url) == expected


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "bad-url"),
        ("hello", "bad-url"),
        ("example.com/video", "bad-url"),
        ("example.com:8080/video", "bad-url"),
        ("//example.com/", "bad-url"),
        ("http:/example.com", "bad-url"),
        ("http:example.com", "bad-url"),
        ("http://", "bad-url"),
        ("http:///a", "bad-url"),
        ("http://user:word@example.com/", "bad-url"),
        ("http://user@example.com/", "bad-url"),
        ("http://example.com\\@10.0.0.1/", "bad-url"),
        ("http://exa mple.com/", "bad-url"),
        ("http://example..com/", "bad-url"),
        ("http://-example.com/", "bad-url"),
        ("http://example.com:0/", "bad-url"),
        ("http://example.com:65536/", "bad-url"),
        ("http://example.com:８０/", "bad-url"),
        ("http://example.com/a\nb", "bad-url"),
        ("http://example.com/\x00a", "bad-url"),
        ("http://example.com/\ud800", "bad-url"),
        ("http://" + "a" * 64 + ".com/", "bad-url"),
        ("http://1.2.3.4.5/", "bad-url"),
        ("http://1.2.3.999/", "bad-url"),
        ("http://08.1.1.1/", "bad-url"),
        ("http://4294967296/", "bad-url"),
        ("http://[::1", "bad-url"),
        ("http://[fe80::1%25eth0]/", "bad-url"),
        ("http://[v1.x]/", "bad-url"),
        ("file:///etc/passwd", "bad-scheme"),
        ("ftp://example.com/a", "bad-scheme"),
        ("javascript:alert(1)", "bad-scheme"),
        ("data:text/html,x", "bad-scheme"),
        ("ws://example.com/", "bad-scheme"),
        ("http://example.com/" + "a" * 9000, "url-too-long"),
        ("http://example.com/" + "é" * 3000, "url-too-long"),
    ],
)
def test_what_is_no_url_is_refused_with_its_reason(url: str, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        canonical(url)
    assert caught.value.code == code


PRIVATE = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1", "017700000001", "0177.1",
    "0177.0x0.0.1", "127.0.0.1.", "１２７.０.０.１", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1", "10.0.0.1",
    "10.1", "167772161", "172.16.0.1", "192.168.1.1", "192.168.257", "169.254.169.254", "2852039166", "100.64.0.1",
    "0", "0.0.0.0", "0x", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.8", "240.0.0.1", "[::1]", "[::]",
    "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:0a00:0001]", "[0:0:0:0:0:ffff:10.0.0.1]",
    "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[2002:a00:1::]", "[2001:0:4136:e378:8000:63bf:f5ff:fffe]", "[fe80::1]",
    "[fec0::1]", "[fc00::1]", "[fd00::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[3fff::1]", "[5f00::1]",
    "[2606:4700::5efe:10.0.0.1]", "[2606:4700::200:5efe:10.0.0.1]",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_no_spelling_of_a_private_address_passes(host: str) -> None:
    with pytest.raises(RefusedError) as caught:
        canonical(f"http://{host}/")
    assert caught.value.code == "address-not-global"


def test_an_allowed_network_passes_in_every_spelling() -> None:
    loopback = parse_networks("127.0.0.0/8")
    for host in ("127.1", "2130706433", "127.0.0.1"):
        assert canonical(f"http://{host}:8000/a", Limits(), loopback) == "http://127.0.0.1:8000/a"
    assert canonical("http://[::ffff:127.0.0.1]/", Limits(), loopback) == "http://[::ffff:7f00:1]/"
    with pytest.raises(RefusedError):
        canonical("http://10.0.0.1/", Limits(), loopback)


def test_the_host_key_counts_a_port_as_another_server() -> None:
    assert host_key("https://example.com/a/b?c") == "example.com"
    assert host_key("http://127.0.0.1:8000/") == "127.0.0.1:8000"


@given(st.text(max_size=40))
def test_any_text_gives_a_url_or_a_refusal(text: str) -> None:
    for url in (text, "http://" + text, "http://example.com/" + text, "http://example.com/?" + text):
        try:
            result = canonical(url)
        except RefusedError:
            continue
        assert result.isascii()
        assert canonical(result) == result
