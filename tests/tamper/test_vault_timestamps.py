"""Attacks on the time stamps of a finished vault, each with the fault that names it.

Undetectable without roots from outside: a token by an authority of the attacker's own, told by the ledger from the
start. With `--tsa-roots` it is named, and without any root it is said that nothing is proved.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.config import Authority as Configured
from archiver.custody import audit
from archiver.custody.timestamps import stamping, stamps, trust
from archiver.custody.timestamps.stamps import Stamp
from archiver.proof.faults import ProofError, Verdict
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.trust.outside import Outside
from tests.authority import Authority
from tests.vault_story import Copy


def days_away(days: int) -> str:
    """A time at which the authority's certificate is good."""
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture
def stamp(vault_copy: Copy, authority: Authority) -> Stamp:
    return stamped(vault_copy, authority)


def stamped(copy: Copy, authority: Authority, **lies: Any) -> Stamp:
    """A stamp, told by the ledger; lies are told by somebody who holds the log's key."""
    with copy.open() as vault:
        named = (Configured("https://a.example/tsa", authority.root),)
        vault = replace(vault, settings=replace(vault.settings, timestamp=named))
        made, errors = stamping.add(vault, lambda url, query: authority.forge(query, **lies))
        assert not errors, errors
        return made[0]


def look(copy: Copy, authority: Authority | None) -> Verdict:
    vouch = trust.voucher(authority.root.read_bytes()) if authority else None
    return audit.verify(copy.folder, outside=Outside(vouch=vouch))


def faults(verdict: Verdict) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in verdict.faults:
        found.setdefault(one.code, set()).add(one.subject)
    return found


@pytest.mark.honest
def test_a_good_stamp_is_told_with_what_it_proves(vault_copy: Copy, authority: Authority, stamp: Stamp) -> None:
    verdict = look(vault_copy, authority)
    assert verdict.word == "VERIFIED"
    assert verdict.checked["timestamps"] == 1
    (told,) = verdict.told["timestamps"]
    assert (told["size"], told["time"], told["signature_checked"]) == (stamp.size, stamp.time, True)


@pytest.mark.honest
def test_without_any_root_nothing_is_taken_as_proved(vault_copy: Copy, stamp: Stamp) -> None:
    verdict = look(vault_copy, None)
    assert verdict.word == "INCOMPLETE"
    assert faults(verdict) == {"timestamp-untrusted": {f"entry {stamp.entry}"}}


@pytest.mark.honest
def test_roots_of_the_settings_are_used_where_no_others_are_given(
    vault_copy: Copy, authority: Authority, stamp: Stamp
) -> None:
    with (vault_copy.folder / "archiver.toml").open("a") as settings:
        settings.write(f'[[timestamp]]\nurl = "https://a.example/tsa"\ncertificates = "{authority.root}"\n')
    assert look(vault_copy, None).word == "VERIFIED"


@pytest.mark.needs_memory
def test_an_authority_of_the_attackers_own_is_unknown_to_the_reader(
    vault_copy: Copy, authority: Authority, tmp_path: Path
) -> None:
    own = stamped(vault_copy, Authority(tmp_path / "own", "Stamps"))
    verdict = look(vault_copy, authority)
    assert verdict.word == "FAILED"
    assert faults(verdict) == {"timestamp-unknown-authority": {f"entry {own.entry}"}}


def test_a_token_that_was_removed(vault_copy: Copy, authority: Authority, stamp: Stamp) -> None:
    for name in (stamp.reply, stamp.query, stamp.chain):
        path = vault_copy.folder / "objects" / name[:2] / name[2:]
        kept = path.read_bytes()
        path.unlink()
        found = faults(look(vault_copy, authority))
        assert found["timestamp-missing"] == {f"entry {stamp.entry}"}
        assert found["object-missing"] == {name}
        path.write_bytes(kept)
        path.chmod(0o444)


def test_a_token_that_was_edited(vault_copy: Copy, authority: Authority, stamp: Stamp) -> None:
    path = vault_copy.folder / "objects" / stamp.reply[:2] / stamp.reply[2:]
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    found = faults(look(vault_copy, authority))
    assert found["timestamp-invalid"] == {f"entry {stamp.entry}"}
    assert "object-altered" in found


def test_a_stamp_whose_entry_was_taken_out_of_the_index(vault_copy: Copy, authority: Authority, stamp: Stamp) -> None:
    vault_copy.sql("DELETE FROM subject WHERE id = ?", f"timestamp.{stamp.size}")
    found = faults(look(vault_copy, authority))
    assert found["subject-missing"] == {f"entry {stamp.entry}"}


def told_by_the_holder_of_the_key(
    copy: Copy, authority: Authority, monkeypatch: pytest.MonkeyPatch, **lies: Any
) -> Stamp:
    """What somebody with the log's key writes into the ledger without this program's checks."""
    lied = lies.pop("claims", {})

    def believe(reply: bytes, query: bytes, note: bytes, roots: object, carried: bytes = b"") -> trust.Checked:
        from archiver.proof.times import timestamp

        token = replace(timestamp.parse_reply(reply), **lied)
        return trust.Checked(token, "0" * 64, "2030-01-01T00:00:00.000000Z", authority.root.read_bytes())

    with monkeypatch.context() as patched:
        patched.setattr(trust, "check", believe)
        patched.setattr(stamping, "TOLERANCE", timedelta(days=9000))
        return stamped(copy, authority, **lies)


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"imprint": bytes(32)}, "timestamp-of-other"),
        ({"nonce": 3}, "timestamp-invalid"),
        ({"nonce": None}, "timestamp-invalid"),
        ({"time": "20210101000000Z"}, "timestamp-invalid"),
        ({"time": days_away(-2)}, "timestamp-invalid"),
        ({"time": days_away(3)}, "timestamp-invalid"),
        ({"time": "20990101000000Z"}, "timestamp-invalid"),
        ({"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"}, "timestamp-invalid"),
        ({"claims": {"time": "2026-01-01T00:00:00.000000Z"}}, "timestamp-of-other"),
        ({"claims": {"serial": 9}}, "timestamp-of-other"),
    ],
)
def test_a_lie_by_the_holder_of_the_logs_key(
    vault_copy: Copy, authority: Authority, monkeypatch: pytest.MonkeyPatch, lies: dict[str, Any], code: str
) -> None:
    made = told_by_the_holder_of_the_key(vault_copy, authority, monkeypatch, **lies)
    verdict = look(vault_copy, authority)
    assert verdict.word == "FAILED"
    assert faults(verdict) == {code: {f"entry {made.entry}"}}


def test_the_token_of_another_checkpoint(
    vault_copy: Copy, authority: Authority, monkeypatch: pytest.MonkeyPatch, stamp: Stamp
) -> None:
    """The old token under the newest checkpoint's name: entries after the stamp would seem to be older."""
    with vault_copy.open() as vault:
        old = (vault.store.read(stamp.reply), vault.store.read(stamp.query))
        monkeypatch.setattr(stamping, "make_query", lambda of: old[1])
        monkeypatch.setattr(stamps, "waits_for", lambda vault, urls: list(urls))
        monkeypatch.setattr(authority, "forge", lambda query, **lies: old[0])
    made = told_by_the_holder_of_the_key(vault_copy, authority, monkeypatch)
    monkeypatch.undo()
    assert made.size > stamp.size
    assert faults(look(vault_copy, authority)) == {"timestamp-of-other": {f"entry {made.entry}"}}


@pytest.mark.honest
def test_only_issued_checkpoints_can_be_stamped(vault_copy: Copy, stamp: Stamp) -> None:
    with vault_copy.open() as vault:
        of = stamps.issued(vault, stamp.size)
        assert of is not None
        assert checkpoints.parse(note.parse(of.note).text).root.hex() == stamp.root
        assert stamps.issued(vault, 10**6) is None
    with pytest.raises(ProofError):
        trust.check_by_itself(b"", b"", b"", b"")
