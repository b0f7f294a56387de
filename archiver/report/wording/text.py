"""Text from strangers, made safe to look at: nothing in it may move, hide or reorder what stands around it."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup, escape

#: Zero-width joiner and non-joiner: Persian, Indic scripts and emoji need them, and alone they move nothing.
_JOINERS = "\u200c\u200d"

#: Control, format (bidirectional overrides among them), surrogate, private use, unassigned, line and paragraph ends.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))

#: More marks on one letter than any language writes: text that climbs over its neighbours.
MARKS = 4


#: Longer than any title, address or note that was taken in; the whole of what is longer is in report.json.
MAX_CHARACTERS = 8_192


def bounded(text: str) -> tuple[str, str]:
    """As much of a text as is shown, and a word about the rest; "" where there is none."""
    left = len(text) - MAX_CHARACTERS
    return text[:MAX_CHARACTERS], f" … ({left} more characters are in report.json)" if left > 0 else ""


def is_hidden(character: str) -> bool:
    """Whether a character has no picture of its own but may change that of others."""
    return character not in _JOINERS and unicodedata.category(character) in _HIDDEN


def visible(text: object, *, lines: bool = False) -> Markup:
    """HTML in which hidden characters are shown by their number, and the rest is set apart from what surrounds it.

    With `lines` a newline stays one, for notes.
    """
    parts: list[str] = []
    marks = 0
    shown, rest = bounded(str(text))
    for character in shown:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if (is_hidden(character) or marks > MARKS) and not (lines and character == "\n"):
            parts.append(f'<span class="hidden-character">U+{ord(character):04X}</span>')
        else:
            parts.append(str(escape(character)))
    return Markup(f"<bdi>{''.join(parts)}</bdi>{rest}")  # noqa: S704  every part is escaped or ours


def plain(text: object) -> str:
    """The same for a text file: hidden characters as [U+XXXX]."""
    return "".join(f"[U+{ord(one):04X}]" if is_hidden(one) else one for one in str(text))


def whole_characters(text: str) -> str:
    """`text` without half characters (lone surrogates), which no encoding can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
