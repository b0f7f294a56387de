"""Claims about a group of copies: made where the values bear them, and withheld with a reason where they do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archiver.proof.lineage import claims, lineage
from archiver.proof.lineage.claims import Claim
from archiver.proof.lineage.copies import Edge
from archiver.proof.lineage.traits import Copy, Picture, Posted

DAY = "2024-03-14T{}.000000Z"
PICTURE = Picture("a" * 64, 1_000_000, "b" * 64, 1280, 720, 300, 10_000, "h264", "")


def posted(first: str, last: str = "") -> Posted:
    return Posted(DAY.format(first), DAY.format(last or first), "timestamp", "c" * 64)


def copy(item: str, entry: int, **told: object) -> Copy:
    return replace(Copy(item, entry, DAY.format("20:00:00")), **told)  # type: ignore[arg-type]  # each test's own


def claim(name: str, *group: Copy) -> Claim:
    (found,) = (one for one in claims.claims(group) if one.name == name)
    return found


def test_who_was_here_first_is_told_by_the_order_of_entries_not_by_clocks() -> None:
    late_clock = copy("ia", 5, acquired=DAY.format("23:00:00"))
    assert claim("first-here", copy("ib", 9), late_clock).items == ["ia"]


@pytest.mark.parametrize(
    ("a", "b", "items", "why"),
    [
        (posted("10:00:00"), posted("11:00:00"), ["ia"], ""),
        (posted("11:00:00"), posted("10:00:00"), ["ib"], ""),
        (posted("10:00:00"), posted("10:00:00"), ["ia", "ib"], "too-close"),
        (posted("00:00:00", "23:59:59"), posted("10:00:00"), ["ia", "ib"], "too-close"),
        (posted("10:00:00"), None, ["ia"], ""),
        (None, None, [], "not-known"),
    ],
)
def test_who_posted_first_is_what_platforms_claim(
    a: Posted | None, b: Posted | None, items: list[str], why: str
) -> None:
    found = claim("first-posted", copy("ia", 1, posted=a), copy("ib", 2, posted=b))
    assert (list(found.items), found.why) == (items, why)
    assert list(found.missing) == [item for item, value in (("ia", a), ("ib", b)) if value is None]


def test_a_post_after_it_was_here_is_doubted_and_not_counted() -> None:
    found = claim("first-posted", copy("ia", 1, posted=posted("21:00:01")), copy("ib", 2, posted=posted("10:00:00")))
    assert (found.items, found.doubted, found.why) == (["ib"], ["ia"], "")
    alone = claim("first-posted", copy("ia", 1, posted=posted("21:00:01")), copy("ib", 2))
    assert (list(alone.items), alone.doubted, alone.missing, alone.why) == ([], ["ia"], ["ib"], "not-known")
    assert claim("first-posted", copy("ia", 1, posted=posted("20:59:59"))).doubted == []


def test_who_is_proved_earliest_is_told_by_stamps() -> None:
    one = copy("ia", 1, stamp=8, proved=DAY.format("21:00:00"))
    other = copy("ib", 2, stamp=12, proved=DAY.format("22:00:00"))
    assert claim("first-proved", one, other, copy("ic", 3)).items == ["ia"]
    assert claim("first-proved", one, other, copy("ic", 3)).missing == ["ic"]
    same = replace(other, stamp=8, proved=one.proved)
    assert claim("first-proved", one, same).why == "too-close"
    assert claim("first-proved", copy("ia", 1)).why == "not-known"


def test_who_is_in_the_earliest_block_is_told_by_anchors_and_asked_only_where_there_are_any() -> None:
    one, other = copy("ia", 1, anchor=8, block=900_001), copy("ib", 2, anchor=9, block=900_000)
    assert claim("first-anchored", one, other, copy("ic", 3)) == Claim("first-anchored", ["ib"], "", ["ic"])
    same = replace(one, block=900_000)
    assert claim("first-anchored", same, other).why == "too-close"
    assert all(found.name != "first-anchored" for found in claims.claims([copy("ia", 1)]))
    told = lineage.document([one], [], [], str)["values"]
    assert told[0]["anchored"] == {"entry": 8, "block": 900_001}


def test_the_longest_and_the_largest_may_be_several() -> None:
    group = [
        copy("ia", 1, picture=PICTURE),
        copy("ib", 2, picture=replace(PICTURE, length_ms=9_801, width=640)),
        copy("ic", 3, picture=replace(PICTURE, length_ms=9_799)),
        copy("id", 4),
    ]
    assert claim("longest", *group).items == ["ia", "ib"]
    assert claim("largest-picture", *group).items == ["ia", "ic"]
    assert claim("longest", *group).missing == ["id"]
    assert claim("longest", copy("ia", 1, picture=replace(PICTURE, length_ms=0))).why == "not-known"
    assert claim("largest-picture", copy("ia", 1)).why == "not-known"


@pytest.mark.parametrize(
    ("changes", "items", "why"),
    [
        ({"size": 500_000}, ["ia"], ""),
        ({"size": 455_000, "length_ms": 9_100, "frames": 273}, ["ia"], ""),
        # An excerpt may be the busiest part, or the calmest: its bits say nothing.
        ({"size": 100_000, "length_ms": 8_900, "frames": 267}, [], "lengths-differ"),
        ({"size": 9_000_000, "length_ms": 8_900, "frames": 267}, [], "lengths-differ"),
        ({"size": 950_000}, ["ia", "ib"], "too-close"),
        ({"size": 500_000, "codec": "hevc"}, ["ia"], "encodings-differ"),
        ({"size": 500_000, "width": 1920}, ["ia"], "size-disagrees"),
        ({"size": 500_000, "made_by": "camera"}, ["ia"], "camera-disagrees"),
        ({"size": 500_000, "width": 640, "height": 360}, ["ia"], ""),
    ],
)
def test_the_least_encoded_has_most_bits_and_the_largest_picture_and_no_camera_against_it(
    changes: dict[str, object], items: list[str], why: str
) -> None:
    other = replace(PICTURE, sha256="d" * 64, **changes)  # type: ignore[arg-type]
    found = claim("least-re-encoded", copy("ia", 1, picture=PICTURE), copy("ib", 2, picture=other))
    assert (list(found.items), found.why) == (items, why)


def test_files_with_the_same_bytes_are_encoded_alike() -> None:
    poor = replace(PICTURE, sha256="d" * 64, size=100_000)
    group = [copy("ia", 1, picture=PICTURE), copy("ib", 2, picture=PICTURE), copy("ic", 3, picture=poor)]
    found = claim("least-re-encoded", *group)
    assert (list(found.items), found.why) == (["ia", "ib"], "")
    assert claim("least-re-encoded", copy("ia", 1, picture=PICTURE), copy("ib", 2)).why == "not-known"


def test_an_excerpt_is_not_compared_and_the_rest_is() -> None:
    poor = replace(PICTURE, sha256="d" * 64, size=100_000)
    excerpt = replace(PICTURE, sha256="e" * 64, size=900_000, length_ms=3_000)
    group = [copy("ia", 1, picture=excerpt), copy("ib", 2, picture=PICTURE), copy("ic", 3, picture=poor), copy("id", 4)]
    found = claim("least-re-encoded", *group)
    assert (list(found.items), found.why, found.missing) == (["ib"], "", ["ia", "id"])


def test_a_document_names_members_as_its_reader_does_and_holds_whole_numbers_only() -> None:
    from archiver.proof import canonical

    group = [copy("ia", 1, picture=PICTURE, posted=posted("10:00:00")), copy("ib", 2), copy("ic", 3)]
    edges = [
        Edge("ia", "ib", "same-recording", "m1", 4, [[0, 5000, 0, 5000]], unsure=True),
        Edge("ib", "ic", "ruling", "m2", 7),
        Edge("ix", "iy", "identical", "m3", 8),
    ]
    numbers = {"ia": 7, "ib": 8, "ic": 9}
    told = lineage.document(group, edges, [Edge("ia", "ic", "ruling", "m4", 6)], numbers.__getitem__)
    assert canonical.decode(canonical.encode(told)) == told
    assert told["members"] == [7, 8, 9]
    assert [(one["a"], one["b"], one["by"], one["unsure"]) for one in told["links"]] == [
        (7, 8, "same-recording", True), (8, 9, "ruling", False),
    ]  # fmt: skip
    assert told["cut"] == [{"a": 7, "b": 9, "match": "m4", "entry": 6}]
    assert told["apart"] == {"pairs": 1, "shown": [[7, 9]]}
    assert told["values"][1] == {"member": 8, "acquired": {"entry": 2, "time": DAY.format("20:00:00")}}
    assert [one["claim"] for one in told["claims"]] == [
        "first-posted", "first-here", "first-proved", "longest", "largest-picture", "least-re-encoded",
    ]  # fmt: skip
