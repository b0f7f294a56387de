"""Near codes are found under their keys, whatever volumes they lie in, and crowds neither hide nor drown them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from archiver.fingerprint import Fingerprint, pack
from archiver.match import lookup, sketch
from archiver.match.align import NEAR_BITS
from archiver.match.descriptor import WORDS, Codes
from archiver.match.film import CROP_STRIDE, Entries, all_entries, indexed_entries, query_entries
from archiver.match.index import volume_of
from archiver.match.lookup import Hits, Volume
from archiver.match.sketch import Probes

RNG = np.random.default_rng(7)


def some_codes(count: int) -> Codes:
    return RNG.integers(0, 2**64, (count, WORDS), np.uint64)


def volume(codes: Codes, films: int = 1) -> Volume:
    numbers = np.arange(len(codes))
    boxes = RNG.integers(0, 256, (len(codes), 4)).astype(np.uint8)
    return lookup.volume(films, codes, (numbers % films).astype(np.uint32), (numbers // films).astype(np.uint16), boxes)


def empty_like(one: Volume) -> Volume:
    return replace(
        one,
        first=np.empty_like(one.first),
        rest=np.empty_like(one.rest),
        film=np.empty_like(one.film),
        sample=np.empty_like(one.sample),
        box=np.empty_like(one.box),
    )


def asked(codes: Codes, bits: int = 16) -> Probes:
    """Codes looked up under their own keys only."""
    return Probes(codes, codes[:, :1].copy(), bits)


def flipped(codes: Codes, bits: Sequence[int]) -> Codes:
    """Codes with these bits, counted from the first of the key, turned over."""
    codes = codes.copy()
    for bit in bits:
        codes[:, bit // 64] ^= np.uint64(1 << (63 - bit % 64))
    return codes


def rows(hits: Hits) -> set[tuple[int, int, int, int]]:
    columns = (hits.row, hits.film, hits.sample, hits.support)
    return set(zip(*(column.tolist() for column in columns), strict=True))


def test_arranging_keeps_distances_and_puts_the_lowest_frequencies_first() -> None:
    codes = some_codes(50)
    arranged = sketch.arranged(codes)
    for other in (1, 7):
        before = np.bitwise_count(codes ^ np.roll(codes, other, 0)).sum(axis=1)
        after = np.bitwise_count(arranged ^ np.roll(arranged, other, 0)).sum(axis=1)
        assert before.tolist() == after.tolist()
    bits = np.zeros((2, 256), np.uint8)
    bits[0, 1], bits[1, 0] = 1, 1  # the second coefficient of the first row, and the mean
    first, last = sketch.arranged(np.packbits(bits, axis=1).view(np.uint64))
    assert first.tolist() in ([1 << 63, 0, 0, 0], [1 << 62, 0, 0, 0])
    assert last.tolist() == [0, 0, 0, 1]


def test_what_shares_the_key_and_is_near_is_found_with_its_place_and_nothing_else() -> None:
    codes = some_codes(5_000)
    held = volume(codes, films=10)
    near = flipped(codes[:20], range(100, 140))
    far = flipped(codes[:20], range(100, 100 + NEAR_BITS + 1))
    other_key = flipped(codes[:20], [3])
    assert rows(lookup.hits([held], asked(near))) == {(n, n % 10, n // 10, NEAR_BITS + 1 - 40) for n in range(20)}
    assert rows(lookup.hits([held], asked(far))) == rows(lookup.hits([held], asked(other_key))) == set()


@pytest.mark.parametrize("cuts", [[1_000], [1, 2, 3, 2_500], [3_000, 3_000]])
def test_how_codes_are_divided_among_volumes_changes_nothing(cuts: list[int]) -> None:
    codes = some_codes(3_000)
    codes[500:900] = flipped(codes[:400], [90, 200])
    whole = volume(codes, films=3_000)
    parts = [
        lookup.volume(
            len(each),
            each,
            np.arange(len(each), dtype=np.uint32),
            np.zeros(len(each), np.uint16),
            np.zeros((len(each), 4), np.uint8),
        )
        for each in np.split(codes, cuts)
    ]
    query = asked(codes[:300], bits=12)
    found = rows(lookup.hits([whole], query))
    assert len(found) >= 600
    assert rows(lookup.hits(parts, query)) == found

    lookup.merge(parts, merged := empty_like(whole))
    assert (np.diff(merged.first.astype(np.float64)) >= 0).all()
    assert rows(lookup.hits([merged], query)) == found


def test_a_merge_goes_through_long_volumes_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = some_codes(1_000)
    parts = [volume(each) for each in np.array_split(codes, 3)]
    at_once, in_parts = empty_like(volume(codes)), empty_like(volume(codes))
    lookup.merge(parts, at_once)
    monkeypatch.setattr(lookup, "_AT_A_TIME", 64)
    lookup.merge(parts, in_parts)
    for name in ("first", "rest", "film", "sample"):
        assert (getattr(at_once, name) == getattr(in_parts, name)).all()


def test_a_key_grows_with_the_index_so_that_chance_puts_the_same_under_it() -> None:
    assert [lookup.key_bits(rows, 64) for rows in (0, 1, 10**5, 10**6, 10**7, 10**8, 10**12)] == [
        10, 10, 15, 18, 22, 25, 30,
    ]  # fmt: skip


def test_a_crowd_under_one_key_hides_nobody_elses_copies_nor_its_own_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "CROWD", (100, 100))
    card = some_codes(1)
    crowd = np.repeat(card, 2_000, axis=0)
    crowd[:, 0] ^= RNG.integers(0, 2**30, 2_000, np.uint64)  # all share the first 34 bits of the key
    crowd[7] = card
    codes = np.concatenate([crowd, some_codes(500)])
    held = [volume(codes[:1_000], films=1_000), volume(codes[1_000:], films=1_500)]
    query = asked(np.concatenate([card, codes[2_300:2_301]]))
    found = rows(lookup.hits(held, query))
    assert (0, 7, 0, NEAR_BITS + 1) in found
    assert (1, 2_300, 0, NEAR_BITS + 1) in found
    assert len(found) <= 102


def test_a_query_looks_under_its_own_key_first_and_then_under_those_of_its_least_certain_signs(
    prints: dict[str, Fingerprint],
) -> None:
    film = prints["march"]
    entries = query_entries(film, 3, parts=True)
    probes = sketch.probes(film, entries, 20)
    assert probes.keys.shape == (len(entries.codes), sketch.PROBES)
    assert (probes.keys[:, 0] == probes.codes[:, 0]).all()
    changed = probes.keys ^ probes.codes[:, :1]
    assert not (changed & np.uint64((1 << 44) - 1)).any(), "only bits of the key are flipped"
    assert np.bitwise_count(np.bitwise_or.reduce(changed, axis=1)).max() <= sketch.WEAK_BITS
    assert all(len(set(row.tolist())) == sketch.PROBES for row in changed)


def test_probing_finds_a_copy_whose_signs_have_turned(prints: dict[str, Fingerprint]) -> None:
    film = prints["market"]
    noise = np.random.default_rng(3).normal(scale=9, size=film.pictures().shape)
    noisy = replace(film, blocks=pack(np.clip(film.pictures() + noise, 0, 252).astype(np.uint8)))
    held = [volume_of([film])]
    query = query_entries(noisy, 1, parts=True)
    probes = sketch.probes(noisy, query, 24)
    by_own_key = lookup.hits(held, Probes(probes.codes, probes.keys[:, :1], 24))
    by_probing = lookup.hits(held, probes)
    assert len(set(by_probing.row.tolist())) > 1.1 * len(set(by_own_key.row.tolist()))
    assert rows(by_own_key) <= rows(by_probing)


def test_of_an_indexed_film_whole_pictures_are_kept_and_a_third_of_its_crops(prints: dict[str, Fingerprint]) -> None:
    kept, everything = (
        indexed_entries(prints["march"]),
        all_entries(prints["march"], np.arange(len(prints["march"].times_ms))),
    )
    assert set(kept.sample[kept.part] % CROP_STRIDE) == {0}
    assert kept.part.sum() / everything.part.sum() == pytest.approx(1 / 3, abs=0.03)
    wanted = ~everything.part | (everything.sample % CROP_STRIDE == 0)
    assert _rows(kept) == _rows(everything, wanted)


def _rows(entries: Entries, wanted: npt.NDArray[np.bool_] | slice = slice(None)) -> list[tuple[object, ...]]:
    """Sample, box and code of each of the wanted entries."""
    columns = (entries.sample, entries.box, *entries.codes.T)
    rows = zip(*(column[wanted].tolist() for column in columns), strict=True)
    return sorted((sample, entries.boxes[box], *code) for sample, box, *code in rows)
