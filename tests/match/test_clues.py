"""What the index has of a candidate is read from it, and not made again."""

import numpy as np

from archiver.fingerprint import BLOCK, Fingerprint
from archiver.match import clues, lookup, sketch
from archiver.match.clues import MOST_ROWS, Clues
from archiver.match.film import Entries, indexed_entries, query_entries
from archiver.match.index import Index, retrieve
from archiver.match.lookup import Hits
from archiver.match.ranking import Candidate


def _rows(entries: Entries) -> list[tuple[object, ...]]:
    columns = (entries.sample, entries.box, *entries.codes.T)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    edges = [tuple(round(each * 255) for each in (box.left, box.top, box.right, box.bottom)) for box in entries.boxes]
    return sorted((sample, edges[box], *code) for sample, box, *code in rows)


def test_a_candidates_entries_are_those_that_it_was_indexed_by(prints: dict[str, Fingerprint]) -> None:
    index = Index()
    for name, each in prints.items():
        index.add(name, each)
    found = retrieve(prints["march"], index, lambda name: name == "march")
    [(candidate, clue)] = clues.of(found.candidates, found.entries, found.hits, index.volumes)
    assert index.name(candidate.film) == "march"
    assert len(clue.item.codes) > 100
    assert set(_rows(clue.item)) <= set(_rows(indexed_entries(prints["march"])))
    assert set(_rows(clue.query)) <= set(_rows(query_entries(prints["march"], 1, parts=True)))
    asked, there = clue.pairs
    assert (asked == there).any()


def test_codes_that_were_arranged_are_restored(prints: dict[str, Fingerprint]) -> None:
    codes = indexed_entries(prints["market"]).codes
    assert (sketch.restored(sketch.arranged(codes)) == codes).all()


def test_rows_are_numbered_through_all_volumes() -> None:
    chance = np.random.default_rng(1)
    codes = chance.integers(0, 2**64, (50, 4), np.uint64)
    boxes = chance.integers(0, 256, (50, 4)).astype(np.uint8)
    parts = [
        lookup.volume(1, codes[some], np.zeros(len(some), np.uint32), some.astype(np.uint16), boxes[some])
        for some in (np.arange(20), np.arange(20, 50))
    ]
    sample = np.concatenate([part.sample for part in parts])
    there, corners = lookup.rows_at(parts, np.arange(50))
    assert (there == codes[sample]).all()
    assert (corners == boxes[sample]).all()


def test_of_a_crowd_the_best_rows_of_each_sample_are_taken() -> None:
    count = 4 * MOST_ROWS
    place = np.arange(count)
    hits = Hits(place, np.zeros(count, np.int64), place // 8, place % 8 + 1, place)
    query = Entries(
        np.zeros((count, 4), np.uint64),
        (place // 8).astype(np.int32),
        np.zeros(count, np.int32),
        np.zeros(count, np.int8),
        np.zeros(count, np.bool_),
        (),
    )
    volume = lookup.volume(
        1,
        np.arange(4 * count, dtype=np.uint64).reshape(count, 4),
        np.zeros(count, np.uint32),
        (place // 8).astype(np.uint16),
        np.zeros((count, 4), np.uint8),
    )
    [(_, clue)] = clues.of([Candidate(0, (0,), 9)], query, hits, [volume])
    assert len(clue.item.codes) == len(clue.query.codes) == MOST_ROWS
    assert set(clue.item.sample.tolist()) == set(range(count // 8)), "none is left out"


def test_what_lies_near_the_found_samples_is_aligned_in_likely_blocks_only() -> None:
    none = Entries(*(np.empty(0),) * 5, boxes=())  # type: ignore[arg-type]
    clue = Clues(none, none, (np.arange(2), np.array([20, BLOCK + 40])))
    assert clues.around(clue, (0,), 2 * BLOCK).tolist() == list(range(8, 33))
    assert clues.around(clue, (0, 1), 2 * BLOCK)[-1] == BLOCK + 52
