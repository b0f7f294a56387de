"""Accessions that anybody may have written: the wrong types give a named fault, and never an error."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.bundle import history, origins, received
from archiver.proof.bundle.bag import Bag, Faults
from archiver.proof.bundle.evidence import Entry, Evidence
from archiver.proof.bundle.folder import Folder
from archiver.proof.faults import ProofError

NAMES = ("item", "exhibit", "export", "size", "root", "trust", "verdict", "faults", "opens", "field")

#: What JSON can hold, as canonical JSON restricts it.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    max_leaves=4,
)


def evidence(accession: dict[str, Any], export: dict[str, Any]) -> Evidence:
    told = Entry(3, {"type": history.TYPE, "item": "i1", "detail": accession}, {})
    exported = Entry(5, {"type": "dissemination", "outcome": "success", "detail": export}, {})
    return Evidence(
        eras=(),
        checkpoint=None,
        entries={3: told, 5: exported},
        export=exported,
        consistency=(),
        cosigned=(),
        stamped={},
        anchored={},
        about_item={"i1": [told]},
        captures={},
    )


@given(
    st.dictionaries(st.sampled_from(NAMES), VALUES),
    st.dictionaries(st.sampled_from(["withheld", "exhibits", "items"]), VALUES),
)
def test_accessions_and_exports_of_any_shape(accession: dict[str, Any], export: dict[str, Any]) -> None:
    faults = Faults()
    made = evidence(accession, export)
    empty = Bag(Folder(None), {}, {})  # type: ignore[arg-type]  # nothing is read of it
    found = received.check(empty, made, faults)
    assert found == {}
    assert {one.code for one in faults.found} <= {"entry-malformed", "history-missing"}
    assert all(isinstance(name, str) for names in received.withheld_by(made).values() for name in names)
    row = origins.row(made.entries[3], None, ())
    assert json.loads(json.dumps(row))["withheld"] is True


@given(VALUES, VALUES)
def test_a_history_that_names_anything_as_its_exhibits(exhibits: Any, item: Any) -> None:
    made = evidence({}, {"exhibits": exhibits})
    whole = history.History(Bag(Folder(None), {}, {}), made)  # type: ignore[arg-type]  # as above
    faults = Faults()
    try:
        history.check_told(whole, {"item": item, "exhibit": 1, "export": 5}, None)
    except ProofError as error:
        faults.of(error, "it")
    assert [one.code for one in faults.found] == ["history-of-other"]
