"""Items are matched as they come in, once, and nothing that is damaged stands in the way of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archiver.custody import catalog, findings
from archiver.custody.audit import verify
from archiver.custody.vault import Vault, create
from archiver.demo import footage
from archiver.engine.ingest import Label, ingest
from archiver.engine.matching import Matcher, _the_other_way, examine_outside_file
from archiver.fingerprint import IMAGE_ALGORITHM
from archiver.model import Finding, Role
from archiver.proof.faults import VERIFIED
from archiver.standard import PDQ


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A clip, a mirrored copy of it, the same bytes under another name, and another clip."""
    folder = tmp_path_factory.mktemp("clips")
    march = footage.scene(folder / "a-march.mp4", "march", seconds=5, size=(320, 180), sound=False)
    mirrored = footage.mirrored(march, folder / "b-mirrored.mp4")
    again = folder / "c-again.mp4"
    again.write_bytes(march.read_bytes())
    other = footage.scene(folder / "d-market.mp4", "market", seconds=4, size=(320, 180), sound=False)
    return [march, mirrored, again, other]


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return create(tmp_path / "vault")


@pytest.mark.slow
def test_copies_are_found_once_and_named_in_the_order_in_which_they_came(vault: Vault, clips: list[Path]) -> None:
    march, mirrored, again, other = (taken.item_id for taken in ingest(vault, clips, Label()))
    found = {(match.a, match.b): match for match, _ in findings.listing(vault)}
    assert set(found) == {(march, mirrored), (march, again)}, "what is identical has the matches of the first"
    assert found[march, again].finding is Finding.IDENTICAL
    assert found[march, mirrored].finding is Finding.SAME_RECORDING
    assert found[march, mirrored].transform["mirror"] is True
    (segment,) = found[march, mirrored].segments
    assert segment.a_start == pytest.approx(segment.b_start, abs=0.3)
    assert segment.b_end - segment.b_start > 4
    assert other not in {item for pair in found for item in pair}

    for acquisition in {item.acquisition_id for item in catalog.items(vault)}:
        Matcher(vault).match_acquisition(acquisition)
    assert len(findings.listing(vault)) == len(found)
    assert findings.unmatched(vault) == []


def still(clips: list[Path], folder: Path, name: str, *, tail: bytes = b"") -> Path:
    """A picture from the first clip; `tail` makes other bytes of it and leaves the picture as it is."""
    path = footage.still(clips[0], folder / name, second=2)
    path.write_bytes(path.read_bytes() + tail)
    return path


def test_other_bytes_with_the_same_fingerprint_are_a_near_match(
    vault: Vault, clips: list[Path], tmp_path: Path
) -> None:
    paths = [still(clips, tmp_path, "a.png"), still(clips, tmp_path, "b.png", tail=b"!")]
    one, other = (taken.item_id for taken in ingest(vault, paths, Label()))
    prints = {
        (held.name, held.object.sha256) for item in catalog.items(vault) for held in item.of_role(Role.FINGERPRINT)
    }
    assert {name for name, _ in prints} == {IMAGE_ALGORITHM, PDQ}
    assert len(prints) == 2
    ((match, _),) = findings.listing(vault)
    assert (match.a, match.b, match.kind, match.finding) == (one, other, "near", Finding.SAME_RECORDING)


def test_of_many_with_the_same_bytes_the_first_has_the_matches(vault: Vault, clips: list[Path], tmp_path: Path) -> None:
    """Matches grow with the copies, not with their square: the others are identical to the first."""
    paths = [still(clips, tmp_path, name) for name in ("a.png", "b.png", "c.png")]
    paths.insert(2, still(clips, tmp_path, "near.png", tail=b"!"))
    first, second, near, third = (taken.item_id for taken in ingest(vault, paths, Label()))
    found = {(match.a, match.b): match.kind.value for match, _ in findings.listing(vault)}
    assert found == {(first, second): "identical", (first, near): "near", (first, third): "identical"}
    # Both have the very fingerprint, so that only their names order them.
    assert {found.item_id for found in Matcher(vault).search(stored_prints(vault, near), "0" * 64)[1]} == {first, near}


def test_each_case_has_the_matches_of_its_own_copies(vault: Vault, clips: list[Path], tmp_path: Path) -> None:
    """A case is exported by itself: that its items are copies must not hang on an item of another one."""
    (elsewhere,) = (t.item_id for t in ingest(vault, [still(clips, tmp_path, "a.png")], Label(case="elsewhere")))
    paths = [still(clips, tmp_path, name) for name in ("b.png", "c.png")]
    paths.append(still(clips, tmp_path, "near.png", tail=b"!"))
    one, other, near = (taken.item_id for taken in ingest(vault, paths, Label(case="here")))
    found = {frozenset((match.a, match.b)): match.kind.value for match, _ in findings.listing(vault)}
    assert found == {
        frozenset((elsewhere, one)): "identical", frozenset((elsewhere, other)): "identical",
        frozenset((one, other)): "identical", frozenset((elsewhere, near)): "near", frozenset((one, near)): "near",
    }  # fmt: skip


def stored_prints(vault: Vault, item_id: str) -> list[bytes]:
    held = catalog.item(vault, item_id).of_role(Role.FINGERPRINT)
    return [vault.store.read(each.object.sha256) for each in held]


@pytest.mark.slow
def test_what_was_not_matched_before_a_crash_is_matched_by_the_next_run(vault: Vault, clips: list[Path]) -> None:
    ingest(vault, clips[:1], Label())
    ingest(vault, clips[3:], Label())
    with vault.database.write() as transaction:
        transaction.execute("UPDATE acquisition SET matched = 0")
    assert len(findings.unmatched(vault)) == 2
    Matcher(vault).match_leftovers()
    assert findings.unmatched(vault) == []


@pytest.mark.slow
def test_a_damaged_or_missing_fingerprint_does_not_stop_the_matching_of_others(
    vault: Vault, clips: list[Path], tmp_path: Path
) -> None:
    items = [taken.item_id for taken in ingest(vault, [clips[3]], Label())]
    held = catalog.item(vault, items[0]).of_role(Role.FINGERPRINT)[0]
    path = vault.store.path(held.object.sha256)
    for damage in (lambda: path.write_bytes(b"no fingerprint"), path.unlink):
        path.chmod(0o644)
        damage()
        assert Matcher(vault).search([], "0" * 64) == ([], [])
        if not path.exists():
            break
    taken = ingest(vault, clips[:2], Label())
    ((match, _),) = findings.listing(vault)
    assert {match.a, match.b} == {row.item_id for row in taken}


def test_the_other_way_round_a_copy_is_slower_and_turned_back() -> None:
    transform = {"mirror": True, "speed": 1.25, "turn": 90, "crop": 0.5}
    assert _the_other_way(transform) == {"mirror": True, "speed": 0.8, "turn": 270, "crop": 0.5}
    assert json.loads(json.dumps(_the_other_way({}))) == {}


@pytest.mark.slow
def test_a_pair_may_have_one_finding_on_its_pictures_and_one_on_its_sound(vault: Vault, tmp_path: Path) -> None:
    march = footage.scene(tmp_path / "march.mp4", "march", seconds=8, size=(160, 90))
    copy = footage.mirrored(march, tmp_path / "copy.mp4")
    first, second = (taken.item_id for taken in ingest(vault, [march, copy], Label()))
    found = [match for match, _ in findings.listing(vault)]
    assert {match.finding for match in found} == {Finding.SAME_RECORDING, Finding.SAME_SOUND}
    assert {(match.a, match.b) for match in found} == {(first, second)}
    sound = next(match for match in found if match.finding is Finding.SAME_SOUND)
    (segment,) = sound.segments
    assert segment.b_end - segment.b_start == pytest.approx(8, abs=0.5)

    blobs, sha256 = examine_outside_file(copy, vault)
    identical, near = Matcher(vault).search(blobs, sha256)
    assert identical == [second]
    assert {(one.item_id, one.finding) for one in near} >= {
        (first, Finding.SAME_SOUND),
        (first, Finding.SAME_RECORDING),
    }
    assert verify(vault.folder).word == VERIFIED
