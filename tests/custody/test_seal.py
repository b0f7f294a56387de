"""Sealing: 16 commitments whatever is sealed, and disclosures that the verifier opens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.custody.seal import COMMITMENTS, seal
from archiver.errors import RefusedError
from archiver.model import SEALED_FIELDS
from archiver.proof import disclosure

FIELDS = st.dictionaries(st.sampled_from(SEALED_FIELDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=80))


@given(FIELDS)
def test_the_verifier_opens_exactly_what_was_sealed(fields: dict[str, str]) -> None:
    sealed = seal(fields)
    assert len(sealed.commitments) == len(set(sealed.commitments)) == COMMITMENTS
    assert sealed.commitments == sorted(sealed.commitments)
    opened = disclosure.check(
        [disclosure.make(salt, name, value) for name, salt, value in sealed.openings], sealed.commitments
    )
    assert opened == {name: value for name, value in fields.items() if value}


def test_sealing_the_same_twice_shows_nothing_in_common() -> None:
    fields = {"agent": "unnamed", "note": "x"}
    assert not set(seal(fields).commitments) & set(seal(fields).commitments)


def test_decoys_end_as_digests_end() -> None:
    # 43 base64url characters of 32 bytes: the last one carries 4 bits and can only be one of 16.
    ends = {one[-1] for _ in range(100) for one in seal({"note": "x"}).commitments}
    assert ends == set("AEIMQUYcgkosw048")
    assert {len(one) for one in seal({}).commitments} == {43}


def test_a_name_that_is_not_in_the_list_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        seal({"colour": "red"})


@pytest.mark.parametrize(("value", "code"), [("clip\udcff.mp4", "not-unicode"), ("x" * 70_000, "field-too-long")])
def test_what_no_disclosure_can_hold_is_refused(value: str, code: str) -> None:
    with pytest.raises(RefusedError) as caught:
        seal({"file_name": value})
    assert caught.value.code == code
