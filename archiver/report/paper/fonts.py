"""The fonts of printed reports: which packages hold them, in which order they are tried, and what they can show.

They come with a pinned install and no others are looked at, so that a report is the same on every machine. typst brings
the face for digests and addresses (DejaVu Sans Mono) itself.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from archiver.report.paper import charmap

#: Packages of font files: Noto Sans for the scripts of the world, and for Chinese, Japanese and Korean.
PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")

#: The first that has a character draws it. Chinese characters are drawn in their simplified forms.
FAMILIES = (
    "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans CJK SC", "Noto Sans Armenian",
    "Noto Sans Georgian", "Noto Sans Ethiopic", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Gurmukhi",
    "Noto Sans Gujarati", "Noto Sans Oriya", "Noto Sans Tamil", "Noto Sans Telugu", "Noto Sans Kannada",
    "Noto Sans Malayalam", "Noto Sans Sinhala", "Noto Sans Thai", "Noto Sans Lao", "Noto Sans Myanmar",
    "Noto Sans Khmer", "Noto Sans Symbols", "Noto Emoji",
)  # fmt: skip

MONOSPACE = "DejaVu Sans Mono"

#: Clusters whose answer is kept: a report in one script has some hundred, one in Chinese some thousand.
_REMEMBERED = 10_000

#: Drawn by what stands before them, or not at all: variation selectors and joiners need no picture.
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u200c\u200d]")

_ENDINGS = (".ttf", ".otf", ".ttc")


def folders() -> list[Path]:
    """Where the font files lie."""
    return [Path(str(files(package))) for package in PACKAGES]


@lru_cache(_REMEMBERED)
def can_show(cluster: str) -> bool:
    """Whether one of the fonts has every character of `cluster`, a letter with the marks on it.

    One font has to have them all: a mark is never set on another font's letter.
    """
    drawn = SELECTORS.sub("", cluster)
    return bool(drawn) and any(all(one.has(character) for character in drawn) for one in _charmaps())


@cache
def _charmaps() -> tuple[charmap.Charmap, ...]:
    found = sorted(path for folder in folders() for path in folder.iterdir() if path.suffix in _ENDINGS)
    return tuple(charmap.read(path) for path in found if "Italic" not in path.name)
