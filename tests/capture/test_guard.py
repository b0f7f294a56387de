"""Which addresses may be reached: one look-up, every answer judged."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from archiver.capture import guard
from archiver.config import parse_networks
from archiver.errors import CaptureError, RefusedError

LOOPBACK = parse_networks("127.0.0.0/8")


def answer(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[Any]:
    """Let every name resolve to `addresses`; gives the list of look-ups."""
    asked: list[Any] = []

    def fake(host: str, port: int, *_rest: Any) -> list[Any]:
        asked.append((host, port))
        return [
            (socket.AF_INET6, 1, 6, "", (one, port, 0, 0)) if ":" in one else (socket.AF_INET, 1, 6, "", (one, port))
            for one in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return asked


def test_a_public_name_gives_its_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(monkeypatch, "93.184.215.14", "2606:2800:21f::1")
    found = guard.resolve("example.com", 80)
    assert [place[0] for _, place in found] == ["93.184.215.14", "2606:2800:21f::1"]
    assert asked == [("example.com", 80)]


@pytest.mark.parametrize(
    "addresses",
    [
        ("10.0.0.1",),
        ("93.184.215.14", "10.0.0.1"),
        ("10.0.0.1", "93.184.215.14"),
        ("93.184.215.14", "::1"),
        ("::ffff:10.0.0.1",),
        ("fe80::1%eth0",),
        ("2606:4700::1111%eth0",),
        ("64:ff9b::a9fe:a9fe",),
        ("127.0.0.1", "10.0.0.1"),
    ],
)
def test_one_private_answer_among_others_refuses_the_name(
    monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]
) -> None:
    answer(monkeypatch, *addresses)
    with pytest.raises(RefusedError) as caught:
        guard.resolve("mixed.example", 80, LOOPBACK)
    assert caught.value.code == "address-not-global"


def test_nat64_to_a_public_address_is_public() -> None:
    guard.judge("64:ff9b::8.8.8.8")
    guard.judge("2002:808:808::1")


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(RefusedError):
        guard.judge("/run/some.socket")


@pytest.mark.parametrize(("number", "passing"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)])
def test_a_name_without_address_is_told_from_a_resolver_without_answer(
    monkeypatch: pytest.MonkeyPatch, number: int, passing: bool
) -> None:
    def fail(*_arguments: Any) -> Any:
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(CaptureError) as caught:
        guard.resolve("gone.example", 80)
    assert (caught.value.code, caught.value.passing) == ("name-not-resolved", passing)


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "..", "\udcff.example"])
def test_a_name_that_cannot_be_asked_for_is_not_resolved(host: str) -> None:
    with pytest.raises(CaptureError) as caught:
        guard.resolve(host, 80)
    assert caught.value.code == "name-not-resolved"
