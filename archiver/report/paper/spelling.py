"""Text for paper: what cannot be drawn, or would change what stands around it, is spelled as its number (U+XXXX).

A page that is set has no escape from a letter that no font has (PDF/A forbids empty boxes), none from a line that does
not end, and its copied text must be the text. So this decides, before anything is set, what every letter becomes. The
result is data, never source: a list of texts, of code points to be shown by number, and of ends of lines (None).
Between two texts that follow each other a line may be broken; nothing is put in there that would be copied along.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from archiver.report.paper import fonts
from archiver.report.wording.text import MARKS, bounded, is_hidden

Piece = str | int | None

#: A run without a space that is longer gets places to break at, because a line holds some sixty letters.
_RUN = 30
_LONG = re.compile(rf"\S{{{_RUN + 1}}}")
_STEP = 8
_AFTER = frozenset("/?&=.,;:_-%+#@")

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RIGHT_TO_LEFT = ("R", "AL")

CanShow = Callable[[str], bool]


def spell(text: str, *, lines: bool = False, can_show: CanShow = fonts.can_show) -> Any:
    """`text` as it is set: a string, a list of pieces, or `{"rtl": pieces}` where it is read from right to left.

    `lines` keeps ends of lines, for notes. `can_show` says whether one font has all characters of a cluster.
    """
    if text.isascii() and text.isprintable() and (not _LONG.search(text) or _DIGEST.fullmatch(text)):
        return text  # nearly all text is like this
    shown, rest = bounded(text)
    pieces = [*_joined(_pieces(shown, lines, can_show)), *([rest] if rest else [])]
    if _reads_right_to_left(shown):
        return {"rtl": pieces}
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], str) else pieces


def ascii_only(cluster: str) -> bool:
    """What every font can show: for a second try, should a page not come out for a reason that nobody foresaw."""
    return cluster.isascii()


def _pieces(text: str, lines: bool, can_show: CanShow) -> Iterator[Piece]:
    for cluster in _clusters(text):
        if lines and cluster == "\n":
            yield None
        elif not any(map(is_hidden, cluster)) and len(cluster) <= 1 + MARKS and can_show(cluster):
            yield cluster
        else:
            yield from (one if not is_hidden(one) and can_show(one) and not _is_mark(one) else ord(one)
                        for one in cluster)  # fmt: skip


def _clusters(text: str) -> Iterator[str]:
    """Each letter with the marks, joiners and selectors that follow it."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not (_is_mark(text[at]) or fonts.SELECTORS.match(text[at])):
            yield text[start:at]
            start = at


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _joined(pieces: Iterator[Piece]) -> list[Piece]:
    """Clusters as texts, with a new text wherever a line may be broken inside a long run."""
    found: list[Piece] = []
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        found += [*_broken(text), piece]
        text = ""
    return [*found, *_broken(text)]


def _broken(text: str) -> list[str]:
    if not text:
        return []
    parts = [""]
    for word in re.findall(r"\s+|\S+", text):
        if len(word) <= _RUN:
            parts[-1] += word
            continue
        for cluster in _clusters(word):
            parts[-1] += cluster
            long = len(parts[-1]) >= _STEP
            if long and (cluster in _AFTER or len(parts[-1]) >= 2 * _STEP):
                parts.append("")
    return [part for part in parts if part]


def _reads_right_to_left(text: str) -> bool:
    """By the first character that has a direction of its own (UAX 9, P2)."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in _RIGHT_TO_LEFT:
            return True
        if direction == "L":
            return False
    return False
