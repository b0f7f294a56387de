"""Acts about how sites are reached: each changes `sites.toml` or the kept cookies, and is on record in the ledger.

What was set, and for which host, is sealed: an entry says in the clear only that a setting was changed. Values of
cookies and a proxy's password are in no entry at all, sealed or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archiver import sites
from archiver.cookies import Cookie
from archiver.custody import cookiejar
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.model import CustodyEvent, EventType
from archiver.proxies import NONE, parse_proxy
from archiver.sites import Site

KEYS_NAME = "keys"


def change(vault: Vault, host: str, settings: Mapping[str, str | bool | None]) -> Site:
    """Set, or with None unset, settings of `host`. Raises UsageError where one makes no sense."""
    site = sites.change(vault.folder, Site(host), settings)
    _note(vault, host, "; ".join(_words(name, value) for name, value in settings.items()))
    return site


def keep_cookies(vault: Vault, host: str, cookies: Sequence[Cookie]) -> Site:
    """Keep the cookies of `host` in place of earlier ones, and send them from now on."""
    if host == sites.EVERYWHERE:
        raise UsageError("cookies belong to one site", next_step="Name the site")
    cookiejar.put(vault.folder / KEYS_NAME, host, cookies)
    site = sites.change(vault.folder, Site(host), {"cookies": True})
    _note(vault, host, f"{len(cookies)} cookies kept")
    return site


def forget_cookies(vault: Vault, host: str) -> Site:
    """Remove the cookies of `host`; from now on none are sent."""
    cookiejar.put(vault.folder / KEYS_NAME, host, ())
    site = sites.change(vault.folder, Site(host), {"cookies": None})
    _note(vault, host, "cookies forgotten")
    return site


def kept(vault: Vault) -> Mapping[str, int]:
    """How many cookies are kept, by site."""
    return {host: len(cookies) for host, cookies in cookiejar.read(vault.folder / KEYS_NAME).items()}


def _note(vault: Vault, host: str, words: str) -> None:
    event = CustodyEvent(EventType.SETTING, sealed={"source": host, "note": words})
    with vault.database.write() as transaction:
        vault.ledger.append(transaction, [event])
    vault.ledger.publish()


def _words(name: str, value: str | bool | None) -> str:
    if value is None:
        return f"{name} unset"
    if name == "proxy" and isinstance(value, str) and value != NONE:
        value = parse_proxy(value).shown
    return f"{name} set to {str(value).lower() if isinstance(value, bool) else value}"
