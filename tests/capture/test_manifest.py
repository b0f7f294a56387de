"""Segments of a manifest are counted, not listed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from archiver.capture.manifest import too_many_segments

NAMES = 'xmlns="urn:mpeg:dash:schema:mpd:2011"'
TIMELINE = f'<MPD {NAMES}><SegmentTimeline><S d="1" r="%s"/><S d="1"/></SegmentTimeline></MPD>'
TEMPLATE = (
    f'<MPD {NAMES} mediaPresentationDuration="%s"><SegmentTemplate timescale="%s" duration="%s"/>'
    "<Representation/></MPD>"
)


def judged(text: str, most: int = 100) -> bool:
    return too_many_segments(ElementTree.fromstring(text), most)


@pytest.mark.parametrize(("repeats", "too_many"), [("98", False), ("99", True), ("9" * 30, True), ("-5", False)])
def test_a_timeline_counts_its_repetitions(repeats: str, too_many: bool) -> None:
    assert judged(TIMELINE % repeats) is too_many


@pytest.mark.parametrize(
    ("lasts", "scale", "each", "too_many"),
    [
        ("PT100S", "1", "1", False),
        ("PT101S", "1", "1", True),
        ("PT1M40.5S", "1000", "1000", True),
        ("PT1H", "1", "36", False),
        ("P1D", "1", "900", False),
        ("P1DT1H", "1", "900", False),
        ("P1DT2H", "1", "900", True),
        ("P1Y", "1", "1", True),
        ("PT1000000H", "1000000", "1", True),
        ("PT1H", "1", "0", False),
        ("soon", "x", "y", False),
    ],
)
def test_a_template_counts_by_its_duration(lasts: str, scale: str, each: str, too_many: bool) -> None:
    assert judged(TEMPLATE % (lasts, scale, each)) is too_many


def test_a_period_has_a_duration_of_its_own() -> None:
    period = '<Period duration="PT1000S"><SegmentTemplate duration="1"/></Period>'
    assert judged(f"<MPD {NAMES}>{period}</MPD>")


def test_qualities_share_a_bound_of_their_own() -> None:
    text = TEMPLATE % ("PT100S", "1", "1")
    assert not judged(text.replace("<Representation/>", "<Representation/>" * 30))
    assert judged(text.replace("<Representation/>", "<Representation/>" * 31))


def test_smooth_streaming_counts_too() -> None:
    text = '<SmoothStreamingMedia><StreamIndex><c d="1" r="%d"/><c d="1"/></StreamIndex></SmoothStreamingMedia>'
    assert not judged(text % 99)
    assert judged(text % 100)
