"""A proxy's address, as a person writes it: `socks5h://127.0.0.1:9050`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from archiver.errors import UsageError

#: What stands for "directly" where a wider setting names a proxy.
NONE = "none"

#: Scheme to the port that is meant where none is given.
PORTS = {"socks5h": 1080, "socks5": 1080, "http": 8080, "https": 443}

_NAME_BYTES = 255  # RFC 1929 section 2: lengths of a user name and of a password are one byte


@dataclass(frozen=True, slots=True)
class Proxy:
    """`resolves` says that names are looked up by the proxy (socks5h, CONNECT) and not by us (socks5)."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def resolves(self) -> bool:
        return self.scheme != "socks5"

    @property
    def socks(self) -> bool:
        return self.scheme.startswith("socks")

    @property
    def shown(self) -> str:
        """The address without user name and password: for records and people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse_proxy(text: str) -> Proxy:
    """`text` as a proxy. Raises UsageError, which never quotes what may hold a password."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        _wrong("it is no URL")
    if parts.scheme not in PORTS:
        _wrong("its scheme is not one of " + ", ".join(PORTS))
    if not host or not host.isascii() or not text.isprintable() or " " in text:
        _wrong("it names no host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        _wrong("there is something after its port")
    if port == 0:
        _wrong("its port is 0")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if max(len(user.encode()), len(password.encode())) > _NAME_BYTES:
        _wrong("its user name or password is too long")
    return Proxy(parts.scheme, host, port or PORTS[parts.scheme], user, password)


def _wrong(why: str) -> NoReturn:
    raise UsageError(f"this is no proxy: {why}", next_step="Write such as socks5h://127.0.0.1:9050, or none")
