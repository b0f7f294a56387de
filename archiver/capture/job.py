"""What goes into a fetcher and what comes out: bounded records that cross the process border as JSON, never as code.

The process that wrote a result parsed hostile bytes, so `read_result` trusts nothing in it: sizes, types and names are
checked, and files must be plain files in the folder.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from archiver.capture.access import Access
from archiver.capture.access import from_json as access_from_json
from archiver.capture.untrusted import count, text
from archiver.config import Limits, Wishes
from archiver.model import Outcome, Role, Tool

RESULT_NAME = "result.json"
EXCHANGE_NAME = "exchange.warc"

# 100 items of five files, with every text at its limit, are below 2 MiB.
_RESULT_BYTES = 8 * 1024**2
_LIST_ENTRIES = 10_000
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_NAME_CHARACTERS = 100
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FetchJob:
    """One URL (canonical) to be fetched into `folder`, which exists and is nobody else's."""

    url: str
    folder: Path
    allow_net: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    acquisition: str = ""  # its name in the record
    commitment_key: str = ""  # hex; without one, what stands for secrets can never be opened
    access: Access = field(default_factory=Access)
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is. `speed` is in bytes a second, `phase` is `looking`, `downloading` or `storing`."""

    phase: str
    downloaded_bytes: int = 0
    total_bytes: int | None = None
    speed: float | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file in the job's folder. `label` is what the source called it: attacker-controlled.

    `sha256` (hex, empty where nothing is claimed) is what the record of the exchange says that the file's bytes are.
    """

    name: str
    role: Role
    label: str
    size: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class FetchedItem:
    """One video or picture: its originals, then the extractor's JSON and what else the page offers.

    `note` is ours: what has to be known of how it was obtained, such as that it is a recording of a live stream.
    """

    url: str
    final_url: str
    title: str
    uploader: str
    files: tuple[FetchedFile, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class FetchResult:
    """How a fetch ended. `reason` is a code of `reasons.py`, empty on success; `message` is one line for people.

    `bytes` counts what came over the wire. `failures` are the entries of a playlist that did not come: (URL, reason).
    """

    outcome: Outcome
    reason: str
    message: str
    passing: bool
    retry_after: float | None
    started: str
    ended: str
    bytes: int
    http_status: int
    final_url: str
    tools: tuple[Tool, ...] = ()
    exchange: FetchedFile | None = None
    items: tuple[FetchedItem, ...] = ()
    failures: tuple[tuple[str, str], ...] = ()
    page: bool = False  # the request's URL is that of a page, which a browser can show


def job_to_json(job: FetchJob) -> bytes:
    """`job` for the prepared process."""
    return json.dumps({**asdict(job), "folder": str(job.folder)}).encode()


def job_from_json(data: bytes) -> FetchJob:
    """The inverse of `job_to_json`; the parent wrote it, so it is trusted."""
    value = json.loads(data)
    limits, wishes = Limits(**value.pop("limits")), Wishes(**value.pop("wishes"))
    access = access_from_json(value.pop("access"))
    folder, networks = Path(value.pop("folder")), tuple(value.pop("allow_net"))
    return FetchJob(folder=folder, allow_net=networks, limits=limits, access=access, wishes=wishes, **value)


def result_to_json(result: FetchResult) -> bytes:
    """`result` as `result.json` holds it."""
    return json.dumps(asdict(result), ensure_ascii=True, sort_keys=True).encode()


def write_durably(folder: Path, name: str, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, whenever the machine stops. Raises OSError."""
    temporary = folder / f".{name}.part"
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, folder / name)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_result(folder: Path) -> FetchResult | None:
    """The result that a fetcher left in `folder`; None if there is none, or none that can be believed."""
    try:
        descriptor = os.open(folder / RESULT_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        data = file.read(_RESULT_BYTES + 1)
    if len(data) > _RESULT_BYTES:
        return None
    try:
        return _result(json.loads(data), folder)
    except (ValueError, TypeError, LookupError, OSError, RecursionError):
        return None


def _result(value: Any, folder: Path) -> FetchResult:
    table = _table(value)
    exchange = table["exchange"]
    return FetchResult(
        outcome=Outcome(text(table["outcome"])),
        reason=text(table["reason"]),
        message=text(table["message"]),
        passing=table["passing"] is True,
        retry_after=None if table["retry_after"] is None else _number(table["retry_after"]),
        started=text(table["started"]),
        ended=text(table["ended"]),
        bytes=count(table["bytes"]),
        http_status=count(table["http_status"]),
        final_url=text(table["final_url"]),
        tools=tuple(Tool(text(_table(tool)["name"]), text(tool["version"])) for tool in _list(table["tools"])),
        exchange=None if exchange is None else _file(exchange, folder),
        items=tuple(_item(item, folder) for item in _list(table["items"])),
        failures=tuple((text(pair[0]), text(pair[1])) for pair in map(_list, _list(table["failures"]))),
        page=table.get("page") is True,
    )


def _item(value: Any, folder: Path) -> FetchedItem:
    table = _table(value)
    return FetchedItem(
        url=text(table["url"]),
        final_url=text(table["final_url"]),
        title=text(table["title"]),
        uploader=text(table["uploader"]),
        files=tuple(_file(file, folder) for file in _list(table["files"])),
        note=text(table["note"]),
    )


def _file(value: Any, folder: Path) -> FetchedFile:
    table = _table(value)
    name, size, sha256 = text(table["name"]), count(table["size"]), text(table.get("sha256", ""))
    if sha256 and not _DIGEST.fullmatch(sha256):
        raise ValueError(name)
    if not name or name.startswith(".") or len(name) > _NAME_CHARACTERS or not _PLAIN.issuperset(name):
        raise ValueError(name)
    found = os.lstat(folder / name)
    # A second name is no fault: the store gives the file one, and an attempt that was interrupted then is read again.
    if not stat.S_ISREG(found.st_mode) or found.st_size != size:
        raise ValueError(name)
    return FetchedFile(name, Role(text(table["role"])), text(table["label"]), size, sha256)


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > _LIST_ENTRIES:
        raise TypeError
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise TypeError
    return float(value)
