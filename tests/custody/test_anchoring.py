"""Anchoring checkpoints by way of calendars: what is given, kept, told and completed, what waits, what is refused."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpSHA1, OpSHA256
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from archiver.config import Calendar as Configured
from archiver.custody import audit, queue
from archiver.custody.queue import Asked
from archiver.custody.timestamps import anchoring, anchors, carried, stamps
from archiver.custody.timestamps.anchors import Anchor
from archiver.custody.vault import Vault, create, open_vault
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof.times import blockheaders, opentimestamps
from archiver.proof.trust.outside import Outside
from tests.calendar import Calendar, read, written

pytestmark = pytest.mark.usefixtures("easy_blocks")

A, B = "https://a.example/calendar", "https://b.example/calendar"


@pytest.fixture
def calendar() -> Calendar:
    return Calendar(A)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = create(tmp_path / "vault", "office-a.example/archive")
    act(made, "first")
    return configured(made, A)


def configured(vault: Vault, *urls: str) -> Vault:
    return replace(vault, settings=replace(vault.settings, calendar=tuple(map(Configured, urls))))


def act(vault: Vault, name: str) -> None:
    queue.add(vault, [Asked(f"https://video.example/{name}", f"https://video.example/{name}")])
    vault.ledger.publish()


def away(url: str, asked: bytes) -> bytes:
    raise MachineError("nobody answers", code="timestamp-unreachable")


def promised(vault: Vault, calendar: Calendar) -> Anchor:
    (made,), errors = anchoring.add(vault, calendar.submit)
    assert not errors
    return made


def verdict(vault: Vault, calendar: Calendar | None = None) -> tuple[str, set[str]]:
    headers = blockheaders.parse(calendar.header_lines()) if calendar else None
    found = audit.verify(vault.folder, outside=Outside(headers=headers))
    return found.word, {one.code for one in found.faults}


def test_a_promise_is_of_the_newest_checkpoint_and_in_the_ledger(vault: Vault, calendar: Calendar) -> None:
    of = stamps.newest(vault)
    assert of is not None
    made = promised(vault, calendar)
    assert (made.size, made.root, made.blocks, made.source) == (of.size, of.root, (), A)
    assert made.entry >= made.size, "told by a later entry"
    proof = read(vault.store.read(made.proof))
    assert proof.file_digest == hashlib.sha256(of.note).digest(), "any client checks it against the note"
    assert [one.uri for _, one in proof.timestamp.all_attestations()] == [A]
    assert verdict(vault) == ("VERIFIED", set())


def test_a_calendar_learns_nothing_that_leads_to_the_ledger(vault: Vault, calendar: Calendar) -> None:
    both = configured(vault, A, B)
    of = stamps.newest(vault)
    assert of is not None
    anchoring.add(both, lambda url, digest: Calendar(url).submit(url, calendar.submit(url, digest) and digest))
    digest = hashlib.sha256(of.note).digest()
    assert len(set(calendar.asked)) == 2, "two calendars see two digests"
    assert digest not in calendar.asked
    for asked in calendar.asked:
        assert len(asked) == 32
    proofs = [opentimestamps.parse(vault.store.read(one.proof)) for one in anchors.listing(vault)]
    nonces = [one.paths[0].operations[0].argument for one in proofs]
    assert [len(one) for one in nonces] == [16, 16]
    assert [hashlib.sha256(digest + one).digest() for one in nonces] == calendar.asked


def test_the_calendar_is_sealed_and_not_in_the_clear(vault: Vault, calendar: Calendar) -> None:
    assert b"a.example" not in vault.ledger.entry(promised(vault, calendar).entry)


def test_a_promise_is_completed_later_by_an_entry_of_its_own(vault: Vault, calendar: Calendar) -> None:
    pending = promised(vault, calendar)
    assert anchoring.upgrade(vault, calendar.fetch).waiting == [pending]
    calendar.mine(840_000)
    done = anchoring.upgrade(vault, calendar.fetch)
    (made,) = done.made
    assert (made.blocks, made.upgrades, made.size, made.source) == ((840_000,), pending.entry, pending.size, A)
    assert made.proof != pending.proof
    assert vault.store.read(pending.proof), "the first proof stays"
    assert anchors.pending(anchors.listing(vault)) == []
    assert anchoring.upgrade(vault, away) == anchoring.Upgraded([], [], []), "nothing is asked twice"
    assert verdict(vault) == ("VERIFIED", set())
    assert verdict(vault, calendar) == ("VERIFIED", set())


def test_the_reference_library_reads_the_completed_proof_and_finds_the_header_right(
    vault: Vault, calendar: Calendar
) -> None:
    promised(vault, calendar)
    raw = calendar.mine(840_000)
    (made,) = anchoring.upgrade(vault, calendar.fetch).made
    found = {type(one): message for message, one in read(vault.store.read(made.proof)).timestamp.all_attestations()}
    assert found[BitcoinBlockHeaderAttestation] == raw[36:68]
    assert PendingAttestation in found


def test_nothing_is_given_twice_and_proofs_alone_wait_for_nothing(vault: Vault, calendar: Calendar) -> None:
    promised(vault, calendar)
    assert anchoring.add(vault, away) == ([], []), "its own entry is no news"
    assert anchors.waits_for(vault, [A]) == []
    act(vault, "second")
    assert anchors.waits_for(vault, [A, B]) == [A, B]
    (again,), _ = anchoring.add(vault, calendar.submit)
    assert again.size > 3
    (once_more,), _ = anchoring.add(vault, calendar.submit, again=True)
    assert once_more.size > again.entry


def test_one_calendar_that_is_away_keeps_no_other_from_answering(vault: Vault, calendar: Calendar) -> None:
    both = configured(vault, B, A)
    made, errors = anchoring.add(both, lambda url, digest: (away if url == B else calendar.submit)(url, digest))
    assert [one.source for one in made] == [A]
    assert [error.code for error in errors] == ["timestamp-unreachable"]
    assert anchors.waits_for(both, [A, B]) == [B]


def test_a_calendar_that_is_away_is_asked_once_about_all_its_promises(vault: Vault, calendar: Calendar) -> None:
    for name in ("second", "third"):
        promised(vault, calendar)
        act(vault, name)
    asked: list[bytes] = []

    def fetch(url: str, message: bytes) -> bytes:
        asked.append(message)
        return away(url, message)

    done = anchoring.upgrade(vault, fetch)
    assert (len(asked), len(done.errors), len(done.waiting)) == (1, 1, 2)


def test_nobody_is_asked_whom_only_a_proof_names(vault: Vault, calendar: Calendar) -> None:
    promised(vault, calendar)
    done = anchoring.upgrade(configured(vault, B), away)
    assert (done.errors, len(done.waiting)) == ([], 1)
    with pytest.raises(UsageError, match="not configured"):
        anchoring.add(vault, away, [B])


def answered(*steps: object, block: int | None = None, uri: str | None = None) -> Callable[[str, bytes], bytes]:
    """A calendar that says this and nothing else."""

    def submit(url: str, digest: bytes) -> bytes:
        start = Timestamp(digest)
        end = start
        for step in steps:
            end = end.ops.add(step)
        if block is not None:
            end.attestations.add(BitcoinBlockHeaderAttestation(block))
        if uri is not None:
            end.attestations.add(PendingAttestation(uri))
        return written(start)

    return submit


@pytest.mark.parametrize(
    ("submit", "says"),
    [
        (lambda url, digest: b"", "cut off"),
        (lambda url, digest: b"<html>", "unknown operation"),
        (lambda url, digest: bytes(10_001), "longer than 10000"),
        (answered(OpSHA256(), uri="https://evil.example"), "leads to https://evil.example, which is not configured"),
        (answered(OpSHA1(), block=5), "not 32 bytes"),
        (answered(*[OpSHA256()] * 254, uri=A), "in a row"),
        (lambda url, digest: b"\x00unknown!\x00", "neither a block nor a calendar"),
    ],
)
def test_an_answer_of_no_use_is_not_recorded(vault: Vault, submit: Callable[[str, bytes], bytes], says: str) -> None:
    made, (error,) = anchoring.add(vault, submit)
    assert not made
    assert (error.code, says in error.what) == ("timestamp-refused", True), error.what
    assert anchors.listing(vault) == []
    assert anchors.waits_for(vault, [A]) == [A]
    assert verdict(vault) == ("VERIFIED", set())


@pytest.mark.parametrize(
    ("fetch", "says"),
    [
        (lambda url, message: b"\x08", "cut off"),
        (answered(OpSHA1(), block=5), "not 32 bytes"),
        (answered(*[OpAppend(b"x")] * 250, OpSHA256(), block=5), "in a row"),
    ],
)
def test_a_completion_of_no_use_is_not_recorded_and_stays_pending(
    vault: Vault, calendar: Calendar, fetch: Callable[[str, bytes], bytes], says: str
) -> None:
    pending = promised(vault, calendar)
    done = anchoring.upgrade(vault, fetch)
    assert (done.made, done.waiting) == ([], [pending])
    assert says in done.errors[0].what
    calendar.mine(7)
    assert len(anchoring.upgrade(vault, calendar.fetch).made) == 1


def test_a_second_promise_completes_nothing(vault: Vault, calendar: Calendar) -> None:
    pending = promised(vault, calendar)
    done = anchoring.upgrade(vault, answered(OpSHA256(), uri=A))
    assert (done.made, done.waiting, done.errors) == ([], [pending], [])


def test_a_damaged_proof_keeps_no_other_from_being_completed(vault: Vault, calendar: Calendar) -> None:
    first = promised(vault, calendar)
    act(vault, "second")
    promised(vault, calendar)
    calendar.mine(7)
    path = vault.store.path(first.proof)
    path.chmod(0o644)
    path.write_bytes(b"damaged")
    done = anchoring.upgrade(vault, calendar.fetch)
    assert (len(done.made), len(done.errors)) == (1, 1)
    assert isinstance(done.errors[0], EvidenceError)


def test_an_interruption_before_the_entry_is_mended_by_asking_again(vault: Vault, calendar: Calendar) -> None:
    with (
        mock.patch.object(type(vault.ledger), "append", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        anchoring.add(vault, calendar.submit)
    assert anchors.listing(vault) == []
    assert verdict(vault) == ("INCOMPLETE", {"unrecorded-object"})
    assert promised(vault, calendar)


def test_notes_and_proofs_can_be_carried_by_hand(vault: Vault, calendar: Calendar, tmp_path: Path) -> None:
    offline = configured(vault)
    of = carried.write_note(offline, tmp_path / "note")
    act(offline, "meanwhile")
    # Elsewhere: a client of the reference library, with a calendar that nobody configured here.
    start = Timestamp(hashlib.sha256((tmp_path / "note").read_bytes()).digest())
    hidden = start.ops.add(OpAppend(os.urandom(16))).ops.add(OpSHA256())
    end = hidden.ops.add(OpSHA256())
    end.attestations.add(PendingAttestation("https://elsewhere.example"))
    data = written(DetachedTimestampFile(OpSHA256(), start))
    made = carried.take_in(offline, data, "by messenger")
    assert (made.size, made.blocks, made.source, made.upgrades) == (of.size, (), "by messenger", None)
    assert carried.take_in(offline, data) == made, "once"
    (path,) = carried.write_pending(offline, tmp_path / "proofs")
    assert path.read_bytes() == data
    end.ops.add(OpSHA256()).attestations.add(BitcoinBlockHeaderAttestation(9))
    completed = written(DetachedTimestampFile(OpSHA256(), start))
    second = carried.take_in(offline, completed)
    assert (second.blocks, second.upgrades, second.source) == ((9,), made.entry, "by messenger")
    assert carried.take_in(offline, data) == made, "an older proof says nothing new"
    assert carried.take_in(offline, completed) == second
    assert carried.write_pending(offline, tmp_path / "proofs") == []
    assert verdict(offline) == ("VERIFIED", set())


def test_what_is_carried_in_has_to_be_of_a_checkpoint_of_this_vault(vault: Vault) -> None:
    with pytest.raises(EvidenceError, match="no OpenTimestamps proof"):
        carried.take_in(vault, b"hello")
    start = Timestamp(bytes(32))
    start.attestations.add(PendingAttestation(A))
    with pytest.raises(UsageError, match="something else"):
        carried.take_in(vault, written(DetachedTimestampFile(OpSHA256(), start)))
    assert anchors.listing(vault) == []


def test_settings_name_calendars(tmp_path: Path) -> None:
    made = create(tmp_path / "other", "office-a.example/archive")
    path = made.folder / "archiver.toml"
    plain = path.read_text()
    path.write_text(plain + f'[[calendar]]\nurl = "{A}/"\n')
    assert open_vault(made.folder, os.environ).settings.calendar == (Configured(A),), "as it names itself"
    for wrong in ("[[calendar]]\n", "calendar = 3", "[[calendar]]\nurl = 3", 'calendar = ["x"]', "[[calendar]]\nx = 1"):
        path.write_text(plain + wrong)
        with pytest.raises(UsageError, match="names no calendars"):
            open_vault(made.folder, os.environ)
    path.write_text(plain + f'[[calendar]]\nurl = "{A}"\n' + f'[[calendar]]\nurl = "{A}/"\n')
    with pytest.raises(UsageError, match="twice"):
        open_vault(made.folder, os.environ)
