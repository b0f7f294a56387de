"""The bounded record that leaves the sandbox. What comes out is `untrusted_` until it has passed through here."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archiver.examine.bounded import bounded_json, check, is_object, is_whole, spelled, whole
from archiver.examine.credited import Credentials, read_credentials
from archiver.examine.warnings import MESSAGES
from archiver.model import Tool

SCHEMA = "archiver-metadata/1"

MAX_HEAD_BYTES = 1 << 20  # media types, facts and warnings of an item; 2 kB a file are usual
MAX_FINGERPRINTS_BYTES = 128 << 20  # twice what frames.py packs of one video at most
MAX_PRINTS = 3  # of a file: ours, and the standard ones of its pictures and of its sound
MAX_FACTS = 40  # a decode states about fifteen
MAX_NUMBER = 2**53 - 1  # whole numbers beyond it are not exact for every reader of JSON

_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}")
_WORD = re.compile(r"[ -~]{0,40}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CODE = re.compile(r"[a-z][a-z-]{0,39}")
_VERSION = re.compile(r"[ -~]{1,60}")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file as judged by content. `facts` are whole numbers and words of at most 40 printable ASCII characters."""

    media_type: str
    facts: Mapping[str, int | str] = field(default_factory=dict)
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class FingerprintRecord:
    """A fingerprint object for the file at `file_index`. `blob` is still hostile: `archiver.fingerprint` reads it, or
    `archiver.standard` where the algorithm is one of its own."""

    file_index: int
    algorithm: str
    blob: bytes


@dataclass(frozen=True, slots=True)
class FileWarning:
    """What could not be read of the file at `file_index`, as a stable code and as a sentence of ours."""

    file_index: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Examination:
    """What an item's files say about themselves. `metadata` is a JSON document (`SCHEMA`), one block a file."""

    files: tuple[FileRecord, ...]
    metadata: bytes
    fingerprints: tuple[FingerprintRecord, ...]
    warnings: tuple[FileWarning, ...]
    sandbox: str
    tools: tuple[Tool, ...]
    created: str = ""

    def summary(self) -> dict[str, int | float | str]:
        """The few facts that tables show: of the file with pictures, else of the first. `created` is a claim."""
        shown: dict[str, int | float | str] = {}
        if not self.files:
            return shown
        best = max(self.files, key=lambda file: (int("width" in file.facts), int(bool(file.facts))))
        shown["media_type"] = best.media_type
        duration = best.facts.get("duration_ms", best.facts.get("stated_duration_ms"))
        if isinstance(duration, int) and duration > 0:
            shown["duration_seconds"] = duration / 1000
        for name in ("width", "height"):
            if isinstance(best.facts.get(name), int):
                shown[name] = best.facts[name]
        codecs = [
            str(file.facts[name]) for name in ("codec", "audio_codec") for file in self.files if name in file.facts
        ]
        if codecs:
            shown["codecs"] = "+".join(dict.fromkeys(codecs))
        if self.created:
            shown["created"] = self.created
        credentials = [file.credentials.words for file in self.files if file.credentials]
        if credentials:
            shown["content_credentials"] = credentials[0]
        return shown


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of `inside.examine_item` that has been checked. `blocks` are ExifTool's, one a file."""

    files: tuple[FileRecord, ...]
    warnings: tuple[tuple[str, ...], ...]
    fingerprints: tuple[FingerprintRecord, ...]
    blocks: tuple[Mapping[str, Any], ...]
    tools: Mapping[str, str]


def read_answer(untrusted_reply: bytes, files: int, max_metadata: int) -> Answer:
    """Take a reply apart, or raise RefusedAnswer."""
    length = int.from_bytes(untrusted_reply[:4], "big")
    head_end = 4 + length
    check(len(untrusted_reply) >= 4 and length <= MAX_HEAD_BYTES and head_end <= len(untrusted_reply), "frame")
    head = bounded_json(untrusted_reply[4:head_end], max_string=60)
    check(is_object(head, {"files", "fingerprints", "metadata_bytes", "tools"}), "head")
    metadata_end = head_end + whole(head["metadata_bytes"], max_metadata)
    check(metadata_end <= len(untrusted_reply), "metadata")
    blocks = bounded_json(untrusted_reply[head_end:metadata_end])
    check(isinstance(blocks, list) and len(blocks) == files and all(isinstance(one, dict) for one in blocks), "blocks")
    check(isinstance(head["files"], list) and len(head["files"]) == files, "number of files")
    records = [_file(one) for one in head["files"]]
    return Answer(
        files=tuple(record for record, _ in records),
        warnings=tuple(codes for _, codes in records),
        fingerprints=_fingerprints(head["fingerprints"], untrusted_reply[metadata_end:], files),
        blocks=tuple(blocks),
        tools=_tools(head["tools"]),
    )


def read_stills(untrusted_reply: bytes, wanted: int) -> list[bytes]:
    """The JPEGs of a reply of `inside.take_stills`, or raise RefusedAnswer. Whoever shows them is still careful."""
    found, at = [], 0
    for _ in range(wanted):
        size = int.from_bytes(untrusted_reply[at : at + 4], "big")
        jpeg = untrusted_reply[at + 4 : at + 4 + size]
        check(len(jpeg) == size and jpeg.startswith(b"\xff\xd8\xff"), "still")
        found.append(jpeg)
        at += 4 + size
    check(at == len(untrusted_reply), "stills' end")
    return found


def document(answer: Answer, sandbox: str, warnings: Sequence[Sequence[str]]) -> bytes:
    """The metadata object: the same input and tools always give the same bytes."""
    files = [
        {
            "exiftool": block,
            "facts": dict(file.facts),
            "media_type": file.media_type,
            "warnings": list(codes),
            **({"content_credentials": file.credentials.document()} if file.credentials else {}),
        }
        for file, block, codes in zip(answer.files, answer.blocks, warnings, strict=True)
    ]
    whole = {"files": files, "sandbox": sandbox, "schema": SCHEMA, "tools": dict(answer.tools)}
    return json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


#: Where formats keep the time at which the camera or the editing program claims to have made the file.
_CREATED = ("DateTimeOriginal", "CreationDate", "DateTimeDigitized", "CreateDate", "DateCreated", "DateUTC")
_DATE = re.compile(r"(?!0000)\d{4}:\d\d:\d\d( \d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?")


def claimed_creation(blocks: tuple[Mapping[str, Any], ...]) -> str:
    """The first creation time that the embedded metadata claims, as it is spelled there, or ""."""
    for tag in _CREATED:
        for block in blocks:
            for name in sorted(block):
                value = block[name].get("val") if isinstance(block[name], dict) else None
                if name.rpartition(":")[2] == tag and isinstance(value, str) and _DATE.fullmatch(value):
                    return value
    return ""


def _file(untrusted: Any) -> tuple[FileRecord, tuple[str, ...]]:
    check(isinstance(untrusted, dict), "file")
    untrusted_credentials = untrusted.pop("credentials", None)
    check(is_object(untrusted, {"media_type", "facts", "warnings"}), "file")
    facts, codes = untrusted["facts"], untrusted["warnings"]
    check(spelled(untrusted["media_type"], _MEDIA_TYPE), "media type")
    check(isinstance(facts, dict) and len(facts) <= MAX_FACTS, "facts")
    for name, value in facts.items():
        check(spelled(name, _KEY), "name of a fact")
        check(spelled(value, _WORD) or is_whole(value, -MAX_NUMBER, MAX_NUMBER), "fact")
    check(isinstance(codes, list) and len(codes) <= len(MESSAGES), "warnings")
    check(all(spelled(code, _CODE) and code in MESSAGES for code in codes), "warning")
    credentials = None if untrusted_credentials is None else read_credentials(untrusted_credentials)
    return FileRecord(untrusted["media_type"], facts, credentials), tuple(dict.fromkeys(codes))


def _fingerprints(untrusted: Any, blobs: bytes, files: int) -> tuple[FingerprintRecord, ...]:
    check(isinstance(untrusted, list) and len(untrusted) <= MAX_PRINTS * files, "fingerprints")
    found: list[FingerprintRecord] = []
    places: set[tuple[int, str]] = set()
    at = 0
    for one in untrusted:
        check(is_object(one, {"file", "algorithm", "bytes"}), "fingerprint")
        check(spelled(one["algorithm"], _WORD) and one["algorithm"] != "", "algorithm")
        end = at + whole(one["bytes"], MAX_FINGERPRINTS_BYTES)
        number = whole(one["file"], files - 1)
        check(at < end <= len(blobs) and (number, one["algorithm"]) not in places, "fingerprint's place")
        places.add((number, one["algorithm"]))
        found.append(FingerprintRecord(number, one["algorithm"], blobs[at:end]))
        at = end
    check(at == len(blobs), "fingerprints' end")
    return tuple(found)


def _tools(untrusted: Any) -> Mapping[str, str]:
    check(isinstance(untrusted, dict) and len(untrusted) <= 10, "tools")
    check(all(spelled(name, _KEY) and spelled(version, _VERSION) for name, version in untrusted.items()), "tool")
    return dict(sorted(untrusted.items()))
