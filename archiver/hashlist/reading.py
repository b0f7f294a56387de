"""Hash lists that may come from anybody: every row is read, or told by its number and why it makes no sense."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from archiver.errors import UsageError
from archiver.hashlist.records import Kind, Parsed, Picture, Row
from archiver.standard import MAX_SOUND

#: A million digests are 65 MB; it is read into memory and kept in the records.
MAX_BYTES: Final = 64 << 20
MAX_ROWS: Final = 1_000_000
#: Pictures of one video: as many as our own fingerprints have.
MAX_PICTURES: Final = 65_536
#: The longest that a position in a video is believed to be: a year.
MAX_SECONDS: Final = 366 * 86_400

_HEX: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_DIGEST: Final = re.compile(r"[0-9a-f]+", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
_FRAME_LINE: Final = re.compile(r"[0-9]{1,9},[0-9]{1,3},[0-9a-fA-F]{64},[0-9.]{1,20}", re.ASCII)


class _Bad(ValueError):
    """A row that makes no sense; says why."""


def parse(data: bytes, kind: Kind | None = None) -> Parsed:
    """Read a list that may come from anybody. `kind` None: by what it looks like.

    Raises UsageError for what is no list at all, is too long, or may be of two kinds.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"the list is longer than {MAX_BYTES >> 20} MiB", next_step="Share it in parts")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the list is not text in UTF-8", next_step="Save it as CSV or JSON in UTF-8") from None
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise UsageError("the list is empty")
    if len(lines) > MAX_ROWS:
        raise UsageError(f"the list has more than {MAX_ROWS} rows", next_step="Share it in parts")
    kind = kind or _kind_of(lines[0][1])
    if kind is Kind.VPDQ and _FRAME_LINE.fullmatch(lines[0][1]):
        return _one_video(lines)
    header = _columns(lines[0][1])
    named = kind in (Kind.DIGESTS, Kind.PDQ) and _is_header(header)
    rows: list[Row] = []
    refused: list[tuple[int, str]] = []
    read = _READERS[kind]
    for number, line in lines[1:] if named else lines:
        try:
            rows.append(read(number, line, header if named else ()))
        except _Bad as bad:
            refused.append((number, str(bad)))
    return Parsed(kind, tuple(rows), tuple(refused))


def _kind_of(line: str) -> Kind:
    columns = _columns(line)
    if line.startswith("{") and '"fingerprint"' in line:
        return Kind.SOUND
    if line.startswith(("[", "{")) or _FRAME_LINE.fullmatch(line):
        return Kind.VPDQ
    if {"sha256", "sha512"} & set(columns):
        return Kind.DIGESTS
    if "pdq" in columns or {"hash", "quality"} <= set(columns):
        return Kind.PDQ
    if _HASH.fullmatch(columns[0]) and len(columns) > 1 and _NUMBER.fullmatch(columns[1]) and int(columns[1]) <= 100:
        return Kind.PDQ
    if _DIGEST.fullmatch(columns[0]) and len(columns[0]) in (32, 40, 128):
        return Kind.DIGESTS
    raise UsageError("it cannot be told what the list holds", next_step=f"Say --kind {'|'.join(Kind)}")


def _columns(line: str) -> tuple[str, ...]:
    if '"' not in line:  # ten times as quick, and most lists have no quotes
        return tuple(cell.strip() for cell in line.lower().split(","))
    try:
        return tuple(cell.strip().lower() for cell in next(csv.reader(io.StringIO(line)), [""]))
    except csv.Error:
        return ("",)


def _is_header(columns: Sequence[str]) -> bool:
    return bool({"sha256", "sha512", "hash", "pdq"} & set(columns))


def _digests(number: int, line: str, header: Sequence[str]) -> Row:
    cells = _columns(line)
    if header and len(cells) != len(header):
        raise _Bad(f"it has {len(cells)} columns, the header {len(header)}")
    named = dict(zip(header, cells, strict=True)) if header else {"hash": cells[0]}
    named.setdefault(_HEX.get(len(named.get("hash", "")), ""), named.get("hash", ""))
    sha256, sha512 = named.get("sha256", ""), named.get("sha512", "")
    for value, length in ((sha256, 64), (sha512, 128)):
        if value and (len(value) != length or not _DIGEST.fullmatch(value)):
            raise _Bad(f"a digest is not {length} hexadecimal digits")
    if not sha256 and not sha512:
        raise _Bad("it has neither SHA-256 nor SHA-512, and others are not compared")
    return Row(number, sha256, sha512)


def _pdq(number: int, line: str, header: Sequence[str]) -> Row:
    cells = _columns(line)
    named = dict(zip(header, cells, strict=False)) if header else dict(zip(("hash", "quality"), cells, strict=False))
    quality = named.get("quality", "")
    # What stands behind a hash in lists without a header is no quality everywhere: a name, or nothing.
    judged = quality if header or _NUMBER.fullmatch(quality) else ""
    return Row(number, pictures=(_picture(named.get("hash", named.get("pdq", "")), judged or "100", "0"),))


def _vpdq(number: int, line: str, _header: Sequence[str]) -> Row:
    found = _json(line)
    if isinstance(found, dict):  # by frame number, as python-threatexchange wrote it before 2023
        cells = [[one.get(name) for name in ("hash", "quality", "timestamp")] for one in found.values() if _is_map(one)]
        if len(cells) != len(found):
            raise _Bad("a frame is no JSON object")
    elif isinstance(found, list) and all(isinstance(one, str) for one in found):
        cells = [one.split(",") for one in found]
    else:
        raise _Bad("it is no JSON list of texts")
    if not 0 < len(cells) <= MAX_PICTURES:
        raise _Bad(f"it has {len(cells)} frames, and 1 to {MAX_PICTURES} can be compared")
    if any(len(one) != 3 for one in cells):
        raise _Bad("a frame is not hash, quality and seconds")
    return _video(number, [_picture(*(str(cell) for cell in one)) for one in cells])


def _sound(number: int, line: str, _header: Sequence[str]) -> Row:
    found = _json(line)
    values = found.get("fingerprint") if isinstance(found, dict) else None
    if isinstance(values, str):
        raise _Bad("the fingerprint is compressed: make it with fpcalc -raw -json")
    if not isinstance(values, list) or not 0 < len(values) <= MAX_SOUND:
        raise _Bad(f"it has no list of 1 to {MAX_SOUND} numbers as fingerprint")
    if not all(type(one) is int and -(2**31) <= one < 2**32 for one in values):
        raise _Bad("the fingerprint has something that is no 32-bit number")
    seconds = found.get("duration", 0)
    usable = isinstance(seconds, int | float) and 0 <= seconds <= MAX_SECONDS
    return Row(number, sound=tuple(one % 2**32 for one in values), seconds=float(seconds) if usable else 0.0)


_READERS: Final[Mapping[Kind, Callable[[int, str, Sequence[str]], Row]]] = {
    Kind.DIGESTS: _digests,
    Kind.PDQ: _pdq,
    Kind.VPDQ: _vpdq,
    Kind.SOUND: _sound,
}


def _one_video(lines: Sequence[tuple[int, str]]) -> Parsed:
    pictures: list[Picture] = []
    refused: list[tuple[int, str]] = []
    for number, line in lines:
        try:
            cells = line.split(",")
            if len(cells) != 4:
                raise _Bad("it is not frame, quality, hash and seconds")
            pictures.append(_picture(cells[2], cells[1], cells[3]))
        except _Bad as bad:
            refused.append((number, str(bad)))
    if len(pictures) > MAX_PICTURES:
        raise UsageError(f"the video has more than {MAX_PICTURES} frames", next_step="Hash it once a second")
    return Parsed(Kind.VPDQ, (_video(lines[0][0], pictures),) if pictures else (), tuple(refused))


def _video(number: int, pictures: Sequence[Picture]) -> Row:
    ordered = tuple(sorted(pictures, key=lambda one: one.seconds))
    return Row(number, pictures=ordered, seconds=ordered[-1].seconds)


def _picture(hashed: str, quality: str, seconds: str) -> Picture:
    spelled = hashed.strip().lower()
    if not _HASH.fullmatch(spelled):
        raise _Bad("a hash is not 64 hexadecimal digits")
    if not _NUMBER.fullmatch(quality.strip()) or int(quality) > 100:
        raise _Bad("a quality is no whole number from 0 to 100")
    if not _SECONDS.fullmatch(seconds.strip()) or float(seconds) > MAX_SECONDS:
        raise _Bad("a time is no number of seconds")
    return Picture(bytes.fromhex(spelled), int(quality), float(seconds))


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise _Bad("it is not JSON") from None


def _is_map(value: object) -> bool:
    return isinstance(value, dict)
