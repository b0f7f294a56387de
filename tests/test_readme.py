"""What the README shows is what happens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import readme  # noqa: E402  scripts are no package


@pytest.mark.slow
def test_every_session_of_the_readme_prints_what_it_shows() -> None:
    text = readme.README.read_text("utf-8")
    shown = readme.sessions(text)
    assert sum(len(session) for session in shown) >= 10

    for session, happened in zip(shown, readme.run(text), strict=True):
        for before, now in zip(session, happened, strict=True):
            assert readme.alike(now.output) == readme.alike(before.output), before.command


def test_a_readme_that_shows_another_outcome_is_noticed() -> None:
    assert readme.alike("archived http://127.0.0.1:40321/a (1.4 MiB)") == readme.alike(
        "archived http://127.0.0.1:9/a (9.9 MiB)"
    )
    assert readme.alike("1 archived, 0 failed") != readme.alike("0 archived, 1 failed")


def test_the_readme_names_only_files_that_are_there() -> None:
    text = readme.README.read_text("utf-8")
    for name in ("docs/architecture.svg", "docs/reasons.md", "docs/adr"):
        assert name in text
        assert (ROOT / name).exists()
