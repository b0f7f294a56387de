"""Settings of a vault: `archiver.toml`, then `ARCHIVER_*` in the environment. Every limit stands here with its reason.

A limit `fetch_seconds` is `[limits] fetch_seconds = 60` in the file and `ARCHIVER_LIMIT_FETCH_SECONDS=60` in the
environment.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from archiver.errors import UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FILE_NAME = "archiver.toml"

_NAMES = {
    "origin", "custodian", "limits", "allow_net", "snapshot", "browser", "capture", "timestamp", "calendar",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound that hostile input is held to, with the reason for its value."""

    # A two-hour film at a platform's best quality is about 3 GiB; more is a live stream or an attack on the disk.
    file_bytes: int = 4 * 1024**3
    # Of bodies that were to become files and did not (cut, too large, changed), this much in all stays in the record:
    # half a film is evidence, and three attempts at an endless body must not fill a disk.
    partial_bytes: int = 64 * 1024**2
    # All that the record of one acquisition holds by itself: an encrypted film of file_bytes, its sound and its pages.
    record_bytes: int = 8 * 1024**3
    # A film of file_bytes over the slowest line that offices report (200 kB/s) takes just under six hours.
    fetch_seconds: float = 6 * 3600
    # A page of a hundred films would fill a disk within file_bytes: ten films of usual size are enough for one URL.
    acquisition_bytes: int = 16 * 1024**3
    # Pages and manifests are read into memory whole: the largest page known is a few MiB, the largest manifest 20.
    page_bytes: int = 32 * 1024**2
    # Servers give up at 8 to 64 KiB for all headers of a request; an answer has some cookies more.
    header_bytes: int = 256 * 1024
    # The page of an error says why in its first lines, and is evidence of the refusal; more of it is not waited for.
    error_bytes: int = 128 * 1024
    # What a page, its text and what a parser makes of it take, or a segment that is held whole, on top of yt-dlp.
    fetch_memory_bytes: int = 3 * 1024**3
    # yt-dlp reconnects after 20 s; a server that sends nothing for three times that is not coming back.
    stall_seconds: float = 60
    # Less than this in stall_seconds is a drip: at 200 kB/s, the slowest line that offices report, it takes 5 ms.
    stall_bytes: int = 1_000
    # A connection that is not up after 20 s is retried later instead: other hosts are waiting.
    connect_seconds: float = 20
    # Browsers give up at 20; yt-dlp's own pages need at most 5.
    redirects: int = 20
    # A playlist of more entries is a channel: it is to be queued as such, not found out by accident.
    playlist_entries: int = 100
    # HLS of six hours in 2 s segments is 10,800 requests.
    requests: int = 20_000
    # A playlist at its limit with picture, sound, a thumbnail and some subtitles for each entry.
    files: int = 1_000
    # Cuts in a row without progress; after that a new attempt is made later, when the line may be better.
    resumptions: int = 3
    # A file that is another one each time it is asked for is being changed on purpose, or is no file.
    restarts: int = 2
    # A live stream has no end of its own. Ten minutes show what is going on; a request for more says so.
    live_seconds: float = 600
    # Languages of subtitles that people wrote: the widest known film has about 60.
    subtitles: int = 100
    # Sites list thumbnails that do not exist; the best of these few that loads is taken.
    thumbnail_tries: int = 4
    # Comments of one item, where they are wanted: enough to see what was said, not a crawl of the site.
    comments: int = 2_000
    # Requests that comments may take: a page of them has 20 to 100.
    comment_requests: int = 100
    # Titles of platforms end at 300 characters; the whole is in the info object, this is what tables and entries hold.
    title_characters: int = 500
    # As long as browsers and servers agree on; longer ones are attacks on parsers.
    url_characters: int = 8_192
    # The same for a note: an entry has to stay under 65,535 bytes with all of its sealed fields.
    note_characters: int = 4_000
    # Attempts at what can pass, as platforms' rate limits last seconds or hours: seconds are worth waiting for.
    attempts: int = 3
    # First wait between attempts; it is doubled each time.
    retry_seconds: float = 2
    # A Retry-After longer than this ends the request as failed, with the time from which a retry makes sense.
    retry_after_seconds: float = 30
    # Two at a time from one host is what a person with two tabs does; more gets an office blocked.
    per_host: int = 2
    # Bounded window of requests that the engine holds: enough to keep every worker busy for some seconds.
    handed_over: int = 64
    # Parsing a file takes a fraction of its running time; a day of footage is decoded in half an hour on one core.
    examine_seconds: float = 3600
    # A parser of ours keeps a few frames at a time; an 8K frame is 100 MB.
    examine_memory_bytes: int = 4 * 1024**3
    # ExifTool's output for a film with embedded telemetry is some megabytes.
    metadata_bytes: int = 32 * 1024**2
    # A page that shows nothing after half a minute has lost its readers; the queue waits behind it.
    snapshot_seconds: float = 30
    # The heaviest news pages are some 30 MB; what comes beyond this is a film, which the fetcher archives.
    snapshot_bytes: int = 64 * 1024**2
    # The busiest pages make some hundred requests; a thousand and more is a trap or an endless loop.
    snapshot_requests: int = 1_000
    # Chromium draws at most this many pixels in one direction, and repeats itself below.
    snapshot_height: int = 16_384


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is fetched beside the footage: `[capture]` in the settings file."""

    # Made by a program of the platform's, often wrong, and in a hundred languages: evidence of nothing that was said.
    automatic_subtitles: bool = False
    # They take many requests, and name people who are no part of the case. Those that come with a page are kept anyway.
    comments: bool = False


@dataclass(frozen=True, slots=True)
class Authority:
    """Who stamps checkpoints (RFC 3161): its address, and the file with the root certificates that vouch for it."""

    url: str
    certificates: Path


@dataclass(frozen=True, slots=True)
class Calendar:
    """Who puts digests into Bitcoin blocks (OpenTimestamps): its address."""

    url: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a vault is set to. `origin` names its ledger, as C2SP checkpoints do; `custodian` is who answers for it."""

    origin: str
    custodian: str = ""
    allow_net: tuple[Network, ...] = ()
    by: str = "unnamed"
    snapshot: bool = True  # of pages, where there is a browser
    browser: str = ""  # its program, where it is not one of those that are looked for
    limits: Limits = field(default_factory=Limits)
    wishes: Wishes = field(default_factory=Wishes)
    timestamp: tuple[Authority, ...] = ()
    calendar: tuple[Calendar, ...] = ()


def load(folder: Path, environ: Mapping[str, str]) -> Settings:
    """Settings of the vault in `folder`. Raises UsageError where the file or a variable makes no sense."""
    path = folder / FILE_NAME
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path} is missing", next_step="Is this a vault? `archiver init` makes one") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not readable as TOML: {error}", next_step="Mend that line") from None
    unknown = set(table) - _NAMES
    if unknown:
        raise UsageError(f"{path} has unknown settings: {', '.join(sorted(unknown))}", next_step="Remove them")
    if not isinstance(table.get("origin"), str) or not table["origin"]:
        raise UsageError(f"{path} names no origin", next_step='Put back the line origin = "..." of this vault')
    given = table.get("allow_net", [])
    if not isinstance(given, list) or not all(isinstance(network, str) for network in given):
        raise UsageError(f"allow_net in {path} is no list of networks", next_step='Write allow_net = ["192.0.2.0/24"]')
    if not isinstance(table.get("limits", {}), dict):
        raise UsageError(f"limits in {path} is no table", next_step="Write [limits] and a line NAME = NUMBER for each")
    if not isinstance(table.get("snapshot", True), bool):
        raise UsageError(f"snapshot in {path} is neither true nor false", next_step="Write snapshot = true")
    if not isinstance(table.get("browser", ""), str):
        raise UsageError(f"browser in {path} is no text", next_step='Write browser = "/usr/bin/chromium"')
    networks = environ.get("ARCHIVER_ALLOW_NET", ",".join(given))
    return Settings(
        origin=table["origin"],
        custodian=str(table.get("custodian", "")),
        allow_net=parse_networks(networks),
        by=environ.get("ARCHIVER_BY", "").strip() or "unnamed",
        snapshot=table.get("snapshot", True),
        browser=table.get("browser", ""),
        limits=_limits(table.get("limits", {}), environ, path),
        wishes=_wishes(table.get("capture", {}), path),
        timestamp=_authorities(table.get("timestamp", []), path),
        calendar=_calendars(table.get("calendar", []), path),
    )


def save(folder: Path, origin: str, custodian: str) -> None:
    """Write a new vault's settings file."""
    import json  # TOML's basic strings are JSON's, as far as names of offices go

    lines = [
        f"origin = {json.dumps(origin, ensure_ascii=False)}  # the ledger's name, in every signature: never change",
        f"custodian = {json.dumps(custodian, ensure_ascii=False)}",
        "",
        "# Networks that may be reached although they are not public, such as an office's own server.",
        "allow_net = []",
        "",
        "# Whether a page is also kept as a browser shows it, and which program is that browser where it is not found.",
        "snapshot = true",
        '# browser = "/usr/bin/chromium"',
        "",
        "# Authorities that stamp checkpoints (RFC 3161), one block each; nobody is asked unless named here.",
        "# [[timestamp]]",
        '# url = "https://..."',
        '# certificates = "roots.pem"  # root certificates that vouch for it, PEM, beside this file',
        "",
        "# Calendars that put a checkpoint's digest into a Bitcoin block (OpenTimestamps), in the same way.",
        "# [[calendar]]",
        '# url = "https://..."',
        "",
        "# [limits] overrides a limit of archiver/config.py, where each has its reason.",
        "",
    ]
    (folder / FILE_NAME).write_text("\n".join(lines), "utf-8")


def parse_networks(text: str) -> tuple[Network, ...]:
    """Comma-separated CIDRs. Raises UsageError."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise UsageError(f"allow_net: {error}", next_step="Write networks such as 192.0.2.0/24") from None


def _wishes(table: Any, path: Path) -> Wishes:
    known = {wish.name for wish in fields(Wishes)}
    plain = isinstance(table, dict) and all(isinstance(value, bool) for value in table.values())
    if not plain or set(table) - known:
        raise UsageError(
            f"capture in {path} is no table of {', '.join(sorted(known))}",
            next_step="Write [capture] and a line NAME = true for each",
        )
    return Wishes(**table)


def _authorities(given: Any, path: Path) -> tuple[Authority, ...]:
    wanted = {"url", "certificates"}
    rows = given if isinstance(given, list) else [given]
    if not all(isinstance(one, dict) and set(one) == wanted and all(map(_is_text, one.values())) for one in rows):
        raise UsageError(
            f"timestamp in {path} names no authorities",
            next_step='Write [[timestamp]] and below it url = "https://..." and certificates = "ROOTS.pem"',
        )
    # A relative file lies beside archiver.toml, so that the vault can be moved with it.
    found = tuple(Authority(one["url"], path.parent / one["certificates"]) for one in rows)
    if len({one.url for one in found}) < len(found):
        raise UsageError(f"timestamp in {path} names one address twice", next_step="Remove one of them")
    return found


def _calendars(given: Any, path: Path) -> tuple[Calendar, ...]:
    rows = given if isinstance(given, list) else [given]
    if not all(isinstance(one, dict) and set(one) == {"url"} and _is_text(one["url"]) for one in rows):
        raise UsageError(
            f"calendar in {path} names no calendars", next_step='Write [[calendar]] and below it url = "https://..."'
        )
    # A calendar names itself in its answers without the slash.
    found = tuple(Calendar(one["url"].rstrip("/")) for one in rows)
    if len(set(found)) < len(found):
        raise UsageError(f"calendar in {path} names one address twice", next_step="Remove one of them")
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _limits(table: Mapping[str, Any], environ: Mapping[str, str], path: Path) -> Limits:
    chosen: dict[str, Any] = {}
    known = {limit.name: limit for limit in fields(Limits)}
    unknown = set(table) - set(known)
    if unknown:
        raise UsageError(f"{path} has unknown limits: {', '.join(sorted(unknown))}", next_step="Remove them")
    for name, limit in known.items():
        given = environ.get(f"ARCHIVER_LIMIT_{name.upper()}", table.get(name))
        if given is None:
            continue
        try:
            value = (float if limit.type == "float" else int)(given)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(f"limit {name} is {given!r}, not a number", next_step="Write a number") from None
        if not 0 < value < float("inf"):
            raise UsageError(f"limit {name} is {given!r}", next_step="A limit is a number above 0")
        chosen[name] = value
    return Limits(**chosen)
