"""What every fault means and what its reader should do: one table for both verifiers and for docs/faults.md.

Faults with the same next step stand together. A code is a promise to other programs: it keeps its meaning for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from archiver.proof.codes import bundlefaults, ledgerfaults, uncheckedfaults

#: (whether the faults say only that something could not be checked, what the reader should do, code -> what it says)
GROUPS: tuple[tuple[bool, str, dict[str, str]], ...] = (
    *((False, *group) for group in ledgerfaults.GROUPS),
    *((False, *group) for group in bundlefaults.GROUPS),
    *((True, *group) for group in uncheckedfaults.GROUPS),
)

#: What each code says, in one line.
SAYS: Mapping[str, str] = MappingProxyType({code: says for _, _, codes in GROUPS for code, says in codes.items()})

#: What the reader should do about it.
NEXT: Mapping[str, str] = MappingProxyType({code: step for _, step, codes in GROUPS for code in codes})

#: Faults that say "could not be checked" and not "is wrong". Any other code makes the verdict FAILED.
INCOMPLETE_CODES = frozenset(code for incomplete, _, codes in GROUPS if incomplete for code in codes)


def steps(codes: Iterable[str]) -> dict[str, str]:
    """The next step for each of these codes, each code once, in the order given."""
    return {code: NEXT[code] for code in dict.fromkeys(codes) if code in NEXT}


def lines(codes: Iterable[str]) -> list[str]:
    """The same for people: one line for each step, with the codes that call for it."""
    asked: dict[str, list[str]] = {}
    for code, step in steps(codes).items():
        asked.setdefault(step, []).append(code)
    return [f"What to do about {', '.join(found)}: {step}" for step, found in asked.items()]
