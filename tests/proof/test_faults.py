"""Verdicts follow from faults alone."""

import pytest

from archiver.proof.codes import INCOMPLETE_CODES
from archiver.proof.faults import Fault, ProofError, judge


def test_no_fault_is_verified() -> None:
    assert (judge({"entries": 3}, []).word, judge({}, []).exit_code) == ("VERIFIED", 0)


@pytest.mark.parametrize("code", sorted(INCOMPLETE_CODES))
def test_what_could_not_be_checked_is_incomplete(code: str) -> None:
    verdict = judge({}, [Fault(code, "", "")])
    assert (verdict.word, verdict.exit_code) == ("INCOMPLETE", 3)


def test_one_real_fault_among_others_is_failed() -> None:
    faults = [Fault("unsigned-tail", "", ""), Fault("object-altered", "", "")]
    verdict = judge({}, iter(faults))
    assert (verdict.word, verdict.exit_code, verdict.faults) == ("FAILED", 1, tuple(faults))


def test_a_code_nobody_listed_is_failed() -> None:
    assert judge({}, [Fault.of(ProofError("new-code", "what"), "entry 3")]).word == "FAILED"
