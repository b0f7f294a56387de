"""Getting time stamps: what is asked, kept and told, what waits, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from archiver.config import Authority as Configured
from archiver.custody import audit, queue
from archiver.custody.queue import Asked
from archiver.custody.timestamps import stamping, stamps, trust
from archiver.custody.vault import Vault, create, open_vault
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof.times import timestamp
from archiver.proof.trust.outside import Outside
from tests.authority import Authority, needs_openssl

A, B = "https://a.example/tsa", "https://b.example/tsa"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture
def vault(tmp_path: Path, authority: Authority) -> Vault:
    made = create(tmp_path / "vault", "office-a.example/archive")
    act(made, "first")
    return configured(made, authority, A)


def configured(vault: Vault, authority: Authority, *urls: str) -> Vault:
    named = tuple(Configured(url, authority.root) for url in urls)
    return replace(vault, settings=replace(vault.settings, timestamp=named))


def act(vault: Vault, name: str) -> None:
    queue.add(vault, [Asked(f"https://video.example/{name}", f"https://video.example/{name}")])
    vault.ledger.publish()


def honest(authority: Authority, **lies: Any) -> Callable[[str, bytes], bytes]:
    return lambda url, query: authority.forge(query, **lies)


def away(url: str, query: bytes) -> bytes:
    raise MachineError("nobody answers", code="timestamp-unreachable")


def verdict(vault: Vault, authority: Authority | None) -> tuple[str, set[str]]:
    vouch = trust.voucher(authority.root.read_bytes()) if authority else None
    found = audit.verify(vault.folder, outside=Outside(vouch=vouch))
    return found.word, {one.code for one in found.faults}


def test_a_stamp_is_of_the_newest_checkpoint_and_in_the_ledger(vault: Vault, authority: Authority) -> None:
    before = stamps.newest(vault)
    assert before is not None
    (made,), errors = stamping.add(vault, honest(authority))
    assert not errors
    assert (made.size, made.root, made.source) == (before.size, before.root, A)
    assert made.entry >= made.size, "told by a later entry"
    token = timestamp.check(vault.store.read(made.reply), vault.store.read(made.query), before.note)
    assert token.time == made.time
    assert b"BEGIN CERTIFICATE" in vault.store.read(made.chain)
    assert vault.store.read(made.chain).count(b"BEGIN") == 3, "signer, intermediate and root"
    assert verdict(vault, authority) == ("VERIFIED", set())


def test_the_authority_is_sealed_and_not_in_the_clear(vault: Vault, authority: Authority) -> None:
    (made,), _ = stamping.add(vault, honest(authority))
    assert b"a.example" not in vault.ledger.entry(made.entry)


@needs_openssl
def test_replies_of_openssl_are_good(vault: Vault, authority: Authority) -> None:
    (made,), errors = stamping.add(vault, lambda url, query: authority.reply(query))
    assert not errors
    assert verdict(vault, authority) == ("VERIFIED", set())
    assert made.serial.isdigit()


def test_nothing_is_asked_twice_and_proofs_alone_wait_for_nothing(vault: Vault, authority: Authority) -> None:
    stamping.add(vault, honest(authority))
    assert stamping.add(vault, away) == ([], []), "its own entry is no news"
    assert stamps.waits_for(vault, [A]) == []
    act(vault, "second")
    assert stamps.waits_for(vault, [A, B]) == [A, B]
    (again,), _ = stamping.add(vault, honest(authority))
    assert again.size > 3
    assert len(stamps.listing(vault)) == 2


def test_one_authority_that_is_away_stays_pending_and_keeps_no_other_from_stamping(
    vault: Vault, authority: Authority
) -> None:
    both = configured(vault, authority, A, B)
    made, errors = stamping.add(both, lambda url, query: (away if url == A else honest(authority))(url, query))
    assert [one.source for one in made] == [B]
    assert [error.code for error in errors] == ["timestamp-unreachable"]
    assert stamps.waits_for(both, [A, B]) == [A]
    made, errors = stamping.add(both, honest(authority))
    assert ([one.source for one in made], errors) == ([A], [])
    first, second = stamps.listing(both)
    assert second.size > first.entry, "the pending one is of what is newest then"


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"nonce": 5}, "timestamp-invalid"),
        ({"nonce": None}, "timestamp-invalid"),
        ({"imprint": bytes(32)}, "timestamp-of-other"),
        ({"status": 2}, "timestamp-invalid"),
        ({"status": 1}, "timestamp-invalid"),
        ({"time": "20200101000000Z"}, "timestamp-invalid"),
        ({"signers": 2}, "timestamp-invalid"),
        ({"signature": b"0" * 70}, "timestamp-invalid"),
        ({"digest": bytes(32)}, "timestamp-invalid"),
        ({"named": bytes(32)}, "timestamp-invalid"),
        ({"content_type": "1.2.840.113549.1.7.1"}, "timestamp-invalid"),
        ({"certificates": []}, "timestamp-invalid"),
    ],
)
def test_a_reply_that_lies_is_not_recorded(vault: Vault, authority: Authority, lies: dict[str, Any], code: str) -> None:
    made, errors = stamping.add(vault, honest(authority, **lies))
    assert not made
    assert [error.code for error in errors] == [code]
    assert stamps.listing(vault) == []
    assert stamps.waits_for(vault, [A]) == [A]
    assert verdict(vault, None) == ("VERIFIED", set())


def test_a_reply_of_another_authority_is_not_recorded(vault: Vault, tmp_path: Path) -> None:
    made, errors = stamping.add(vault, honest(Authority(tmp_path / "other", "Others")))
    assert not made
    assert [error.code for error in errors] == ["timestamp-unknown-authority"]


def test_only_configured_addresses_are_asked(vault: Vault) -> None:
    with pytest.raises(UsageError, match="not configured"):
        stamping.add(vault, away, [B])
    with pytest.raises(UsageError, match="no authority is configured"):
        stamping.add(replace(vault, settings=replace(vault.settings, timestamp=())), away)


def test_an_interruption_before_the_entry_is_mended_by_asking_again(vault: Vault, authority: Authority) -> None:
    with (
        mock.patch.object(type(vault.ledger), "append", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        stamping.add(vault, honest(authority))
    assert stamps.listing(vault) == []
    assert verdict(vault, authority) == ("INCOMPLETE", {"unrecorded-object"})
    made, _ = stamping.add(vault, honest(authority))
    assert len(made) == 1


def test_an_interruption_before_publishing_is_mended_by_the_next_command(vault: Vault, authority: Authority) -> None:
    newest = stamps.newest(vault)
    with (
        mock.patch.object(stamps, "newest", return_value=newest),
        mock.patch.object(type(vault.ledger), "publish", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        stamping.add(vault, honest(authority))
    assert verdict(vault, authority) == ("INCOMPLETE", {"unsigned-tail"})
    assert stamping.add(vault, away) == ([], [])
    assert verdict(vault, authority) == ("VERIFIED", set())


def test_a_certificate_that_ends_soon_is_carried_on_by_a_stamp_over_its_token(vault: Vault, tmp_path: Path) -> None:
    short, long = Authority(tmp_path / "short", ends=timedelta(days=30)), Authority(tmp_path / "long", "Longer")
    (old,), _ = stamping.add(configured(vault, short, A), honest(short))
    now = datetime.now(UTC)
    assert stamps.due(stamps.listing(vault), now) == [old]
    assert stamps.due(stamps.listing(vault), now, timedelta(days=7)) == []
    due, (new,), errors = stamping.renew(configured(vault, long, B), honest(long), timedelta(days=90))
    assert (due, errors) == ([old], [])
    assert new.size > old.entry, "the old token's entry is under the new one"
    assert stamps.renewed_by(old, stamps.listing(vault)) == new
    assert stamping.renew(configured(vault, long, B), away, timedelta(days=90)) == ([], [], [])


def test_queries_and_replies_can_be_carried_by_hand(vault: Vault, authority: Authority, tmp_path: Path) -> None:
    of = stamping.write_query(vault, tmp_path / "carried.tsq")
    act(vault, "meanwhile")
    reply = authority.forge((tmp_path / "carried.tsq").read_bytes())
    made = stamping.take_in(vault, reply, source="by messenger")
    assert (made.size, made.source) == (of.size, "by messenger")
    assert list(stamping.unanswered(vault)) == []
    with pytest.raises(UsageError, match="still waits for"):
        stamping.take_in(vault, reply)
    assert verdict(vault, authority) == ("VERIFIED", set())


def test_a_reply_that_was_recorded_before_the_interruption_is_not_recorded_twice(
    vault: Vault, authority: Authority, tmp_path: Path
) -> None:
    stamping.write_query(vault, tmp_path / "carried.tsq")
    reply = authority.forge((tmp_path / "carried.tsq").read_bytes())
    unlink = Path.unlink

    def interrupted(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".tsq":
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    with mock.patch.object(Path, "unlink", interrupted), pytest.raises(KeyboardInterrupt):
        stamping.take_in(vault, reply)
    assert len(stamps.listing(vault)) == 1
    stamping.take_in(vault, reply)
    assert len(stamps.listing(vault)) == 1
    assert list(stamping.unanswered(vault)) == []


def test_a_carried_reply_has_to_be_good(vault: Vault, authority: Authority, tmp_path: Path) -> None:
    stamping.write_query(vault, tmp_path / "carried.tsq")
    query = (tmp_path / "carried.tsq").read_bytes()
    with pytest.raises(EvidenceError) as caught:
        stamping.take_in(vault, authority.forge(query, imprint=bytes(32)))
    assert caught.value.code == "timestamp-of-other"
    with pytest.raises(EvidenceError, match="no token"):
        stamping.take_in(vault, b"hello")
    with pytest.raises(UsageError, match="no root"):
        stamping.take_in(replace(vault, settings=replace(vault.settings, timestamp=())), authority.forge(query))
    assert len(list(stamping.unanswered(vault))) == 1


def test_settings_name_authorities(tmp_path: Path, authority: Authority) -> None:
    made = create(tmp_path / "other", "office-a.example/archive")
    path = made.folder / "archiver.toml"
    plain = path.read_text()
    path.write_text(plain + f'[[timestamp]]\nurl = "{A}"\ncertificates = "roots.pem"\n')
    assert open_vault(made.folder, os.environ).settings.timestamp == (Configured(A, made.folder / "roots.pem"),)
    for wrong in (
        '[[timestamp]]\nurl = "x"',
        "timestamp = 3",
        '[[timestamp]]\nurl = 3\ncertificates = "x"',
        'timestamp = ["x"]',
    ):
        path.write_text(plain + wrong)
        with pytest.raises(UsageError, match="names no authorities"):
            open_vault(made.folder, os.environ)
    path.write_text(plain + f'[[timestamp]]\nurl = "{A}"\ncertificates = "r"\n' * 2)
    with pytest.raises(UsageError, match="twice"):
        open_vault(made.folder, os.environ)
