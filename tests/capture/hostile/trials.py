"""Behaviours put to the real fetcher, some at a time, and what became of each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from tests.capture.hostile.site import HostileSite
from tests.capture.hostile.table import LIMITS, Behaviour, originals_of

#: Most of them wait for a limit, so more at a time than there are processors.
AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """One row of the table of results. `disk_bytes` is what its folder holds afterwards."""

    behaviour: Behaviour
    result: FetchResult
    seconds: float
    disk_bytes: int
    faults: list[str]


def run(behaviours: Iterable[Behaviour], site: HostileSite, fetchers: Fetchers, folder: Path) -> Iterator[Trial]:
    """Each behaviour once, in order."""
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        yield from threads.map(lambda one: _trial(one, site, fetchers, folder / one.name), behaviours)


def _trial(behaviour: Behaviour, site: HostileSite, fetchers: Fetchers, folder: Path) -> Trial:
    folder.mkdir()
    limits = replace(LIMITS, **behaviour.limits)  # type: ignore[arg-type]  # every limit is a number
    begun = time.monotonic()
    result = fetchers.fetch(FetchJob(site.url(behaviour.path), folder, ("127.0.0.1/32",), limits))
    seconds = time.monotonic() - begun
    originals = [(folder / name).read_bytes() for name in originals_of(result)]
    faults = behaviour.faults(result, originals, site.media["clip.mp4"])
    disk = sum(path.lstat().st_size for path in folder.rglob("*"))
    if result.reason and any(path.name[0].isdigit() for path in folder.iterdir()):
        faults.append("files are left although it failed")
    return Trial(behaviour, result, seconds, disk, faults)
