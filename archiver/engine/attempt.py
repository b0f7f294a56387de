"""One attempt at a request, stage by stage: fetch, visit the page, keep, examine, record. Knows nothing of queues.

Each stage may be run again after a crash: `fetch` finds its durable result, keeping compares, recording is keyed by the
acquisition's id.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from archiver import sites
from archiver.capture import access, reasons, warc
from archiver.capture.access import Access
from archiver.capture.commitments import acquisition_key
from archiver.capture.job import (
    RESULT_NAME,
    FetchedFile,
    FetchedItem,
    FetchJob,
    FetchResult,
    Progress,
    read_result,
    result_to_json,
    write_durably,
)
from archiver.config import Limits
from archiver.custody import acquisitions, cookiejar, queue, secret, sitesettings
from archiver.custody.store import Digests, Store
from archiver.custody.vault import Vault
from archiver.engine import picture
from archiver.engine.keep import keep_and_examine, keep_file, stored, type_beside
from archiver.engine.machine import full_disk
from archiver.engine.outcome import NextStep, after_failure
from archiver.errors import CaptureError, EvidenceError, MachineError, UsageError
from archiver.model import Acquisition, Holding, Item, Outcome, Request, Role
from archiver.naming import derived_id

if TYPE_CHECKING:
    from archiver.capture.pool import Fetchers
    from archiver.examine.examiner import Examiner


#: File systems end at 255 bytes; a longer last part of an address names no file.
NAME_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Hands:
    """Everything that an attempt works with. One set a process, shared by its threads."""

    vault: Vault
    fetchers: Fetchers
    examiner: Examiner
    browser: Path | None = None  # takes snapshots of pages; None where there is none, or none is wanted


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, for whoever watches."""

    outcome: Outcome
    reason: str
    message: str
    retry_in: float | None
    bytes: int
    items: int


def acquisition_id(request_id: str, number: int) -> str:
    """The name of an attempt: the same for the engine, the working folder and the records."""
    return f"{request_id}.{number}"


def folder_of(vault: Vault, name: str) -> Path:
    """The working folder of an acquisition."""
    return vault.working / "attempts" / name


def fetch(hands: Hands, request: Request, number: int, on_progress: Callable[[Progress], None]) -> FetchResult:
    """Download into the attempt's folder, unless a finished download lies there from before a crash.

    Raises MachineError where this machine cannot, such as on a full disk.
    """
    name = acquisition_id(request.id, number)
    folder = folder_of(hands.vault, name)
    folder.mkdir(parents=True, exist_ok=True)
    job = FetchJob(
        url=request.canonical_url,
        folder=folder,
        allow_net=tuple(str(network) for network in hands.vault.settings.allow_net),
        limits=limits_for(hands.vault.settings.limits, request),
        acquisition=name,
        commitment_key=acquisition_key(secret.commitment_secret(hands.vault.folder / "keys"), name).hex(),
        access=access_to(hands.vault, request.canonical_url),
        wishes=hands.vault.settings.wishes,
    )
    result = hands.fetchers.fetch(job, on_progress, lambda: queue.is_cancelled(hands.vault, request.id))
    if result.reason == "disk-full":
        shutil.rmtree(folder, ignore_errors=True)  # what came is not complete, and its room is needed
        raise full_disk()
    return result


def access_to(vault: Vault, url: str) -> Access:
    """How `url` is reached, as the vault's sites.toml says now, with the cookies of its site.

    Where the file makes no sense or the cookies cannot be opened, that is what is missing: nothing is fetched in some
    other way than a person asked for.
    """
    try:
        known = sites.load(vault.folder)
        site = sites.cookie_site(known, access.host_of(url))
        cookies = cookiejar.read(vault.folder / sitesettings.KEYS_NAME).get(site, ()) if site else ()
    except (UsageError, EvidenceError, MachineError) as error:
        return Access(missing=error.what)
    missing = f"the cookies of {site} are not there: `archiver site cookies {site} --from FILE`"
    return access.for_url(url, known, cookies, missing if site and not cookies else "")


def keep_result(hands: Hands, request: Request, number: int, result: FetchResult) -> None:
    """Make durable how a fetch ended whose process did not live to write it down."""
    folder = folder_of(hands.vault, acquisition_id(request.id, number))
    if read_result(folder) is None:
        write_durably(folder, RESULT_NAME, result_to_json(result))


def wants_picture(hands: Hands, request: Request, number: int) -> bool:
    """Whether a browser is to visit the page that was fetched from."""
    result = read_result(folder_of(hands.vault, acquisition_id(request.id, number)))
    if result is None:
        return False
    again = _next_step(hands, request, number, result).retry_in is not None
    return picture.is_wanted(hands.browser, result, again=again)


def take_picture(hands: Hands, request: Request, number: int) -> None:
    """Have a browser visit the page, unless a finished snapshot lies there from before a crash.

    Raises MachineError where this machine cannot, such as on a full disk.
    """
    if hands.browser is None:
        return
    folder = folder_of(hands.vault, acquisition_id(request.id, number))
    if access_to(hands.vault, request.canonical_url).is_indirect:
        picture.leave_out(folder, request.canonical_url)
        return
    picture.make(
        hands.browser,
        request.canonical_url,
        folder,
        tuple(str(network) for network in hands.vault.settings.allow_net),
        limits_for(hands.vault.settings.limits, request),
        lambda: queue.is_cancelled(hands.vault, request.id),
    )


def settle(hands: Hands, request: Request, number: int) -> Ended:
    """Keep what was fetched, examine it and record the acquisition; says how it ended."""
    vault = hands.vault
    name = acquisition_id(request.id, number)
    folder = folder_of(vault, name)
    result = read_result(folder)
    if result is None:
        raise CaptureError("the fetcher left no result that can be believed", code="fetcher-died", passing=True)
    holdings: list[Holding] = []
    if result.exchange:
        holdings.append(keep_file(vault.store, folder / result.exchange.name, Role.EXCHANGE, warc.MEDIA_TYPE))
    try:
        made = [_item(hands, request, name, folder, i, fetched, result) for i, fetched in enumerate(result.items)]
    except CaptureError as error:
        # The record of the exchange is evidence only of the bytes that it names: they are kept, but are no item.
        files = [file for fetched in result.items for file in fetched.files]
        holdings += [keep_file(vault.store, folder / one.name, one.role, "application/octet-stream") for one in files]
        result = replace(
            result, outcome=Outcome.FAILURE, reason=error.code, message=error.what, passing=error.passing, items=()
        )
        made = []
    items = tuple(item for item, _ in made)
    # What is there is archived; that something is missing is a failure on record beside it.
    cut = [(item.url, words) for item, incomplete in made for words in incomplete]
    pictured = picture.keep(vault.store, folder, request.canonical_url)
    failures = (*result.failures, *((url, "media-incomplete") for url, _ in cut), *pictured.failures)
    next_step = _next_step(hands, request, number, result)
    whole = result.outcome is Outcome.SUCCESS and not failures
    parts = (result.message, pictured.message, next_step.message, *dict.fromkeys(words for _, words in cut))
    message = "" if whole else "; ".join(part for part in parts if part)
    acquisition = Acquisition(
        id=name,
        kind="download",
        request_id=request.id,
        attempt=number,
        source=request.canonical_url,
        started_at=result.started,
        ended_at=result.ended,
        outcome=result.outcome,
        reason=result.reason,
        message=message,
        tools=result.tools + pictured.tools,
        holdings=(*holdings, *pictured.holdings),
        items=items,
        failures=failures,
    )
    detail: dict[str, Any] = {"bytes": result.bytes, "http_status": result.http_status}
    if pictured.confinement:
        detail["snapshot"] = pictured.confinement
    acquisitions.record(
        vault, acquisition, request=request, retry_in=next_step.retry_in, detail=detail, final_url=result.final_url
    )
    return Ended(result.outcome, result.reason, message, next_step.retry_in, result.bytes, len(items))


def clear(vault: Vault, name: str) -> None:
    """Remove the working folder of an acquisition that is on record: nothing needs it any more."""
    shutil.rmtree(folder_of(vault, name), ignore_errors=True)


def _next_step(hands: Hands, request: Request, number: int, result: FetchResult) -> NextStep:
    return after_failure(
        hands.vault.settings.limits,
        passing=result.passing,
        attempt=number,
        attempts_allowed=request.attempts_allowed,
        retry_after=result.retry_after,
    )


def limits_for(limits: Limits, request: Request) -> Limits:
    """The vault's limits with those that this request overrides."""
    return replace(limits, **request.limits)


def _take(store: Store, folder: Path, file: FetchedFile) -> Digests:
    """Keep a file. Raises CaptureError unless its bytes are those that came, by the record of the exchange."""
    digests = store.take(folder / file.name)
    if file.sha256 not in ("", digests.sha256):
        raise reasons.failure("record-differs")
    return digests


def _beside(store: Store, folder: Path, file: FetchedFile) -> Holding:
    """Keep what a page offers beside its footage, unexamined. Raises CaptureError as `_take` does."""
    kind = type_beside(folder / file.name, file.role)
    return Holding(stored(_take(store, folder, file), kind), file.role, file.label)


def _item(
    hands: Hands, request: Request, name: str, folder: Path, position: int, fetched: FetchedItem, result: FetchResult
) -> tuple[Item, tuple[str, ...]]:
    """The item of what was fetched, and in words what its originals lack."""
    store = hands.vault.store
    files = [file for file in fetched.files if file.role is Role.ORIGINAL]
    name_there = PurePosixPath(unquote(urlsplit(fetched.final_url).path)).name[:NAME_CHARACTERS]
    originals = [
        (_take(store, folder, file), name_there if len(files) == 1 else f"{name_there} ({file.label})".strip())
        for file in files
    ]
    others = [
        _beside(store, folder, file)
        if file.role in (Role.SUBTITLES, Role.THUMBNAIL, Role.COMMENTS)
        else keep_file(store, folder / file.name, file.role)
        for file in fetched.files
        if file.role is not Role.ORIGINAL
    ]
    kept = keep_and_examine(store, hands.examiner, originals, others)
    item = Item(
        id=derived_id("i", name, str(position)),
        acquisition_id=name,
        case=request.case,
        url=fetched.url or request.canonical_url,
        title=fetched.title,
        acquired_at=result.ended,
        holdings=kept.holdings,
        uploader=fetched.uploader,
        note=" ".join(note for note in (request.note, fetched.note) if note),
        summary=kept.summary,
        examined=kept.examined,
    )
    return item, kept.incomplete
