"""cosignature/v1: the specification's form, one spelling, and what must not pass for a cosignature."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.log import checkpoint, note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.trust import cosignature
from archiver.proof.trust.cosignature import WitnessKey

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = WitnessKey("witness.example.com/w1", PRIVATE.public_key().public_bytes_raw())
TEXT = Checkpoint("example.com/behind-the-sofa", 20852163, bytes(range(32))).text()


def line(text: str = TEXT, time: int = 1_679_315_147, key: WitnessKey = KEY) -> note.Signature:
    return key.signed(time, PRIVATE.sign(cosignature.message(text, time)))


def cosigned(*lines: note.Signature) -> note.Note:
    return note.Note(TEXT, lines)


def refused(signed: note.Note, key: WitnessKey = KEY) -> str:
    with pytest.raises(ProofError) as caught:
        cosignature.check(signed, key)
    return caught.value.code


def test_the_signed_message_is_spelt_as_the_specification_shows_it() -> None:
    root = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    text = Checkpoint("example.com/behind-the-sofa", 20852163, root).text()
    assert cosignature.message(text, 1_679_315_147) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )


def test_a_cosignature_gives_its_time() -> None:
    assert cosignature.check(cosigned(line()), KEY) == 1_679_315_147
    assert cosignature.check(cosigned(), KEY) is None
    assert len(line().signature) == 72


def test_a_line_of_the_same_key_for_a_log_is_another_key() -> None:
    """The type is part of the key id: a log's own signature never counts as a witness's."""
    log = note.VerifierKey(KEY.name, KEY.public_key)
    assert log.key_id != KEY.key_id
    assert cosignature.check(cosigned(log.signature(PRIVATE.sign(TEXT.encode()))), KEY) is None


def test_a_plain_signature_of_the_text_is_no_cosignature() -> None:
    plain = KEY.signed(5, PRIVATE.sign(TEXT.encode()))
    assert refused(cosigned(plain)) == "cosignature-wrong"


def test_a_cosignature_of_another_checkpoint_or_time_is_named() -> None:
    assert refused(cosigned(line(TEXT.replace("20852163", "20852164")))) == "cosignature-wrong"
    shifted = note.Signature(KEY.name, KEY.key_id, (1).to_bytes(8, "big") + line().signature[8:])
    assert refused(cosigned(shifted)) == "cosignature-wrong"


@pytest.mark.parametrize("time", [0, 2**53, 2**64 - 1])
def test_a_time_that_is_none_is_refused_although_it_is_signed(time: int) -> None:
    assert refused(cosigned(line(time=time))) == "cosignature-malformed"


def test_a_key_that_signs_twice_is_named_and_not_counted_twice() -> None:
    assert refused(cosigned(line(), line())) == "cosignature-repeated"
    assert refused(cosigned(line(), line(time=7))) == "cosignature-repeated"


@pytest.mark.parametrize("length", [63, 64, 71, 73])
def test_another_length_is_no_cosignature(length: int) -> None:
    assert refused(cosigned(note.Signature(KEY.name, KEY.key_id, bytes(length)))) == "cosignature-malformed"


def test_every_bit_of_a_cosignature_counts() -> None:
    good = line().signature
    for at in range(0, 72 * 8, 5):
        changed = bytearray(good)
        changed[at // 8] ^= 1 << at % 8
        assert refused(cosigned(note.Signature(KEY.name, KEY.key_id, bytes(changed))))


def test_another_implementation_of_the_signature_may_be_given() -> None:
    asked: list[bytes] = []

    def verify(key: bytes, signature: bytes, message: bytes) -> bool:
        asked.append(message)
        return True

    assert cosignature.check(cosigned(KEY.signed(9, bytes(64))), KEY, verify) == 9
    assert asked == [cosignature.message(TEXT, 9)]


@given(st.integers(1, 2**53 - 1), st.binary(min_size=64, max_size=64))
def test_lines_are_read_as_they_were_written(time: int, signature: bytes) -> None:
    one = KEY.signed(time, signature)
    data = cosignature.encode_lines([one, line()])
    assert cosignature.parse_lines(data) == (one, line())
    assert cosignature.encode_lines(cosignature.parse_lines(data)) == data


@given(st.binary(max_size=200) | st.text("\n \u2014ab0=/+", max_size=60).map(str.encode))
def test_arbitrary_answers_are_lines_or_the_one_error(data: bytes) -> None:
    try:
        lines = cosignature.parse_lines(data)
    except ProofError:
        return
    assert cosignature.encode_lines(lines) == data


def test_an_answer_that_holds_a_whole_note_is_no_answer() -> None:
    with pytest.raises(ProofError):
        cosignature.parse_lines(TEXT.encode() + b"\n" + line().line().encode())


def test_a_newer_line_takes_the_place_of_its_keys_older_one() -> None:
    other = WitnessKey("other.example/w", KEY.public_key)
    signed = cosigned(line(time=1), line(key=other))
    again = cosignature.with_line(signed, line(time=2))
    assert [(one.name, int.from_bytes(one.signature[:8], "big")) for one in again.signatures] == [
        (other.name, 1_679_315_147),
        (KEY.name, 2),
    ]
    assert checkpoint.parse(again.text)


def test_a_witness_key_is_spelt_in_one_way() -> None:
    assert cosignature.parse_key(str(KEY)) == KEY


@pytest.mark.parametrize(
    "text",
    [
        "", "name", str(KEY) + "\n", str(KEY)[:-1], str(KEY).replace("w1", "w2"), str(KEY).upper(),
        str(note.VerifierKey(KEY.name, KEY.public_key)),  # the log's type of key
        str(WitnessKey("weak.example", bytes(32))),  # of small order
        str(WitnessKey("weak.example", (1).to_bytes(32, "little"))),
        str(WitnessKey("no-point.example", b"\xff" * 32)),
        str(WitnessKey("second-spelling.example", (2**255 - 19 + 1).to_bytes(32, "little"))),
        str(WitnessKey("short.example", bytes(31))), "na\udc80me+00000000+BAAA", "name+00000000+\u00e9",
    ],
)  # fmt: skip
def test_what_is_no_witness_key_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        cosignature.parse_key(text)
