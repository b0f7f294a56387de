"""Hostile files of every kind go through the real examination: nothing crashes, hangs or gets out."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
import mutations  # benchmarks are scripts, no package


@pytest.mark.slow
def test_mutated_and_hostile_files_neither_stop_a_run_nor_get_out(tmp_path: Path) -> None:
    result = mutations.run(64, tmp_path / "mutations")
    assert (result.files, result.crashes, result.hangs, result.escapes) == (64, [], 0, [])
    assert {"damaged", "not-media"} <= set(result.outcomes)


def test_the_same_files_come_every_time_and_are_no_two_alike(tmp_path: Path) -> None:
    whole = mutations.seeds(tmp_path / "seeds")
    made = [[mutations.mutated(chance, whole) for _ in range(64)] for chance in (random.Random(1), random.Random(1))]
    assert made[0] == made[1]
    assert len(set(map(bytes, made[0]))) > 50
