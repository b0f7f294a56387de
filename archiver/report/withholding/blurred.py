"""The blurred copies of an export: made before it, each told by an entry, and put in place of the originals.

The entry is of type redaction: original, tool, parameters, digest of the copy. It comes before the checkpoint that the
report cites, so that it is an entry of the export like any other.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from archiver import __version__
from archiver.custody import areas
from archiver.custody.vault import Vault
from archiver.model import CustodyEvent, EventType, Holding, Item, Role, Tool
from archiver.report.records import BlurredCopy, Records

if TYPE_CHECKING:
    from archiver.examine.blur.asked import Hiding
    from archiver.examine.blur.copying import Blurred
    from archiver.sandbox.pool import SandboxPool

#: What copies can be made of.
KINDS = ("video", "image", "audio")

_MUTED = "its sound is left out of blurred copies"
_OTHER_KIND = "no blurred copy can be made of a file of its kind"
_FAILED = "no blurred copy of it could be made"


@dataclass(frozen=True, slots=True)
class Asked:
    """What to hide: faces that are found, or everything; and what becomes of the sound (`mute`, `keep`, `shift`)."""

    whole: bool = False
    sound: str = "mute"


@dataclass(frozen=True, slots=True)
class Copies:
    """By item and SHA-256 of the original: its copy, or why there is none."""

    made: Mapping[tuple[str, str], BlurredCopy] = field(default_factory=dict)
    missing: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of(self, item: str, sha256: str) -> BlurredCopy | str:
        """The copy, or why there is none."""
        return self.made.get((item, sha256)) or self.missing.get((item, sha256), "")


@dataclass(frozen=True, slots=True)
class _Made:
    item: str
    original: Holding
    file: Path
    hiding: Hiding
    blurred: Blurred


@contextmanager
def copies(
    vault: Vault, items: Sequence[Item], asked: Asked | None, observe: Callable[[int, int, str], None]
) -> Iterator[Copies]:
    """Blurred copies of all originals of `items`, which are gone at the end of the block; none where nobody asked."""
    if asked is None:
        yield Copies()
        return
    from archiver.examine.examiner import Examiner

    made: list[_Made] = []
    missing: dict[tuple[str, str], str] = {}
    vault.working.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=vault.working, prefix="blurred-") as folder:
        with Examiner(working=vault.working, limits=vault.settings.limits, slots=1) as examiner:
            for item in items:
                for original in item.of_role(Role.ORIGINAL):
                    file = Path(folder, f"{len(made) + len(missing)}")
                    one = _make(vault, examiner.sandboxes, item, original, asked, file, observe)
                    if isinstance(one, str):
                        missing[item.id, original.object.sha256] = one
                    else:
                        made.append(one)
        yield Copies(_recorded(vault, made), missing)


def make(
    vault: Vault,
    sandboxes: SandboxPool,
    item: Item,
    original: Holding,
    asked: Asked,
    target: Path,
    observe: Callable[[int, int, str], None],
) -> tuple[Hiding, Blurred]:
    """Write a blurred copy of one original to `target`, which must not exist; nothing is recorded."""
    from archiver.examine.blur.asked import Hiding, Sound
    from archiver.examine.blur.copying import blur

    hiding = Hiding(asked.whole, Sound(asked.sound), tuple(areas.listing(vault, item.id)))
    seconds = item.summary.get("duration_seconds", 0)
    length_ms = round(seconds * 1000) if isinstance(seconds, int | float) and 0 < seconds < 1e7 else 0
    made = blur(
        sandboxes,
        vault.store.path(original.object.sha256),
        original.object.media_type.partition("/")[0],
        hiding,
        target,
        comment(item.id, original.object.sha256, asked),
        observe,
        length_ms,
    )
    return hiding, made


def comment(item_id: str, sha256: str, asked: Asked) -> str:
    """What a copy says of itself."""
    hidden = (
        "everything is coarse" if asked.whole else "faces that a program found, and areas that people set, are covered"
    )
    missed = "" if asked.whole else "; faces may have been missed"
    sound = {"mute": "the sound is left out", "shift": "the pitch is shifted"}.get(asked.sound, "the sound is kept")
    return f"Working copy, not evidence: {hidden}{missed}; {sound}. Item {item_id}; original SHA-256 {sha256}"


def missing(records: Records) -> tuple[str, ...]:
    """Originals of an export that are withheld without a copy in their place, one line each."""
    if not records.withheld.blurred:
        return ()
    return tuple(
        f"exhibit {one.number} is shown without an original of type {file.object.media_type}: {file.withheld}"
        for one in records.exhibits
        for file in one.files
        if file.role is Role.ORIGINAL and file.blurred is None
    )


def _make(
    vault: Vault,
    sandboxes: SandboxPool,
    item: Item,
    original: Holding,
    asked: Asked,
    file: Path,
    observe: Callable[[int, int, str], None],
) -> _Made | str:
    """The copy, or in words why there is none."""
    kind = original.object.media_type.partition("/")[0]
    if kind not in KINDS:
        return _OTHER_KIND
    if kind == "audio" and asked.sound == "mute":
        return _MUTED
    hiding, blurred = make(vault, sandboxes, item, original, asked, file, observe)
    if blurred.failure:
        return f"{_FAILED} ({blurred.failure})"
    return _Made(item.id, original, file, hiding, blurred)


def _recorded(vault: Vault, made: Sequence[_Made]) -> dict[tuple[str, str], BlurredCopy]:
    events = [_event(one) for one in made]
    with vault.database.write() as transaction:
        entries = vault.ledger.append(transaction, events)
    return {
        (one.item, one.original.object.sha256): BlurredCopy(one.file, entry, event.detail)
        for one, entry, event in zip(made, entries, events, strict=True)
    }


def _event(made: _Made) -> CustodyEvent:
    from archiver.examine.blur.asked import parameters

    blurred, hiding = made.blurred, made.hiding
    with made.file.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        sha512 = hashlib.file_digest(file, "sha512").hexdigest()
    return CustodyEvent(
        EventType.REDACTION,
        item=made.item,
        holdings=(made.original,),
        tools=(Tool("archiver", __version__), *blurred.tools),
        detail={
            "result": {
                "sha256": sha256,
                "sha512": sha512,
                "size": made.file.stat().st_size,
                "media_type": blurred.media_type,
                "width": blurred.width,
                "height": blurred.height,
            },
            "hidden": "everything" if hiding.whole else "faces",
            "sound": hiding.sound.value,
            "areas": [[one.start_ms, one.end_ms, one.box.x, one.box.y, one.box.w, one.box.h] for one in hiding.areas],
            "faces": blurred.faces,
            "frames": blurred.frames,
            "frames_with_patches": blurred.frames_with_patches,
            "length_ms": blurred.length_ms,
            "parameters": parameters(hiding),
        },
    )
