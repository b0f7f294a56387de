"""An exported bundle in, a verdict out: `verify`. Standard library only; this is what verify.pyz runs.

Steps: the bag's files and manifests; the signed checkpoint, entries, proofs and disclosures; the list of files that
the export's entry vouches for; exhibits against entries; the report against entries. No step trusts one before it, and
all faults are collected. A signature that anybody can make proves nothing, so the key has to be confirmed through
another channel: give it as `expected_key`.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from archiver.proof import canonical
from archiver.proof.bundle import anchors, layout, origins, received, stamped, standing
from archiver.proof.bundle.bag import Bag, Faults, TooManyFaults, read_bag
from archiver.proof.bundle.blurred import check_blurred
from archiver.proof.bundle.evidence import VERSION, Evidence, read_evidence, read_json
from archiver.proof.bundle.exhibits import Exhibit, read_exhibits
from archiver.proof.bundle.folder import Folder
from archiver.proof.bundle.manifest import check_manifests
from archiver.proof.bundle.opened import Opened, check_all
from archiver.proof.bundle.source import Source
from archiver.proof.bundle.story import check_story
from archiver.proof.bundle.withheld import check_withheld
from archiver.proof.bundle.zipped import Zip
from archiver.proof.faults import ProofError, Verdict, judge
from archiver.proof.times import anchored
from archiver.proof.trust.memory import Look
from archiver.proof.trust.outside import Outside
from archiver.proof.untrusted import rows, table

_NOTHING = Outside()


def verify(
    path: Path,
    expected_key: str | None = None,
    observe: Callable[[int, int], None] = lambda done, total: None,
    disclosures: Sequence[bytes] = (),
    tell: Callable[[Opened], None] = lambda opened: None,
    outside: Outside = _NOTHING,
) -> Verdict:
    """Check the bundle in the folder or zip `path`. `observe` hears how many bytes of how many are digested.

    `disclosures` are files that `archiver disclose` wrote later; `tell` hears what each opens in this bundle, which
    counts for something only where the verdict is VERIFIED. `outside` is the reader's own: a policy that the checkpoint
    has to meet, and what was seen of this log before.
    """
    with looked_at(path, expected_key, observe, disclosures, tell, outside) as seen:
        return seen.verdict


@dataclass(frozen=True)
class Seen:
    """A bundle that was checked, and what was read of it; nothing where too much is wrong, or it cannot be read."""

    verdict: Verdict
    bag: Bag | None = None
    evidence: Evidence | None = None
    exhibits: Mapping[int, Exhibit] = field(default_factory=dict)


@contextmanager
def looked_at(
    path: Path,
    expected_key: str | None = None,
    observe: Callable[[int, int], None] = lambda done, total: None,
    disclosures: Sequence[bytes] = (),
    tell: Callable[[Opened], None] = lambda opened: None,
    outside: Outside = _NOTHING,
) -> Iterator[Seen]:
    """As `verify`; the bundle stays open, so that its files can be read again, and they may be others by then."""
    faults = Faults()
    checked: dict[str, int] = {}
    outcome = _Outcome()
    with ExitStack() as stack:
        try:
            source = _open(path, faults)
            if source is not None:
                stack.enter_context(closing(source))
                _verify(source, expected_key, observe, outside, faults, checked, outcome)
                assert outcome.evidence is not None
                check_all(disclosures, outcome.evidence, tell, faults)
        except OSError as error:
            faults.add("file-unreadable", "the bundle", f"the bundle cannot be read: {error.strerror}")
        except TooManyFaults:
            pass
        verdict = replace(judge(checked, faults.found), told=outcome.told, look=outcome.look)
        yield Seen(verdict, outcome.bag, outcome.evidence, outcome.exhibits)


def _open(path: Path, faults: Faults) -> Source | None:
    """The folder or zip, or None and a fault. Raises OSError."""
    kind = path.lstat().st_mode
    if stat.S_ISDIR(kind):
        return Folder(path)
    if not stat.S_ISREG(kind):
        faults.add("bundle-not-a-folder", str(path), "a bundle is a folder or a zip, and no link to one")
        return None
    try:
        return Zip(path)
    except ProofError as error:
        faults.of(error, "the archive")
        return None


@dataclass
class _Outcome:
    """What a check found beside faults and counts, also where too many faults ended it."""

    told: dict[str, Any] = field(default_factory=dict)
    look: Look | None = None
    bag: Bag | None = None
    evidence: Evidence | None = None
    exhibits: Mapping[int, Exhibit] = field(default_factory=dict)


def _verify(
    source: Source,
    expected_key: str | None,
    observe: Callable[[int, int], None],
    outside: Outside,
    faults: Faults,
    checked: dict[str, int],
    outcome: _Outcome,
) -> None:
    bag = outcome.bag = read_bag(source, faults, observe)
    check_manifests(bag, faults)
    checked["files"] = len(bag.files)
    checked["bytes"] = sum(one.size for one in bag.files.values())
    evidence = outcome.evidence = read_evidence(bag, expected_key, faults)
    checked["entries"] = len(evidence.entries)
    checked["disclosures"] = sum(len(one.fields) for one in evidence.entries.values())
    key_given = expected_key is not None
    outcome.told, outcome.look = standing.check(bag, evidence, outside, faults, key_given=key_given)
    _check_files(bag, evidence, faults)
    exhibits = outcome.exhibits = read_exhibits(bag, evidence, faults)
    checked["exhibits"] = len(exhibits)
    checked["objects"] = sum(1 for name in bag.files if layout.EXHIBIT_PATH.fullmatch(name))
    check_story(bag, evidence, exhibits, faults)
    check_withheld(bag, evidence, exhibits, faults)
    check_blurred(bag, evidence, exhibits, faults)
    histories = received.check(bag, evidence, faults)
    origins.check_report(bag, evidence, histories, faults)
    if histories:
        outcome.told = {**outcome.told, "received": origins.lines(evidence, histories)}
        checked["histories"] = len({one.path for one in histories.values()})
    stamps = stamped.check(bag, evidence, outside.vouch, faults)
    if stamps:
        outcome.told = {**outcome.told, "timestamps": stamps}
        checked["timestamps"] = len(stamps)
    found = anchors.check(bag, evidence, outside.headers, faults)
    if found:
        outcome.told = anchored.with_anchors(outcome.told, found)
        checked["anchors"] = len(found)


def files_document(files: dict[str, tuple[str, int]]) -> dict[str, Any]:
    """The list of files that an export's entry vouches for, from SHA-256 and size by path.

    The SHA-256 of its canonical JSON is the entry's files_sha256.
    """
    listed = [[name, *files[name]] for name in sorted(files) if layout.is_listed(name)]
    return {"v": VERSION, "files": listed}


def _check_files(bag: Bag, evidence: Evidence, faults: Faults) -> None:
    """The files are exactly those of which the export's entry holds the digest; the list names which one differs."""
    actual = files_document({name: (one.sha256, one.size) for name, one in bag.files.items()})
    if evidence.export is not None:
        vouched = evidence.export.detail.get("files_sha256")
        if hashlib.sha256(canonical.encode(actual)).hexdigest() != vouched:
            message = "the files are not those that were exported"
            faults.add("files-differ", f"entry {evidence.export.seq}", message)
        if layout.EXPORT_FILES in bag.files and bag.files[layout.EXPORT_FILES].sha256 != vouched:
            faults.add("files-list-differs", layout.EXPORT_FILES, "the list of files is not the one of the export")
    try:
        document = table(read_json(bag, layout.EXPORT_FILES), "document-malformed")
        listed = {tuple(rows(one, "document-malformed")) for one in rows(document.get("files"), "document-malformed")}
    except (ProofError, TypeError) as error:  # TypeError: a row holds what no set can
        message = error.message if isinstance(error, ProofError) else "a row is not path, digest and size"
        faults.add("document-malformed", layout.EXPORT_FILES, message)
        return
    present = {tuple(one) for one in actual["files"]}
    for name in sorted({str(one[0]) for one in listed ^ present if one}):
        faults.add("file-not-exported", name, "the file is not the one that was exported under this name")
