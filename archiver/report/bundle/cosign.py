"""Cosignatures that came after an export: onto the bundle's own checkpoint, and the bag's manifests made to fit.

What lies in data/ledger/export/ proves itself and is in no list of the export's entry. So a line may be added to the
checkpoint there, and everything else is vouched for as before. Whoever is interrupted does it again.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from archiver.custody.cosigned import Cosigned
from archiver.custody.fastcheck import verify_fast
from archiver.errors import EvidenceError, MachineError, UsageError
from archiver.proof import durable
from archiver.proof.bundle import check as bundle
from archiver.proof.bundle import layout
from archiver.proof.faults import FAILED, ProofError
from archiver.proof.log import checkpoint as checkpoints
from archiver.proof.log import note
from archiver.proof.log.note import Note, Signature
from archiver.proof.trust import cosignature
from archiver.proof.trust.cosignature import WitnessKey

#: What an interrupted call leaves behind, and the next one mends.
_OWN = frozenset({layout.EXPORT_CHECKPOINT, layout.INFO, *layout.MANIFESTS})
_MENDED = frozenset({"digest-differs", "payload-oxum"})


def add(folder: Path, data: bytes, known: Iterable[WitnessKey]) -> list[Cosigned]:
    """Add the good lines of a witness's answer to the bundle's checkpoint; gives those that are new.

    Lines of other keys and second ones of a witness are ignored. Raises UsageError for what is no bundle or no answer,
    EvidenceError for a bundle that does not verify or where no line is of its checkpoint, and MachineError.
    """
    try:
        signed = note.parse((folder / layout.EXPORT_CHECKPOINT).read_bytes())
        point = checkpoints.parse(signed.text)
        lines = cosignature.parse_lines(data)
    except NotADirectoryError:
        raise UsageError(
            f"{folder} is no folder", next_step="Lines are added to a bundle's folder: unpack the zip into a new one"
        ) from None
    except OSError as error:
        raise UsageError(f"{folder} is no bundle: {error.strerror}") from None
    except ProofError as error:
        raise UsageError(f"these are no cosignatures for a bundle: {error.message}") from None
    good = list(_good(signed, lines, list(known)))
    if not good:
        raise EvidenceError(
            f"no line is a cosignature, by a known witness, of the bundle's checkpoint of {point.size} entries",
            code="cosignature-unknown",
            next_step="A witness that cosigned a later one cannot vouch for this bundle: export it anew",
        )
    _check(folder)
    fresh = [(line, key, time) for line, key, time in good if not any(key.made(one) for one in signed.signatures)]
    for line, _, _ in fresh:
        signed = cosignature.with_line(signed, line)
    try:
        _write(folder, signed.encode())
    except OSError as error:
        raise MachineError(
            f"the bundle cannot be changed: {error.strerror}",
            next_step="Copy it to a folder that can be written, and add the file there",
        ) from None
    return [Cosigned(point.size, point.root.hex(), str(key), time) for _, key, time in fresh]


def _good(
    signed: Note, lines: Sequence[Signature], known: Sequence[WitnessKey]
) -> Iterator[tuple[Signature, WitnessKey, int]]:
    for line in lines:
        for key in known:
            if key.made(line):
                try:
                    yield line, key, cosignature.check_line(signed.text, line, key, verify_fast)
                except ProofError:
                    continue


def _check(folder: Path) -> None:
    """Nothing is added to a bundle that is not whole: the manifests that are made anew would cover it up."""
    verdict = bundle.verify(folder)
    wrong = [one for one in verdict.faults if one.subject not in _OWN or one.code not in _MENDED]
    if verdict.word == FAILED and wrong:
        raise EvidenceError(
            f"the bundle does not verify, and nothing was added: {wrong[0].subject}: {wrong[0].message}",
            code=wrong[0].code,
            next_step=f"`archiver verify {folder.name}` lists all faults",
        )


def _write(folder: Path, checkpoint: bytes) -> None:
    path = layout.EXPORT_CHECKPOINT
    size = (folder / path).stat().st_size
    changed = {path: checkpoint}
    for name, algorithm in zip(layout.MANIFESTS, layout.ALGORITHMS, strict=True):
        changed[name] = _listed((folder / name).read_bytes(), path, checkpoint, algorithm)
    info = (folder / layout.INFO).read_bytes()
    payload = sum(one.stat().st_size for one in (folder / "data").rglob("*") if one.is_file())
    octets = payload - size + len(checkpoint)
    changed[layout.INFO] = re.sub(rb"(?m)^Payload-Oxum: [0-9]+", b"Payload-Oxum: %d" % octets, info)
    for name, algorithm in zip(layout.TAG_MANIFESTS, layout.ALGORITHMS, strict=True):
        listed = (folder / name).read_bytes()
        for tag in (layout.INFO, *layout.MANIFESTS):
            listed = _listed(listed, tag, changed[tag], algorithm)
        changed[name] = listed
    for name, data in changed.items():
        _replace(folder, name, data)


def _listed(manifest: bytes, path: str, data: bytes, algorithm: str) -> bytes:
    """The manifest with another digest for a file."""
    line = b"%s  %s\n" % (hashlib.new(algorithm, data).hexdigest().encode(), path.encode())
    return re.sub(rb"(?m)^[0-9a-f]+  %s\n" % re.escape(path.encode()), line, manifest)


def _replace(folder: Path, path: str, data: bytes) -> None:
    """Put a file in the place of the old one; what is half written lies beside the bundle, where nothing is extra."""
    temporary = folder.absolute().parent / f".{folder.name}.{secrets.token_hex(4)}.partial"
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), 0o444)
            os.fsync(stream.fileno())
        os.replace(temporary, folder / path)
    finally:
        temporary.unlink(missing_ok=True)
    durable.sync_folder((folder / path).parent)
