"""A vault whose items are full of secrets: in sealed fields, and in every spelling in what came with them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from archiver.custody import acquisitions, queue
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault, create
from archiver.model import Acquisition, Holding, Item, Outcome, Role, Tool, now
from tests.report.bundle_story import ORIGIN, film, held, item
from tests.report.spellings import SPELLINGS

CASE = "Zelenograd case"
FIRST, SECOND = "ifirst2222", "isecond222"

#: Values of sealed fields, each made up so that nothing else in a bundle can hold it.
SECRETS = {
    "agent": "Verena Quistorp",
    "requested_by": "Oluwaseun Adebayo-Kirk",
    "title": "Дарья Ковалёва на мосту",
    "uploader": "zhenya_kvass_77",
    "note": "met Farid Nasrallah, +44 7700 900123",
    "source": "Μαρία Παππά",
    "url": "https://tube.hidden.example/@zhenya_kvass_77/watch?v=dQw4w9WgXcQ",
    "file_name": "dascha-bridge-0412.mp4",
}

#: What ExifTool found, by kind; `ImageWidth` is no secret.
TAGS = {
    "QuickTime:GPSCoordinates": {"desc": "GPS Coordinates", "val": "55 deg 59' 31.20\" N, 37 deg 12' 51.00\" E"},
    "QuickTime:SerialNumber": {"desc": "Serial Number", "val": "SN-9F2K77QX31"},
    "XMP:XMP-dc:Creator": {"desc": "Creator", "val": ["Zhenya Kvasnikov"]},
    "QuickTime:ItemList:Title": {"desc": "Title", "val": "Дарья Ковалёва на мосту"},
    "QuickTime:ItemList:Software": {"desc": "Software", "val": "PhoneCam 4.2.1-private"},
    "QuickTime:CreateDate": {"desc": "Create Date", "val": "2026:04:12 13:37:00"},
    "Maker:NobodyKnows": {"desc": "Nobody Knows", "val": "unclassified words"},
    "QuickTime:ImageWidth": {"desc": "Image Width", "val": 96},
}


def planted() -> list[tuple[str, str, bytes]]:
    """(field, spelling, bytes) of every secret in every spelling."""
    return [(field, name, spell(value)) for field, value in SECRETS.items() for name, spell in SPELLINGS.items()]


def full_of_secrets() -> bytes:
    """All of them, one behind the other."""
    return b"\n".join(b"{ " + data + b" }" for _, _, data in planted())


def metadata() -> bytes:
    """A metadata object as `examine` writes it."""
    credited = {"state": "valid", "signer": "Zhenya Kvasnikov", "generator": "PhoneCam 4.2.1-private"}
    files = [{"exiftool": TAGS, "facts": {"width": 96}, "media_type": "video/mp4", "warnings": []}]
    files[0]["content_credentials"] = credited
    whole = {"files": files, "sandbox": "bubblewrap", "schema": "archiver-metadata/1", "tools": {"exiftool": "13"}}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True).encode()


def info() -> bytes:
    """The extractor's JSON, with secrets under known keys, unknown ones and in free text."""
    return json.dumps(
        {
            "id": "dQw4w9WgXcQ", "title": SECRETS["title"], "uploader": SECRETS["uploader"], "duration": 3,
            "description": SECRETS["note"], "webpage_url": SECRETS["url"], "width": 96, "tags": [SECRETS["source"]],
            "formats": [{"url": SECRETS["url"]}], "location": "Zelenograd bridge", "upload_date": "20260412",
        }
    ).encode()  # fmt: skip


def build(folder: Path, original: bytes | None = None) -> Vault:
    """A download with every object that there can be, and a local file; `original` is the download's footage."""
    vault = create(folder, ORIGIN, "Office A", {"ARCHIVER_BY": SECRETS["agent"]})
    url = SECRETS["url"]
    (answer,) = queue.add(vault, [Asked(url, url, CASE, SECRETS["note"], 0, SECRETS["requested_by"])])
    name = f"{answer.request_id}.1"
    made = item(
        vault, FIRST, name, film(1) if original is None else original, "video/mp4", case=CASE, url=url,
        title=SECRETS["title"], uploader=SECRETS["uploader"], note=SECRETS["note"], source=SECRETS["source"],
        summary={"media_type": "video/mp4", "content_credentials": "present, signer Zhenya Kvasnikov (not judged)"},
    )  # fmt: skip
    footage = replace(made.of_role(Role.ORIGINAL)[0], name=SECRETS["file_name"])
    bad = full_of_secrets()
    holdings = (
        footage,
        held(vault, info(), Role.INFO, "application/json"),
        held(vault, metadata(), Role.METADATA, "application/json"),
        held(vault, bad + b"comments", Role.COMMENTS, "application/json"),
        held(vault, bad + b"snapshot", Role.SNAPSHOT, "application/wacz"),
        held(vault, b"WEBVTT\n\n00:01.000 --> 00:02.000\n(crowd)\n", Role.SUBTITLES, "text/vtt"),
        *made.of_role(Role.FINGERPRINT),
    )
    _record(vault, answer.request_id, replace(made, holdings=holdings), held(vault, bad, Role.EXCHANGE, "text/plain"))
    local = item(vault, SECOND, "nsecond222.1", film(2), "video/mp4", case=CASE, path="/home/vquistorp/dascha.mp4")
    found = held(vault, metadata().replace(b"96", b"97"), Role.METADATA, "application/json")
    others = [one for one in local.holdings if one.role is not Role.METADATA]
    local = replace(local, holdings=(*others, found))
    acquisition = Acquisition(
        id="nsecond222.1", kind="ingest", request_id="", attempt=1, source="", started_at=now(), ended_at=now(),
        outcome=Outcome.SUCCESS, reason="", message="", tools=(Tool("archiver", "0.3.0"),), items=(local,),
    )  # fmt: skip
    acquisitions.record(vault, acquisition)
    return vault


def _record(vault: Vault, request: str, made: Item, exchange: Holding) -> None:
    acquisition = Acquisition(
        id=made.acquisition_id, kind="download", request_id=request, attempt=1, source=made.url, started_at=now(),
        ended_at=now(), outcome=Outcome.SUCCESS, reason="", message="", tools=(Tool("yt-dlp", "2026.10.26"),),
        items=(made,), holdings=(exchange,),
    )  # fmt: skip
    detail = {"bytes": 9, "http_status": 200}
    wanted = queue.get(vault, request)
    acquisitions.record(vault, acquisition, request=wanted, detail=detail, final_url=f"{made.url}&t=1")
