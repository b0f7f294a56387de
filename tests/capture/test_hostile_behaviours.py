"""Every behaviour of the table ends as the table says: real yt-dlp, real processes, a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.capture.pool import Fetchers
from tests.capture.hostile import BEHAVIOURS, FAMILIES
from tests.capture.hostile.site import HostileSite, make_media, running
from tests.capture.hostile.table import LIMITS, Behaviour
from tests.capture.hostile.trials import run

#: What the records of an attempt may take beside its files.
RECORD_BYTES = 4_000_000


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileSite]:
    media = make_media(tmp_path_factory.mktemp("hostile-media"))
    with running(HostileSite(media, {one.name: one.speaks for one in BEHAVIOURS.values()})) as site:
        yield site


@pytest.mark.parametrize("family", FAMILIES)
def test_every_behaviour_ends_as_the_table_says(
    family: str, hostile_site: HostileSite, fetchers: Fetchers, tmp_path: Path
) -> None:
    """A family at a time, so that what waits for a limit waits beside the others."""
    chosen = [one for one in BEHAVIOURS.values() if one.family == family and not one.heavy]
    assert wrong(chosen, hostile_site, fetchers, tmp_path) == {}


@pytest.mark.slow
def test_what_keeps_a_processor_busy_ends_as_the_table_says(
    hostile_site: HostileSite, fetchers: Fetchers, tmp_path: Path
) -> None:
    chosen = [one for one in BEHAVIOURS.values() if one.heavy]
    assert len(chosen) == 3
    assert wrong(chosen, hostile_site, fetchers, tmp_path) == {}


def wrong(chosen: list[Behaviour], site: HostileSite, fetchers: Fetchers, folder: Path) -> dict[str, list[str]]:
    """Behaviours that did not end as the table says. No behaviour may fill the disk: its cap and the record."""
    found = {}
    for row, trial in zip(chosen, run(chosen, site, fetchers, folder), strict=True):
        faults = [] if trial.pending else list(trial.faults)
        if trial.disk_bytes >= row.limits.get("file_bytes", LIMITS.file_bytes) + RECORD_BYTES:
            faults.append(f"{trial.disk_bytes} bytes on the disk")
        if faults:
            found[row.name] = faults
    return found


def test_the_table_is_as_wide_as_the_network_is_hostile() -> None:
    assert {one.family for one in BEHAVIOURS.values()} == set(FAMILIES)
    assert len(BEHAVIOURS) > 200
    ends = {one.reason for one in BEHAVIOURS.values()}
    assert len(ends) > 25
    assert sum(one.outcome == "success" for one in BEHAVIOURS.values()) > 25
