"""From records to the one document that report.json holds and report.html shows. Pure: no file, no clock, no network.

Every digest, time and finding in it is copied from a ledger entry, and every name, title and address from a disclosure,
so that the verifier can hold each statement against the ledger. Canonical JSON: no floats, times in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from archiver.errors import ArchiverError
from archiver.model import EventType
from archiver.proof.bundle import named
from archiver.proof.log import merkle
from archiver.report.document import anchored, certificate, lineage, matched, received, timely
from archiver.report.records import ExhibitRecords, Filed, LedgerEntry, Records
from archiver.report.withholding.withheld import PICTURES, Withheld
from archiver.report.wording import words
from archiver.report.wording.text import whole_characters

VERSION = 1

#: A stream of six hours is 10,800 requests: the first ones and the last show what there is to see.
SHOWN_REQUESTS = 8

#: Headers of one answer; servers send twenty.
SHOWN_HEADERS = 60

#: Longer than any honest header that a reader would look at; the whole is in the exchange object.
SHOWN_CHARACTERS = 2_000

#: Frames that stand for a whole film on the page.
SAMPLES = 6

#: Longer than any footage; what states more is damaged or hostile.
MAX_SECONDS = 10_000_000

#: Fields that only the entry of a download seals.
_OF_CAPTURE = frozenset({"final_url", "requested_by"})

_FIELDS = ("title", "url", "final_url", "file_name", "uploader", "source", "location", "note", "case", "requested_by")


def document(records: Records) -> dict[str, Any]:
    """report.json. Raises ArchiverError where it would not be valid against its own schema."""
    made = {
        "v": VERSION,
        "case": records.case,
        "prepared_at": records.prepared_at,
        "prepared_by": records.prepared_by,
        **({} if records.prepared_for is None else {"prepared_for": records.prepared_for}),
        "custodian": records.custodian,
        "tools": dict(records.tools),
        "ledger": {
            "origin": records.origin,
            "verifier_key": records.verifier_key,
            "verifier_keys": list(records.verifier_keys),
            "checkpoint": {"size": records.size, "root": records.root.hex()},
            "witnesses": list(_witnesses(records)),
            "entries": [entry.seq for entry in records.entries],
            "left_out": records.left_out,
        },
        "timestamps": list(timely.rows(records)),
        "anchors": list(anchored.rows(records)),
        "exhibits": [
            _exhibit(one, records.withheld) | _proved(one, records) | _included(one, records) | _received(one, records)
            for one in records.exhibits
        ],
        "withheld": records.withheld.document(),
        "matches": matched.rows(records),
        "lineage": lineage.rows(records),
        "limits": [*words.LIMITS, *(words.BLURRED_LIMITS if records.withheld.blurred else ())],
        **({"signature": dict(records.signed)} if records.signed else {}),
    }
    faults = [f"{'/'.join(map(str, one.instance_path))}: {one.message[:200]}" for one in _validator().iter_errors(made)]
    if faults:
        raise ArchiverError(f"the report would not be valid: {'; '.join(faults[:3])}", code="report-invalid")
    return made


def _witnesses(records: Records) -> Iterator[dict[str, Any]]:
    """Who cosigned which checkpoint when. The key is their whole verifier key, for a reader's policy."""
    for one in records.vouched.witnesses if records.vouched else ():
        name = one.witness.partition("+")[0]
        yield {"name": name, "key": one.witness, "size": one.size, "time": named.moment(one.time)}


def duration_ms(summary: Mapping[str, Any]) -> int:
    """How long the footage is; 0 for a picture and for what could not be read."""
    seconds = summary.get("duration_seconds", 0)
    return max(0, round(seconds * 1000)) if isinstance(seconds, int | float) and seconds < MAX_SECONDS else 0


def _exhibit(one: ExhibitRecords, withheld: Withheld) -> dict[str, Any]:
    ingestion = _first(one, EventType.INGESTION, item=True)
    capture = _first(one, EventType.CAPTURE, item=False)
    examination = _first(one, EventType.METADATA, item=True)
    span = (capture or ingestion).value["detail"] if capture or ingestion else {}  # type: ignore[union-attr]  # one is there
    detail = examination.value["detail"] if examination else {}
    return {
        "number": one.number,
        "item": one.item,
        "acquisition": one.acquisition,
        "request": one.request,
        "fields": _fields(ingestion, capture) | _withheld_fields(ingestion, capture, withheld),
        "started": span.get("started", ""),
        "ended": span.get("ended", ""),
        "http": _http(one),
        "objects": [_object(file) for file in one.files],
        "technical": {str(key)[:40]: _plain(value) for key, value in one.summary.items()},
        "sandbox": detail.get("sandbox", ""),
        "warnings": [{"code": code, "words": words.warning(code)} for code in detail.get("warnings", [])],
        "tools": _tools(one),
        "pictures_ms": [] if PICTURES in withheld.objects else _samples(one),
        "custody": [_row(entry, one.files) for entry in one.entries],
    }


def _proved(one: ExhibitRecords, records: Records) -> dict[str, Any]:
    said = {"proved": timely.proved(one, records), "anchored": anchored.proved(one, records)}
    return {name: found for name, found in said.items() if found}


def _received(one: ExhibitRecords, records: Records) -> dict[str, Any]:
    told = received.rows(one, records)
    return {"received": told} if told else {}


def _included(one: ExhibitRecords, records: Records) -> dict[str, Any]:
    """The way from the entry by which it came to the root that the report cites (RFC 6962, 2.1.1)."""
    entry = timely.taken_in(one)
    path = records.inclusion.get(entry.seq)
    if path is None:
        return {}
    leaf = merkle.leaf_hash(entry.body)
    return {"inclusion": {"entry": entry.seq, "leaf": leaf.hex(), "path": [node.hex() for node in path]}}


def _first(one: ExhibitRecords, kind: EventType, *, item: bool) -> LedgerEntry | None:
    name, wanted = ("item", one.item) if item else ("acquisition", one.acquisition)
    return next((entry for entry in one.of_type(kind) if entry.value.get(name) == wanted), None)


def _fields(*sources: LedgerEntry | None) -> dict[str, dict[str, Any]]:
    """Disclosed fields with the entry that seals each; the first source that has a field counts."""
    found: dict[str, dict[str, Any]] = {}
    for entry in sources:
        for name in _FIELDS:
            if entry is not None and entry.fields.get(name):
                found.setdefault(name, {"entry": entry.seq, "value": entry.fields[name]})
    return found


def _withheld_fields(
    ingestion: LedgerEntry | None, capture: LedgerEntry | None, withheld: Withheld
) -> dict[str, dict[str, Any]]:
    """Withheld fields of every exhibit alike: whether there was a note is nobody's business either."""
    told: dict[str, dict[str, Any]] = {}
    for name in _FIELDS:
        entry = capture if name in _OF_CAPTURE else ingestion or capture
        if name in withheld.fields and entry is not None:
            told[name] = {"entry": entry.seq, "withheld": True}
    return told


def _object(file: Filed) -> dict[str, Any]:
    one = file.object
    told: dict[str, Any] = {
        "role": file.role.value,
        "sha256": one.sha256,
        "sha512": one.sha512,
        "size": one.size,
        "media_type": one.media_type,
    }
    if file.path:
        return told | {"path": file.path}
    told["withheld"] = file.withheld
    if file.copy is not None:
        data = file.copy.data
        told["redacted"] = {"path": file.copy.path, "sha256": sha256(data).hexdigest(), "size": len(data)}
    if file.blurred is not None:
        detail = file.blurred.detail
        told["blurred"] = {
            "path": file.blurred.path,
            "entry": file.blurred.entry,
            **{name: detail["result"][name] for name in ("sha256", "sha512", "size", "media_type")},
            **{name: detail[name] for name in ("hidden", "sound", "faces", "frames", "frames_with_patches")},
            "areas": len(detail["areas"]),
        }
    return told


def _tools(one: ExhibitRecords) -> list[dict[str, str]]:
    pairs = {(tool["name"], tool["version"]) for entry in one.entries for tool in entry.value.get("tools", [])}
    return [{"name": name, "version": version} for name, version in sorted(pairs)]


def _samples(one: ExhibitRecords) -> list[int]:
    if one.watchable is None:
        return []
    length = duration_ms(one.summary)
    if not length or one.watchable.object.media_type.startswith("image/"):
        return [0]
    return sorted({length * (2 * i + 1) // (2 * SAMPLES) for i in range(SAMPLES)})


def _row(entry: LedgerEntry, files: Sequence[Filed]) -> dict[str, Any]:
    """An act; its objects are those of the exhibit, in the exhibit's order, for an entry can name others as well."""
    named = {one["sha256"] for one in entry.value.get("objects", [])}
    row = {"entry": entry.seq, "time": entry.value["time"], "type": entry.type, "outcome": entry.value["outcome"]}
    row["objects"] = list(dict.fromkeys(file.object.sha256 for file in files if file.object.sha256 in named))
    if "reason" in entry.value:
        row["reason"] = entry.value["reason"]
    if "agent" in entry.fields:
        row["agent"] = entry.fields["agent"]
    if entry.value.get("tools"):
        row["tools"] = entry.value["tools"]
    return row


def _http(one: ExhibitRecords) -> dict[str, Any]:
    """The exchange in short. What is read here was written by a process that spoke with hostile servers."""
    capture = _first(one, EventType.CAPTURE, item=False)
    status = capture.value["detail"].get("http_status", 0) if capture else 0
    untrusted = one.exchange.get("exchanges") if one.exchange else None
    listed = [row for row in untrusted if isinstance(row, dict)] if isinstance(untrusted, list) else []
    certificates = one.exchange.get("certificates") if one.exchange else None
    chains = certificates if isinstance(certificates, dict) else {}
    chosen = listed if len(listed) <= SHOWN_REQUESTS else [*listed[: SHOWN_REQUESTS - 1], listed[-1]]
    return {
        "status": status,
        "requests": len(listed),
        "shown": [_request(row, chains) for row in chosen],
        "note": one.exchange_note,
    }


def _request(row: Mapping[str, Any], chains: Mapping[str, Any]) -> dict[str, Any]:
    status = row.get("status")
    headers = row.get("response_headers")
    told: dict[str, Any] = {"tls": _text(row["tls"])} if row.get("tls") else {}
    found = certificate.facts(str(chains.get(str(row.get("certificates_sha256")), "")))
    if found:
        told["certificate"] = found
    return told | {
        **{name: _text(row.get(name, "")) for name in ("method", "url", "address", "started", "status_text")},
        "status": status if isinstance(status, int) and 0 <= status <= 999 else 0,
        "headers": list(_headers(headers if isinstance(headers, list) else [])),
    }


def _headers(untrusted: Sequence[Any]) -> Iterator[list[str]]:
    for pair in untrusted[:SHOWN_HEADERS]:
        if isinstance(pair, list) and len(pair) == 2:
            yield [_text(pair[0]), _text(pair[1])]


def _plain(value: Any) -> int | str | bool:
    """A value of a summary as canonical JSON can hold it."""
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    return _text(value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else json.dumps(value))


def _text(value: Any) -> str:
    return whole_characters(str(value))[:SHOWN_CHARACTERS]


@cache
def _validator() -> Any:
    import jsonschema_rs

    text = resources.files("archiver.schemas").joinpath("report.schema.json").read_text("utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(text))
