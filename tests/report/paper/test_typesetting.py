"""Setting: whatever a text holds, the page comes out, the same each time, and copies out as what it was."""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator
from importlib import resources

import pytest
from PIL import Image

from archiver.report.paper import fonts
from archiver.report.paper.blocks import (
    Blanks,
    Block,
    Box,
    Cell,
    Code,
    Column,
    Cover,
    Document,
    Drawing,
    Fact,
    Facts,
    File,
    Frame,
    Frames,
    Heading,
    Listing,
    Prose,
    Table,
    Together,
)
from archiver.report.paper.typesetting import Typesetter, as_data
from archiver.report.wording.text import is_hidden
from archiver.sandbox.failure import Failure, SandboxError

TITLES = (
    "Площадь независимости", "ساحة التحرير (١٤ مارس)", "כיכר הבימה 14", "天安門 广场", "デモ行進", "한국어", "Ελλάδα",
    "हिन्दी", "ไทย", "አማርኛ", "😀 emoji", "\u202e4pm.exe", "line\nbreak\ttab\x00", "e" + "\u0301" * 30,
    "A\u0651\u0378\ue000",
)  # fmt: skip
MARKUP = (
    '#panic("taken over")',
    "*bold* _it_ $x$ @ref <label> \\ ``` // /* ${x}",
    '"]) #read("/0")',
    "#import sys: inputs",
)


@pytest.fixture(scope="module")
def typesetter() -> Iterator[Typesetter]:
    with Typesetter() as one:
        yield one


WORDS = set((resources.files("archiver.report") / "templates" / "pdf-words.txt").read_text("utf-8").split())


def document(*blocks: Block) -> Document:
    return Document("A title", "A head", ("A foot",), "2026-03-14T12:00:00.000000Z", (Cover("Kind", "Title"), *blocks))


def jpeg() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (64, 36), (40, 90, 140)).save(made, "JPEG")
    return made.getvalue()


def structure(pdf: bytes) -> set[str]:
    """Words of which a PDF itself is made: its names and its metadata, without identifiers and fonts' prefixes."""
    form = re.sub(rb"stream\r?\n(?!<\?xpacket).*?endstream|/ID\[.*?\]", b"", pdf, flags=re.DOTALL)
    (metadata,) = re.findall(rb"<\?xpacket.*?<\?xpacket end", form, re.DOTALL)
    names = re.findall(rb"/([A-Za-z][A-Za-z0-9]{2,})", form.replace(metadata, b""))
    names += re.findall(rb"</\w+:(\w{3,})>", metadata)
    return {one.decode() for one in names if one and not re.match(rb"[A-Z]{6}$|[UCR]\d", one)}


def copied(pdf: bytes) -> str:
    """The text as a reader copies it out."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler) is not installed")
    return subprocess.run(
        ["pdftotext", "-", "-"], input=pdf, capture_output=True, timeout=60, check=True
    ).stdout.decode()


def test_every_kind_of_block_is_set(typesetter: Typesetter) -> None:
    digests = (("SHA-256", ["ab" * 32]), ("SHA-512", ["cd" * 32, "ef" * 32]))
    row = (Cell("1"), Cell("good", "good"), Cell("", page_of="there"), Cell("withheld", "withheld", "why"))
    blocks: list[Block] = [
        Heading("Section", anchor="there"),
        Prose("words"),
        Prose("aside", note=True),
        Prose("loud", strong=True),
        Facts((Fact("label", "value", "(remark)", "code"), Fact("note", "a\nb", kind="lines"))),
        Table((Column("No.", align="end"), Column("What", 1), Column("Page"), Column("X")), (row,) * 120),
        Heading("Part", 2),
        File("Original", (Cell("data/exhibits/001/original-1.mp4", "code"),), digests),
        Frames((Frame((1, 0), "at 00:00.0"), Frame((1, 1), "at 00:00.1"))),
        Frames((Frame((1, 0), "a"), Frame((1, 0), "b")), across=2, label="start"),
        Drawing('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9">x</text></svg>', "Drawing"),
        Listing(("one", "two")),
        Listing(("one", "two"), numbered=True),
        Code(("$ command", "next")),
        Box("Careful", (Prose("inside"),), "warn"),
        Blanks(("Name", "Date")),
        Together((Heading("Kept together", 2), Prose("with this"))),
    ]
    pdf = typesetter.set(document(*blocks), {(1, 0): jpeg()})
    assert len(re.findall(rb"/Type ?/Page\b", pdf)) >= 4, "a table of 120 rows takes pages"
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    assert structure(pdf) <= WORDS, "or the leak check takes them for what is withheld"


def test_titles_of_all_scripts_and_hostile_ones_come_out(typesetter: Typesetter) -> None:
    pdf = typesetter.set(document(*map(Prose, TITLES)), {})
    text = copied(pdf)
    for word in (
        "Площадь независимости",
        "天安門 广场",
        "デモ行進",
        "한국어",
        "Ελλάδα",
        "U+202E",
        "U+000A",
        "U+0000",
        "U+0378",
        "U+E000",
    ):
        assert word in text
    assert not any(is_hidden(one) for one in text if one not in "\n\f\u202a\u202b\u202c"), "pdftotext marks directions"


def test_markup_stays_text(typesetter: Typesetter) -> None:
    pdf = typesetter.set(document(*map(Prose, MARKUP), Heading(MARKUP[0]), Code(MARKUP)), {})
    text = copied(pdf)
    for one in MARKUP:
        assert one in text


def test_what_the_fonts_are_said_to_show_they_show(typesetter: Typesetter) -> None:
    """A sample of everything: single characters, and letters with marks that one font has."""
    shown = [chr(code) for code in range(0x20, 0x32000, 23) if not 0xD800 <= code < 0xE000]
    shown = [one for one in shown if not is_hidden(one) and fonts.can_show(one)]
    assert len(shown) > 2_000
    marks = [one for one in map(chr, range(0x300, 0x1200)) if unicodedata.category(one) == "Mn"]
    chosen = random.Random(6)
    mixed = ["".join(chosen.choice(chosen.choice((shown, marks))) for _ in range(40)) for _ in range(40)]
    assert typesetter.set(document(Prose("".join(shown)), *map(Prose, mixed)), {})


def test_a_letter_that_cannot_be_drawn_after_all_keeps_no_page_from_coming_out(
    typesetter: Typesetter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SandboxError) as raised:
        typesetter.set(document(Prose("a\U00010380b")), {}, lambda cluster: True)
    assert raised.value.failure is Failure.FAILED
    monkeypatch.setattr(fonts, "can_show", lambda cluster: True)
    assert "b U+10380 U+0436" in copied(typesetter.pdf(document(Prose("b\U00010380ж")), {}))


def test_digests_and_addresses_copy_out_as_they_are(typesetter: Typesetter) -> None:
    sha256, sha512 = "0123456789abcdef" * 4, "fedcba9876543210" * 8
    address = "https://video.example/watch?v=" + "abcdefghij" * 40
    digests = (("SHA-256", [sha256]), ("SHA-512", [sha512[:64], sha512[64:]]))
    pdf = typesetter.set(document(File("Original", (), digests), Facts((Fact("Address", address, kind="code"),))), {})
    text = copied(pdf)
    assert sha256 in text
    assert sha512 in text.replace("\n", "")
    assert address in text.replace("\n", "")


def test_the_same_document_is_the_same_bytes(typesetter: Typesetter) -> None:
    made = document(*map(Prose, TITLES), Frames((Frame((1, 0), "at 00:00.0"),)))
    first = typesetter.set(made, {(1, 0): jpeg()})
    with Typesetter() as other:
        assert other.set(made, {(1, 0): jpeg()}) == first
    assert b"2026-03-14T12:00:00" in first, "it was made when its newest act was"
    assert b"D:20260314120000" in first


def test_the_pictures_are_handed_over_once_each() -> None:
    frames = {(1, 0): b"first", (2, 5): b"second", (3, 3): b"of another page"}
    shown = Frames((Frame((2, 5), "x"), Frame((1, 0), "x"), Frame((2, 5), "x"), Frame((9, 9), "x")))
    data, pictures = as_data(document(shown), frames)
    assert pictures == b"secondfirst"
    assert [place in data for place in (b'"picture":[0,6]', b'"picture":[6,5]', b'"picture":null')] == [True] * 3


def test_a_broken_picture_is_an_error_of_ours(typesetter: Typesetter) -> None:
    with pytest.raises(SandboxError) as raised:
        typesetter.pdf(document(Frames((Frame((1, 0), "x"),))), {(1, 0): b"no picture"})
    assert raised.value.failure is Failure.FAILED
