"""Sealed fields: RFC 9901's own example, and disclosures that do not belong."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof import canonical, disclosure
from archiver.proof.faults import ProofError

SALT = "_26bc4LT-ac6q2KI6cBW5w"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def test_the_commitment_of_the_standard_is_ours() -> None:
    # RFC 9901, 4.2.3: the digest is over the characters of the disclosure as they stand.
    one = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert disclosure.commitment(one) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


@given(st.binary(min_size=16, max_size=16), TEXTS)
def test_a_disclosure_opens_what_was_sealed(salt: bytes, value: str) -> None:
    text = base64.urlsafe_b64encode(salt).decode().rstrip("=")
    one = disclosure.make(text, "title", value)
    assert disclosure.read(one) == disclosure.Opened("title", value, text)
    assert disclosure.check([one], [disclosure.commitment(one)]) == {"title": value}


@given(st.text(max_size=80))
def test_arbitrary_text_is_a_disclosure_or_the_one_error(text: str) -> None:
    try:
        opened = disclosure.read(text)
    except ProofError:
        return
    assert disclosure.make(opened.salt, opened.name, opened.value) == text


def _code(*disclosures: str, sealed: list[str]) -> str:
    with pytest.raises(ProofError) as caught:
        disclosure.check(disclosures, sealed)
    return caught.value.code


def test_a_disclosure_of_another_entry_is_named() -> None:
    mine, other = disclosure.make(SALT, "note", "a"), disclosure.make(SALT, "note", "b")
    assert _code(other, sealed=[disclosure.commitment(mine)]) == "disclosure-foreign"


def test_two_disclosures_of_one_field_are_named() -> None:
    both = [disclosure.make(SALT, "note", "a"), disclosure.make(SALT, "note", "b")]
    assert _code(*both, sealed=[disclosure.commitment(one) for one in both]) == "disclosure-repeated"
    assert _code(both[0], both[0], sealed=[disclosure.commitment(both[0])]) == "disclosure-repeated"


@pytest.mark.parametrize(
    "array",
    [[SALT, "note"], [SALT, "note", 1], {"a": 1}, [SALT, "Note", "x"], ["c2hvcnQ", "note", "x"], ["!", "a", "x"]],
)
def test_what_is_not_salt_name_and_value_is_refused(array: object) -> None:
    text = base64.urlsafe_b64encode(canonical.encode(array)).decode().rstrip("=")
    with pytest.raises(ProofError):
        disclosure.read(text)


def test_padding_and_the_other_alphabet_are_second_spellings() -> None:
    one = disclosure.make(SALT, "note", "ab\u00ff\u00fb?>")
    for other in (one + "=", one + "==", one + "\n", one[:-1]):
        with pytest.raises(ProofError):
            disclosure.read(other)
