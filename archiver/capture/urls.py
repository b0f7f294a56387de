"""What a URL is to us: one canonical spelling, or a refusal that says why.

The canonical form is what is fetched and what duplicates are found by; the URL as given is kept beside it. Rules, in
order (RFC 3986 section 6.2.2 and the URL standard's host parser, url.spec.whatwg.org):

1. White space and control characters around it are stripped; a control character inside is refused.
2. Scheme and host in lower case; only http and https.
3. A name or password before `@` is refused: it would be stored, shown and sent on.
4. The host is percent-decoded, compatibility characters such as full-width digits are folded, other scripts are written
   in IDNA; one dot at its end is dropped. A host that ends in a number is an IPv4 address in one of `inet_aton`'s
   spellings (decimal, octal, hexadecimal, one to four parts) or no URL at all.
5. The default port is dropped, an empty path is `/`, dot segments are resolved.
6. In the path, percent-encoding has upper-case digits, and letters, digits and `-._~` stand for themselves; what may
   not stand in a path is percent-encoded.
7. The query is kept byte for byte in its order (characters outside printable ASCII are percent-encoded, as every client
   sends them). Tracking parameters are not guessed at: which parameter selects the content is the server's secret,
   a wrong guess loses footage, and a duplicate is found by its digest anyway.
8. The fragment is dropped: it is never sent.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Sequence

from archiver.capture import guard
from archiver.config import Limits, Network
from archiver.errors import RefusedError

SCHEMES = {"http": 80, "https": 443}

_OUTSIDE = "".join(map(chr, range(0x21)))  # C0 controls and space, as the URL standard strips
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_NOT_IN_PATH = re.compile(r"[^!$%&'()*+,\-./0-9:;=@A-Z_a-z~]")
_NOT_IN_QUERY = re.compile(r"[^\x21-\x7e]")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_HOST_CHARACTERS = 253  # RFC 1035 section 2.3.4, without the final dot
_LABEL_CHARACTERS = 63
_IPV4_PARTS = 4


def canonical(url: str, limits: Limits | None = None, allow_net: Sequence[Network] = ()) -> str:
    """The canonical form of `url`, an absolute http or https URL.

    Raises RefusedError with the code `bad-url`, `bad-scheme`, `url-too-long` or `address-not-global` (the host is a
    literal address, in whatever spelling, that is neither global nor in `allow_net`).
    """
    most = (limits or Limits()).url_characters
    text = url.strip(_OUTSIDE)
    if len(text) > most:
        raise RefusedError(f"the URL is longer than {most} characters", code="url-too-long")
    if not text:
        raise _bad("it is empty")
    if _CONTROL.search(text):
        raise _bad("it holds a control character")
    scheme, authority, path, query = _split(text)
    host, port = _host_and_port(authority, allow_net)
    place = host if port is None or port == SCHEMES[scheme] else f"{host}:{port}"
    result = f"{scheme}://{place}{_path(path)}"
    if query is not None:
        result += "?" + _NOT_IN_QUERY.sub(_encode, query)
    if len(result) > most:
        raise RefusedError(f"the URL is longer than {most} characters", code="url-too-long")
    return result


def host_key(url: str) -> str:
    """The key by which requests to one server are counted: host and port of a canonical URL."""
    return url.split("/", 3)[2]


def _split(text: str) -> tuple[str, str, str, str | None]:
    """Scheme, authority, path and query (None if there is no `?`)."""
    match = _SCHEME.match(text)
    if match is None or ("." in match[1] and not text.startswith("//", match.end())):
        raise _bad("it does not begin with http:// or https://")
    scheme = match[1].lower()
    if scheme not in SCHEMES:
        raise RefusedError(f"{scheme}: is not archived", code="bad-scheme", next_step="Give an http or https URL")
    rest = text[match.end() :]
    if not rest.startswith("//"):
        raise _bad(f"two slashes are missing after {scheme}:")
    rest, _, _fragment = rest[2:].partition("#")
    rest, mark, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    return scheme, authority, slash + path, query if mark else None


def _host_and_port(authority: str, allow_net: Sequence[Network]) -> tuple[str, int | None]:
    if "@" in authority:
        raise _bad("it holds a user name or password")
    if "\\" in authority:
        raise _bad("there is a backslash in its host")
    if authority.startswith("["):
        literal, bracket, after = authority[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise _bad("its brackets do not match")
        host, port_text = _ipv6(literal, allow_net), after[1:]
    else:
        name, _, port_text = authority.partition(":")
        host = _host(name, allow_net)
    return host, _port(port_text)


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len("65535") and 0 < int(text) < 1 << 16):
        raise _bad(f"{text[:20]!r} is no port")
    return int(text)


def _host(name: str, allow_net: Sequence[Network]) -> str:
    if "%" in name:
        try:
            name = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), name).encode("latin-1").decode("utf-8")
        except UnicodeError:
            raise _bad("its host is not UTF-8") from None
    if not name.isascii():
        name = _in_ascii(name)
    name = name.lower().removesuffix(".")
    if len(name) > _HOST_CHARACTERS or any(len(label) > _LABEL_CHARACTERS for label in name.split(".")):
        raise _bad("its host is too long")
    if not _HOST.fullmatch(name):
        raise _bad(f"{name[:60]!r} is no host")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        address = _ipv4(name)
        guard.judge(address, allow_net)
        return str(address)
    return name


def _in_ascii(name: str) -> str:
    """Fold compatibility characters, then IDNA. The library is imported here, because few URLs need it."""
    folded = unicodedata.normalize("NFKC", name).replace("\u3002", ".").replace("\u00ad", "")
    if folded.isascii():
        return folded
    import idna

    try:
        return idna.encode(folded.removesuffix("."), uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _bad(f"{name[:60]!r} is no host") from None


def _ipv4(name: str) -> ipaddress.IPv4Address:
    """`inet_aton`'s spellings, as the URL standard reads them. Raises RefusedError `bad-url`."""
    parts = name.split(".")
    try:
        if len(parts) > _IPV4_PARTS:
            raise ValueError
        numbers = [_ipv4_part(part) for part in parts]
        *leading, last = numbers
        if any(number > 0xFF for number in leading) or last >= 256 ** (_IPV4_PARTS + 1 - len(numbers)):
            raise ValueError
    except ValueError:
        raise _bad(f"{name[:60]!r} is no IPv4 address") from None
    value = last + sum(number << 8 * (_IPV4_PARTS - 1 - place) for place, number in enumerate(leading))
    return ipaddress.IPv4Address(value)


def _ipv4_part(part: str) -> int:
    if not _NUMBER.fullmatch(part):
        raise ValueError
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") else int(part)


def _ipv6(literal: str, allow_net: Sequence[Network]) -> str:
    try:
        if "%" in literal:
            raise ValueError
        address = ipaddress.IPv6Address(literal)
    except ValueError:
        raise _bad(f"{literal[:60]!r} is no IPv6 address") from None
    guard.judge(address, allow_net)
    return f"[{address.compressed}]"


def _path(path: str) -> str:
    path = _NOT_IN_PATH.sub(_encode, path)
    path = _ESCAPE.sub(_normal_escape, path)
    if "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _normal_escape(match: re.Match[str]) -> str:
    byte = int(match[1], 16)
    return chr(byte) if byte in _UNRESERVED else f"%{byte:02X}"


def _encode(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8"))


def _bad(why: str) -> RefusedError:
    return RefusedError(f"this is no URL: {why}", code="bad-url", next_step="Give an absolute http or https URL")
