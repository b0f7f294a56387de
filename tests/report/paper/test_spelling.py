"""Text for paper: nothing hidden, nothing that no font has, nothing that cannot be broken, and all that was there."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from archiver.report.paper import fonts
from archiver.report.paper.spelling import ascii_only, spell
from archiver.report.wording.text import MAX_CHARACTERS, is_hidden


def pieces(spelled: Any) -> list[Any]:
    found = spelled["rtl"] if isinstance(spelled, dict) else spelled
    return found if isinstance(found, list) else [found]


def read_back(spelled: Any) -> str:
    """The text that pieces stand for."""
    return "".join("\n" if one is None else chr(one) if isinstance(one, int) else one for one in pieces(spelled))


def test_ordinary_text_stays_as_it_is() -> None:
    assert spell("The march, from the bridge") == "The march, from the bridge"
    assert spell("Площадь") == "Площадь"
    assert spell("") == ""


def test_what_reorders_or_hides_is_shown_by_number() -> None:
    assert spell("a\u202eexe.4pm") == ["a", 0x202E, "exe.4pm"]
    assert spell("a\x00\n\u200bb") == ["a", 0, 10, 0x200B, "b"]


def test_lines_are_kept_in_notes_only() -> None:
    assert spell("loud\nscene", lines=True) == ["loud", None, "scene"]
    assert spell("loud\nscene") == ["loud", 10, "scene"]


def test_what_no_font_has_is_shown_by_number() -> None:
    assert spell("a\u0378\U000f0000b") == ["a", 0x378, 0xF0000, "b"]
    assert spell("A\u0651") == ["A", 0x651]
    assert spell("e\u0301") == "e\u0301"
    assert spell("क्षेत्र") == "क्षेत्र"


def test_a_tower_of_marks_stands_beside_its_letter() -> None:
    assert spell("e" + "\u0301" * 20) == ["e", *[0x301] * 20]


def test_emoji_keep_their_selectors_and_joiners() -> None:
    assert spell("❤\ufe0f") == "❤\ufe0f"
    assert spell("👩\u200d👩") == "👩\u200d👩"


def test_text_from_right_to_left_says_so() -> None:
    assert spell("(14) ساحة") == {"rtl": ["(14) ساحة"]}
    assert spell("כיכר") == {"rtl": ["כיכר"]}
    assert spell("the word ساحة") == "the word ساحة"


def test_long_runs_can_be_broken_and_lose_nothing() -> None:
    address = "https://video.example/watch?v=" + "abcdefghij" * 20
    spelled = pieces(spell(address))
    assert "".join(spelled) == address
    assert max(map(len, spelled)) <= 21
    assert spelled[:2] == ["https://", "video.example/"]


def test_a_digest_is_never_broken() -> None:
    assert spell("0123456789abcdef" * 4) == "0123456789abcdef" * 4


def test_ten_million_characters_are_cut_and_counted() -> None:
    spelled = pieces(spell("я" * 10_000_000))
    assert sum(map(len, spelled)) < MAX_CHARACTERS + 100
    assert spelled[-1] == f" … ({10_000_000 - MAX_CHARACTERS} more characters are in report.json)"


@given(st.text(max_size=200), st.booleans())
def test_every_text_can_be_set_and_is_what_it_was(text: str, lines: bool) -> None:
    spelled = spell(text, lines=lines)
    assert read_back(spelled) == text
    for piece in pieces(spelled):
        if isinstance(piece, str):
            assert not any(map(is_hidden, piece))
            marks = "\u200c\u200d"
            assert all(fonts.can_show(one) or one in marks or "\ufe00" <= one <= "\ufe0f" for one in piece)


@given(st.text(max_size=100))
def test_the_second_try_is_nothing_but_ascii(text: str) -> None:
    for piece in pieces(spell(text, can_show=ascii_only)):
        assert not isinstance(piece, str) or piece.isascii()
