"""report.html: nothing remote, nothing that runs, nothing from outside that can pass for ours."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.bundle import layout
from archiver.proof.log.checkpoint import Checkpoint
from archiver.report.pictures import MAX_PICTURES, pairs, wanted
from archiver.report.wording.figures import note_text
from archiver.report.wording.text import MAX_CHARACTERS, is_hidden, plain, visible, whole_characters


class Page(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_fetches_and_runs_nothing(exported_bundle: Path) -> None:
    page = Page(exported_bundle / layout.REPORT_HTML)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "iframe", "object", "embed", "link", "form", "base"})
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert "style" not in attributes, "the policy forbids it"
        if tag == "img":
            assert (attributes["src"] or "").startswith("data:image/jpeg;base64,")
        if tag == "a":
            assert (attributes["href"] or "").startswith("#"), "addresses from outside are text, not links"
    (policy,) = [a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert (policy or "").startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    style = re.search(r"<style>(.*?)</style>", (exported_bundle / layout.REPORT_HTML).read_text("utf-8"), re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_the_page_shows_frames_of_exhibits_and_pairs_of_matches(exported_bundle: Path) -> None:
    page = Page(exported_bundle / layout.REPORT_HTML)
    shown = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    # Six samples each of two films, one photo; three pairs of the recording, one of the scene.
    assert len(shown) == 6 + 6 + 1 + 3 * 2 + 2
    assert "Frame of exhibit 2 at 00:01.9" in shown


def test_a_hostile_title_is_made_visible(exported_bundle: Path) -> None:
    text = (exported_bundle / layout.REPORT_HTML).read_text("utf-8")
    assert not any(is_hidden(character) for character in text if character != "\n")
    assert "U+202E" in text
    assert "&lt;script&gt;" in text


def test_same_scene_is_never_called_a_recording(exported_bundle: Path) -> None:
    text = Page(exported_bundle / layout.REPORT_HTML).text
    scene = text[text.index("Exhibit 2 and exhibit 3") :]
    assert "no evidence that one was made from the other" in scene
    assert "Same recording" not in scene
    assert "No person has ruled on this match yet" in scene


@given(st.text())
def test_nothing_hidden_and_no_tag_passes_through(text: str) -> None:
    shown = str(visible(text))
    assert not any(is_hidden(one) for one in shown)
    assert set(re.findall(r"<[^>]*>", shown)) <= {"<bdi>", "</bdi>", '<span class="hidden-character">', "</span>"}
    assert not any(is_hidden(one) for one in plain(text))
    whole_characters(text).encode("utf-8")


def test_a_text_of_ten_million_characters_is_cut_and_counted() -> None:
    shown = str(visible("<" * 10_000_000))
    assert len(shown) < 50_000
    assert shown.endswith(f"</bdi> … ({10_000_000 - MAX_CHARACTERS} more characters are in report.json)")


def test_whole_characters_replaces_halves() -> None:
    assert whole_characters("a\ud800b") == "a?b"


def test_the_pictures_of_a_page_are_bounded() -> None:
    segments = [[i * 1000, i * 1000 + 900, 0, 900] for i in range(50)]
    exhibits = [{"number": n, "pictures_ms": [0, 1, 2, 3, 4, 5]} for n in range(1, 301)]
    matches = [{"a": 1, "b": n, "segments_ms": segments} for n in range(2, 200)]
    moments = wanted({"exhibits": exhibits, "matches": matches})
    assert sum(map(len, moments.values())) <= MAX_PICTURES
    assert min(map(len, moments.values())) >= 1


def test_a_segment_without_length_is_one_pair() -> None:
    assert [(one.a, one.b) for one in pairs([0, 0, 0, 0])] == [(0, 0)]
    assert [one.place for one in pairs([0, 2000, 500, 2500])] == ["start", "middle", "end"]


def test_entry_numbers_are_told_asranges() -> None:
    from archiver.report.wording.figures import ranges

    assert ranges([0, 2, 3, 4, 19, 20]) == "0, 2 to 4, 19 to 20"
    assert ranges([]) == ""


def test_the_cited_checkpoint_is_the_text_that_was_signed(exported_bundle: Path) -> None:
    """Of the checkpoint before the export's entry: its root in base64, below origin and size."""
    report = json.loads((exported_bundle / layout.REPORT_JSON).read_bytes())
    cited = report["ledger"]["checkpoint"]
    root = base64.b64encode(bytes.fromhex(cited["root"])).decode()
    text = Checkpoint(report["ledger"]["origin"], cited["size"], bytes.fromhex(cited["root"])).text()
    assert note_text(report["ledger"]) == text.splitlines()
    assert root in Page(exported_bundle / layout.REPORT_HTML).text
