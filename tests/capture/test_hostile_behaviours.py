"""Every behaviour of the table ends as the table says: real yt-dlp, real processes, a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.capture.pool import Fetchers
from tests.capture.hostile import BEHAVIOURS, FAMILIES
from tests.capture.hostile.site import HostileSite, make_media, running
from tests.capture.hostile.trials import run


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
    chosen = [one for one in BEHAVIOURS.values() if one.family == family]
    wrong = {}
    for row, trial in zip(chosen, run(chosen, hostile_site, fetchers, tmp_path), strict=True):
        if trial.faults and not trial.pending:
            wrong[trial.name] = trial.faults
        # The cap, its overshoot, and the record: no behaviour may fill the disk.
        most = row.limits.get("file_bytes", 3_000_000) + 4_000_000
        assert trial.disk_bytes < most, trial.name
    assert wrong == {}


def test_the_table_is_as_wide_as_the_network_is_hostile() -> None:
    assert {one.family for one in BEHAVIOURS.values()} == set(FAMILIES)
    assert len(BEHAVIOURS) > 200
    ends = {one.reason for one in BEHAVIOURS.values()}
    assert len(ends) > 25
    assert sum(one.outcome == "success" for one in BEHAVIOURS.values()) > 25
