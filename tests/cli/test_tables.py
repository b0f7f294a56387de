from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli import common, run
from archiver.engine import events
from tests.calling import Archiver
from tests.loopback import Site

EVIL = "../../etc/passwd\x07\x1b[31m \u202e4pm.exe\u202c \u2066x \u200b[bold]no markup[/bold] " + "long " * 2000


def obeyed(text: str) -> list[str]:
    """Characters that a terminal would obey instead of show."""
    return [one for one in text if one != "\n" and unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@given(text=st.text())
def test_text_of_strangers_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    assert obeyed(common.safe(text)) == []


@given(text=st.text(), width=st.integers(1, 50))
def test_shortened_text_is_one_line_of_that_width(text: str, width: int) -> None:
    line = common.shortened(text, width)
    assert len(line) <= width
    assert "\n" not in line


def test_a_title_of_a_stranger_is_harmless_in_every_table(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = EVIL.replace("/", "_")[:200]
    (tmp_path / name).write_bytes(picture(1))
    (tmp_path / "b").write_bytes(picture(1))
    ingested = archiver("ingest", str(tmp_path / name), str(tmp_path / "b"))
    item = archiver("items", "--json").json[0]
    said = [
        ingested.out + ingested.err,
        archiver("items").out,
        archiver("show", item["item_id"]).out,
        archiver("matches").out,
        archiver("get", item["item_id"], "--to", str(tmp_path / "out")).out,
    ]
    for text in said:
        assert obeyed(text) == [], text
    assert "[bold]" in archiver("show", item["item_id"]).out
    assert max(map(len, said[1].splitlines())) <= 120
    assert {path.parent for path in (tmp_path / "out").rglob("*")} == {tmp_path / "out"}


def test_a_url_of_a_stranger_is_harmless_in_the_queue(archiver: Archiver) -> None:
    said = archiver("add", "http://a.example/" + EVIL, "javascript:" + EVIL, code=1)
    assert obeyed(said.out + said.err) == []
    assert obeyed(archiver("requests").out) == []


def test_a_line_of_a_run_is_one_line_and_short() -> None:
    event = events.Finished("r", "http://a.example/" + EVIL, "failure", "x", "the server says\n\x1b[2J", 2.0, 0, 0)
    line = run.result_line(event)
    assert obeyed(line) == []
    assert line.startswith("waiting")
    assert "again in 2 s" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024**5, "5120.0 TiB")]
)
def test_sizes(count: int, text: str) -> None:
    assert common.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00.0"), (64.5, "1:04.5"), (59.96, "1:00.0"), (3600.0, "60:00.0")]
)
def test_clocks(seconds: float, text: str) -> None:
    assert common.clock(seconds) == text


@pytest.mark.slow
def test_a_title_from_a_page_is_harmless_and_kept(archiver: Archiver, site: Site, clip: bytes) -> None:
    site.put("/clip.mp4", clip)
    page = f'<!doctype html><html><head><title>{EVIL}</title></head><body><video src="/clip.mp4"></video></body></html>'
    archiver("add", site.put("/page", page.encode(), kind="text/html; charset=utf-8"))
    shown = archiver.on_a_terminal("run").err
    assert "archived" in shown
    assert "\u202e" not in shown
    (item,) = archiver("items", "--json").json
    assert 0 < len(item["title"]) <= 500
    assert obeyed(archiver("items").out + archiver("show", item["item_id"]).out) == []
