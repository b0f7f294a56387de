"""docs/matching.md says what the program says: every finding, ruling, claim, reason and command."""

from __future__ import annotations

import re
from pathlib import Path

import click

from archiver import cli
from archiver.model import Finding, Ruling
from archiver.proof.lineage import claims, copies
from archiver.report.wording import words

TEXT = " ".join((Path(__file__).resolve().parent.parent / "docs" / "matching.md").read_text("utf-8").split())


def test_every_finding_and_every_ruling_is_explained() -> None:
    assert all(f"| {finding} |" in TEXT for finding in Finding)
    assert all(re.search(rf"`{ruling}` (?:says|is)", TEXT) for ruling in Ruling)


def test_every_claim_and_every_reason_why_it_cannot_be_told_is_named() -> None:
    assert all(f"| {question} |" in TEXT for question, _ in words.CLAIMS.values())
    assert all(reason in TEXT for reason in words.WHYS.values())


def test_the_limits_are_those_of_the_rule() -> None:
    assert f"{claims.LENGTH_SLACK_MS / 1000:g} s make no difference" in TEXT
    assert f"at most {copies.UNCOVERED_MS / 1000:g} s of the part is not covered" in TEXT
    assert claims.RATE_SLACK == claims.COMPARABLE_LENGTH == 0.1
    assert "as long as the longest but for a tenth" in TEXT
    assert "most of them by a tenth or more" in TEXT


def test_every_command_and_every_option_of_the_guide_is_there() -> None:
    context = click.Context(cli.cli)
    lines = re.findall(r"^archiver (\w+)([^#\n]*)", (Path(__file__).parents[1] / "docs/matching.md").read_text(), re.M)
    assert {name for name, _ in lines} >= {"matches", "search", "show", "decide", "copies"}
    for name, rest in lines:
        command = cli.cli.get_command(context, name)
        assert command is not None, name
        known = {option for one in command.params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, name
