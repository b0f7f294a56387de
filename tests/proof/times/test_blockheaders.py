"""Headers of blocks that a reader brings: a real one, ones made for the tests, and what is no header."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.times import blockheaders
from tests.calendar import EASY, header

#: The first block of the Bitcoin chain, as everybody knows it.
GENESIS = bytes.fromhex(
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e"
    "67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)
ROOT = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
VECTORS = Path(__file__).parents[2] / "vectors" / "opentimestamps"


def test_the_first_block_is_read() -> None:
    found = blockheaders.read(0, GENESIS)
    assert (found.merkle_root[::-1].hex(), found.time) == (ROOT, 1_231_006_505)
    assert found.hash == "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", "its name everywhere"
    assert found.work == 0x100010001, "difficulty 1, as every node counts it"


def test_a_file_has_a_line_for_each_block(easy_blocks: None) -> None:
    found = blockheaders.parse(b"# from a node of ours\n\n0 %s # genesis\r\n7\t%s\n" % (
        GENESIS.hex().encode(), header(b"r" * 32, 99).hex().upper().encode(),
    ))  # fmt: skip
    assert (sorted(found), found[7].merkle_root, found[7].time) == ([0, 7], b"r" * 32, 99)
    assert blockheaders.parse(b"") == {}


def test_a_header_of_another_length_is_refused() -> None:
    with pytest.raises(ProofError, match="80 bytes"):
        blockheaders.read(0, GENESIS[:-1])


@pytest.mark.parametrize("at", [0, 40, 70, 77])
def test_an_edited_header_bears_no_proof_of_work(at: int) -> None:
    edited = GENESIS[:at] + bytes([GENESIS[at] ^ 1]) + GENESIS[at + 1 :]
    with pytest.raises(ProofError, match="no proof of work"):
        blockheaders.read(0, edited)


@pytest.mark.parametrize("bits", [0, 0x1D000000, 0x1D800001, 0x217FFFFF, 0xFF7FFFFF, 0x02000001, 0x01000000])
def test_a_target_that_no_block_can_have_is_refused(bits: int) -> None:
    with pytest.raises(ProofError, match="no proof of work"):
        blockheaders.read(1, GENESIS[:72] + struct.pack("<I", bits) + GENESIS[76:])


def test_a_header_that_costs_nothing_is_none_of_the_chain() -> None:
    with pytest.raises(ProofError, match="less work than any block"):
        blockheaders.parse((VECTORS / "headers.txt").read_bytes())


def test_more_work_is_told_as_more(easy_blocks: None) -> None:
    easy, harder = (blockheaders.read(1, header(b"r" * 32, 9, bits)) for bits in (EASY, 0x1F3FFFFF))
    assert (easy.work, harder.work) == (4, 4 * 256)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"hello", "line 1 is no height"),
        (b"0 " + GENESIS.hex().encode()[:-2], "line 1 is no height"),
        (b"\n01 " + GENESIS.hex().encode(), "line 2 is no height"),
        (b"-1 " + GENESIS.hex().encode(), "line 1 is no height"),
        (b"0 " + GENESIS.hex().encode() + b" 1", "line 1 is no height"),
        (b"0 " + GENESIS[::-1].hex().encode(), "line 1: the header of block 0 bears no proof"),
        ((b"0 " + GENESIS.hex().encode() + b"\n") * 2, "line 2 gives block 0 a second time"),
        (bytes(blockheaders.MAX_FILE_BYTES + 1), "longer than"),
    ],
)
def test_what_is_no_file_of_headers_is_named(data: bytes, says: str) -> None:
    with pytest.raises(ProofError, match=says) as caught:
        blockheaders.parse(data)
    assert caught.value.code == "block-headers-malformed"


@given(st.binary(min_size=80, max_size=80))
def test_any_80_bytes_give_a_header_or_our_own_error(raw: bytes) -> None:
    with suppress(ProofError):
        assert blockheaders.read(5, raw).work > 0
