"""Behaviours put to the real fetcher, some at a time, and what became of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path

from archiver.capture.job import FetchJob, FetchResult
from archiver.capture.pool import Fetchers
from tests.capture.hostile.site import HostileSite
from tests.capture.hostile.table import LIMITS, Behaviour, originals_of
from tests.capture.hostile.tls import Handshake

#: Most of them wait for a limit, so more at a time than there are processors.
AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """One row of the table of results. `disk_bytes` is what its folder holds afterwards."""

    name: str
    result: FetchResult
    seconds: float
    disk_bytes: int
    faults: list[str]
    pending: str = ""


def run(behaviours: Iterable[Behaviour], site: HostileSite, fetchers: Fetchers, folder: Path) -> Iterator[Trial]:
    """Each behaviour once, in order, in the processes of `fetchers`."""

    def one(row: Behaviour) -> Trial:
        done = _fetched(row.name, site.url(row.path), row.limits, folder, fetchers.fetch)
        originals = [(folder / row.name / name).read_bytes() for name in originals_of(done.result)]
        faults = [*done.faults, *row.faults(done.result, originals, site.media["clip.mp4"])]
        return replace(done, faults=faults, pending=row.pending)

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        yield from threads.map(one, behaviours)


def greet(row: Handshake, media: dict[str, bytes], folder: Path) -> Trial:
    """A handshake, in this process: only here is the authority of the tests trusted."""
    from archiver.capture import fetcher  # heavy

    with row.serving(media) as url:
        done = _fetched(row.name, url, row.limits, folder, lambda job: fetcher.fetch(job, lambda _progress: None))
    if done.result.reason != row.reason or bool(done.result.items) == bool(row.reason):
        done.faults.append(f"{done.result.outcome}/{done.result.reason or 'archived'}: {done.result.message}")
    return done


def _fetched(
    name: str, url: str, limits: Mapping[str, float], folder: Path, fetch: Callable[[FetchJob], FetchResult]
) -> Trial:
    place = folder / name
    place.mkdir()
    known = {limit.name for limit in fields(LIMITS)}
    changes = {limit: value for limit, value in limits.items() if limit in known}  # a pending row may name a later one
    job = FetchJob(url, place, ("127.0.0.1/32",), replace(LIMITS, **changes))  # type: ignore[arg-type]  # all are numbers
    begun = time.monotonic()
    result = fetch(job)
    seconds = time.monotonic() - begun
    disk = sum(path.lstat().st_size for path in place.rglob("*"))
    left = [path.name for path in place.iterdir() if path.name[0].isdigit()]  # files of the source's begin so
    faults = [f"files are left although it failed: {left}"] if result.reason and left else []
    return Trial(name, result, seconds, disk, faults)
