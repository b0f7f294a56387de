"""The way to a host: directly, or through a proxy that a person set; and what of it can be judged here.

Directly and with socks5, every address of the target is looked up and judged here. With a proxy that looks names up
itself (socks5h, CONNECT), the target's address is not known here: addresses written as such, and names that mean this
machine or its network, are still refused. The proxy's own address is not judged, because a person named it; it is
reached at exactly the port that the person named.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

from archiver.capture import guard, reasons, urls
from archiver.capture.access import Access
from archiver.config import Network
from archiver.errors import CaptureError, RefusedError
from archiver.proxies import NONE, Proxy, parse_proxy
from archiver.sites import Site, for_host

# Names that lead into whatever network resolves them: RFC 6761, 6762, 8375, 9476, ICANN's .internal, and what routers
# and offices use. A name without a dot is one of a search domain.
_LOCAL = frozenset(
    ("localhost", "local", "internal", "home.arpa", "alt", "localdomain", "lan", "home", "corp", "intranet", "private")
)
_ONION = "onion"  # RFC 7686: never to be looked up outside Tor

#: (address, port) of proxies that a person set, resolved: what `permits` lets through the audit hook.
_permitted: set[tuple[str, int]] = set()


@dataclass(frozen=True, slots=True)
class Way:
    """`endpoints` is what to connect to; through a proxy, `ask` is the host and port to ask it for.

    `address` is the target's, where it was looked up here for a proxy.
    """

    endpoints: Sequence[guard.Endpoint]
    proxy: Proxy | None = None
    ask: tuple[str, int] = ("", 0)
    address: str = ""

    @property
    def said(self) -> dict[str, str]:
        """What the record says about it; nothing for a direct way."""
        if self.proxy is None:
            return {}
        return {"proxy": self.proxy.shown, "name_looked_up_by": "the proxy" if self.proxy.resolves else "us"}


class Routes:
    """Ways for one acquisition. SOCKS proxies get a user name of its own, by which Tor keeps it on its own circuits."""

    def __init__(self, access: Access | None = None) -> None:
        access = access or Access()
        self._default = access.proxy or NONE
        self._sites = [Site(host, proxy=proxy) for host, proxy in access.proxies]
        self._name = secrets.token_hex(8)

    def find(self, host: str, port: int, allow_net: Sequence[Network]) -> Way:
        """The way to `host`. Raises RefusedError where policy forbids it, CaptureError where a name has no address."""
        name = host.strip("[]").lower().rstrip(".")
        proxy = self._proxy(f"[{name}]" if ":" in name else name)
        if (name == _ONION or name.endswith(f".{_ONION}")) and (proxy is None or proxy.scheme != "socks5h"):
            raise RefusedError(
                reasons.REASONS["onion-without-tor"].words,
                code="onion-without-tor",
                next_step=reasons.REASONS["onion-without-tor"].next_step,
            )
        if proxy is None:
            return Way(guard.resolve(host, port, allow_net))
        if proxy.resolves:
            judge_name(name, allow_net)
            return Way(_reach(proxy), proxy, (name, port))
        place = guard.resolve(host, port, allow_net)[0][1]
        return Way(_reach(proxy), proxy, (str(place[0]), port), address=f"{place[0]} {port}")

    def _proxy(self, host: str) -> Proxy | None:
        text = for_host(self._sites, host).proxy or self._default
        if text == NONE:
            return None
        proxy = parse_proxy(text)
        return replace(proxy, user=self._name, password=self._name) if proxy.socks and not proxy.user else proxy


def judge_name(host: str, allow_net: Sequence[Network] = ()) -> None:
    """Raise RefusedError for a target that a proxy must not be asked for. `host` is without brackets and final dot."""
    urls.canonical(f"http://[{host}]/" if ":" in host else f"http://{host}/", allow_net=allow_net)
    labels = host.split(".")
    literal = ":" in host or labels[-1].isdigit()
    if not literal and (len(labels) == 1 or labels[-1] in _LOCAL or ".".join(labels[-2:]) in _LOCAL):
        raise RefusedError(
            f"{host[:100]} is a name of a local network", code="address-not-global", next_step="Give a public name"
        )


def _reach(proxy: Proxy) -> list[guard.Endpoint]:
    try:
        answers = socket.getaddrinfo(proxy.host, proxy.port, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise failed(proxy, f"its name is not resolved: {error}") from None
    endpoints: list[guard.Endpoint] = [
        (family, place)  # type: ignore[misc]  # AF_INET and AF_INET6 places have the shapes of Endpoint
        for family, _kind, _protocol, _name, place in answers
        if family in (socket.AF_INET, socket.AF_INET6)
    ]
    _permitted.update((str(place[0]), int(place[1])) for _family, place in endpoints)
    return endpoints


def failed(proxy: Proxy, why: str, code: str = "proxy-failed") -> CaptureError:
    """The failure of a proxy, or of what is behind it, in words without its password."""
    return reasons.failure(code, f"the proxy {proxy.shown}: {why}"[:300])


def permits(place: tuple[str, int]) -> bool:
    """Whether an address and port is that of a proxy that a person set."""
    return place in _permitted
