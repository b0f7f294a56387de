"""Redacted copies of metadata and of the extractor's JSON: working copies that keep only what names nobody. Pure.

Only tags that are known to be technical, or of a kind that is not withheld, are kept; what nobody has classified goes.
A tag's name decides, never its value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA = "archiver-redacted/1"

#: Kinds of metadata that can be withheld, each with the tags that belong to it. The first kind that fits counts.
_TAGS: Mapping[str, re.Pattern[str]] = {
    "location": re.compile(
        r"GPS|Latitude|Longitude|Altitude|Location|City|Country|State$|Province|Sublocation|Geo|ISO6709|Coordinate|Place"
        r"|TimeZone|OffsetTime|Elevation|Direction"
    ),
    "device": re.compile(
        r"Serial|^Make$|Model|Lens|Camera|UniqueID|DocumentID|InstanceID|HostComputer|Manufacturer|Device|^MAC"
        r"|Identifier|UUID|ContentId|MediaGroup"
    ),
    "software": re.compile(
        r"Software|Encoder|CreatorTool|Firmware|Vendor|Android|HistoryWhen|ProcessingSoftware|Toolkit"
    ),
    "people": re.compile(
        r"Artist|Author|Creator|Owner|By-?line|Copyright|Rights|Writer|Credit|Person|FaceName|Contact|Publisher"
        r"|Performer|Composer|Uploader|Email|Phone|Region|Director|Producer|Actor|Channel(?:Name|Url|Id)$|UserName"
        r"|LastModifiedBy|Company|Manager|Licens"
    ),
    "addresses": re.compile(r"URL|Url|Uri|URI|Web|Purl|Link|Source|Reference|Path|Directory|FileName"),
    "text": re.compile(
        r"Title|Comment|Description|Caption|Headline|Keyword|Subject|Label|Album|Genre|Lyric|Notes?$|Category|Information"
        r"|Instructions|Text|Synopsis|Show|Episode|DisplayName|TrackName|HandlerDescription"
    ),
    "times": re.compile(r"Date|DateTime|Created?$|Modified$|TimeStamp|^Time$|TimeOriginal|SubSec"),
}
KINDS = tuple(_TAGS)

#: Tags that say how a file is made and nothing of anybody.
_TECHNICAL = re.compile(
    r"(?:File(?:Type|TypeExtension)|MIMEType|(?:Source|Exif|Display|Encoded|Clean|Production)?Image(?:Width|Height|Size)"
    r"|Width|Height|Megapixels|BitsPerSample|BitDepth|ColorComponents|ColorSpace|ColorType|ColorProfiles?"
    r"|ColorPrimaries|TransferCharacteristics|MatrixCoefficients|MatrixStructure|YCbCrSubSampling|YCbCrPositioning"
    r"|EncodingProcess|Compression|CompressorID|Interlace|Filter|Orientation|Rotation|(?:X|Y)Resolution|ResolutionUnit"
    r"|(?:Media|Track|Movie)?Duration|(?:Media|Movie)?TimeScale|(?:Video|Audio|Avg|Max|Overall)?Bit[Rr]ate|BufferSize"
    r"|VideoFrameRate|FrameRate|FrameCount|VideoCodecID|AudioCodecID|CodecID|VideoCodec|AudioCodec|Audio(?:Format|Channels"
    r"|BitsPerSample|SampleRate)|SampleRate|ChannelMode|NumChannels|TrackID|TrackLayer|TrackVolume|TrackNumber|TrackType"
    r"|HandlerType|HandlerClass|MajorBrand|MinorVersion|CompatibleBrands|MovieHeaderVersion|MediaHeaderVersion"
    r"|TrackHeaderVersion|PreferredRate|PreferredVolume|GraphicsMode|OpColor|Balance|PixelAspectRatio|CleanAperture.*"
    r"|MediaData(?:Size|Offset)|NextTrackID|DocType|DocTypeVersion|DocTypeReadVersion|EBMLVersion|JFIFVersion|ExifVersion"
    r"|ExifByteOrder|ExposureTime|FNumber|ISO|FocalLength|Flash|WhiteBalance|MeteringMode|ExposureMode|ComponentsConfiguration)"
)

#: Keys of the extractor's JSON by kind; `technical` are always kept. Free text is never kept: it may hold anything.
_KEYS: Mapping[str, frozenset[str]] = {
    "technical": frozenset({
        "duration", "width", "height", "fps", "vcodec", "acodec", "ext", "aspect_ratio", "resolution", "dynamic_range",
        "vbr", "abr", "tbr", "asr", "audio_channels", "filesize", "filesize_approx", "is_live", "was_live",
        "live_status", "age_limit", "media_type", "_type",
    }),
    "text": frozenset({"title", "fulltitle", "alt_title", "track", "album", "genre"}),
    "people": frozenset({
        "uploader", "uploader_id", "uploader_url", "channel", "channel_id", "channel_url", "creator", "artist",
        "composer",
    }),
    "addresses": frozenset({
        "id", "display_id", "webpage_url", "webpage_url_basename", "webpage_url_domain", "original_url", "extractor",
        "extractor_key",
    }),
    "location": frozenset({"location"}),
    "times": frozenset({"timestamp", "upload_date", "release_timestamp", "release_date", "modified_date", "epoch"}),
}  # fmt: skip

#: Facts of an item's summary that tell something of these kinds.
SUMMARY: Mapping[str, frozenset[str]] = {
    "created": frozenset({"times"}),
    "content_credentials": frozenset({"people", "device", "software"}),
}

#: Names in content credentials: a signer can be a person or a camera, a generator is a program.
_CREDENTIALS: Mapping[str, tuple[str, ...]] = {"signer": ("people", "device"), "generator": ("software",)}

#: What a film holds of its maker, and a film's own bytes hold as well: exporting it would tell what the copy hides.
TELLING = frozenset({"device", "location", "people"})

#: Removed values that are shorter are words such as a maker's name, which are found everywhere.
_SECRET_CHARACTERS = 6

#: Copies of a value that is told in a refusal's search; telemetry has a position for each frame.
_MAX_VALUES = 200


@dataclass(frozen=True, slots=True)
class Redaction:
    """A redacted copy: its bytes, the withheld kinds of which there was something, and some of the removed values."""

    data: bytes
    present: frozenset[str]
    values: tuple[tuple[str, str], ...]


def metadata(untrusted: bytes, sha256: str, kinds: Collection[str]) -> Redaction:
    """A copy of a metadata object (digest `sha256`) without tags of `kinds`. Raises ValueError where it is none."""
    document = _object(untrusted)
    files = document.get("files")
    if not isinstance(files, list) or not all(isinstance(one, dict) for one in files):
        raise ValueError("it is no metadata of the known form")
    removed: list[tuple[str, Any]] = []
    kept = [_file(one, kinds, removed) for one in files]
    return _redaction("metadata", {**document, "files": kept}, sha256, kinds, removed)


def _file(one: Mapping[str, Any], kinds: Collection[str], removed: list[tuple[str, Any]]) -> dict[str, Any]:
    made = {**one, "exiftool": _kept(one.get("exiftool"), kinds, removed)}
    credentials = one.get("content_credentials")
    if isinstance(credentials, dict):
        hidden = {name: next((kind for kind in of if kind in kinds), "") for name, of in _CREDENTIALS.items()}
        removed += [(kind, credentials[name]) for name, kind in hidden.items() if kind and name in credentials]
        made["content_credentials"] = {name: value for name, value in credentials.items() if not hidden.get(name)}
    return made


def info(untrusted: bytes, sha256: str, kinds: Collection[str]) -> Redaction:
    """The same of the extractor's JSON."""
    kept: dict[str, Any] = {}
    removed: list[tuple[str, Any]] = []
    for key, value in _object(untrusted).items():
        kind = next((one for one, keys in _KEYS.items() if key in keys), "")
        if kind and kind not in kinds and isinstance(value, str | int | float | bool | None):
            kept[key] = value
        else:
            removed.append((kind, value))
    return _redaction("info", kept, sha256, kinds, removed)


def _object(untrusted: bytes) -> dict[str, Any]:
    try:
        value = json.loads(untrusted)
    except RecursionError:
        raise ValueError("it nests too deep") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def _kept(tags: Any, kinds: Collection[str], removed: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tags.items() if isinstance(tags, dict) else ():
        kind = kind_of(str(name))
        if kind == "technical" or (kind and kind not in kinds):
            found[name] = value
        else:
            removed.append((kind, value))
    return found


def kind_of(tag: str) -> str:
    """The kind of an ExifTool tag such as `QuickTime:Track1:Copy1:HandlerType`; empty where nobody classified it."""
    name = tag.rpartition(":")[2]
    if _TECHNICAL.fullmatch(name):
        return "technical"
    return next((kind for kind, pattern in _TAGS.items() if pattern.search(name)), "")


def _redaction(
    role: str, content: Mapping[str, Any], sha256: str, kinds: Collection[str], removed: list[tuple[str, Any]]
) -> Redaction:
    whole = {"schema": SCHEMA, "of": {"role": role, "sha256": sha256}, "withheld": sorted(kinds), role: content}
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    told = [(kind, value) for kind, value in removed if kind in TELLING and kind in kinds]
    values = list(dict.fromkeys((kind, one) for kind, value in told for one in _texts(value)))
    return Redaction(
        data=text.encode("utf-8", "replace"),
        present=frozenset(kind for kind, _ in removed if kind in kinds),
        values=tuple(values[:_MAX_VALUES]),
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) >= _SECRET_CHARACTERS:
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
