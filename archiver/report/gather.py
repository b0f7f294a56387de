"""Reading from the vault what an export may tell: the exhibits' entries and objects, and nothing of anybody else's.

An entry goes into the bundle only when everything that it names is exported: an item of another case, met by a match
or fetched with the same request, leaves no trace but a count of entries left out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from archiver.capture import exchanges, warc
from archiver.custody import catalog, nextkeys, traits
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError, UsageError
from archiver.model import EventType, Item, Role, StoredObject
from archiver.proof import canonical, disclosure
from archiver.proof.bundle import layout
from archiver.report.document import timely
from archiver.report.records import ExhibitRecords, Filed, LedgerEntry
from archiver.report.withholding import redact
from archiver.report.withholding.blurred import Copies
from archiver.report.withholding.held_back import hold_back
from archiver.report.withholding.withheld import Withheld

#: Entries of these types tell which objects an item is made of.
_TELLING = ("ingestion", "message digest calculation", "metadata extraction", "fingerprint calculation")

#: Acts whose notes are never in an export: for whom a name was disclosed, why it was forgotten, a key was changed or an
#: area is hidden, to whom a bundle was encrypted, and which values may be found in it, which would tell its readers
#: what to look for.
_OWN_AFFAIRS = (
    EventType.BLUR_AREA,
    EventType.DELETION,
    EventType.DISCLOSURE,
    EventType.DISSEMINATION,
    EventType.ROTATION,
)

_NO_COPIES = Copies()
_PROXIED = "withheld because it names the proxy that the office used"

# A record of 20,000 requests with their headers is about this long.
_EXCHANGE_BYTES = 64 * 1024**2

#: The evidence itself first.
_ORDER = (
    "original", "subtitles", "thumbnail", "comments", "snapshot", "exchange", "info", "metadata", "fingerprint",
)  # fmt: skip

_EXTENSIONS = {
    "video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm", "video/x-matroska": "mkv", "video/mp2t": "ts",
    "video/x-msvideo": "avi", "video/x-flv": "flv", "video/mpeg": "mpg", "video/3gpp": "3gp", "video/ogg": "ogv",
    "video/x-ms-wmv": "wmv", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/ogg": "ogg", "audio/webm": "weba",
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/flac": "flac", "audio/aac": "aac", "image/jpeg": "jpg",
    "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/heic": "heic", "image/avif": "avif",
    "image/tiff": "tif", "image/bmp": "bmp", "application/json": "json", "application/pdf": "pdf", "text/html": "html",
    "text/plain": "txt", "text/vtt": "vtt", "application/x-subrip": "srt", "application/ttml+xml": "ttml",
    "text/x-ssa": "ass", "text/xml": "xml", "application/warc": "warc", "application/wacz": "wacz",
}  # fmt: skip


def choose(vault: Vault, items: Sequence[str], case: str | None) -> list[Item]:
    """The items of an export, in the order in which they came. Raises UsageError: one export is of one case."""
    if not items and case is None:
        raise UsageError("nothing to export", next_step="Name items, or a case with --case")
    chosen = [catalog.item(vault, one) for one in dict.fromkeys(items)] if items else catalog.items(vault, case=case)
    if not chosen:
        raise UsageError(f"there are no items in case {case!r}", next_step="`archiver items` lists them")
    cases = {item.case for item in chosen} | ({case} if case is not None else set())
    if len(cases) > 1:
        raise UsageError("these items belong to several cases", next_step="Export each case by itself")
    return sorted(chosen, key=lambda item: (item.acquired_at, item.id))


def select(vault: Vault, items: Sequence[Item], size: int) -> tuple[list[LedgerEntry], int]:
    """The entries before `size` that concern these items and nothing else, and how many had to be left out."""
    wanted = {item.id for item in items}
    acquisitions = {item.acquisition_id for item in items}
    requests = {catalog.acquisition(vault, one).request_id for one in acquisitions} - {""}
    numbers = {0}  # names the ledger's first keys, as rotations name the later ones
    for subject in wanted | acquisitions | requests | {nextkeys.SUBJECT}:
        numbers.update(catalog.entries_about(vault, subject))
    values = {seq: canonical.decode(vault.ledger.entry(seq)) for seq in numbers if seq < size}
    inside = {seq: value for seq, value in values.items() if _concerns_only(value, wanted)}
    matches = {value["match"] for value in inside.values() if value["type"] == EventType.MATCH}
    rulings = {seq for match in matches for seq in catalog.entries_about(vault, match) if seq < size}
    chosen = sorted({*inside, *rulings})
    return [entry(vault, seq) for seq in chosen], len(values) - len(inside)


def exhibit(
    vault: Vault,
    item: Item,
    number: int,
    entries: Sequence[LedgerEntry],
    exported: Collection[str],
    withheld: Withheld,
    blurred: Copies = _NO_COPIES,
) -> ExhibitRecords:
    """The records of one item, with `blurred` copies in place of originals where `withheld` says so.

    Raises EvidenceError where the ledger does not say how it came, RefusedError where its original would tell what is
    withheld.
    """
    acquisition = catalog.acquisition(vault, item.acquisition_id)
    ids = {item.id, item.acquisition_id, acquisition.request_id} - {""}
    own = tuple(one for one in entries if _is_about(one.value, item.id, ids, entries))
    if not any(one.type == EventType.INGESTION and one.value.get("item") == item.id for one in own):
        raise EvidenceError(f"the ledger has no ingestion of item {item.id}", next_step="Run `archiver verify`")
    alone = all(other in exported for other in _siblings(vault, item.acquisition_id))
    found = tuple(_files(number, item, own, "" if alone else "it also concerns items that are not exported"))
    came = any(one.type == EventType.ACCESSION for one in own)
    exchange, note = _exchange(vault, found, received=came)
    because = {Role.EXCHANGE: _PROXIED} if _names_proxy(exchange) and not withheld.proxy_accepted else {}
    held = hold_back(number, found, withheld, vault.store.read, because, lambda sha256: blurred.of(item.id, sha256))
    if all(one.role is not Role.EXCHANGE or one.withheld for one in held.files):
        exchange, note = _exchange(vault, held.files, received=came)  # which is why it is not there
    shown = {file.role for file in held.files if file.path}
    return ExhibitRecords(
        number=number,
        item=item.id,
        acquisition=item.acquisition_id,
        request=acquisition.request_id,
        files=held.files,
        secrets=held.secrets,
        entries=own,
        summary={
            name: one for name, one in item.summary.items() if not redact.SUMMARY.get(name, set()) & withheld.metadata
        },
        exchange=exchange,
        exchange_note=note,
        posted=traits.posted(vault, item) if Role.INFO in shown else None,
        picture=traits.picture(vault, item) if Role.METADATA in shown else None,
    )


def inclusion(vault: Vault, exhibits: Sequence[ExhibitRecords], size: int) -> dict[int, list[bytes]]:
    """For each exhibit the proof that the entry by which it came is in the tree of `size` entries."""
    return vault.ledger.inclusion_proofs((timely.taken_in(one).seq for one in exhibits), size)


def _concerns_only(value: Mapping[str, Any], items: Collection[str]) -> bool:
    named = [value["item"]] if "item" in value else []
    detail = value.get("detail", {})
    if value["type"] == EventType.MATCH:
        named += [detail["a"], detail["b"]]
    elif value["type"] == EventType.DISSEMINATION:
        named += detail["items"]
    return all(one in items for one in named)


def _is_about(value: Mapping[str, Any], item: str, ids: Collection[str], entries: Sequence[LedgerEntry]) -> bool:
    detail = value.get("detail", {})
    if value["type"] == EventType.MATCH:
        return item in (detail["a"], detail["b"])
    if value["type"] == EventType.DISSEMINATION:
        return item in detail["items"]
    if value["type"] == EventType.DECISION:
        return any(one.value["match"] == value["match"] and _is_about(one.value, item, ids, ())
                   for one in entries if one.type == EventType.MATCH)  # fmt: skip
    if "item" in value:
        return bool(value["item"] == item)
    return any(value.get(name) in ids for name in ("acquisition", "request"))


def entry(vault: Vault, seq: int) -> LedgerEntry:
    """An entry with everything that the vault can open of it, but what is the office's own affair."""
    body = vault.ledger.entry(seq)
    value = canonical.decode(body)
    told = [(disclosure.read(one), one) for one in vault.ledger.disclosures(seq)]
    if value["type"] in _OWN_AFFAIRS:
        told = [(field, one) for field, one in told if field.name != "note"]
    return LedgerEntry(
        seq=seq,
        body=body,
        value=value,
        disclosures=tuple(one for _, one in told),
        fields={field.name: field.value for field, _ in told},
    )


def _siblings(vault: Vault, acquisition: str) -> list[str]:
    rows = vault.database.read().execute("SELECT id FROM item WHERE acquisition_id = ?", (acquisition,))
    return [row[0] for row in rows]


def _files(number: int, item: Item, entries: Sequence[LedgerEntry], exchange_withheld: str) -> Iterator[Filed]:
    """The item's objects as the ledger tells them, each once, under names that every file system takes."""
    told: dict[tuple[str, str], Mapping[str, Any]] = {}
    for own in entries:
        of_item = own.value.get("item") == item.id and own.type in _TELLING
        of_capture = own.type == EventType.CAPTURE and own.value.get("acquisition") == item.acquisition_id
        if of_item or of_capture:
            for one in own.value.get("objects", []):
                told.setdefault((one["role"], one["sha256"]), one)
    counts: dict[str, int] = {}
    for one in sorted(told.values(), key=lambda one: _ORDER.index(one["role"])):
        role = Role(one["role"])
        counts[role] = counts.get(role, 0) + 1
        stored = StoredObject(one["sha256"], one["sha512"], one["size"], one["media_type"])
        number_shown = f"-{counts[role]}" if role in (Role.ORIGINAL, Role.FINGERPRINT) or counts[role] > 1 else ""
        name = f"{role}{number_shown}.{_EXTENSIONS.get(stored.media_type, 'bin')}"
        reason = exchange_withheld if role in (Role.EXCHANGE, Role.SNAPSHOT) else ""
        yield Filed(stored, role, "" if reason else layout.exhibit_folder(number) + name, reason)


def _names_proxy(exchange: Mapping[str, Any] | None) -> bool:
    rows = exchange.get("exchanges") if exchange else None
    return isinstance(rows, list) and any(isinstance(row, dict) and row.get("proxy") for row in rows)


def _exchange(vault: Vault, files: Sequence[Filed], *, received: bool) -> tuple[Mapping[str, Any] | None, str]:
    held = next((one for one in files if one.role is Role.EXCHANGE), None)
    if held is None:
        if received:
            return None, "No record of an HTTP exchange came from the office that it was received from."
        return None, "There was no HTTP exchange: the file was taken in locally."
    if held.withheld:
        return None, f"The record of the exchange is not shown: {held.withheld}."
    try:  # a process that parsed hostile bytes wrote it
        if held.object.media_type == warc.MEDIA_TYPE:
            with vault.store.open(held.object.sha256) as stream:
                return exchanges.listing(stream), ""
        # As version 0.2 recorded it.
        if held.object.size > _EXCHANGE_BYTES:
            return None, "The record of the exchange is too long to be shown here; the file is in the bundle."
        value = json.loads(vault.store.read(held.object.sha256))
    except (ValueError, RecursionError, EvidenceError):
        return None, "The record of the exchange cannot be read; the file is in the bundle."
    return (value, "") if isinstance(value, dict) else (None, "The record of the exchange is not of the known form.")
