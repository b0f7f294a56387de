"""Rotations as a chain: each takes the place of the keys in use, and the last brought the keys of today."""

from __future__ import annotations

from typing import Any

import pytest

from archiver.proof.faults import ProofError
from archiver.proof.log.eras import Era, read_eras, signers
from archiver.proof.log.logkeys import LogKeys
from tests.proof.log.test_logkeys import WITNESS, Pair

FIRST, SECOND, THIRD = (Pair(seed).keys for seed in (11, 12, 13))
CREATION: dict[str, Any] = {"type": "vault creation", "detail": {"verifier_keys": FIRST.lines()}}


def _rotation(old: LogKeys, new: LogKeys) -> dict[str, Any]:
    return {"type": "key rotation", "detail": {"old": old.lines(), "new": new.lines()}}


CHAIN = [(0, CREATION), (5, _rotation(FIRST, SECOND)), (9, _rotation(SECOND, THIRD))]


def test_the_entries_tell_the_eras() -> None:
    assert read_eras(CHAIN, THIRD) == [Era(-1, FIRST), Era(5, SECOND), Era(9, THIRD)]
    assert read_eras(CHAIN, None) == read_eras(CHAIN, THIRD)


@pytest.mark.parametrize(
    ("size", "before", "expected"),
    [
        (1, 0, [FIRST]), (5, 1, [FIRST]), (6, 5, [FIRST, SECOND]), (8, 5, [FIRST, SECOND]), (8, 6, [SECOND]),
        (9, 8, [SECOND]), (10, 9, [SECOND, THIRD]), (11, 10, [THIRD]), (11, 5, [FIRST, SECOND, THIRD]),
    ],
)  # fmt: skip
def test_who_has_to_sign_a_checkpoint(size: int, before: int, expected: list[LogKeys]) -> None:
    assert signers(read_eras(CHAIN, THIRD), size, before) == expected


def test_a_ledger_that_names_no_key_has_had_the_first_kind_for_ever() -> None:
    old = LogKeys(FIRST.classic)
    assert read_eras([(0, {"type": "vault creation"})], old) == [Era(-1, old)]
    with pytest.raises(ProofError, match="key-untold"):
        read_eras([(0, {"type": "vault creation"})], FIRST)


def test_an_older_ledger_gets_its_second_key_by_a_rotation() -> None:
    old = LogKeys(FIRST.classic)
    told = [(0, {"type": "vault creation"}), (4, _rotation(old, SECOND))]
    assert read_eras(told, SECOND) == [Era(-1, old), Era(4, SECOND)]


@pytest.mark.parametrize(
    "told",
    [
        [(0, CREATION), (5, _rotation(SECOND, THIRD))],
        [(0, CREATION), (5, _rotation(FIRST, FIRST))],
        [(0, CREATION), (5, _rotation(FIRST, WITNESS.keys))],
        [(0, CREATION), (5, _rotation(FIRST, LogKeys(SECOND.classic, FIRST.quantum)))],
        [(0, CREATION), (5, {"type": "key rotation"})],
        [(0, CREATION), (5, {"type": "key rotation", "detail": {"old": FIRST.lines(), "new": "x"}})],
        [(0, {"type": "vault creation", "detail": {"verifier_keys": ["x"]}})],
    ],
)
def test_a_broken_chain_is_refused(told: list[tuple[int, dict[str, Any]]]) -> None:
    with pytest.raises(ProofError):
        read_eras(told, None)


def test_keys_that_the_ledger_does_not_end_in_are_refused() -> None:
    with pytest.raises(ProofError, match="key-untold"):
        read_eras(CHAIN, SECOND)
    with pytest.raises(ProofError, match="key-untold"):
        read_eras(CHAIN, LogKeys(THIRD.classic))
