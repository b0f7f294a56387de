"""The tag files of a BagIt 1.0 bag (RFC 8493) against its files.

bagit's own rules allow extra tag files and manifests that leave files out; a bundle has neither, so both are faults.
"""

from __future__ import annotations

import hashlib
import re

from archiver.proof.bundle import layout
from archiver.proof.bundle.bag import MISSING, Bag, Faults
from archiver.proof.faults import ProofError

_LINE = re.compile(r"([0-9a-f]{64}|[0-9a-f]{128})  ([A-Za-z0-9_./-]{1,400})", re.ASCII)
_OXUM = re.compile(r"^Payload-Oxum: ([0-9]{1,20}\.[0-9]{1,9})$", re.ASCII | re.MULTILINE)


def check_manifests(bag: Bag, faults: Faults) -> None:
    """Every file that a bundle must have is there, and each manifest lists exactly the files that it is for."""
    for name in sorted(layout.FIXED_FILES - layout.OPTIONAL_FILES - set(bag.sizes)):
        faults.add("file-missing", name, MISSING)
    _check_texts(bag, faults)
    payload = {path for path in bag.sizes if path.startswith(layout.DATA)}
    tags = {layout.DECLARATION, layout.INFO, *layout.MANIFESTS} & set(bag.sizes)
    for names, expected in ((layout.MANIFESTS, payload), (layout.TAG_MANIFESTS, tags)):
        for name, algorithm in zip(names, layout.ALGORITHMS):
            _check_manifest(bag, name, algorithm, expected, faults)


def parse_manifest(data: bytes) -> dict[str, str]:
    """Digests by path. Raises ProofError for what is no manifest of ours."""
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise ProofError("manifest-malformed", "a manifest of ours is ASCII") from None
    if lines.pop():
        raise ProofError("manifest-malformed", "a manifest ends in a newline")
    listed: dict[str, str] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if not found:
            raise ProofError("manifest-malformed", f"{line[:100]!r} is no line of a manifest")
        path = found[2]
        if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
            raise ProofError("manifest-path", f"{path[:100]!r} leads out of the bundle or is spelt in a second way")
        if path in listed:
            raise ProofError("manifest-repeated", f"{path[:100]!r} is listed twice")
        listed[path] = found[1]
    return listed


def _check_texts(bag: Bag, faults: Faults) -> None:
    """bagit.txt as it must be, and the number and bytes of files that bag-info.txt states."""
    declared = bag.files.get(layout.DECLARATION)
    if declared and declared.sha256 != hashlib.sha256(layout.DECLARATION_BYTES).hexdigest():
        faults.add("bag-declaration", layout.DECLARATION, "it does not declare a BagIt 1.0 bag in UTF-8")
    if layout.INFO not in bag.files:
        return
    try:
        text = bag.read(layout.INFO, layout.MAX_TEXT_BYTES).decode("utf-8")
    except ProofError as error:
        faults.of(error, layout.INFO)
        return
    except UnicodeDecodeError:
        faults.add("bag-info", layout.INFO, "it is not UTF-8")
        return
    payload = [size for path, size in bag.sizes.items() if path.startswith(layout.DATA)]
    if _OXUM.findall(text) != [f"{sum(payload)}.{len(payload)}"]:
        faults.add("payload-oxum", layout.INFO, f"the payload is {sum(payload)} bytes in {len(payload)} files")


def _check_manifest(bag: Bag, name: str, algorithm: str, expected: set[str], faults: Faults) -> None:
    """The manifest lists exactly `expected`, each with its digest."""
    if name not in bag.files:
        return
    try:
        listed = parse_manifest(bag.read(name, layout.MAX_MANIFEST_BYTES))
    except ProofError as error:
        faults.of(error, name)
        return
    for path in sorted(expected - set(listed)):
        faults.add("file-unlisted", path, f"{name} does not list the file")
    for path, stated in sorted(listed.items()):
        if path not in expected:
            faults.add("file-missing", path, MISSING)
        elif path in bag.files and getattr(bag.files[path], algorithm) != stated:
            faults.add("digest-differs", path, f"the file is not the one that {name} lists")
