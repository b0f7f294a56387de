"""Signed notes and checkpoints: the example of the specification, and one spelling only."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint, note
from archiver.proof.log.checkpoint import Checkpoint

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = note.VerifierKey("office-a.example/archive", PRIVATE.public_key().public_bytes_raw())
OTHER = note.VerifierKey(
    "witness.example/w", Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
)
POINT = Checkpoint(KEY.name, 20852163, bytes(range(32)))


def signed(text: str, *more: note.Signature) -> bytes:
    return note.Note(text, (KEY.signature(PRIVATE.sign(text.encode())), *more)).encode()


def code_of(data: bytes) -> str:
    with pytest.raises(ProofError) as caught:
        checkpoint.open_signed(data, KEY)
    return caught.value.code


def test_a_note_and_key_of_the_go_implementation_are_accepted() -> None:
    # The key and the text of golang.org/x/mod/sumdb/note's documentation.
    key = note.parse_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "\u2014 PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    parsed = note.parse(text.encode())
    note.check(parsed, key)
    assert str(key).startswith("PeterNeumann+c74f20a3+")
    assert parsed.encode() == text.encode()


def test_a_signed_checkpoint_is_opened() -> None:
    data = signed(POINT.text(), OTHER.signature(bytes(72)))
    assert checkpoint.open_signed(data, KEY) == POINT
    assert note.parse_key(str(KEY)) == KEY


def test_every_byte_of_a_checkpoint_counts() -> None:
    data = signed(POINT.text())
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert code_of(changed), at
        assert code_of(data[:at]), at


@given(st.binary(max_size=200) | st.text("\n \u2014ab0=/+", max_size=60).map(str.encode))
def test_arbitrary_bytes_are_a_note_or_the_one_error(data: bytes) -> None:
    try:
        parsed = note.parse(data)
    except ProofError:
        return
    assert parsed.encode() == data


@given(st.text(max_size=100))
def test_arbitrary_text_is_a_checkpoint_or_the_one_error(text: str) -> None:
    try:
        parsed = checkpoint.parse(text)
    except ProofError:
        return
    assert parsed.text() == text


@pytest.mark.parametrize(
    "text",
    [
        POINT.text() + "extension\n",
        POINT.text().replace("20852163", "020852163"),
        POINT.text().replace("20852163", "+20852163"),
        POINT.text().replace("20852163", "20_852"),
        POINT.text().replace("20852163", "\u0661"),
        POINT.text().replace("20852163", str(2**63)),
        POINT.text().replace("=", ""),
        POINT.text().replace("Hh8=", "Hh9="),
        POINT.text()[:-1],
        POINT.text() + "\n",
        f"{KEY.name}\n1\n{base64.b64encode(bytes(31)).decode()}\n",
        "\n1\n" + base64.b64encode(bytes(32)).decode() + "\n",
    ],
)
def test_other_spellings_of_a_checkpoint_are_refused_although_they_are_signed(text: str) -> None:
    assert code_of(signed(text)) in {"checkpoint-malformed", "key-name", "note-malformed"}


def test_a_signature_of_another_text_is_named() -> None:
    line = KEY.signature(PRIVATE.sign(b"something else\n"))
    assert code_of(note.Note(POINT.text(), (line,)).encode()) == "signature-wrong"


def test_a_note_without_our_signature_is_named() -> None:
    assert code_of(note.Note(POINT.text(), (OTHER.signature(bytes(64)),)).encode()) == "signature-missing"


def test_a_line_under_our_name_and_another_key_does_not_count() -> None:
    stranger = note.VerifierKey(KEY.name, OTHER.public_key)
    assert code_of(note.Note(POINT.text(), (stranger.signature(bytes(64)),)).encode()) == "signature-missing"


def test_a_line_given_twice_is_refused() -> None:
    line = KEY.signature(PRIVATE.sign(POINT.text().encode()))
    assert code_of(note.Note(POINT.text(), (line, line)).encode()) == "signature-repeated"


def test_a_checkpoint_of_another_origin_is_refused() -> None:
    assert code_of(signed(Checkpoint("office-b.example/archive", 1, bytes(32)).text())) == "checkpoint-origin"


def test_sixteen_signatures_are_read_and_thousands_are_not() -> None:
    assert checkpoint.open_signed(signed(POINT.text(), *[OTHER.signature(bytes(4_900))] * 16), KEY) == POINT
    assert code_of(signed(POINT.text(), *[OTHER.signature(bytes(64))] * 1000)) == "note-malformed"


@pytest.mark.parametrize(
    "text",
    [
        "", "name", "name+00000000", str(KEY) + "\n", " " + str(KEY), str(KEY).upper(),
        str(KEY).replace("office-a", "office-b"), str(KEY).replace("+A", "+B"), str(KEY)[:-1],
        f"{KEY.name}+{KEY.key_id.hex()}+{base64.b64encode(KEY.public_key).decode()}",
        str(note.VerifierKey("weak.example", bytes(32))), "name+00000000+\u00e9", "na\udc80me+00000000+AA==",
    ],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        note.parse_key(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\u2003b", "a\u202eb", "a\x7fb", "x" * 256])
def test_what_cannot_name_a_key_is_refused(name: str) -> None:
    with pytest.raises(ProofError):
        note.check_name(name)
