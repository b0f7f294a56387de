"""Who cosigned up to where, and what a policy says of it; and the words in which a look is told."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archiver.proof.faults import Fault
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.logkeys import LogKeys
from archiver.proof.trust import cosignature, memory, outside, policy
from archiver.proof.trust.cosignature import WitnessKey
from archiver.proof.trust.memory import Comparison, Memory
from archiver.proof.trust.outside import Outside
from archiver.proof.trust.witnessed import Cosigner, Signed, cosigners, policy_faults, quorum_size

PRIVATE = {name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in enumerate("LABC", 1)}
LOG = note.VerifierKey("office-a.example/archive", PRIVATE["L"].public_key().public_bytes_raw())
W = {name: WitnessKey(f"{name}.example/w", PRIVATE[name].public_key().public_bytes_raw()) for name in "ABC"}


def asked(quorum: str, log: note.VerifierKey = LOG) -> policy.Policy:
    lines = [f"log {log}", *(f"witness {name} {key}" for name, key in W.items()), f"group G {quorum} A B C", "quorum G"]
    return policy.parse("".join(f"{line}\n" for line in lines).encode())


def signed(size: int, names: str, time: int = 1_700_000_000) -> Signed:
    point = Checkpoint(LOG.name, size, bytes([size]) * 32)
    lines = [W[name].signed(time, PRIVATE[name].sign(cosignature.message(point.text(), time))) for name in names]
    return Signed(point, note.Note(point.text(), tuple(lines)), f"cosigned/{size}")


def found(*given: Signed, faults: list[Fault] | None = None) -> tuple[Cosigner, ...]:
    return cosigners(given, W.values(), [] if faults is None else faults)


def test_a_witness_is_counted_once_with_the_largest_size_that_it_cosigned() -> None:
    got = found(signed(5, "AB"), signed(9, "A"), signed(7, "AC"))
    assert [(one.key, one.size) for one in got] == [(W["A"], 9), (W["B"], 5), (W["C"], 7)]


@pytest.mark.parametrize(("quorum", "size"), [("any", 9), ("2", 7), ("all", 5)])
def test_whoever_cosigned_more_vouches_for_less(quorum: str, size: int) -> None:
    assert quorum_size(asked(quorum), found(signed(9, "A"), signed(7, "B"), signed(5, "C"))) == size


def test_a_quorum_that_was_never_there_reaches_nowhere() -> None:
    assert quorum_size(asked("2"), found(signed(9, "A"), signed(5, "A"))) is None
    assert quorum_size(asked("any"), ()) is None


def test_a_wrong_line_is_named_by_its_place_and_counts_for_nothing() -> None:
    bad = Signed(signed(9, "A").checkpoint, note.Note(signed(9, "").note.text, signed(8, "A").note.signatures), "here")
    faults: list[Fault] = []
    assert [one.size for one in found(bad, signed(5, "A"), faults=faults)] == [5]
    assert [(fault.code, fault.subject) for fault in faults] == [("cosignature-wrong", "here")]


def says(quorum: str, *given: Signed, entries: range = range(9), log: note.VerifierKey = LOG) -> list[tuple[str, str]]:
    present = Checkpoint(LOG.name, 9, bytes(32))
    return [
        (one.code, one.subject) for one in policy_faults(asked(quorum, log), [LOG], found(*given), present, entries)
    ]


def test_the_policy_names_what_it_does_not_accept() -> None:
    assert says("any", signed(9, "A")) == []
    assert says("all", signed(9, "AB")) == [("quorum-not-met", "checkpoint 9")]
    assert says("any", signed(8, "A")) == [("unwitnessed-tail", "entry 8")]
    assert says("any", signed(6, "A")) == [("unwitnessed-tail", "entries 6 to 8")]
    assert says("any", signed(6, "A"), entries=range(6)) == []
    other = note.VerifierKey(LOG.name, W["A"].public_key)
    assert says("any", signed(9, "A"), log=other) == [("key-other", LOG.name)]


def told(given: Outside, state: str = "none", *cosigned: Signed, key_given: bool = True) -> list[str]:
    present = signed(9, "").checkpoint
    compared = Comparison(state, 5)
    document = outside.describe(
        present, [LogKeys(LOG)], "", found(*cosigned), given, compared, cosigned, key_given=key_given
    )
    return list(document["not_excluded"])


def test_what_a_look_cannot_exclude_shrinks_with_what_the_reader_brings() -> None:
    nothing = told(Outside(), key_given=False)
    assert [one.split(":")[0] for one in nothing] == [
        "another ledger, signed with somebody else's key", "a fork", "a cut end",
    ]  # fmt: skip
    with_policy = told(Outside(asked("any")), "none", signed(9, "A"), key_given=False)
    assert [one.split(":")[0] for one in with_policy] == [
        "a fork by the log's key and a quorum of the witnesses' keys together (nothing contained was remembered)",
        "a cut end",
    ]
    both = told(Outside(asked("any"), Memory()), memory.AGREES, signed(9, "A"))
    assert [one.split(":")[0] for one in both] == ["a cut end"]


def test_names_on_lines_that_nobody_can_check_are_told_as_such() -> None:
    stranger = note.Signature("stranger.example", b"abcd", bytes(72))
    line = signed(9, "A")
    with_stranger = Signed(line.checkpoint, note.Note(line.note.text, (*line.note.signatures, stranger)), "x")
    document = outside.describe(
        line.checkpoint, [LogKeys(LOG)], "2026-11-23T12:00:00Z", found(with_stranger), Outside(),
        Comparison("none"), [with_stranger], key_given=True,
    )  # fmt: skip
    assert document["unchecked_signatures"] == ["stranger.example"]
    said = "\n".join(outside.lines(document))
    assert "cosigned 9 entries at 2023-11-14T22:13:20Z (its key was not given from outside)" in said
    assert "Not checked, for want of a key: lines of stranger.example" in said


@pytest.mark.parametrize("seconds", [1, 2**53 - 1])
def test_every_time_can_be_shown(seconds: int) -> None:
    assert outside.rfc3339(seconds)
