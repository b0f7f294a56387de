"""A picture of a group of copies: each a row, with what it shares placed under the longest one's time. Pure: SVG text.

No script, no style sheet, nothing remote: it can stand in a page whose policy forbids all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from archiver.proof.lineage.copies import Edge

#: Rows of one picture; the rest is counted. A page holds about fifty.
MAX_ROWS: Final = 40

_WIDTH, _LABEL, _NOTE, _TOP, _ROW, _BAR = 900, 190, 150, 34, 30, 16
_FONT = 'font-family="Inter, Noto Sans, Segoe UI, Helvetica, Arial, sans-serif"'
_REFERENCE, _SHARED, _EMPTY, _INK, _SOFT = "#1f4e79", "#6f9fc8", "#f3f5f8", "#1b2430", "#5a6675"
_LABEL_CHARACTERS = 26

#: (start, end) of the item in ms, and where that is in the reference.
Piece = tuple[float, float, float, float]


def svg(members: Sequence[str], lengths: Mapping[str, int], edges: Sequence[Edge], labels: Mapping[str, str]) -> str:
    """The picture. `lengths` in milliseconds by member; `labels` come from anywhere and are escaped."""
    reference = max(members, key=lambda member: lengths.get(member, 0))
    length = max(1, lengths.get(reference, 0))
    placed = place(reference, lengths, edges)
    order = sorted(members, key=lambda one: (one != reference, -_shown(placed.get(one, ())), members.index(one)))
    shown = order[:MAX_ROWS]
    height = _TOP + _ROW * len(shown) + (20 if len(order) > len(shown) else 6)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        f' role="img" {_FONT} font-size="12" fill="{_INK}">',
        f"<title>What {len(order)} copies share, under the time of the longest</title>",
        *_axis(length, _TOP + _ROW * len(shown)),
    ]
    for number, member in enumerate(shown):
        parts += _row(number, member == reference, placed.get(member, ()), length, lengths.get(member, 0),
                      labels.get(member, member))  # fmt: skip
    if len(order) > len(shown):
        parts.append(f'<text x="0" y="{height - 5}" fill="{_SOFT}">and {len(order) - len(shown)} more</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def place(reference: str, lengths: Mapping[str, int], edges: Sequence[Edge]) -> dict[str, tuple[Piece, ...]]:
    """Where the footage of each item lies in that of the reference: directly, or by way of what lies there already."""
    placed: dict[str, tuple[Piece, ...]] = {}
    if lengths.get(reference):
        placed[reference] = ((0.0, float(lengths[reference]), 0.0, float(lengths[reference])),)
    waiting = list(placed)
    while waiting:
        known = waiting.pop(0)
        for edge in edges:
            if known not in (edge.a, edge.b) or (other := edge.b if edge.a == known else edge.a) in placed:
                continue
            turned = [one if edge.a == known else (*one[2:], *one[:2]) for one in edge.segments]
            pieces = tuple(piece for one in turned for piece in _through(one, placed[known]))
            if pieces:
                placed[other] = pieces
                waiting.append(other)
    return placed


def _through(segment: Sequence[float], known: Sequence[Piece]) -> Iterator[Piece]:
    """A segment [known start, known end, other start, other end] as pieces of the other item in the reference."""
    start, end, other_start, other_end = segment
    for own_start, own_end, at_start, at_end in known:
        low, high = max(start, own_start), min(end, own_end)
        if high > low:
            own, other = (start, end), (other_start, other_end)
            here, there = (own_start, own_end), (at_start, at_end)
            yield (
                _mapped(low, own, other), _mapped(high, own, other),
                _mapped(low, here, there), _mapped(high, here, there),
            )  # fmt: skip


def _mapped(moment: float, span: tuple[float, float], onto: tuple[float, float]) -> float:
    return onto[0] + (moment - span[0]) * (onto[1] - onto[0]) / (span[1] - span[0])


def _shown(pieces: Sequence[Piece]) -> float:
    return sum(piece[3] - piece[2] for piece in pieces)


def _axis(length: int, bottom: int) -> Iterator[str]:
    step = next((step for step in _STEPS if length / step <= _TICKS), length // _TICKS)
    for tick in range(0, length + 1, step):
        x = _x(tick, length)
        yield f'<line x1="{x:.1f}" y1="{_TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#d5dbe2"/>'
        yield f'<text x="{x:.1f}" y="{_TOP - 14}" text-anchor="middle" fill="{_SOFT}">{_clock(tick)}</text>'


#: More of them would write over each other.
_TICKS: Final = 8

#: Milliseconds between ticks of the axis.
_STEPS: Final = tuple(1000 * seconds for seconds in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600))


def _row(number: int, is_reference: bool, pieces: Sequence[Piece], length: int, own: int, label: str) -> Iterator[str]:
    y = _TOP + _ROW * number + (_ROW - _BAR) / 2
    text = y + _BAR - 4
    short = label if len(label) <= _LABEL_CHARACTERS else label[: _LABEL_CHARACTERS - 1] + "…"
    yield f'<text x="0" y="{text:.1f}">{escape(short)}<title>{escape(label)}</title></text>'
    width = _x(length, length) - _x(0, length)
    yield f'<rect x="{_x(0, length):.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR}" rx="2" fill="{_EMPTY}"/>'
    for start, end, at_start, at_end in pieces:
        left, right = _x(at_start, length), _x(at_end, length)
        yield (
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(1.5, right - left):.1f}" height="{_BAR}" rx="2"'
            f' fill="{_REFERENCE if is_reference else _SHARED}"><title>{_clock(start)} to {_clock(end)}, where the'
            f" longest has {_clock(at_start)} to {_clock(at_end)}</title></rect>"
        )
    if is_reference:
        note = f"the longest, {_clock(own)}" if own else "length not known"
    elif not pieces:
        note = "not placed"
    else:
        note = f"{_clock(sum(end - start for start, end, *_ in pieces))} of {_clock(own)}"
    yield f'<text x="{_WIDTH - _NOTE + 12}" y="{text:.1f}" fill="{_SOFT}">{note}</text>'


def _x(moment: float, length: int) -> float:
    return _LABEL + (_WIDTH - _LABEL - _NOTE) * moment / length


def _clock(milliseconds: float) -> str:
    tenths = round(milliseconds / 100)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02}.{rest % 10}"
