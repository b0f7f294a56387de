"""Cosigned checkpoints: of this very tree, signed by those who are said to have, and all that are told of.

Also the vault as its reader stands to it from outside: the reader's policy, and what was seen before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from archiver.custody import cosigned
from archiver.custody.audit.signers import FAST, Signers
from archiver.custody.audit.snapshot import Snapshot, read_plain
from archiver.custody.audit.tally import Tally
from archiver.custody.audit.tree import Tree
from archiver.custody.witness import appointed
from archiver.errors import ArchiverError
from archiver.proof.faults import Fault, ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.earlier import open_earlier
from archiver.proof.trust import cosignature, memory, outside, witnessed
from archiver.proof.trust.cosignature import WitnessKey
from archiver.proof.trust.memory import Look
from archiver.proof.trust.outside import Outside
from archiver.proof.trust.witnessed import Signed

_PUBLISHED = "ledger/checkpoint"

#: With one of these it is not known whose ledger this is: nothing is remembered under any key.
_DOUBTFUL = (
    "key-other", "key-untold", "key-altered", "key-weak", "key-malformed", "rotation-broken", "signature-missing",
    "signature-wrong", "signature-repeated", "signature-malformed", "signature-unknown", "checkpoint-origin",
)  # fmt: skip


def sizes(seen: Snapshot, signers: Signers, given: Outside) -> list[int]:
    """Sizes whose roots the checks below need, ascending."""
    earlier = given.memory.of(_keys(signers)) if given.memory else ()
    named = [int(name) for name in seen.cosigned if cosigned.NAME.fullmatch(name)]
    return sorted({*named, *(one.size for one in earlier)})


def check(
    seen: Snapshot, issued: Checkpoint | None, tree: Tree, signers: Signers, given: Outside, tally: Tally
) -> None:
    """Note every fault; what is to be told and remembered goes into the tally."""
    signed = _signed(seen, issued, tree, signers, tally)
    wrong: list[Fault] = []
    policy_keys = list(given.policy.witnesses.values()) if given.policy else []
    found = witnessed.cosigners(signed, [*policy_keys, *_known_inside(seen, tally)], wrong, FAST.ed25519)
    whole = issued is not None and issued.size <= tree.size and tree.roots.get(issued.size) == issued.root
    keys = _keys(signers)
    earlier = given.memory.of(keys) if given.memory else ()
    comparison = memory.compare(earlier, issued, tree.roots.get if whole else lambda size: None, whole=True)
    wrong += comparison.faults
    if given.policy:
        present = issued or Checkpoint(keys[-1].name if keys else "", 0, b"")
        wrong += witnessed.policy_faults(given.policy, keys, found, present, range(present.size))
    for fault in wrong:
        tally.fault(fault.code, fault.subject, fault.message)
    _check_told(seen, tally)
    tally.told = outside.describe(
        issued,
        [era.keys for era in signers.eras],
        _newest_time(seen, issued),
        found,
        given,
        comparison,
        signed,
        key_given=seen.expected is not None,
    )
    if keys and not tally.has(*_DOUBTFUL):
        tally.look = Look(keys, seen.note if issued else None, comparison)


def _keys(signers: Signers) -> tuple[note.VerifierKey, ...]:
    return tuple(era.keys.classic for era in signers.eras)


def _signed(seen: Snapshot, issued: Checkpoint | None, tree: Tree, signers: Signers, tally: Tally) -> list[Signed]:
    """The published checkpoint and the kept ones, as far as they are of this tree."""
    found = []
    if issued is not None and seen.note is not None:
        found.append(Signed(issued, note.parse(seen.note), _PUBLISHED))
    for name in seen.cosigned:
        subject = f"{cosigned.FOLDER_NAME}/{name}"
        if not cosigned.NAME.fullmatch(name):
            if name != cosigned.UNTOLD_NAME and not (name.startswith(".") and name.endswith(".new")):
                tally.fault("cosigned-file-extra", subject, "it does not belong among the cosigned checkpoints")
            continue
        try:
            data = read_plain(seen.folder / cosigned.FOLDER_NAME / name, note.MAX_BYTES)
            kept = note.parse(data)
            point = open_earlier(data, signers.eras, FAST) if signers.eras else checkpoints.parse(kept.text)
        except (OSError, ProofError) as error:
            code = error.code if isinstance(error, ProofError) else "cosigned-file-extra"
            tally.fault(code, subject, str(error))
            continue
        if point.size != int(name):
            tally.fault("checkpoint-altered", subject, "its name is not the size that it names")
        elif point.size > tree.size:
            tally.fault("entries-missing", subject, f"{point.size} entries were cosigned, {tree.size} are here")
        elif tree.roots.get(point.size) != point.root:
            tally.fault("root-differs", subject, f"the first {point.size} entries do not give the cosigned root")
        else:
            found.append(Signed(point, kept, subject))
    return found


def _known_inside(seen: Snapshot, tally: Tally) -> Iterable[WitnessKey]:
    """Witnesses that the vault itself names: whoever made the vault chose them, but their lines must hold."""
    try:
        yield from appointed.load(seen.folder).witnesses.values()
    except (ArchiverError, OSError) as error:
        tally.fault("settings-unreadable", appointed.FILE_NAME, f"the list of witnesses cannot be read: {error}")
    yield from {key for _, _, key in _told(seen)}


def _check_told(seen: Snapshot, tally: Tally) -> None:
    """Every cosignature that an entry tells of is kept."""
    for seq, detail, key in _told(seen):
        subject = f"checkpoint {detail['size']}"
        try:
            data = read_plain(seen.folder / cosigned.FOLDER_NAME / str(detail["size"]), note.MAX_BYTES)
            kept = note.parse(data)
            if cosignature.check(kept, key, FAST.ed25519) is None:
                raise FileNotFoundError
        except FileNotFoundError:
            tally.fault("cosignature-missing", subject, f"entry {seq} tells of that of {key.name}, and it is not kept")
        except (OSError, ProofError) as error:
            code = error.code if isinstance(error, ProofError) else "cosignature-missing"
            tally.fault(code, subject, f"entry {seq} tells of it: {error}")


def _told(seen: Snapshot) -> Iterator[tuple[int, dict[str, Any], WitnessKey]]:
    for seq, body in seen.connection.execute(
        "SELECT entry.seq, body FROM told_subject JOIN entry USING (seq)"
        " WHERE id >= 'cosignature.' AND id < 'cosignature/' ORDER BY entry.seq"
    ):
        detail = json.loads(body)["detail"]
        try:
            yield seq, detail, cosignature.parse_key(detail["witness"])
        except ProofError:
            continue  # it was told by somebody with the log's key; such a key signs nothing


def _newest_time(seen: Snapshot, issued: Checkpoint | None) -> str:
    row = None
    if issued is not None and issued.size:
        row = seen.connection.execute("SELECT body FROM entry WHERE seq = ?", (issued.size - 1,)).fetchone()
    try:
        return str(json.loads(row[0])["time"])[:40] if row else ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
