"""OpenTimestamps proofs with the standard library: the reference library and ours read what the other wrote."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation, UnknownAttestation
from opentimestamps.core.op import OpAppend, OpHexlify, OpKECCAK256, OpPrepend, OpReverse, OpRIPEMD160, OpSHA1, OpSHA256
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from archiver.proof.faults import ProofError
from archiver.proof.times import opentimestamps, otsbytes
from archiver.proof.times.opentimestamps import APPEND, SHA256, Attestation, Operation, Proof
from archiver.proof.times.otsbytes import number
from archiver.proof.times.ripemd160 import pure, ripemd160
from tests.calendar import read, written

VECTORS = Path(__file__).parents[2] / "vectors" / "opentimestamps"
STAMPED = b"checkpoint\n"
DIGEST = hashlib.sha256(STAMPED).digest()
START = opentimestamps.MAGIC + b"\x01\x08" + DIGEST
BLOCK = b"\x00" + opentimestamps.BITCOIN + b"\x03\xf7\xef\x15"


def made() -> DetachedTimestampFile:
    """A proof with every operation and kind of attestation but keccak256, over several branches."""
    start = Timestamp(DIGEST)
    one = start.ops.add(OpAppend(b"\x01" * 16)).ops.add(OpSHA256())
    one.attestations.add(PendingAttestation("https://b.calendar.example"))
    one.attestations.add(PendingAttestation("https://a.calendar.example"))
    one.attestations.add(UnknownAttestation(bytes(range(8)), b"\xff" * 300))
    two = one.ops.add(OpPrepend(b"\x02" * 200)).ops.add(OpSHA256())
    two.attestations.add(BitcoinBlockHeaderAttestation(358_391))
    three = one.ops.add(OpHexlify()).ops.add(OpRIPEMD160()).ops.add(OpSHA1()).ops.add(OpSHA256())
    three.attestations.add(BitcoinBlockHeaderAttestation(0))
    with pytest.warns(PendingDeprecationWarning):
        start.ops.add(OpReverse()).attestations.add(BitcoinBlockHeaderAttestation(2**40))
    return DetachedTimestampFile(OpSHA256(), start)


def code_of(data: bytes) -> str:
    with pytest.raises(ProofError) as caught:
        opentimestamps.parse(data)
    return caught.value.code


def test_what_the_reference_library_wrote_is_read_and_written_back_byte_for_byte() -> None:
    data = written(made())
    proof = opentimestamps.parse_strictly(data)
    assert opentimestamps.encode(proof) == data
    assert proof.digest == DIGEST
    assert proof.blocks == (0, 358_391, 2**40)
    assert [one.attestation.calendar for one in proof.pending] == [
        "https://a.calendar.example", "https://b.calendar.example",
    ]  # fmt: skip


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_both_libraries_come_to_the_same_messages() -> None:
    theirs = {(message, repr(one)) for message, one in made().timestamp.all_attestations()}
    ours = set()
    for path in opentimestamps.parse(written(made())).paths:
        one = path.attestation
        if one.block is not None:
            ours.add((path.message, repr(BitcoinBlockHeaderAttestation(one.block))))
        elif one.calendar is not None:
            ours.add((path.message, repr(PendingAttestation(one.calendar))))
        else:
            ours.add((path.message, repr(UnknownAttestation(one.tag, one.payload))))
    assert ours == theirs


def test_the_vectors_that_the_reference_library_wrote_are_read() -> None:
    complete = opentimestamps.parse_strictly((VECTORS / "complete.ots").read_bytes())
    pending = opentimestamps.parse_strictly((VECTORS / "pending.ots").read_bytes())
    note = (VECTORS / "checkpoint").read_bytes()
    assert complete.digest == pending.digest == hashlib.sha256(note).digest()
    assert (pending.blocks, complete.blocks) == ((), (840_000, 840_003))
    assert {one.attestation.calendar for one in pending.pending} == {
        "https://a.calendar.example", "https://b.calendar.example",
    }  # fmt: skip


_OPERATIONS = st.one_of(
    st.builds(Operation, st.sampled_from([APPEND, opentimestamps.PREPEND]), st.binary(min_size=1, max_size=40)),
    st.builds(Operation, st.sampled_from([SHA256, opentimestamps.SHA1, opentimestamps.RIPEMD160])),
)
_ATTESTATIONS = st.one_of(
    st.builds(lambda height: Attestation(opentimestamps.BITCOIN, number(height)), st.integers(0, 2**40)),
    st.builds(
        lambda name: Attestation(opentimestamps.PENDING, number(len(name)) + name.encode()),
        st.text("abc./:", max_size=150),
    ),
    st.builds(lambda payload: Attestation(b"unknown!", payload), st.binary(max_size=200)),
)


@given(st.lists(st.tuples(st.lists(_OPERATIONS, max_size=6), _ATTESTATIONS), min_size=1, max_size=6))
def test_what_we_write_the_reference_library_reads_and_writes_the_same(
    parts: list[tuple[list[Operation], Attestation]],
) -> None:
    paths = []
    for operations, attestation in parts:
        message = DIGEST
        for one in operations:
            message = one.apply(message)
        paths.append(opentimestamps.Path(tuple(operations), message, attestation))
    data = opentimestamps.encode(Proof(DIGEST, tuple(paths)))
    assert written(read(data)) == data
    assert set(opentimestamps.parse_strictly(data).paths) == set(paths)


def test_a_calendars_answer_leads_on_from_where_it_was_asked() -> None:
    hidden = (Operation(APPEND, b"n" * 16), Operation(SHA256))
    message = hashlib.sha256(DIGEST + b"n" * 16).digest()
    answer = Timestamp(message)
    answer.ops.add(OpSHA256()).attestations.add(BitcoinBlockHeaderAttestation(9))
    paths = opentimestamps.after(hidden, opentimestamps.parse_reply(written(answer), message))
    assert (
        read(opentimestamps.encode(Proof(DIGEST, paths))).timestamp.ops[OpAppend(b"n" * 16)].ops[OpSHA256()] == answer
    )


@given(st.integers(0, 2**63 - 1))
def test_numbers_have_one_spelling(value: int) -> None:
    reader = otsbytes.Reader(number(value))
    assert reader.number() == value
    reader.end()


@pytest.mark.parametrize(
    "data",
    [
        START + b"\xff" + BLOCK + BLOCK,  # one attestation twice
        START + b"\xff\x08" + BLOCK + b"\x08" + BLOCK.replace(b"\xf7", b"\xf6"),  # one operation in two branches
        START + b"\xff\x08" + BLOCK + BLOCK,  # an attestation after an operation
        START + b"\xff\xf0\x01b" + BLOCK + b"\xf0\x01a" + BLOCK,  # the greater argument first
        START + b"\xf0\x81\x00a" + BLOCK,  # a length with a byte too many
    ],
)
def test_a_second_spelling_is_read_and_never_believed_as_recorded(data: bytes) -> None:
    proof = opentimestamps.parse(data)
    assert opentimestamps.parse_strictly(opentimestamps.encode(proof)).blocks == proof.blocks
    with pytest.raises(ProofError, match="not spelt"):
        opentimestamps.parse_strictly(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no OpenTimestamps proof"),
        (START[:10], "no OpenTimestamps proof"),
        (opentimestamps.MAGIC, "cut off"),
        (opentimestamps.MAGIC + b"\x02\x08" + DIGEST + BLOCK, "another version"),
        (opentimestamps.MAGIC + b"\x01\x02" + DIGEST[:20] + BLOCK, "not SHA-256"),
        (START, "cut off"),
        (START + b"\xff" + BLOCK, "cut off"),
        (START + BLOCK + b"\x00", "does not belong"),
        (START + b"\x09" + BLOCK, "unknown operation, 0x09"),
        (START + b"\xff\xff" + BLOCK, "unknown operation, 0xff"),
        (START + b"\x67" + BLOCK, "keccak256"),
        (START + b"\xf0\x00" + BLOCK, "appends nothing"),
        (START + b"\xf0\x81\x20" + bytes(4097) + BLOCK, "longer than 4096"),
        (START + b"\xf0\xe1\x1f" + bytes(4065) + BLOCK, "longer than 4096 bytes"),
        (START + b"\xf3" * 8 + BLOCK, "longer than 4096 bytes"),
        (START + b"\x08" * 256 + BLOCK, "in a row"),
        (START + b"\x00" + opentimestamps.BITCOIN + b"\x81\x40" + bytes(8193), "longer than 8192"),
        (START + b"\x00" + opentimestamps.BITCOIN + b"\x04\xf7\xef\x95\x00", "longer than it has to be"),
        (START + b"\x00" + opentimestamps.BITCOIN + b"\x04\xf7\xef\x15\x00", "does not belong"),
        (START + b"\x00" + opentimestamps.BITCOIN + b"\x00", "cut off"),
        (START + b"\x00" + opentimestamps.BITCOIN + b"\x0a" + b"\xff" * 9 + b"\x01", "larger than any"),
        (START + b"\x00" + opentimestamps.PENDING + b"\x05\x04a?b=", "characters that none has"),
        (START + b"\x00" + opentimestamps.PENDING + b"\xeb\x07\xe9\x07" + b"a" * 1001, "longer than 1000"),
        (bytes(opentimestamps.MAX_PROOF_BYTES + 1), "longer than 65536"),
    ],
)
def test_each_malformed_proof_is_named_by_one_fault(data: bytes, says: str) -> None:
    with pytest.raises(ProofError, match=says) as caught:
        opentimestamps.parse(data)
    assert caught.value.code == "anchor-invalid"


def test_all_operations_together_are_bounded() -> None:
    branch = b"\x08" * 200 + BLOCK
    wide = START + b"".join(b"\xff\xf0\x01" + bytes([one]) + branch for one in range(4)) + b"\xf0\x01\x09" + branch
    assert code_of(wide) == "anchor-invalid"


def test_attestations_are_bounded() -> None:
    ends = [b"\x00unknown!\x01" + bytes([one]) for one in range(101)]

    def node(parts: list[bytes]) -> bytes:
        return b"".join(b"\xff" + one for one in parts[:-1]) + parts[-1]

    assert len(opentimestamps.parse_strictly(START + node(ends[:100])).paths) == 100
    assert code_of(START + node(ends)) == "anchor-invalid"


def test_an_answer_longer_than_any_is_not_read() -> None:
    with pytest.raises(ProofError, match="10000"):
        opentimestamps.parse_reply(bytes(10_001), DIGEST)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_gives_another_proof_or_our_own_error(at: int, value: int) -> None:
    data = (VECTORS / "complete.ots").read_bytes()
    at %= len(data)
    changed = data[:at] + bytes([value]) + data[at + 1 :]
    with suppress(ProofError):
        proof = opentimestamps.parse_strictly(changed)
        assert (proof == opentimestamps.parse(data)) == (changed == data)
        assert written(read(changed)) == changed, "the reference library reads what we accept"


@given(st.binary(max_size=300))
def test_any_bytes_give_our_own_error(data: bytes) -> None:
    for start in (b"", START, START + b"\x00" + opentimestamps.PENDING):
        with suppress(ProofError):
            proof = opentimestamps.parse(start + data)
            assert opentimestamps.parse_strictly(opentimestamps.encode(proof)).digest == DIGEST


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_ripemd160_is_that_of_others(length: int) -> None:
    message = os.urandom(length)
    from Cryptodome.Hash import RIPEMD160

    assert pure(message) == ripemd160(message) == RIPEMD160.new(message).digest()


def test_ripemd160_has_the_digests_of_its_paper() -> None:
    assert pure(b"").hex() == "9c1185a5c5e9fc54612808977ee8f548b2258d31"
    assert pure(b"abc").hex() == "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"


def test_keccak256_of_another_chain_is_refused_clearly() -> None:
    start = Timestamp(DIGEST)
    start.ops.add(OpKECCAK256()).attestations.add(UnknownAttestation(b"ethereum", b""))
    with pytest.raises(ProofError, match="keccak256"):
        opentimestamps.parse(written(DetachedTimestampFile(OpSHA256(), start)))
