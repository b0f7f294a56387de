"""Every place of every document of a real bundle, replaced by a value of the wrong kind: a fault, never an error."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from tests.report.bundle_story import Bundle

DOCUMENTS = [
    layout.REPORT_JSON,
    layout.DISCLOSURES,
    layout.EXPORT_DISCLOSURES,
    layout.EXPORT_ENTRY,
    layout.EXPORT_FILES,
    layout.EXPORT_PROOFS,
]
WRONG: list[Any] = [None, [], {}, -1, "x"]


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value; of long arrays only to the first two."""
    if above:
        yield above
    inside = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, part in inside:
        yield from places(part, (*above, key))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_value_of_the_wrong_kind_is_a_fault(bundle: Bundle, name: str) -> None:
    whole = bundle.json(name)
    for number, way in enumerate(list(places(whole))[:: 4 if name == layout.REPORT_JSON else 1]):
        changed = copy.deepcopy(whole)
        inner = changed
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = WRONG[number % len(WRONG)]
        if changed == whole:
            continue
        bundle.write(name, canonical.encode(changed))
        assert verify(bundle.folder).word == "FAILED", way


def test_an_entry_that_calls_itself_another_kind_of_event_is_a_fault(bundle: Bundle) -> None:
    """Whoever holds the key can sign such an entry: what else it lacks then may stop no check."""
    paths = [one.relative_to(bundle.folder).as_posix() for one in sorted(bundle.folder.glob("data/ledger/entries/*"))]
    kinds = [*dict.fromkeys(bundle.json(path)["type"] for path in paths), "time stamp", "time anchor", "x"]
    assert {"match", "decision"} < set(kinds)
    for number, path in enumerate(paths):
        whole = bundle.json(path)
        for kind in {kinds[number % len(kinds)], kinds[(number + 1) % len(kinds)], "match", "capture"} - {
            whole["type"]
        }:
            bundle.write(path, canonical.encode({**whole, "type": kind}))
            assert verify(bundle.folder).word == "FAILED", (path, kind)
        bundle.write(path, canonical.encode(whole))
