"""Hash lists for others: sorted, so that the order of rows tells nothing of when what came."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from archiver.hashlist.records import Picture


def digests(rows: Iterable[tuple[str, str, int]]) -> bytes:
    """(sha256, sha512, size) of each file as a list."""
    return "".join(["sha256,sha512,size\n", *(f"{a},{b},{size}\n" for a, b, size in sorted(set(rows)))]).encode()


def pdq(pictures: Iterable[Picture]) -> bytes:
    """Pictures as a list, each hash once, with the best quality that it has."""
    best: dict[str, int] = {}
    for one in pictures:
        best[one.hash.hex()] = max(one.quality, best.get(one.hash.hex(), 0))
    return "".join(["hash,quality\n", *(f"{name},{quality}\n" for name, quality in sorted(best.items()))]).encode()


def vpdq(videos: Iterable[Sequence[Picture]]) -> bytes:
    """Videos as a list."""
    lines = {json.dumps([f"{one.hash.hex()},{one.quality},{one.seconds:.3f}" for one in video]) for video in videos}
    return "".join(f"{line}\n" for line in sorted(lines)).encode()


def sound(sounds: Iterable[tuple[float, Sequence[int]]]) -> bytes:
    """(seconds, raw Chromaprint numbers) of each recording as a list."""
    lines = {json.dumps({"duration": round(seconds, 2), "fingerprint": list(values)}) for seconds, values in sounds}
    return "".join(f"{line}\n" for line in sorted(lines)).encode()
