"""Charmaps say what a font can draw: the same as the fonts' own engine does."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import typst
from PIL import ImageFont

from archiver.report.paper import charmap, fonts


def test_every_script_that_is_promised_can_be_shown() -> None:
    for word in (
        "Österreich",
        "Площадь",
        "Ελλάδα",
        "ساحة التحرير",
        "כיכר",
        "天安門",
        "广场",
        "デモ",
        "시위",
        "हिन्दी",
        "ไทย",
        "😀",
    ):
        assert all(fonts.can_show(letter) for letter in word if not letter.isspace()), word


def test_what_no_font_has_is_known() -> None:
    assert not any(map(fonts.can_show, ("\u0378", "\ue000", "\U000f0000", "\u2fff")))


def test_a_mark_is_not_set_on_the_letter_of_another_font() -> None:
    assert fonts.can_show("e\u0301")
    assert fonts.can_show("A")
    assert fonts.can_show("\u0651")
    assert not fonts.can_show("A\u0651")


def test_the_families_are_all_that_the_packages_hold() -> None:
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(fonts.folders()))
    other = {"Noto Sans CJK HK", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK TC"}
    assert set(found.families()) - other == set(fonts.FAMILIES)
    embedded = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[])
    assert fonts.MONOSPACE in embedded.families()


@pytest.mark.parametrize("name", ["NotoSans[wght].ttf", "NotoSansArabic[wght].ttf", "NotoEmoji[wght].ttf"])
def test_a_charmap_agrees_with_freetype(name: str) -> None:
    """FreeType gives every character that a font lacks one and the same picture."""
    path = next(folder / name for folder in fonts.folders() if (folder / name).exists())
    found = charmap.read(path)
    font = ImageFont.truetype(str(path), 20, layout_engine=ImageFont.Layout.BASIC)
    lacking = bytes(font.getmask("\U0010fffd"))
    codes = [
        *range(0x21, 0x7F),
        *range(0xA1, 0x250, 3),
        *range(0x400, 0x530, 7),
        *range(0x600, 0x6FF, 3),
        0x1F600,
        0x4E00,
    ]
    drawn = {code for code in codes if bytes(font.getmask(chr(code))) != lacking}
    blank = {code for code in codes if not font.getbbox(chr(code))[2]}
    assert {code for code in codes if found.has(chr(code))} - blank == drawn - blank


def test_the_collection_is_read_at_its_first_font() -> None:
    (path,) = (one for one in fonts.folders()[1].iterdir() if one.suffix == ".ttc")
    assert charmap.read(path).has("門")
    assert not charmap.read(path).has("ش")


def table(form: int, body: bytes, encoding: tuple[int, int] = (3, 1)) -> bytes:
    """A font file with nothing but a cmap of one subtable."""
    cmap = struct.pack(">HHHHI", 0, 1, *encoding, 12) + struct.pack(">H", form) + body
    return struct.pack(">IHHHH4sIII", 0x10000, 1, 0, 0, 0, b"cmap", 0, 28, len(cmap)) + cmap


def test_format_4_glyph_0_is_no_character(tmp_path: Path) -> None:
    # Segments: A to C with an array (glyphs 5, 0, 6), a to b with a delta that makes a to glyph 0, and the last one.
    segments = struct.pack(">HHHH", 6, 0, 0, 0)
    segments += struct.pack(">HHH", 0x43, 0x62, 0xFFFF) + b"\0\0" + struct.pack(">HHH", 0x41, 0x61, 0xFFFF)
    segments += struct.pack(">HHH", 0, 0x10000 - 0x61, 1) + struct.pack(">HHH", 6, 0, 0) + struct.pack(">HHH", 5, 0, 6)
    path = tmp_path / "small.ttf"
    path.write_bytes(table(4, struct.pack(">HH", 14 + len(segments), 0) + segments))
    assert charmap.read(path).ranges == ((0x41, 0x41), (0x43, 0x43), (0x62, 0x62))


def test_a_font_without_a_unicode_charmap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.ttf"
    path.write_bytes(table(4, b"", encoding=(1, 0)))
    with pytest.raises(ValueError, match="no Unicode"):
        charmap.read(path)
    path.write_bytes(struct.pack(">IHHHH", 0x10000, 0, 0, 0, 0))
    with pytest.raises(ValueError, match="no character map"):
        charmap.read(path)
