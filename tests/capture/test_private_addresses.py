"""No spelling, name, redirect or document leads to a private address; a canary listens on all of them."""

from __future__ import annotations

import contextlib
import socket
from urllib.parse import urlsplit

import pytest

from archiver.capture import guard
from archiver.capture.urls import canonical
from archiver.errors import RefusedError
from tests.capture.hostile import enclosure
from tests.capture.hostile.addresses import DOCUMENTS, SITE, SPELLINGS, ZONE

enclosed = pytest.mark.skipif(bool(enclosure.missing()), reason=f"no network of its own here: {enclosure.missing()}")


@pytest.mark.parametrize("host", SPELLINGS)
def test_a_row_with_a_private_address_is_refused_before_anything_is_asked(host: str) -> None:
    try:
        url = canonical(f"http://{host}/media/clip.mp4")
    except RefusedError:
        return
    # What is left names a host in letters: the attacker's own, or one whose look-up is judged.
    name = urlsplit(url).hostname or ""
    assert name == SITE or name.rstrip(".").endswith(("localhost", "ip6-localhost")), url


def test_what_the_system_reads_as_an_address_is_judged_as_that_address() -> None:
    read = 0
    for host in SPELLINGS:
        with contextlib.suppress(OSError, UnicodeError, ValueError):
            found = socket.getaddrinfo(host.strip("[]"), 80, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            for answer in found:
                read += 1
                with pytest.raises(RefusedError):
                    guard.judge(str(answer[4][0]))
    assert read > 60


@enclosed
@pytest.mark.slow
def test_no_trick_reaches_a_private_address() -> None:
    found = enclosure.tricks()
    assert found["reached"] == []
    assert found["tried"] >= 3 * (len(SPELLINGS) + len(ZONE) - 1) + len(DOCUMENTS)
    ends = {(way, name): end for way, name, end in found["rows"]}
    assert "archived" in ends.values()  # the attacker's own site can be reached, so the network was there
    assert "internal-error" not in ends.values()
    assert ends["fetcher", "rebinds.example"] == "archived"  # one look-up: what was judged is what was connected to
    assert ends["document", "hls-two-connections rebinds.example"] == "address-not-global"  # judged again
    for name in ("mixed.example", "mixed-last.example", "mixed-families.example", "last-of-many.example"):
        assert ends["row", name] == "address-not-global"


@enclosed
@pytest.mark.slow
def test_the_canary_hears_what_the_guard_lets_through() -> None:
    found = enclosure.tricks("--open", "--every", "9")
    assert len(set(found["reached"])) > 10
    assert len(found["reached"]) > found["tried"] / 2
