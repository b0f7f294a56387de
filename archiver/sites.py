"""How sites are to be reached: `sites.toml` in the vault, a table for each host, hand-editable and read strictly.

    ["example.org"]
    proxy = "socks5h://127.0.0.1:9050"   # or "none", where a wider table names one
    impersonate = "chrome"
    javascript = true
    user_agent = "..."
    cookies = true                       # set by `archiver site cookies`: they are sent, and missed if they are gone

A table covers its host and everything below it; of several that cover a host, the most specific one that says anything
about a setting decides about that setting. `"*"` covers everything.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from archiver.errors import MachineError, UsageError
from archiver.proxies import NONE, parse_proxy

FILE_NAME = "sites.toml"
EVERYWHERE = "*"

#: All sites' proxies go into every fetcher's job, which is one packet: this is some 300 sites.
FILE_BYTES = 32 * 1024
_USER_AGENT_CHARACTERS = 500  # browsers' are below 200
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_IPV6 = re.compile(r"\[[0-9a-f:.]{2,45}\]")
_HOST_CHARACTERS = 253  # RFC 1035 section 2.3.4
_IMPERSONATED = re.compile(r"[a-z]{2,20}[0-9a-z_.]{0,20}")
_PRINTABLE = re.compile(r"[ -~]+")
_HEADING = (
    "# How sites are to be reached; docs/access.md tells what each line does. Host names here are not published.\n"
)


@dataclass(frozen=True, slots=True)
class Site:
    """What one table says; None where it says nothing. `proxy` and `impersonate` may be "none"."""

    host: str
    proxy: str | None = None
    impersonate: str | None = None
    javascript: bool | None = None
    user_agent: str | None = None
    cookies: bool | None = None

    def given(self) -> dict[str, str | bool]:
        """What is said, by name."""
        values = {name: getattr(self, name) for name in SETTINGS}
        return {name: value for name, value in values.items() if value is not None}


SETTINGS = tuple(one.name for one in fields(Site) if one.name != "host")
_FLAGS = ("javascript", "cookies")


def host_of(text: str) -> str:
    """`text` as the key of a table. Raises UsageError where it is no host."""
    host = text.strip().lower().strip(".")
    if host == EVERYWHERE or _IPV6.fullmatch(host):
        return host
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            host = ""
    if not _HOST.fullmatch(host) or len(host) > _HOST_CHARACTERS:
        raise UsageError(
            f"{text[:100]!r} is no host", next_step="Write a name without scheme and path, such as example.org"
        )
    return host


def covers(suffix: str, host: str) -> bool:
    """Whether the table of `suffix` is about `host`."""
    return suffix in (host, EVERYWHERE) or host.endswith(f".{suffix}")


def for_host(sites: Iterable[Site], host: str) -> Site:
    """What holds for `host`: each setting from the most specific table that says anything about it."""
    found = Site(host)
    for site in sorted((one for one in sites if covers(one.host, host)), key=_specificity):
        found = replace(found, **site.given())  # type: ignore[arg-type]  # names and types are those of Site
    return found


def cookie_site(sites: Iterable[Site], host: str) -> str:
    """The site whose cookies go with a request for `host`; the empty string where none do."""
    covering = sorted((one for one in sites if covers(one.host, host)), key=_specificity, reverse=True)
    decided = next((one for one in covering if one.cookies is not None), None)
    return decided.host if decided is not None and decided.cookies else ""


def _specificity(site: Site) -> tuple[bool, int]:
    return site.host != EVERYWHERE, site.host.count(".")


def checked(site: Site) -> Site:
    """`site`, if each of its settings makes sense. Raises UsageError."""
    if site.proxy not in (None, NONE):
        parse_proxy(site.proxy or "")
    if site.impersonate is not None and not _IMPERSONATED.fullmatch(site.impersonate):
        raise UsageError(
            f"{site.impersonate[:40]!r} is no browser to impersonate", next_step="Write chrome, firefox or safari"
        )
    if site.user_agent is not None and not (
        _PRINTABLE.fullmatch(site.user_agent) and len(site.user_agent) <= _USER_AGENT_CHARACTERS
    ):
        raise UsageError("a user agent is one line of plain ASCII", next_step="Copy it from a browser")
    return site


def parse(text: str, name: str = FILE_NAME) -> tuple[Site, ...]:
    """The tables of a file. Raises UsageError with its name for anything that is not known."""
    if len(text.encode("utf-8", "surrogateescape")) > FILE_BYTES:
        raise UsageError(f"{name} is longer than {FILE_BYTES} bytes", next_step="Remove sites that are not used")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name} is not readable as TOML: {error}", next_step="Mend that line") from None
    sites: dict[str, Site] = {}
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise UsageError(f"{name}: {key[:60]!r} stands outside a table", next_step='Write ["example.org"] above it')
        try:
            site = checked(_site(host_of(key), table))
        except UsageError as error:
            raise UsageError(f"{name}, {key[:60]!r}: {error.what}", next_step=error.next_step) from None
        if site.host in sites:
            raise UsageError(f"{name} has two tables for {site.host}", next_step="Put them together")
        sites[site.host] = site
    return tuple(sorted(sites.values(), key=lambda one: one.host))


def _site(host: str, table: Mapping[str, object]) -> Site:
    for key, value in table.items():
        if isinstance(value, dict):
            hint = f'Put the host in quotation marks: ["{host}.{key}"]'
            raise UsageError(f"{key[:60]!r} is a table within a table", next_step=hint)
        if key not in SETTINGS:
            raise UsageError(f"unknown setting {key[:60]!r}", next_step=f"Known are {', '.join(SETTINGS)}")
        kind = bool if key in _FLAGS else str
        if not isinstance(value, kind):
            wanted = "true or false" if kind is bool else "text in quotation marks"
            raise UsageError(f"{key} is not {wanted}", next_step=f"Write {wanted}")
    if host == EVERYWHERE and table.get("cookies"):
        raise UsageError("cookies belong to one site", next_step="Name the site")
    return Site(host, **table)  # type: ignore[arg-type]  # names and types were just compared


def render(sites: Sequence[Site]) -> str:
    """The text of a file with these tables, which `parse` reads back as they are."""
    blocks = [_HEADING]
    for site in sorted(sites, key=lambda one: one.host):
        lines = [f"{name} = {json.dumps(value)}" for name, value in site.given().items()]  # ASCII: TOML's strings
        if lines:
            blocks.append("\n".join([f"[{json.dumps(site.host)}]", *lines]) + "\n")
    return "\n".join(blocks)


def load(folder: Path) -> tuple[Site, ...]:
    """The sites of the vault in `folder`; none where it has no such file. Raises UsageError."""
    path = folder / FILE_NAME
    try:
        return parse(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8", next_step="Save it as UTF-8") from None
    except OSError as error:
        # Going on without would reach a site directly that is to be reached through a proxy.
        raise MachineError(f"{path} cannot be read: {error.strerror}", next_step="Work as the vault's owner") from None


def save(folder: Path, sites: Sequence[Site]) -> None:
    """Write the file, whole or not at all, for its owner only: a proxy's address may hold a password."""
    text = render(sites)
    parse(text)  # what could not be read again is not written
    temporary = folder / f".{FILE_NAME}.new"
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, folder / FILE_NAME)


def change(folder: Path, site: Site, settings: Mapping[str, str | bool | None]) -> Site:
    """Set (or with None unset) settings of one table and save; gives the table as it is now."""
    sites = {one.host: one for one in load(folder)}
    changed = checked(replace(sites.get(site.host, site), **settings))  # type: ignore[arg-type]  # named by the caller
    sites[site.host] = changed
    if changed.host == EVERYWHERE and changed.cookies:
        raise UsageError("cookies belong to one site", next_step="Name the site")
    save(folder, list(sites.values()))
    return changed
