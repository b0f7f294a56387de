"""The parts of a value that name somebody or lead to them, and names that a text holds. Pure; rules, and no model.

A whole address is seldom repeated letter for letter; its host, the user's name in it and the video's number are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

#: Sealed fields that hold people's names, where a single word of a name is one as well.
_PEOPLE = frozenset({"agent", "requested_by", "source", "uploader"})

#: Parts of addresses that lead nowhere: what sites call their folders.
_GENERIC = frozenset(
    {
        "channel", "channels", "clip", "clips", "content", "embed", "file", "files", "folder", "groups", "html",
        "image", "images", "index", "live", "media", "mobile", "music", "page", "pages", "people", "photo", "photos",
        "player", "playlist", "post", "posts", "profile", "profiles", "reel", "reels", "share", "short", "shorts",
        "status", "statuses", "stories", "story", "stream", "streams", "upload", "uploads", "user", "users", "video",
        "videos", "view", "watch",
    }
)  # fmt: skip
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HANDLE = re.compile(r"(?<![\w@])@([\w.]{3,})")
_NUMBER = re.compile(r"(?<!\w)\+?\d[\d ().\-]{5,}\d(?!\w)")
_COORDINATES = re.compile(r"(?<![\d.])[-+]?\d{1,3}\.\d{3,}\s*[,;/ ]\s*[-+]?\d{1,3}\.\d{3,}")
_HOME = re.compile(r"(?:/home/|/Users/|\\Users\\|\\home\\)([^/\\]+)")
_WORD = re.compile(r"[^\W\d_][\w'’\-]*")

#: Digits that a phone number or an account has at least; a date with its year has eight.
_DIGITS = 7
_DATE = re.compile(r"(?:19|20)\d\d[-./ ]?[01]\d[-./ ]?[0-3]\d")

#: A shorter word of a name, or part of an address, is in other words everywhere.
_PART = 4


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a value: what it is, in words, and its text."""

    what: str
    text: str


def core(value: str) -> str:
    """A value as it is looked for: an address without its scheme, so that http finds https as well."""
    return value.partition("://")[2] or value


def parts(field: str, value: str) -> list[Part]:
    """The parts of a sealed field's value that identify somebody, each once; the whole value is not among them."""
    found: dict[str, Part] = {}
    for one in _all(field, value):
        if len(one.text) >= _PART and one.text not in (value, core(value)):
            found.setdefault(one.text.casefold(), one)
    return list(found.values())


def names_in(text: str) -> list[Part]:
    """Names of people and places, handles, addresses, numbers, coordinates that a text seems to hold, in its order."""
    found: dict[str, Part] = {}
    for one in sorted(_named(text), key=lambda pair: pair[0]):
        found.setdefault(one[1].text, one[1])
    return list(found.values())


def _all(field: str, value: str) -> Iterator[Part]:
    if "://" in value:
        yield from _of_address(value.strip())
    elif field == "path":
        yield from (Part("user name", user) for user in _HOME.findall(value))
        return
    elif field in _PEOPLE:
        yield from (Part("name", word) for word in _WORD.findall(value) if not word[0].islower())
    for one in names_in(value) if "://" not in value else ():
        yield one
        if one.what == "handle":
            yield Part("handle", one.text.lstrip("@"))
        elif one.what == "e-mail address":
            yield Part("e-mail address", one.text.partition("@")[0])
        elif one.what == "number":
            yield Part("number", "".join(filter(str.isdigit, one.text)))


def _of_address(value: str) -> Iterator[Part]:
    try:
        split = urlsplit(value)
        host, user = split.hostname or "", split.username or ""
    except ValueError:
        return  # no address that anything could have fetched
    yield Part("host name", host.removeprefix("www."))
    yield Part("user name", user)
    for segment in filter(None, split.path.split("/")):
        named = unquote(segment)
        if named.startswith("@") or named.lower().partition(".")[0] not in _GENERIC:
            yield Part("part of the address", named)
            yield Part("handle", named.lstrip("@")) if named.startswith("@") else Part("part of the address", segment)
    for _, given in parse_qsl(split.query):
        if any(map(str.isdigit, given)) or len(given) >= 2 * _PART:
            yield Part("part of the address", given)


def _named(text: str) -> Iterator[tuple[int, Part]]:
    taken: list[tuple[int, int]] = []
    for what, pattern in (
        ("e-mail address", _EMAIL), ("coordinates", _COORDINATES), ("handle", _HANDLE), ("number", _NUMBER),
    ):  # fmt: skip
        for match in pattern.finditer(text):
            inside = any(begin < match.end() and match.start() < end for begin, end in taken)
            if inside or (what == "number" and not _is_number(match[0])):
                continue
            taken.append(match.span())
            yield match.start(), Part(what, match[0])
    yield from _capitalised(text, taken)


def _is_number(text: str) -> bool:
    return sum(map(str.isdigit, text)) >= _DIGITS and not _DATE.fullmatch(text)


def _capitalised(text: str, taken: list[tuple[int, int]]) -> Iterator[tuple[int, Part]]:
    """Runs of capitalised words, in scripts that have capitals.

    Alone the first word of a sentence is none, nor is one in capitals throughout.
    """
    run: list[re.Match[str]] = []
    for word in [*_WORD.finditer(text), None]:
        if word is not None and any(begin < word.end() and word.start() < end for begin, end in taken):
            word_counts = False
        else:
            word_counts = word is not None and word[0][0].isupper()
        joined = bool(run) and word is not None and text[run[-1].end() : word.start()].strip(" ") == ""
        if word_counts and word is not None and (joined or not run):
            run.append(word)
            continue
        if run and (len(run) > 1 or not (run[0][0].isupper() or _begins_sentence(text, run[0].start()))):
            yield run[0].start(), Part("name", text[run[0].start() : run[-1].end()])
        run = [word] if word_counts and word is not None else []


def _begins_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip()
    return not before or before[-1] in ".!?…:;|\n"
