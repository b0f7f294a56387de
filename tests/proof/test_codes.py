"""Every fault that a verifier can give has its line and its next step, and no line is of a fault that none gives."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from archiver.proof import codes
from archiver.proof.faults import FAILED, INCOMPLETE, Fault, judge

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import faultspage  # noqa: E402  scripts are no package

PLACES = [*(ROOT / "archiver" / "proof").rglob("*.py"), *(ROOT / "archiver" / "custody" / "audit").glob("*.py")]

#: Where findings, claims and rulings are named, and no fault; the table itself.
ELSEWHERE = {
    "lineage.py", "claims.py", "rulings.py",
    "codes.py", "bundlefaults.py", "ledgerfaults.py", "uncheckedfaults.py",
}  # fmt: skip

#: Words with a hyphen that are no code of a fault.
OTHER_WORDS = {"latin-1", "utf-8", "as-given", "same-recording", "first-use"}

#: Codes of errors that end in a message about usage, or are caught before they reach a verdict.
CAUGHT = {
    "policy-malformed",  # wrong usage
    "block-headers-malformed",  # wrong usage
    "memory-malformed",  # wrong usage
    "bundle-shape", "tile-name", "tile-shape", "entry-too-long",  # of tiles: tile-altered or ledger-file-extra
    "range-shape",  # of the writer
    "der-malformed",  # of a token: timestamp-invalid
}  # fmt: skip

#: "KIND-missing" is put together in `audit.span`; the last is given by `custody`'s trust in authorities.
BUILT = {
    "request-missing",
    "acquisition-missing",
    "item-missing",
    "match-missing",
    "hashlist-missing",
    "timestamp-unknown-authority",
}

#: Codes without a hyphen.
SHORT = {"fork", "link"}


def given() -> set[str]:
    """Every word in the verifiers' code that is spelt as a code."""
    found = set()
    for path in PLACES:
        if path.name in ELSEWHERE:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            word = node.value if isinstance(node, ast.Constant) else None
            if isinstance(word, str) and (re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", word) or word in SHORT):
                found.add(word)
    return (found | BUILT) - OTHER_WORDS - CAUGHT


def test_every_code_that_a_verifier_can_give_has_its_line_and_no_other_has() -> None:
    assert given() == set(codes.SAYS) == set(codes.NEXT)


def test_the_page_of_faults_is_the_table() -> None:
    page = (ROOT / "docs" / "faults.md").read_text("utf-8")
    assert page == faultspage.markdown()
    assert re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE) == list(codes.SAYS)


def test_the_word_beside_a_code_is_the_verdict_that_it_gives() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \|", faultspage.markdown(), re.MULTILINE)
    assert dict(rows) == {code: judge({}, [Fault(code, "x", "y")]).word for code in codes.SAYS}
    assert {word for _, word in rows} == {FAILED, INCOMPLETE}


def test_one_line_for_each_step_with_all_codes_that_call_for_it() -> None:
    said = codes.lines(["tile-altered", "object-missing", "tile-missing", "object-missing"])
    assert [line.partition(": ")[0] for line in said] == [
        "What to do about tile-altered, tile-missing",
        "What to do about object-missing",
    ]
    assert codes.lines([]) == []


def test_the_document_tells_the_next_step_of_each_code_once() -> None:
    verdict = judge({}, [Fault("unsigned-tail", "entry 3", "m"), Fault("unsigned-tail", "entry 4", "m")])
    assert verdict.document()["next_steps"] == {"unsigned-tail": codes.NEXT["unsigned-tail"]}


def test_a_code_of_a_later_version_is_no_exception() -> None:
    assert codes.steps(["no-such-code"]) == {}
