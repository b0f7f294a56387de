"""Taking in a bundle of another office: what is kept, what is told, and that nothing half stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from archiver.custody import audit, catalog, received
from archiver.custody.vault import Vault, open_vault
from archiver.engine.receiving.accession import Taken
from archiver.engine.receiving.receive import Asked, receive
from archiver.engine.receiving.sender import UnfitError
from archiver.errors import EvidenceError, MachineError, RefusedError
from archiver.model import Role
from archiver.proof.bundle import history, layout
from archiver.proof.faults import INCOMPLETE, VERIFIED
from archiver.proof.times import clock
from archiver.proof.trust import policy
from archiver.proof.trust.outside import Outside
from archiver.report.export import export
from archiver.report.withholding.withheld import ask
from tests.receiving_story import FIRST_USE, entries, office, take_in
from tests.report.bundle_story import CASE, FILM, NEIGHBOUR, ORIGIN, PHOTO, REPOST, Bundle, film, ingested, item
from tests.small_disk import fill
from tests.vault_story import Copy

EXHIBITS = [FILM, REPOST, PHOTO]


def key_of(bundle: Path) -> str:
    return (bundle / layout.KEY).read_text("utf-8").splitlines()[0]


def test_items_come_in_with_their_objects_and_a_history_that_verifies(
    received_copy: Copy, exported_bundle: Path
) -> None:
    verdict = received_copy.verify()
    assert (verdict.word, verdict.checked["histories"], verdict.checked["items"]) == (VERIFIED, 1, 3)
    with received_copy.open() as vault:
        film, repost, photo = catalog.items(vault)
        assert (film.case, film.uploader, film.source) == (CASE, "someone", ORIGIN)
        assert film.url == "", "nobody here asked for it"
        assert "alert(1)" in film.title
        (original,) = film.of_role(Role.ORIGINAL)
        assert (exported_bundle / "data/exhibits/001/original-1.mp4").read_bytes() == vault.store.read(
            original.object.sha256
        )
        assert original.name == f"{FILM}.bin", "as the other office discloses it"
        assert {one.role for one in film.holdings} == {
            Role.ORIGINAL, Role.INFO, Role.EXCHANGE, Role.METADATA, Role.FINGERPRINT, Role.HISTORY
        }  # fmt: skip
        assert film.summary["width"] == 96, "examined here"
        assert [one.name for one in film.of_role(Role.HISTORY)] == ["history.zip", "fingerprint-1.bin", "metadata.json"]
        (told,) = received.of_item(vault, film.id)
        assert (told.origin, told.detail["item"], told.detail["exhibit"]) == (ORIGIN, FILM, 1)
        assert (told.detail["trust"], told.detail["verdict"], told.detail["faults"]) == ("first-use", "VERIFIED", [])
        found = received.read_history(vault, told)
        for path in found.bag.files:
            assert found.bag.read(path, layout.MAX_OTHER_BYTES) == (exported_bundle / path).read_bytes()
        about = [one.type for one in history.about(found.evidence, FILM)]
        assert about.count("capture") == 2
        assert {"request", "ingestion", "match", "decision"} <= set(about)
        assert b"office-a" not in vault.ledger.entry(told.entry), "with whom an office works is sealed"
    assert repost.id != photo.id


def test_received_items_are_matched_like_others(received_copy: Copy) -> None:
    with received_copy.open() as vault:
        film, repost, _ = catalog.items(vault)
        pairs = vault.database.read().execute("SELECT a, b, finding FROM match").fetchall()
    assert (film.id, repost.id, "same-recording") in pairs


def test_the_same_bundle_again_is_said_to_be_a_duplicate_and_leaves_nothing(
    received_copy: Copy, exported_bundle: Path
) -> None:
    with received_copy.open() as vault:
        before = entries(vault)
        again = take_in(vault, exported_bundle, Asked())
        assert [one.outcome for one in again.rows] == ["duplicate"] * 3
        assert again.sender.trust == "known"
        assert entries(vault) == before
    assert received_copy.verify().word == VERIFIED


def test_a_later_bundle_adds_what_is_new(received_copy: Copy, exporting_vault: Vault, tmp_path: Path) -> None:
    export(exporting_vault, [*EXHIBITS, NEIGHBOUR], CASE, tmp_path / "later")
    with received_copy.open() as vault:
        more = take_in(vault, tmp_path / "later", Asked())
        assert [one.outcome for one in more.rows] == ["extended"] * 3 + ["archived"]
        film = catalog.items(vault)[0]
        first, second = received.of_item(vault, film.id)
        assert second.detail["export"] > first.detail["export"]
        newer = history.about(received.read_history(vault, second).evidence, FILM)
        older = history.about(received.read_history(vault, first).evidence, FILM)
        assert len(newer) > len(older)
    verdict = received_copy.verify()
    assert (verdict.word, verdict.checked["histories"]) == (VERIFIED, 2)


# Who sent it


def test_a_key_is_given_or_listed_and_which_it_was_is_on_record(withholding_bundle: Path, tmp_path: Path) -> None:
    key = key_of(withholding_bundle)
    listing = policy.parse(f"log {key}\nquorum none\n".encode())
    for trust, asked, outside in (
        ("given", Asked(key=key), Outside()),
        ("policy", Asked(), Outside(policy=listing)),
    ):
        vault = office(tmp_path / trust)
        assert take_in(vault, withholding_bundle, asked, outside).sender.trust == trust
        assert {one["detail"]["trust"] for one in entries(vault, "accession")} == {trust}


def test_a_key_that_nobody_vouches_for_is_refused_and_nothing_is_kept(exported_bundle: Path, tmp_path: Path) -> None:
    vault = office(tmp_path / "vault")
    with pytest.raises(RefusedError, match="nobody vouches") as error:
        take_in(vault, exported_bundle, Asked())
    assert "--first-use" in error.value.next_step
    (refusal,) = entries(vault, "refusal")
    assert refusal["reason"] == "sender-unconfirmed"
    assert_nothing_kept(vault)


def test_another_key_than_before_is_refused_also_on_first_use(received_copy: Copy, tmp_path: Path) -> None:
    """Another vault that calls itself by the same name, with a film that is held already."""
    stranger = office(tmp_path / "stranger", ORIGIN)
    ingested(stranger, "nstrange22.1", item(stranger, "istrange22", "nstrange22.1", film(1), "video/mp4"))
    export(stranger, [], CASE, tmp_path / "bundle", withhold=ask([], ["pictures"]))
    with received_copy.open() as vault:
        with pytest.raises(RefusedError, match="another key"):
            take_in(vault, tmp_path / "bundle")
        done = take_in(vault, tmp_path / "bundle", Asked(key=key_of(tmp_path / "bundle")))
        assert done.sender.trust == "given"
        assert done.rows[0].same == catalog.items(vault)[0].id, "of whose bytes it is"
        assert len(entries(vault, "refusal")) == 1
    assert received_copy.verify().word == VERIFIED


# What is refused


def assert_nothing_kept(vault: Vault) -> None:
    """No item, no object, nothing in the working folder; and the vault verifies."""
    assert catalog.items(vault) == []
    assert list(vault.store.names()) == []
    assert list(vault.working.iterdir()) == []
    assert audit.verify(vault).word == VERIFIED


def test_a_bundle_that_failed_is_refused_with_its_faults(bundle: Bundle, tmp_path: Path) -> None:
    bundle.write("data/exhibits/001/original-1.mp4", b"another film")
    vault = office(tmp_path / "vault")
    with pytest.raises(UnfitError) as error:
        take_in(vault, bundle.folder)
    assert "digest-differs" in {fault.code for fault in error.value.faults}
    assert [one["reason"] for one in entries(vault, "refusal")] == ["bundle-failed"]
    assert_nothing_kept(vault)


def test_a_bundle_that_was_not_checked_whole_is_taken_in_with_a_word_only(
    withholding_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock here is behind: the other office's entries are of a time that has not come."""
    vault = office(tmp_path / "vault")
    with monkeypatch.context() as patch:
        patch.setattr(clock, "latest", lambda: "2020-01-01T00:00:00.000000Z")
        with pytest.raises(UnfitError, match="could not be checked whole"):
            take_in(vault, withholding_bundle)
        done = take_in(vault, withholding_bundle, Asked(first_use=True, incomplete=True))
    assert done.verdict.word == INCOMPLETE
    told = [one["detail"] for one in entries(vault, "accession")]
    assert {(one["verdict"], *one["faults"]) for one in told} == {("INCOMPLETE", "time-ahead")}
    assert audit.verify(vault).word == VERIFIED, "the clock is right again"


def test_a_zip_of_another_program_is_not_read_whatever_is_accepted(exported_bundle: Path, tmp_path: Path) -> None:
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", exported_bundle)
    vault = office(tmp_path / "vault")
    with pytest.raises(UnfitError, match="too little"):
        take_in(vault, Path(packed), Asked(first_use=True, incomplete=True))
    assert_nothing_kept(vault)


@pytest.mark.parametrize("path", ["../../planted", "data/exhibits/001/../../../../planted", "/planted"])
def test_a_name_that_leads_out_is_refused_and_nothing_is_written_there(
    path: str, exported_bundle: Path, tmp_path: Path
) -> None:
    from tests.tamper.test_bundle_zips import zipped

    files = {
        one.relative_to(exported_bundle).as_posix(): one.read_bytes()
        for one in exported_bundle.rglob("*")
        if one.is_file()
    }
    (tmp_path / "bundle.zip").write_bytes(zipped({**files, path: b"planted"}))
    vault = office(tmp_path / "inner" / "vault")
    with pytest.raises(UnfitError):
        take_in(vault, tmp_path / "bundle.zip")
    assert_nothing_kept(vault)
    assert not list(tmp_path.rglob("planted*"))


def test_a_link_and_a_pipe_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    import os

    secret = tmp_path / "secret"
    secret.write_bytes(b"not for others")
    place = bundle.folder / "data/exhibits/001/original-1.mp4"
    place.unlink()
    place.symlink_to(secret)
    os.mkfifo(bundle.folder / "data/exhibits/001/info-2.json")
    vault = office(tmp_path / "vault")
    with pytest.raises(UnfitError) as error:
        take_in(vault, bundle.folder)
    assert {"link", "special-file"} <= {fault.code for fault in error.value.faults}
    assert_nothing_kept(vault)


def test_a_file_that_is_larger_than_this_vault_takes_is_refused_before_anything(
    exported_bundle: Path, tmp_path: Path
) -> None:
    vault = office(tmp_path / "vault")
    settings = vault.folder / "archiver.toml"
    settings.write_text(settings.read_text("utf-8") + "[limits]\nfile_bytes = 1000\n", "utf-8")
    vault = open_vault(vault.folder, {})
    with pytest.raises(RefusedError, match="larger than 1000 bytes"):
        take_in(vault, exported_bundle)
    assert_nothing_kept(vault)


# What goes wrong in the middle


def exchanged(bundle: Bundle, path: str) -> None:
    bundle.write(path, b"x" * len(bundle.read(path)))


@pytest.mark.parametrize("path", ["data/exhibits/001/info.json", layout.EXPORT_CHECKPOINT])
def test_what_was_checked_is_what_is_kept(path: str, changing_bundle: Bundle, tmp_path: Path) -> None:
    """A file is exchanged after its digest was taken."""
    vault = office(tmp_path / "vault")

    def at_the_end(done: int, total: int) -> None:
        if done == total:
            exchanged(changing_bundle, path)

    with pytest.raises((EvidenceError, RefusedError)) as error:
        receive(vault, changing_bundle.folder, FIRST_USE, Outside(), checking=at_the_end)
    assert error.value.code in ("file-changing", "bundle-failed")
    assert catalog.items(vault) == []
    assert audit.verify(vault).word in (VERIFIED, INCOMPLETE)
    assert not [one for one in vault.store.names() if one[1].read_bytes().startswith(b"xxx")]


def test_a_file_exchanged_while_others_are_taken_in_keeps_those_and_is_not_kept(
    changing_bundle: Bundle, withholding_bundle: Path, tmp_path: Path
) -> None:
    vault = office(tmp_path / "vault")
    path = "data/exhibits/002/info.json"

    def then(taken: Taken) -> None:
        if taken.exhibit == 1:
            exchanged(changing_bundle, path)

    with pytest.raises(EvidenceError, match="not any more what it was"):
        receive(vault, changing_bundle.folder, FIRST_USE, Outside(), observe=then)
    assert len(catalog.items(vault)) == 1
    assert audit.verify(vault).word == VERIFIED
    changing_bundle.write(path, (withholding_bundle / path).read_bytes())
    assert [one.outcome for one in take_in(vault, changing_bundle.folder).rows] == ["duplicate", "archived", "archived"]
    assert audit.verify(vault).word == VERIFIED


def test_what_is_cut_off_goes_on_with_the_next_call(withholding_bundle: Path, tmp_path: Path) -> None:
    vault = office(tmp_path / "vault")

    def stop(taken: Taken) -> None:
        if taken.exhibit == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        receive(vault, withholding_bundle, FIRST_USE, Outside(), observe=stop)
    assert audit.verify(vault).word == VERIFIED
    assert all(received.of_item(vault, one.id) for one in catalog.items(vault)), "no item without its history"
    assert [one.outcome for one in take_in(vault, withholding_bundle).rows] == ["duplicate", "duplicate", "archived"]
    assert len(catalog.items(vault)) == 3
    assert not vault.database.read().execute("SELECT id FROM acquisition WHERE NOT matched").fetchall()
    assert audit.verify(vault).word == VERIFIED


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_half(withholding_bundle: Path, small_disk, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    disk = small_disk(4000)
    vault = office(disk / "vault")
    ballast = fill(disk, 60_000)
    with pytest.raises(MachineError):
        take_in(vault, withholding_bundle)
    assert all(received.of_item(vault, one.id) for one in catalog.items(vault))
    ballast.unlink()
    vault.ledger.publish()
    assert audit.verify(vault).word in (VERIFIED, INCOMPLETE)
    take_in(vault, withholding_bundle)
    assert len(catalog.items(vault)) == 3
    assert audit.verify(vault).word == VERIFIED


# What is withheld


def test_items_whose_originals_are_withheld_come_as_digests_only(
    exporting_vault: Vault, withholding_bundle: Path, tmp_path: Path
) -> None:
    vault = office(tmp_path / "vault")
    rows = take_in(vault, withholding_bundle).rows
    assert [one.outcome for one in rows] == ["archived"] * 3
    assert {"original", "fingerprint"} <= set(rows[0].withheld)
    film = catalog.items(vault)[0]
    assert (film.note, film.uploader, film.of_role(Role.ORIGINAL)) == ("", "someone", ())
    (told,) = received.of_item(vault, film.id)
    held = {one.object.sha256 for one in film.holdings}
    digests = {
        one["role"]: one["sha256"] for one in history.digests_only(received.read_history(vault, told), FILM, held)
    }
    assert digests["original"] == catalog.item(exporting_vault, FILM).of_role(Role.ORIGINAL)[0].object.sha256
    assert audit.verify(vault).word == VERIFIED


@pytest.mark.slow
def test_an_original_that_comes_later_makes_an_item_of_its_own(
    received_copy: Copy, withholding_bundle: Path, exported_bundle: Path, tmp_path: Path
) -> None:
    """The other way round nothing new comes: all that is offered is held."""
    with received_copy.open() as vault:
        rows = take_in(vault, withholding_bundle, Asked()).rows
        assert [one.outcome for one in rows] == ["extended"] * 3
        assert len(catalog.items(vault)) == 3
    vault = office(tmp_path / "other")
    first = take_in(vault, withholding_bundle).rows[2]
    later = take_in(vault, exported_bundle, Asked()).rows[2]
    assert (later.outcome, later.item_id == first.item_id) == ("archived", False)
    assert audit.verify(vault).word == VERIFIED
