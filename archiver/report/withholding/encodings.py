"""How a text may stand in a file: every spelling of it that a byte search has to look for. Pure.

What needs decoding instead of spelling (compressed streams, long runs of base64) is `packed`'s part.
"""

from __future__ import annotations

import base64
import html
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

#: Shorter ones are in every large file by accident: four bytes are, once in 4 GiB.
MIN_BYTES = 4

#: Numbers of four digits are years, and parts of times.
_MIN_DIGITS = 5

#: In other encodings than UTF-8 nothing tells letters from other bytes, so that more of them have to agree.
_WIDE_BYTES = 6

#: A shorter needle in plain text counts only as a word of its own: "Lina" is no leak in "Carolina".
_ALONE_BYTES = 8

#: Base64 stands in long random runs, where a shorter one comes up by accident: 8 characters do, once in 64^8 places.
_BASE64_CHARACTERS = 8

#: What metadata in files of the last decades is written in, beside Unicode.
_LEGACY = ("latin-1", "cp1251", "koi8-r", "iso8859-5", "cp1253", "cp1255", "cp1256", "gb18030", "shift_jis", "big5")


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for. With `folds` upper and lower ASCII letters are the same (`data` is lower case then).

    With `alone` no letter may stand at either side.
    """

    data: bytes
    encoding: str
    folds: bool = True
    alone: bool = False


def needles(text: str) -> list[Needle]:
    """All spellings of `text`, each once; none where it is too short to be searched for."""
    found: dict[bytes, Needle] = {}
    spaced = text.isdigit() or text.lower() != text.upper()  # other scripts write words without spaces or with prefixes
    for form in _forms(text):
        for encoding, data, folds in _spellings(form):
            key = data.lower() if folds else data
            if len(key) < _least(encoding, folds):
                continue
            alone = folds and spaced and (len(key) < _ALONE_BYTES or text.isdigit())
            found.setdefault(key, Needle(key, encoding, folds, alone))
    return list(found.values())


def is_searchable(text: str) -> bool:
    """Whether there are letters or digits enough in `text` for a find to mean anything."""
    said = "".join(filter(str.isalnum, text))
    if said.isdigit():
        return len(said) >= _MIN_DIGITS
    return len(said) > 1 and len(said.encode("utf-8", "replace")) >= MIN_BYTES


def _least(encoding: str, folds: bool) -> int:
    if not folds:
        return _BASE64_CHARACTERS
    return MIN_BYTES if encoding == "UTF-8" else _WIDE_BYTES


def _forms(text: str) -> list[str]:
    """The text in its normal forms and cases, with slashes either way."""
    shapes = [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC")]
    cases = [shape for one in (text, *shapes) for shape in (one, one.lower(), one.upper(), one.title(), one.casefold())]
    is_path = text.startswith("/") or "\\" in text
    turned = [way for one in cases for way in (one.replace("/", "\\"), one.replace("\\", "/"))] if is_path else []
    # Half characters have no spelling.
    return list(dict.fromkeys(one.encode("utf-8", "replace").decode("utf-8") for one in (*cases, *turned)))


def _spellings(text: str) -> Iterator[tuple[str, bytes, bool]]:
    """Encoding, bytes, and whether the case of ASCII letters may differ."""
    utf8 = text.encode("utf-8")
    yield "UTF-8", utf8, True
    for name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        yield name.upper(), text.encode(name), True
    for name in _LEGACY:
        try:
            yield name, text.encode(name), True
        except UnicodeEncodeError:
            continue  # it cannot be written in these
    for safe in ("", "/", "/:@", "/:?#[]@!$&'()*+,;="):
        yield "percent-encoding", quote(text, safe=safe).encode("ascii"), True
    yield "percent-encoding", quote_plus(text).encode("ascii"), True
    yield "percent-encoding of every byte", "".join(f"%{one:02x}" for one in utf8).encode("ascii"), True
    yield "percent-encoding, twice", quote(quote(text, safe=""), safe="").encode("ascii"), True
    for spelt in _json(text):
        yield "JSON escapes", spelt.encode("utf-8"), True
    yield "HTML entities", html.escape(text).encode("utf-8"), True
    for number in ("&#{};", "&#x{:x};"):
        yield "HTML entities", "".join(one if one.isascii() else number.format(ord(one)) for one in text).encode(), True
        yield "HTML entities of every character", "".join(number.format(ord(one)) for one in text).encode(), True
    yield "quoted-printable", _quoted_printable(utf8), True
    yield "quoted-printable of every byte", "".join(f"={one:02x}" for one in utf8).encode("ascii"), True
    yield "octal escapes", "".join(f"\\{one:03o}" for one in utf8).encode("ascii"), True
    yield "hexadecimal escapes", "".join(f"\\x{one:02x}" for one in utf8).encode("ascii"), True
    for name, data in (
        ("UTF-8", utf8),
        ("UTF-16-BE", text.encode("utf-16-be")),
        ("UTF-16-LE", text.encode("utf-16-le")),
    ):
        yield f"hexadecimal of {name}", data.hex().encode("ascii"), True
        for group in _base64(data):
            yield f"base64 of {name}", group, False
            yield f"base64url of {name}", group.translate(_URLSAFE), False
    yield from _host_spellings(text)


_URLSAFE = bytes.maketrans(b"+/", b"-_")


def _json(text: str) -> Iterator[str]:
    ascii_only = json.dumps(text)[1:-1]
    yield from (ascii_only, json.dumps(text, ensure_ascii=False)[1:-1], ascii_only.replace("/", "\\/"))
    units = text.encode("utf-16-be")
    yield "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _quoted_printable(data: bytes) -> bytes:
    """RFC 2045, 6.7, without its line breaks; `packed` takes those away."""
    return b"".join(b"=%02x" % one if one > 126 or one < 32 or one == 61 else bytes((one,)) for one in data)


def _base64(data: bytes) -> Iterator[bytes]:
    """The characters that `data` alone determines, at each of its three places in a group."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        first = (8 * before + 5) // 6
        last = 8 * (before + len(data)) // 6
        yield encoded[first:last]


def _host_spellings(text: str) -> Iterator[tuple[str, bytes, bool]]:
    """A host as DNS has it (punycode) and turned round, as indexes of web archives sort it."""
    labels = text.split(".")
    if len(labels) < 2 or not all(labels) or any(one in text for one in " /\\:@?#"):
        return
    try:
        ascii_labels = [one.encode("idna").decode("ascii") for one in labels]
    except UnicodeError:
        return
    yield "punycode", ".".join(ascii_labels).encode("ascii"), True
    yield "reversed host name", ",".join(reversed(ascii_labels)).encode("ascii"), True
