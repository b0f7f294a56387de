"""Hash lists and the vault's items: which items are on a list that came from others, and what a list for others says.

Hits are computed when they are asked for, from the lists and fingerprints as they are then: old items and new ones are
compared with old lists and new ones alike, and there is no table of hits that could be out of date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.custody import catalog, hashlists
from archiver.custody.hashlists import HashList
from archiver.custody.vault import Vault
from archiver.engine import prints
from archiver.hashlist import reading, writing
from archiver.hashlist.records import Kind, Row
from archiver.standard import CHROMAPRINT, PDQ, PdqPrint, SoundPrint

if TYPE_CHECKING:
    from archiver.engine.prints import Print

#: Told of progress: how many are compared, of how many, and what they are.
Observe = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that a row of a list is of. `finding`: identical, same-picture, same-video, same-sound.

    `bits` differ, of 256 (PDQ; of a video the mean); `seconds` are those of the item, None for images and identical
    files. `score` is 1 for what is identical, and a measure of likeness, no probability, for the rest.
    """

    list: HashList
    row: int
    item_id: str
    finding: str
    score: float
    bits: float | None = None
    seconds: tuple[float, float] | None = None

    @property
    def kind(self) -> str:
        """`identical` or `near`."""
        return "identical" if self.finding == "identical" else "near"


@dataclass(frozen=True, slots=True)
class Exported:
    """A list for others: the file, its rows, and items of the case of which nothing can be said in this kind."""

    data: bytes
    rows: int
    without: tuple[str, ...]


def hits(vault: Vault, lists: Sequence[HashList], observe: Observe = lambda done, total, what: None) -> list[Hit]:
    """Items on any of the lists: list by list, in the order of rows, then of items as they came."""
    found: list[Hit] = []
    for held in lists:
        rows = reading.parse(hashlists.content(vault, held.id), held.kind).rows
        compare = _identical if held.kind is Kind.DIGESTS else _heard if held.kind is Kind.SOUND else _seen
        found += sorted(compare(vault, held, rows, observe), key=lambda hit: hit.row)
    return found


def export(vault: Vault, kind: Kind, case: str | None) -> Exported:
    """What the vault, or a case of it, has to say in a list of this kind."""
    items = [item.id for item in catalog.items(vault, case=case)]
    chosen = set(items)
    if kind is Kind.DIGESTS:
        held = [row for row in catalog.digests(vault) if row[0] in chosen]
        data = writing.digests((sha256, sha512, size) for _, sha256, sha512, size in held)
        return _exported(data, items, {row[0] for row in held}, header=1)
    from archiver.match.listed import pictures_of

    made = [(item, one) for item, one in _prints(vault, CHROMAPRINT if kind is Kind.SOUND else PDQ) if item in chosen]
    with_some = {item for item, _ in made}
    if kind is Kind.SOUND:
        sounds = [one for _, one in made if isinstance(one, SoundPrint)]
        return _exported(writing.sound((one.duration_ms / 1000, one.fingerprint) for one in sounds), items, with_some)
    seen = [(item, one) for item, one in made if isinstance(one, PdqPrint)]
    if kind is Kind.PDQ:
        data = writing.pdq(picture for _, one in seen for picture in pictures_of(one))
        return _exported(data, items, with_some, header=1)
    videos = [(item, one) for item, one in seen if one.kind == "video"]
    return _exported(
        writing.vpdq(pictures for _, one in videos if (pictures := pictures_of(one))),
        items,
        {item for item, _ in videos},
    )


def _exported(data: bytes, items: Sequence[str], with_some: set[str], *, header: int = 0) -> Exported:
    return Exported(data, data.count(b"\n") - header, tuple(item for item in items if item not in with_some))


def _identical(vault: Vault, held: HashList, rows: Sequence[Row], _observe: Observe) -> Iterator[Hit]:
    by_digest: dict[str, list[int]] = {}
    for row in rows:
        for digest in filter(None, (row.sha256, row.sha512)):
            by_digest.setdefault(digest, []).append(row.number)
    for item, sha256, sha512, _ in catalog.digests(vault):
        for number in dict.fromkeys([*by_digest.get(sha256, ()), *by_digest.get(sha512, ())]):
            yield Hit(held, number, item, "identical", 1.0)


def _seen(vault: Vault, held: HashList, rows: Sequence[Row], observe: Observe) -> Iterator[Hit]:
    from archiver.match.listed import PictureList

    videos = held.kind is Kind.VPDQ
    listed = PictureList(rows, videos=videos)
    for item, one in _prints(vault, PDQ, observe):
        for like in listed.like(one) if isinstance(one, PdqPrint) else ():
            finding = "same-video" if videos else "same-picture"
            share = max(like.share_of_list, like.share_of_item)
            seconds = (like.start, like.end) if isinstance(one, PdqPrint) and one.kind == "video" else None
            yield Hit(held, like.row, item, finding, round(share * (1 - like.bits / 128), 4), like.bits, seconds)


def _heard(vault: Vault, held: HashList, rows: Sequence[Row], observe: Observe) -> Iterator[Hit]:
    from archiver.match.soundindex import SoundIndex

    index = SoundIndex()
    for row in rows:
        index.add(str(row.number), SoundPrint(round(row.seconds * 1000), 0, row.sound, {}, {}))
    for item, one in _prints(vault, CHROMAPRINT, observe):
        for found in index.query(one) if isinstance(one, SoundPrint) else ():
            seconds = (found.segments[0].b_start, found.segments[-1].b_end)
            yield Hit(held, int(found.item_id), item, found.finding.value, found.score, None, seconds)


def _prints(
    vault: Vault, algorithm: str, observe: Observe = lambda done, total, what: None
) -> Iterator[tuple[str, Print]]:
    """Each item's fingerprints of one algorithm; damaged ones are for `verify` to say."""
    rows = catalog.of_algorithm(vault, algorithm)
    for done, (_, item, sha256) in enumerate(rows, 1):
        made = prints.read(vault.store, sha256)
        if made is not None:
            yield item, made
        observe(done, len(rows), "fingerprints")
