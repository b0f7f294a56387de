"""What a fetcher is given to reach a site with: part of its job, in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from archiver import sites
from archiver.capture import javascript
from archiver.cookies import Cookie
from archiver.proxies import NONE
from archiver.sites import Site


@dataclass(frozen=True, slots=True)
class Access:
    """How one acquisition reaches its site and whatever that leads to.

    `proxy` ("" for none) is for every host but those that `proxies` (host suffix, proxy or "none") says otherwise
    about: a redirect to a site that is set to go through Tor goes through Tor. `javascript` is the script that starts
    the runtime, where the site's scripts may run. `missing` says what of it is not there,
    in words; nothing is fetched then.
    """

    proxy: str = field(default="", repr=False)
    proxies: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    impersonate: str = ""
    javascript: str = field(default="", repr=False)
    user_agent: str = ""
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    missing: str = ""

    @property
    def is_indirect(self) -> bool:
        """Whether any host is reached through a proxy: what knows no proxies must reach none of them then."""
        return bool(self.proxy) or any(proxy != NONE for _, proxy in self.proxies)


def for_url(url: str, known: Sequence[Site], cookies: Iterable[Cookie] = (), missing: str = "") -> Access:
    """What holds for an acquisition that begins at `url` (canonical). Looks for the JavaScript runtime if asked for.

    `cookies` are those of the site, `missing` why there are none where there should be.
    """
    site = sites.for_host(known, host_of(url))
    script = ""
    if site.javascript:
        try:
            script = javascript.script()
        except LookupError as error:
            missing = missing or str(error.args[0])
    # A site that is reached directly although everything else is not: what it leads to goes the way of everything else.
    everywhere = next((one.proxy for one in known if one.host == sites.EVERYWHERE), None)
    proxy = everywhere if site.proxy in (None, NONE) else site.proxy
    return Access(
        proxy="" if proxy in (None, NONE) else str(proxy),
        proxies=tuple((one.host, one.proxy) for one in known if one.proxy is not None and one.host != sites.EVERYWHERE),
        impersonate="" if site.impersonate in (None, NONE) else str(site.impersonate),
        javascript=script,
        user_agent=site.user_agent or "",
        cookies=tuple(cookies),
        missing=missing,
    )


def host_of(url: str) -> str:
    """The host of a canonical URL as sites are named: an IPv6 address in brackets."""
    name = urlsplit(url).hostname or ""
    return f"[{name}]" if ":" in name else name


def from_json(value: Mapping[str, Any]) -> Access:
    """What `asdict` and JSON made of an Access; the parent wrote it, so it is trusted."""
    return Access(
        **{
            **value,
            "proxies": tuple((host, proxy) for host, proxy in value["proxies"]),
            "cookies": tuple(Cookie(**one) for one in value["cookies"]),
        }
    )
