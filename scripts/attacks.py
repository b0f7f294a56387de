"""Counts the attacks of tests/tamper: how many are named rightly, and which need something from outside.

An attack is one case of a test there, unless it is marked `honest`. Usage: `python scripts/attacks.py`.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Count:
    """What became of each case, by its marker."""

    def __init__(self) -> None:
        self.marked: dict[str, str] = {}
        self.failed: set[str] = set()
        self.skipped: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the marker of every case."""
        for item in items:
            found = [name for name in ("honest", "needs_memory") if item.get_closest_marker(name)]
            self.marked[item.nodeid] = found[0] if found else "inside"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what failed in any phase, and what was left out."""
        if report.failed:
            self.failed.add(report.nodeid)
        elif report.skipped:
            self.skipped.add(report.nodeid)


def main() -> int:
    """Run the corpus and print the counts; 1 where an attack is not named rightly."""
    count = Count()
    pytest.main([str(ROOT / "tests" / "tamper"), "-q", "-p", "no:cacheprovider", "--no-header"], plugins=[count])
    attacks = {case for case, marker in count.marked.items() if marker != "honest"}
    right = attacks - count.failed - count.skipped
    kinds = Counter(count.marked[case] for case in right)
    tests = {case.partition("[")[0] for case in attacks}
    sys.stdout.write(
        f"{len(attacks)} attacks in {len(tests)} tests, {len(right)} named rightly,"
        f" {len(attacks & count.skipped)} left out: {kinds['inside']} by what lies in the vault or bundle,"
        f" {kinds['needs_memory']} by a memory, policy or key from outside only:\n"
    )
    for case in sorted(case for case in attacks if count.marked[case] == "needs_memory"):
        sys.stdout.write(f"  {case.rpartition('::')[2].removeprefix('test_').replace('_', ' ')}\n")
    return 1 if count.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
