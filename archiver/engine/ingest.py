"""Taking in local files and folders: hashed while copied, then examined and recorded as downloads are."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from archiver import __version__, config
from archiver.custody import acquisitions, catalog
from archiver.custody.store import Digests
from archiver.custody.vault import Vault
from archiver.engine.keep import keep_and_examine
from archiver.engine.matching import Matcher
from archiver.errors import ArchiverError, CaptureError, RefusedError
from archiver.model import Acquisition, Item, Outcome, Tool, now
from archiver.naming import derived_id, random_id

if TYPE_CHECKING:
    from archiver.examine.examiner import Examiner


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file: "archived", "duplicate" (the same bytes are held already), "refused" or "failed"."""

    path: str
    item_id: str
    sha256: str
    outcome: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What whoever takes files in says of them."""

    case: str = ""
    source: str = ""
    note: str = ""


def files_under(path: Path) -> Iterator[Path]:
    """The file itself, or everything in the folder in a stable order; links and special files are yielded, not read.

    So are folders that cannot be listed, and vaults: a row for each says that something is missing.
    """
    if not os.path.isdir(path) or os.path.islink(path) or is_vault(path):
        yield path
        return
    barred: list[Path] = []
    for folder, subfolders, names in os.walk(path, onerror=lambda error: barred.append(Path(error.filename))):
        vaults = [name for name in subfolders if is_vault(Path(folder) / name)]
        subfolders[:] = sorted(set(subfolders) - set(vaults))
        linked = vaults + [name for name in subfolders if (Path(folder) / name).is_symlink()]
        for name in sorted(names + linked):
            yield Path(folder) / name
    yield from barred


def is_vault(folder: Path) -> bool:
    """Whether a vault lies there. Its files are never footage, and one of them is a signing key."""
    return os.path.isfile(folder / config.FILE_NAME) and os.path.isdir(folder / "keys")


def ingest(
    vault: Vault,
    paths: list[Path],
    label: Label,
    *,
    matcher: Matcher | None = None,
    observe: Callable[[Taken], None] = lambda taken: None,
) -> list[Taken]:
    """Take in every file below `paths`; a refusal or a failure is a recorded acquisition, and the others go on."""
    from archiver.examine.examiner import Examiner

    matcher = matcher or Matcher(vault)
    rows = []
    with Examiner(working=vault.working, limits=vault.settings.limits, slots=1) as examiner:
        for root in paths:
            for path in files_under(root):
                taken = _take(vault, examiner, matcher, path, label)
                rows.append(taken)
                observe(taken)
    vault.ledger.publish()
    return rows


def _take(vault: Vault, examiner: Examiner, matcher: Matcher, path: Path, label: Label) -> Taken:
    acquisition_id = f"{random_id('n')}.1"
    shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    began = now()
    try:
        digests = _kept(vault, path)
        held = catalog.holders(vault, digests.sha256)
        kept = keep_and_examine(vault.store, examiner, [(digests, Path(shown).name)])
    except ArchiverError as error:
        return _failed(vault, acquisition_id, shown, began, error)
    item = Item(
        id=derived_id("i", acquisition_id, "0"),
        acquisition_id=acquisition_id,
        case=label.case,
        url="",
        title=Path(shown).name[: vault.settings.limits.title_characters],
        acquired_at=now(),
        holdings=kept.holdings,
        note=label.note,
        path=shown,
        source=label.source,
        summary=kept.summary,
        examined=kept.examined,
    )
    _record(vault, acquisition_id, shown, began, Outcome.SUCCESS, "", "", (item,))
    matcher.match_acquisition(acquisition_id)
    return Taken(shown, item.id, digests.sha256, "duplicate" if held else "archived", held[0] if held else "")


def _kept(vault: Vault, path: Path) -> Digests:
    real = Path(os.path.realpath(path))
    if any(is_vault(folder) for folder in (real, *real.parents)):
        raise RefusedError("it is a vault or part of one", code="part-of-a-vault")
    try:
        with _opened(path, vault.settings.limits.file_bytes) as stream:
            return vault.store.copy(stream)
    except OSError as error:
        if error.filename is not None:
            raise  # a file of the store could not be opened: not the fault of what is taken in
        raise CaptureError(f"it cannot be read: {error.strerror}", code="file-unreadable") from None


def _opened(path: Path, most: int) -> BinaryIO:
    """Open a regular file, no link. Raises RefusedError for anything else, CaptureError for what cannot be read."""
    try:
        # O_NONBLOCK: opening a named pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise CaptureError(f"there is no {path}", code="file-missing") from None
    except OSError as error:
        if os.path.islink(path):
            raise RefusedError("a link is not followed", code="symbolic-link") from None
        if error.errno == errno.ENXIO:  # only a socket: O_RDONLY with O_NONBLOCK opens a pipe or answers otherwise
            raise RefusedError("a socket holds no footage", code="special-file") from None
        raise CaptureError(f"it cannot be opened: {error.strerror}", code="file-unreadable") from None
    state = os.fstat(handle)
    if not stat.S_ISREG(state.st_mode):
        os.close(handle)
        raise RefusedError("it is no regular file", code="special-file")
    if state.st_size == 0:
        os.close(handle)
        raise CaptureError("the file is empty", code="empty-body")
    if state.st_size > most:
        os.close(handle)
        raise RefusedError(f"it is larger than {most} bytes", code="too-large")
    return os.fdopen(handle, "rb")


def _failed(vault: Vault, acquisition_id: str, shown: str, began: str, error: ArchiverError) -> Taken:
    refused = isinstance(error, RefusedError)
    outcome = Outcome.REFUSAL if refused else Outcome.FAILURE
    _record(vault, acquisition_id, shown, began, outcome, error.code or "failed", error.line(), ())
    return Taken(shown, "", "", "refused" if refused else "failed", error.code, error.line())


def _record(
    vault: Vault, acquisition_id: str, shown: str, began: str, outcome: Outcome, reason: str, message: str,
    items: tuple[Item, ...],
) -> None:  # fmt: skip
    acquisition = Acquisition(
        id=acquisition_id, kind="ingest", request_id="", attempt=1, source=shown, started_at=began, ended_at=now(),
        outcome=outcome, reason=reason, message=message, tools=(Tool("archiver", __version__),), items=items,
    )  # fmt: skip
    acquisitions.record(vault, acquisition)
