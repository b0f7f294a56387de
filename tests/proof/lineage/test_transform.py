"""What was done to a copy is told in an entry as JSON text, and shown in a report without fractions."""

from __future__ import annotations

import pytest

from archiver.custody.findings import transform_texts
from archiver.proof.faults import ProofError
from archiver.proof.lineage.transform import shown


def test_every_value_of_a_match_is_shown_as_the_entry_tells_it() -> None:
    found = {"mirror": True, "speed": 1.1, "rotated": 90, "border": "black", "corners": [1, 2.5], "share": 0.123456789}
    assert shown(transform_texts(found)) == {
        "mirror": True, "speed": "1.1", "rotated": 90, "border": "black", "corners": "[1, 2.5]", "share": "0.123457",
    }  # fmt: skip


def test_a_number_that_no_report_can_hold_is_shown_in_words() -> None:
    assert shown({"n" * 99: str(2**60)}) == {"n" * 40: str(2**60)}


@pytest.mark.parametrize("text", ["{", None, 3, "[" * 100_000], ids=["broken", "null", "number", "deep"])
def test_what_is_no_json_text_is_a_fault(text: object) -> None:
    with pytest.raises(ProofError):
        shown({"mirror": text})
