"""What an anchor has to be: an entry, a checkpoint and a proof that fit, and headers that bear it out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archiver.proof.faults import ProofError
from archiver.proof.times import anchored, blockheaders, opentimestamps
from archiver.proof.times.blockheaders import Header

from archiver.proof.times.opentimestamps import Attestation, Path as ProofPath, Proof  # isort: skip

VECTORS = Path(__file__).parents[2] / "vectors" / "opentimestamps"
NOTE = (VECTORS / "checkpoint").read_bytes()
COMPLETE = (VECTORS / "complete.ots").read_bytes()
DETAIL = {"size": 31, "root": hashlib.sha256(b"root").hexdigest(), "blocks": [840_000, 840_003]}
BEFORE = "2024-04-19T23:00:00.000000Z"
MADE = "2024-04-20T00:09:27.000000Z"


@pytest.fixture
def headers(easy_blocks: None) -> Mapping[int, Header]:
    return blockheaders.parse((VECTORS / "headers.txt").read_bytes())


def code_of(detail: Mapping[str, Any], note: bytes = NOTE, proof: bytes = COMPLETE) -> str:
    with pytest.raises(ProofError) as caught:
        anchored.check(detail, note, proof)
    return caught.value.code


def date(headers: Mapping[int, Header], claimed: str = BEFORE, proof: bytes = COMPLETE) -> anchored.Dated | None:
    return anchored.date(opentimestamps.parse(proof), headers, claimed)


def test_a_proof_is_dated_by_the_first_of_its_blocks(headers: Mapping[int, Header]) -> None:
    stamped, proof = anchored.check(DETAIL, NOTE, COMPLETE)
    assert stamped.size == 31
    first = anchored.date(proof, headers, BEFORE)
    assert (first, first and first.time) == (anchored.Dated(headers[840_000]), MADE)
    second = date({840_003: headers[840_003]})
    assert (second, second and second.time) == (anchored.Dated(headers[840_003]), "2024-04-20T00:45:00.000000Z")


def test_a_pending_proof_has_no_date_and_is_no_fault(headers: Mapping[int, Header]) -> None:
    pending = (VECTORS / "pending.ots").read_bytes()
    anchored.check({**DETAIL, "blocks": []}, NOTE, pending)
    assert date(headers, proof=pending) is None


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        ({"size": 30}, "anchor-of-other"),
        ({"root": "00" * 32}, "anchor-of-other"),
        ({"blocks": []}, "anchor-invalid"),
        ({"blocks": [840_000]}, "anchor-invalid"),
        ({"blocks": None}, "anchor-invalid"),
        ({"upgrades": [3]}, "anchor-invalid"),
        ({"upgrades": True}, "anchor-invalid"),
        ({"upgrades": None}, "anchor-invalid"),
        ({"blocks": [840_003, 840_000]}, "anchor-invalid"),
    ],
)
def test_an_entry_that_tells_another_proof_or_checkpoint_is_named(detail: dict[str, Any], code: str) -> None:
    assert code_of({**DETAIL, **detail}) == code


def test_a_proof_of_other_bytes_is_named() -> None:
    other = opentimestamps.encode(Proof(bytes(32), opentimestamps.parse(COMPLETE).paths))
    assert code_of(DETAIL, proof=COMPLETE.replace(hashlib.sha256(NOTE).digest(), bytes(32))) == "anchor-of-other"
    assert code_of(DETAIL, proof=other) == "anchor-of-other"


def test_a_proof_that_leads_nowhere_is_named() -> None:
    nothing = Proof(hashlib.sha256(NOTE).digest(), (ProofPath((), bytes(32), Attestation(b"unknown!", b"")),))
    assert code_of({**DETAIL, "blocks": []}, proof=opentimestamps.encode(nothing)) == "anchor-invalid"
    step = opentimestamps.Operation(opentimestamps.SHA1)
    short = ProofPath((step,), step.apply(nothing.digest), Attestation(opentimestamps.BITCOIN, b"\x07"))
    proof = opentimestamps.encode(Proof(nothing.digest, (short,)))
    assert code_of({**DETAIL, "blocks": [7]}, proof=proof) == "anchor-invalid"
    step = opentimestamps.Operation(opentimestamps.SHA256)
    many = [
        ProofPath((step,), step.apply(nothing.digest), Attestation(opentimestamps.BITCOIN, bytes([height])))
        for height in range(101)
    ]
    proof = opentimestamps.encode(Proof(nothing.digest, tuple(many)))
    assert code_of({**DETAIL, "blocks": list(range(101))}, proof=proof) == "anchor-invalid"


def test_a_header_with_another_root_is_named_and_a_missing_one_too(headers: Mapping[int, Header]) -> None:
    swapped = {840_000: headers[840_003]}
    with pytest.raises(ProofError) as caught:
        date(swapped)
    assert caught.value.code == "anchor-header-differs"
    with pytest.raises(ProofError, match="840000 or 840003") as caught:
        date({5: headers[840_000]})
    assert caught.value.code == "anchor-header-absent"


@pytest.mark.parametrize(
    ("claimed", "good"),
    [("", True), (MADE, True), ("2024-04-20T02:09:27.000000Z", True), ("2024-04-20T02:09:27.000001Z", False)],
)
def test_a_block_is_not_earlier_than_what_it_anchors(headers: Mapping[int, Header], claimed: str, good: bool) -> None:
    if good:
        assert date(headers, claimed)
        return
    with pytest.raises(ProofError, match="before") as caught:
        date(headers, claimed)
    assert caught.value.code == "anchor-invalid"


def test_what_is_not_excluded_is_said_where_headers_are_missing(headers: Mapping[int, Header]) -> None:
    told = [anchored.told(40, DETAIL, None)]
    said = anchored.with_anchors({"not_excluded": ["a fork"]}, told)
    assert said["not_excluded"][0] == "a fork"
    assert "made-up anchor" in said["not_excluded"][1]
    header = replace(headers[840_000], work=2**78 + 1)
    known = [anchored.told(40, DETAIL, anchored.Dated(header))]
    assert anchored.with_anchors({}, known)["not_excluded"] == []
    assert (known[0]["work"], known[0]["time"]) == (78, MADE)
    assert anchored.with_anchors({}, [anchored.told(40, {**DETAIL, "blocks": []}, None)])["not_excluded"] == []
