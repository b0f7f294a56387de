"""What runs inside the sandbox: one item's files in, one framed reply out. `record` reads it on the other side.

Reply of `examine_item`: length of the head (4 bytes, big-endian), the head (JSON), ExifTool's blocks (JSON), then the
fingerprints one after the other; the head holds their lengths.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from archiver.examine import media_type
from archiver.fingerprint import MAX_MS

_EXIFTOOL_SHARE = 0.5  # of the item's time: a decode is still possible when ExifTool hangs
_EXACT_MISSING_MS = 200  # FLAC counts its samples in the header; a block is at most 1.5 s, and usually 93 ms
_EXIFTOOL_SECONDS = 120  # 0.1 s are usual; a file of 4 GiB is not read whole
_CREDENTIALS_SECONDS = 60  # 0.02 s are usual; of a signed file of 4 GiB every byte is digested


def examine_item(paths: Sequence[str], arguments: Mapping[str, Any]) -> bytes:
    """Examine the files of one item. `arguments`: fingerprints (bool), seconds, metadata_bytes."""
    from archiver.examine.metadata import ExifToolFailed, extract

    blocks: list[dict[str, Any]] = [{} for _ in paths]
    tools = _tools()
    failure = ""
    budget = min(_EXIFTOOL_SECONDS, arguments["seconds"] * _EXIFTOOL_SHARE)
    try:
        blocks, tools["exiftool"] = extract(paths, budget, arguments["metadata_bytes"])
    except ExifToolFailed as error:
        failure = error.code
    files: list[dict[str, Any]] = []
    fingerprints: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for number, path in enumerate(paths):
        record, made = _look(path, bool(arguments["fingerprints"]))
        record["warnings"] += [failure] if failure else []
        files.append(record)
        for algorithm, blob in made:
            fingerprints.append({"file": number, "algorithm": algorithm, "bytes": len(blob)})
            blobs.append(blob)
    metadata = json.dumps(blocks, separators=(",", ":"), allow_nan=False).encode()
    head = {"files": files, "fingerprints": fingerprints, "metadata_bytes": len(metadata), "tools": tools}
    spelled = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([len(spelled).to_bytes(4, "big"), spelled, metadata, *blobs])


def take_stills(paths: Sequence[str], arguments: Mapping[str, Any]) -> bytes:
    """JPEG stills of one file, each with its length (4 bytes, big-endian) before it."""
    from archiver.examine.stills import stills

    made = stills(paths[0], arguments["seconds"], arguments["max_side"], arguments["kind"])
    return b"".join(len(jpeg).to_bytes(4, "big") + jpeg for jpeg in made)


def _look(path: str, with_fingerprints: bool) -> tuple[dict[str, Any], Sequence[tuple[str, bytes]]]:
    """Media type, facts and warnings of one file, and its fingerprints: algorithm and bytes of each."""
    with open(path, "rb") as file:
        claimed = media_type.sniff(file.read(media_type.HEAD_BYTES))
    kind = media_type.kind(claimed)
    record: dict[str, Any] = {"media_type": claimed, "facts": {}, "warnings": []}
    if claimed == media_type.EMPTY:
        record["warnings"] = ["empty"]
    elif kind == "other" and claimed != media_type.UNKNOWN:
        record["warnings"] = ["not-media"]
    elif with_fingerprints:
        made = _decode(path, kind, record)
        _measure(path, record)
        _credit(path, claimed, record)
        return record, made
    return record, ()


def _credit(path: str, claimed: str, record: dict[str, Any]) -> None:
    """Add the file's content credentials, where it has any."""
    from archiver.examine.credentials import look

    found = look(path, claimed, _CREDENTIALS_SECONDS)
    if found is not None:
        record["credentials"] = found


def _measure(path: str, record: dict[str, Any]) -> None:
    """Add what the file says about its own length, where less is there."""
    from archiver.examine.wholeness import missing_end

    lacking = missing_end(path, record["media_type"])
    if lacking is not None:
        record["facts"] |= {"declared_bytes": lacking.declared, "present_bytes": lacking.present}
    if lacking is not None or record["facts"].get("declared_ms"):
        record["warnings"] = list(dict.fromkeys(["media-incomplete", *record["warnings"]]))


def _decode(path: str, kind: str, record: dict[str, Any]) -> Sequence[tuple[str, bytes]]:
    from archiver.examine.container import Unreadable
    from archiver.examine.fingerprint import fingerprint

    try:
        made = fingerprint(path, "image" if kind == "image" else "video")
    except Unreadable as error:
        record["facts"] = error.facts
        record["media_type"] = media_type.by_decoder(record["media_type"], error.facts)
        record["warnings"] = _why(error.code, kind, media_type.kind(record["media_type"]))
        if media_type.kind(record["media_type"]) == "audio" and error.code == "no-frames":
            return _listen(path, record["facts"])
        return ()
    record["facts"] = made.facts
    record["media_type"] = media_type.by_decoder(record["media_type"], made.facts)
    record["warnings"] = list(made.warnings)
    return ((made.algorithm, made.blob), *((one.algorithm, one.to_bytes()) for one in made.beside))


def _listen(path: str, facts: dict[str, Any]) -> Sequence[tuple[str, bytes]]:
    """The fingerprint of a sound file, and how far its packets go: `heard_ms`, `declared_ms` where that is further."""
    import av

    from archiver.examine import sound
    from archiver.examine.container import open_media
    from archiver.examine.frames import MISSING_MS

    heard = 0.0
    with open_media(path) as container:
        listener = sound.listener(container)
        if listener is None:
            return ()
        stream = listener.stream
        with contextlib.suppress(av.FFmpegError):
            for packet in container.demux(stream):
                listener.hear(packet)
                if packet.pts is not None and packet.time_base:
                    heard = max(heard, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        begin = float((stream.start_time or 0) * (stream.time_base or 0))
        facts["heard_ms"] = max(0, min(round((heard - begin) * 1000), MAX_MS))
        made = listener.finish(begin, facts["heard_ms"])
    stated = int(facts.get("stated_duration_ms", 0))
    slack = _EXACT_MISSING_MS if facts.get("audio_codec") == "flac" else MISSING_MS
    if facts["heard_ms"] + slack < stated:
        facts["declared_ms"] = stated
    return ((made.algorithm, made.to_bytes()),) if made else ()


def _why(code: str, claimed: str, found: str) -> list[str]:
    """The warnings for a file without pictures: sound needs none, and what claims to be media is damaged."""
    if found == "audio" and code == "no-frames":
        return []
    if code == "not-media" and claimed in ("video", "image", "audio"):
        return ["damaged"]
    return [code]


def _tools() -> dict[str, str]:
    import av
    import c2pa
    import PIL

    return {"av": av.__version__, "c2pa": c2pa.sdk_version(), "pillow": PIL.__version__}
