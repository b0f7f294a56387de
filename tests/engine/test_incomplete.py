"""Half a body without Content-Length: archived as it came, and on record as what it is."""

from __future__ import annotations

import pytest

from tests.calling import Archiver
from tests.loopback import Site

pytestmark = pytest.mark.slow


def test_half_a_body_is_archived_with_a_failure_on_record(archiver: Archiver, site: Site, clip: bytes) -> None:
    url = site.put("/half.mp4", clip, cut_at=len(clip) // 2)
    archiver("add", url, site.put("/whole.mp4", clip))
    archiver.process("run", "--json", code=0)
    requests = archiver.requests()
    half, whole = requests["/half.mp4"], requests["/whole.mp4"]
    assert (half["state"], whole["state"]) == ("archived", "archived")
    assert f"{len(clip) // 2:,} of {len(clip):,} bytes" in half["message"]
    assert whole["message"] == ""
    shown = archiver("show", half["item_ids"][0], "--json").json
    failures = [entry for entry in shown["custody"] if entry["outcome"] == "failure"]
    assert [entry["type"] for entry in failures] == ["ingestion"]
    archiver("verify")
