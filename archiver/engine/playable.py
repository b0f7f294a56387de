"""One file of an item that people can watch: derived on request, marked as derived, never kept in the vault."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from archiver import __version__
from archiver.custody import catalog
from archiver.custody.vault import Vault
from archiver.engine.handout import Written, file_stem
from archiver.errors import MachineError, UsageError
from archiver.model import Holding, Item, Role, Tool

#: The role of what is derived and no object.
WORKING_COPY = "working copy"


def playable_parts(item: Item) -> list[Holding]:
    """The originals that a file to be watched is made of: footage before sound."""
    originals = item.of_role(Role.ORIGINAL)
    kinds = ("video/", "audio/")
    return [held for kind in kinds for held in originals if held.object.media_type.startswith(kind)]


def hand_out_playable(vault: Vault, item_id: str, target: Path) -> Written:
    """Write one file to `target` (a folder) that people can watch. Raises UsageError and MachineError."""
    from archiver.examine.examiner import Examiner
    from archiver.examine.rendition import playable

    item = catalog.item(vault, item_id)
    parts = playable_parts(item)
    if not parts:
        raise UsageError(f"item {item_id} holds nothing to be played", next_step="`archiver get` copies its files out")
    digests = tuple(held.object.sha256 for held in parts)
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{file_stem(item)}.playable.mkv"
    with Examiner(working=vault.working, limits=vault.settings.limits, slots=1) as examiner:
        originals = [vault.store.path(digest) for digest in digests]
        made = playable(examiner.sandboxes, originals, path, _comment(item_id, digests))
    if made.failure == "exists":
        raise UsageError(f"{path} is there already", next_step="Name an empty folder")
    if made.failure:
        raise MachineError(
            f"no playable file can be made of item {item_id}: {made.failure}",
            code="not-playable",
            next_step="`archiver get` without --playable copies the originals out",
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(path, WORKING_COPY, digest, digests, (Tool("archiver", __version__), *made.tools))


def _comment(item_id: str, digests: Sequence[str]) -> str:
    return (
        "Working copy, not evidence: streams copied into another container without encoding them anew. "
        f"Item {item_id}; originals SHA-256 {', '.join(digests)}"
    )
