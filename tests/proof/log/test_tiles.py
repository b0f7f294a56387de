"""C2SP tlog-tiles: names, bundles, and hashes read out of tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.log import merkle, tiles
from archiver.proof.log.tiles import ENTRIES, WIDTH, Tile


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(2, 1234067), "tile/2/x001/x234/067"),
        (Tile(ENTRIES, 1000, 1), "tile/entries/x001/000.p/1"),
        (Tile(63, 999), "tile/63/999"),
    ],
)
def test_names_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert tiles.parse_path(path) == tile


@given(st.integers(ENTRIES, 63), st.integers(0, 2**56), st.integers(1, WIDTH))
def test_a_name_leads_back_to_its_tile(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert tiles.parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000", "tile/64/000", "tile/0/0", "tile/0/x000/001", "tile/0/001/002", "tile/0/x001/x002",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p", "/tile/0/000", "tile/0/000/",
        "tile/0/../000", "tile/0/000\n", "tile/entries/000.p/-1", "tile/0/\u0660\u0660\u0660", "", "checkpoint",
    ],
)  # fmt: skip
def test_other_spellings_of_a_name_are_refused(path: str) -> None:
    with pytest.raises(ProofError):
        tiles.parse_path(path)


def test_the_tiles_of_70000_entries_are_those_of_the_specification() -> None:
    found = [tile for tile in tiles.tiles_of(70_000) if tile.level != ENTRIES]
    assert len([tile for tile in found if tile.level == 0 and tile.width == WIDTH]) == 273
    assert [tile for tile in found if tile.level > 0] == [Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert tiles.right_edge(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert Tile(0, 273, 112).until() == 70_000
    assert tiles.right_edge(256) == [Tile(1, 0, 1)]
    assert list(tiles.tiles_of(0)) == tiles.right_edge(0) == []


@given(st.lists(st.binary(max_size=300), max_size=WIDTH))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    data = tiles.encode_bundle(entries)
    assert tiles.decode_bundle(data, len(entries)) == entries


@given(st.binary(max_size=80), st.integers(0, 5))
def test_arbitrary_bytes_are_a_bundle_or_the_one_error(data: bytes, count: int) -> None:
    try:
        entries = tiles.decode_bundle(data, count)
    except ProofError:
        return
    assert tiles.encode_bundle(entries) == data


@pytest.mark.parametrize(
    ("data", "count"), [(b"\0", 1), (b"\0\x02a", 1), (b"\0\x01a", 2), (b"\0\x01a\0\0", 1), (b"", 1)]
)
def test_a_bundle_with_half_missing_or_extra_entries_is_refused(data: bytes, count: int) -> None:
    with pytest.raises(ProofError):
        tiles.decode_bundle(data, count)


def test_an_entry_too_long_for_its_length_is_refused() -> None:
    assert len(tiles.encode_bundle([bytes(65_535)])) == 65_537
    with pytest.raises(ProofError):
        tiles.encode_bundle([bytes(65_536)])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700, 65_536 + 300])
def test_proofs_from_tiles_lead_to_the_root(size: int) -> None:
    leaves = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(size)]
    levels = [leaves]
    while len(levels[-1]) >= WIDTH:
        below = levels[-1]
        levels.append([merkle.root_of(below[at : at + WIDTH]) for at in range(0, len(below) - WIDTH + 1, WIDTH)])

    def read(tile: Tile) -> bytes:
        return b"".join(levels[tile.level][tile.index * WIDTH : tile.index * WIDTH + tile.width])

    root = merkle.root_of(leaves)
    edge = [(tile, tiles.split_hashes(read(tile), tile.width)) for tile in tiles.right_edge(size)]
    assert tiles.edge_range(size, edge).root() == root
    hash_at = tiles.TileHashes(size, read)
    for index in {0, size // 3, size // 2, size - 1}:
        merkle.check_inclusion(leaves[index], index, size, merkle.inclusion_proof(index, size, hash_at), root)
        proof = merkle.consistency_proof(index + 1, size, hash_at)
        merkle.check_consistency(index + 1, merkle.root_of(leaves[: index + 1]), size, root, proof)
    with pytest.raises(ProofError):
        hash_at(0, size)
    with pytest.raises(ProofError):
        hash_at(size.bit_length(), 0)


def test_a_tile_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ProofError):
        tiles.split_hashes(bytes(33), 1)
