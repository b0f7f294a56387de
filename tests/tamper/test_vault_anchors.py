"""Attacks on the anchors of a finished vault, each with the fault that names it.

Undetectable without headers from outside: a proof that leads to a block's number and not to its Merkle root. With
`--block-headers` it is named; without, it is said that a made-up anchor is not excluded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from archiver.config import Calendar as Configured
from archiver.custody import audit
from archiver.custody.timestamps import anchoring, anchors, stamps
from archiver.custody.timestamps.anchoring import Received
from archiver.custody.timestamps.anchors import Anchor
from archiver.custody.vault import Vault
from archiver.model import StoredObject
from archiver.proof.faults import Verdict
from archiver.proof.times import blockheaders, opentimestamps
from archiver.proof.times.opentimestamps import Attestation, Proof
from archiver.proof.times.otsbytes import number
from archiver.proof.trust.outside import Outside
from tests.calendar import LATER, Calendar
from tests.vault_story import Copy

pytestmark = pytest.mark.usefixtures("easy_blocks")

BLOCK = 840_000


@pytest.fixture
def calendar() -> Calendar:
    return Calendar("https://a.example")


@pytest.fixture
def anchor(vault_copy: Copy, calendar: Calendar) -> Anchor:
    return anchored(vault_copy, calendar)


def anchored(copy: Copy, calendar: Calendar, height: int = BLOCK, time: int = LATER) -> Anchor:
    """A completed anchor of the newest checkpoint."""
    with copy.open() as vault:
        named = replace(vault, settings=replace(vault.settings, calendar=(Configured(calendar.url),)))
        _, errors = anchoring.add(named, calendar.submit, again=True)
        assert not errors
        calendar.mine(height, time)
        (made,) = anchoring.upgrade(named, calendar.fetch).made
        return made


def lied(copy: Copy, lie: Callable[[Vault], Received], monkeypatch: pytest.MonkeyPatch, **claims: Any) -> Anchor:
    """What somebody with the log's key writes into the ledger without this program's checks."""
    with copy.open() as vault, monkeypatch.context() as patched:
        event = anchoring._event

        def told(one: Received, kept: Any) -> Any:
            made = event(one, kept)
            return replace(made, detail={**made.detail, **claims})

        patched.setattr(anchoring, "_event", told)
        return anchoring.record(vault, [lie(vault)])[0]


def again(anchor: Anchor, change: Callable[[Proof], Proof] = lambda proof: proof) -> Callable[[Vault], Received]:
    """The same anchor once more, with another proof."""

    def lie(vault: Vault) -> Received:
        of = stamps.issued(vault, anchor.size)
        assert of is not None
        return Received(of, change(anchoring.stored(vault, anchor)), "")

    return lie


def look(copy: Copy, calendar: Calendar | None = None) -> Verdict:
    headers = blockheaders.parse(calendar.header_lines()) if calendar else None
    return audit.verify(copy.folder, outside=Outside(headers=headers))


def faults(verdict: Verdict) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in verdict.faults:
        found.setdefault(one.code, set()).add(one.subject)
    return found


@pytest.mark.honest
def test_a_good_anchor_is_told_with_what_it_proves(vault_copy: Copy, calendar: Calendar, anchor: Anchor) -> None:
    verdict = look(vault_copy, calendar)
    assert verdict.word == "VERIFIED"
    assert verdict.checked["anchors"] == 2
    pending, told = verdict.told["anchors"]
    assert (told["size"], told["block"], told["time"]) == (anchor.size, BLOCK, "2033-05-18T03:33:20.000000Z")
    assert (pending["blocks"], pending["entry"], pending["header_checked"]) == ([], told["upgrades"], False)
    assert not any("made-up anchor" in one for one in verdict.told["not_excluded"])


@pytest.mark.honest
def test_without_headers_nothing_is_taken_as_proved(vault_copy: Copy, anchor: Anchor) -> None:
    verdict = look(vault_copy)
    assert verdict.word == "VERIFIED"
    assert [one["time"] for one in verdict.told["anchors"]] == [None, None]
    assert any("made-up anchor" in one for one in verdict.told["not_excluded"])


@pytest.mark.honest
def test_a_check_from_a_size_on_looks_at_newer_anchors_with_what_they_rest_on(
    vault_copy: Copy, calendar: Calendar, anchor: Anchor
) -> None:
    headers = blockheaders.parse(calendar.header_lines())
    with vault_copy.database() as connection:
        sizes = [size for (size,) in connection.execute("SELECT size FROM checkpoint ORDER BY size")]
    between = max(size for size in sizes if size <= anchor.entry)
    for size in (sizes[0], between):
        verdict = audit.verify(vault_copy.folder, outside=Outside(headers=headers), since=size)
        assert verdict.faults == ()
        assert verdict.told["anchors"][-1]["block"] == BLOCK


@pytest.mark.honest
def test_headers_of_other_blocks_leave_it_open(vault_copy: Copy, anchor: Anchor) -> None:
    other = Calendar()
    other.submit("", bytes(32))
    other.mine(BLOCK + 1)
    verdict = look(vault_copy, other)
    assert verdict.word == "INCOMPLETE"
    assert faults(verdict) == {"anchor-header-absent": {f"entry {anchor.entry}"}}


@pytest.mark.needs_memory
def test_an_anchor_that_somebody_made_up(
    vault_copy: Copy, calendar: Calendar, anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any digest can be said to be a block's root: only the block knows better."""

    def change(proof: Proof) -> Proof:
        steps = (opentimestamps.Operation(opentimestamps.SHA256),)
        end = Attestation(opentimestamps.BITCOIN, number(BLOCK))
        return Proof(proof.digest, (opentimestamps.Path(steps, steps[0].apply(proof.digest), end),))

    made = lied(vault_copy, again(anchor, change), monkeypatch)
    assert look(vault_copy).word == "VERIFIED"
    assert faults(look(vault_copy, calendar)) == {"anchor-header-differs": {f"entry {made.entry}"}}


@pytest.mark.needs_memory
def test_entries_that_claim_to_be_later_than_the_block_that_holds_them(vault_copy: Copy, calendar: Calendar) -> None:
    made = anchored(vault_copy, calendar, time=1_700_000_000)
    assert look(vault_copy).word == "VERIFIED"
    assert faults(look(vault_copy, calendar)) == {"anchor-invalid": {f"entry {made.entry}"}}


def test_a_proof_that_was_removed(vault_copy: Copy, anchor: Anchor) -> None:
    (vault_copy.folder / "objects" / anchor.proof[:2] / anchor.proof[2:]).unlink()
    found = faults(look(vault_copy))
    assert found["anchor-missing"] == {f"entry {anchor.entry}"}
    assert found["object-missing"] == {anchor.proof}


def test_a_proof_that_was_edited(vault_copy: Copy, anchor: Anchor) -> None:
    path = vault_copy.folder / "objects" / anchor.proof[:2] / anchor.proof[2:]
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    found = faults(look(vault_copy))
    assert found["anchor-invalid"] == {f"entry {anchor.entry}"}
    assert "object-altered" in found


def test_a_proof_that_became_a_link(vault_copy: Copy, anchor: Anchor) -> None:
    path = vault_copy.folder / "objects" / anchor.proof[:2] / anchor.proof[2:]
    path.rename(path.with_suffix(".away"))
    path.symlink_to(path.with_suffix(".away"))
    assert faults(look(vault_copy))["anchor-missing"] == {f"entry {anchor.entry}"}


def test_an_anchor_whose_entry_was_taken_out_of_the_index(vault_copy: Copy, anchor: Anchor) -> None:
    vault_copy.sql("DELETE FROM subject WHERE id = ? AND seq = ?", f"anchor.{anchor.size}", anchor.entry)
    assert faults(look(vault_copy))["subject-missing"] == {f"entry {anchor.entry}"}


def other_digest(proof: Proof) -> Proof:
    return Proof(bytes(32), proof.paths)


def nowhere(proof: Proof) -> Proof:
    return Proof(proof.digest, (opentimestamps.Path((), proof.digest, Attestation(b"unknown!", b"")),))


@pytest.mark.parametrize(
    ("change", "claims", "code"),
    [
        (other_digest, {}, "anchor-of-other"),
        (nowhere, {}, "anchor-invalid"),
        (lambda proof: proof, {"blocks": [BLOCK - 1]}, "anchor-invalid"),
        (lambda proof: proof, {"blocks": []}, "anchor-invalid"),
        (lambda proof: proof, {"blocks": [BLOCK, BLOCK + 1]}, "anchor-invalid"),
        (lambda proof: proof, {"size": 5}, "anchor-of-other"),
        (lambda proof: proof, {"size": 10**6}, "anchor-of-other"),
        (lambda proof: proof, {"root": "00" * 32}, "anchor-of-other"),
        (lambda proof: proof, {"upgrades": 3}, "anchor-of-other"),
        (lambda proof: proof, {"upgrades": 10**6}, "anchor-of-other"),
    ],
)
def test_a_lie_by_the_holder_of_the_logs_key(
    vault_copy: Copy,
    anchor: Anchor,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Proof], Proof],
    claims: dict[str, Any],
    code: str,
) -> None:
    made = lied(vault_copy, again(anchor, change), monkeypatch, **claims)
    verdict = look(vault_copy)
    assert verdict.word == "FAILED"
    assert faults(verdict) == {code: {f"entry {made.entry}"}}


def test_the_proof_of_another_checkpoint(
    vault_copy: Copy, calendar: Calendar, anchor: Anchor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old proof under a newer checkpoint's name: entries after the anchor would seem to be older."""
    newer = anchored(vault_copy, calendar, BLOCK + 1)

    def lie(vault: Vault) -> Received:
        of = stamps.issued(vault, newer.size)
        assert of is not None
        return Received(of, anchoring.stored(vault, anchor), "")

    made = lied(vault_copy, lie, monkeypatch)
    assert newer.size > anchor.size
    assert faults(look(vault_copy)) == {"anchor-of-other": {f"entry {made.entry}"}}


def test_a_proof_in_a_second_spelling(vault_copy: Copy, anchor: Anchor, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(vault: Vault, proof: Proof) -> StoredObject:
        """One of its promises stands there twice."""
        data = opentimestamps.encode(proof)
        at = data.index(b"\x00" + opentimestamps.PENDING)
        end = at + 10 + data[at + 9]
        made = vault.store.put(data[:end] + b"\xff" + data[at:])
        return StoredObject(made.sha256, made.sha512, made.size, anchors.PROOF_TYPE)

    monkeypatch.setattr(anchoring, "_keep", twice)
    made = lied(vault_copy, again(anchor), monkeypatch)
    assert faults(look(vault_copy)) == {"anchor-invalid": {f"entry {made.entry}"}}


@pytest.mark.honest
def test_anchors_are_listed_as_the_entries_tell(vault_copy: Copy, anchor: Anchor) -> None:
    with vault_copy.open() as vault:
        pending, completed = anchors.listing(vault)
    assert (pending.entry, completed) == (anchor.upgrades, anchor)
