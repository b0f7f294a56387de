"""Fingerprints that items lack, made anew from their originals: after an algorithm came or changed. Old ones are kept.

Each item is one act: its objects are stored first, then rows and entry commit together, with the mark that its
acquisition is to be matched again. What was cut off goes on where it was, because what is there already is not made.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archiver.custody import acquisitions
from archiver.custody.vault import Vault
from archiver.engine.keep import keep_fingerprint
from archiver.errors import EvidenceError, UsageError
from archiver.examine import media_type
from archiver.fingerprint import IMAGE_ALGORITHM, VIDEO_ALGORITHM
from archiver.model import Examined, Item, Role
from archiver.standard import CHROMAPRINT, PDQ

if TYPE_CHECKING:
    from archiver.examine.examiner import Examiner

#: What this program makes, by kind of media; sound has its own where there is enough of it.
OF_KIND: Mapping[str, tuple[str, ...]] = {"video": (VIDEO_ALGORITHM, PDQ), "image": (IMAGE_ALGORITHM, PDQ)}
ALGORITHMS = (VIDEO_ALGORITHM, IMAGE_ALGORITHM, PDQ, CHROMAPRINT)

#: Sound that is shorter has no fingerprint: a sub-fingerprint needs 2.7 s, and headers round.
MIN_SOUND_MS = 3_000


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of one item: algorithms that were made, and why others could not be, as codes of warnings."""

    item_id: str
    made: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def refingerprint(
    vault: Vault,
    items: Sequence[Item],
    algorithm: str = "",
    observe: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> list[Renewed]:
    """Make what is lacking, of one algorithm or of all, then match those items anew; the others are left out.

    Raises UsageError for an algorithm that this program does not make, SandboxError where no sandbox can be started.
    """
    from archiver.engine.matching import Matcher
    from archiver.examine.examiner import Examiner

    if algorithm and algorithm not in ALGORITHMS:
        raise UsageError(f"{algorithm} is not made here", next_step=f"There are {', '.join(ALGORITHMS)}")
    lacking = [(item, wanted) for item in items if (wanted := lacks(vault, item, algorithm))]
    done: list[Renewed] = []
    if lacking:
        with Examiner(working=vault.working, limits=vault.settings.limits, slots=1) as examiner:
            for number, (item, wanted) in enumerate(lacking, 1):
                done.append(_renew(vault, examiner, item, wanted))
                observe(number, len(lacking), "items")
    # Also where nothing was lacking: a call before this one may have been cut off before it matched.
    Matcher(vault).match_leftovers()
    vault.ledger.publish()
    return done


def lacks(vault: Vault, item: Item, algorithm: str = "") -> Counter[str]:
    """How many fingerprints of which algorithm the item's originals should have and do not."""
    expected = Counter(name for facts in _described(vault, item) for name in _expected(*facts))
    missing = expected - Counter(held.name for held in item.of_role(Role.FINGERPRINT))
    return Counter({name: count for name, count in missing.items() if not algorithm or name == algorithm})


def _renew(vault: Vault, examiner: Examiner, item: Item, wanted: Counter[str]) -> Renewed:
    originals = [(held.object, held.name) for held in item.of_role(Role.ORIGINAL)]
    for stored, _ in originals:
        try:
            if vault.store.digest(stored.sha256).sha256 != stored.sha256:
                return Renewed(item.id, (), ("object-altered",))  # a print of other bytes would be a lie about these
        except EvidenceError:
            return Renewed(item.id, (), ("object-missing",))
    examination = examiner.examine([(vault.store.path(stored.sha256), name) for stored, name in originals])
    made = [keep_fingerprint(vault.store, one) for one in examination.fingerprints if one.algorithm in wanted]
    examined = Examined(
        sandbox=examination.sandbox,
        tools=examination.tools,
        algorithms=tuple(dict.fromkeys(held.name for held in made)),
    )
    added = acquisitions.add_fingerprints(vault, item, tuple(made), examined)
    codes = tuple(dict.fromkeys(one.code for one in examination.warnings))
    return Renewed(item.id, tuple(held.name for held in added), codes)


def _described(vault: Vault, item: Item) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Media type and facts of each original, as its first examination found them."""
    for held in item.of_role(Role.METADATA):
        try:
            document = json.loads(vault.store.read(held.object.sha256))
            for one in document["files"]:
                yield one["media_type"], one["facts"]
        except (EvidenceError, ValueError, TypeError, KeyError, RecursionError):
            continue  # for `verify` to say; of an item that cannot be described nothing is known to lack


def _expected(kind: str, facts: Mapping[str, Any]) -> Iterator[str]:
    """Algorithms of which a file like this has a fingerprint. Pictures that could not be decoded have none."""
    if facts.get("width"):
        yield from OF_KIND.get(media_type.kind(kind), ())
    length = facts.get("heard_ms", facts.get("duration_ms", 0))
    if facts.get("has_audio") and isinstance(length, int) and length >= MIN_SOUND_MS:
        yield CHROMAPRINT
