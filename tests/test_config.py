"""The settings file: what it may say, and that what makes no sense is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver import config
from archiver.config import Wishes
from archiver.errors import UsageError


def load(folder: Path, more: str) -> config.Settings:
    (folder / config.FILE_NAME).write_text(f'origin = "office-a.example/archive"\n{more}\n')
    return config.load(folder, {})


def test_what_is_fetched_beside_the_footage_is_asked_for_by_name(tmp_path: Path) -> None:
    assert load(tmp_path, "").wishes == Wishes(automatic_subtitles=False, comments=False)
    assert load(tmp_path, "[capture]\ncomments = true").wishes == Wishes(comments=True)
    assert load(tmp_path, "[capture]\nautomatic_subtitles = true").wishes == Wishes(automatic_subtitles=True)


@pytest.mark.parametrize("more", ["capture = 1", "[capture]\ncomments = 1", "[capture]\nall = true", "capture = []"])
def test_wishes_that_make_no_sense_are_refused(tmp_path: Path, more: str) -> None:
    with pytest.raises(UsageError, match="capture"):
        load(tmp_path, more)


def test_limits_are_numbers_above_zero(tmp_path: Path) -> None:
    assert load(tmp_path, "[limits]\nlive_seconds = 0.5\nfiles = 7").limits.live_seconds == 0.5
    for wrong in ("live_seconds = 0", 'files = "many"', "files = -1", "no_such = 1", "files = inf"):
        with pytest.raises(UsageError):
            load(tmp_path, f"[limits]\n{wrong}")
