"""Findings as a reviewer meets them: each with what was ruled on the same two items before, the strongest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from archiver.model import Decision, Finding, Match
from archiver.proof.lineage import rulings
from archiver.proof.lineage.rulings import Judged

#: The stronger a finding, the earlier it is looked at. Alike pictures are the weakest: most are no copies.
_ORDER: Final = (Finding.IDENTICAL, Finding.SAME_RECORDING, Finding.SAME_SOUND, Finding.SAME_SCENE)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A match with the latest ruling on it, and those on its two items by way of `earlier` findings, oldest first.

    `contradicts`: the finding is against what was ruled before. `is_open`: a person should still look.
    """

    match: Match
    decision: Decision | None
    earlier: tuple[tuple[Match, Decision], ...] = ()
    contradicts: bool = False
    is_open: bool = True


def reviewed(found: Iterable[tuple[Match, Decision | None]]) -> list[Reviewed]:
    """Matches with the latest ruling on each; all matches of a pair have to be among them."""
    of_pair: dict[frozenset[str], list[tuple[Match, Decision | None]]] = {}
    for match, decision in found:
        of_pair.setdefault(frozenset((match.a, match.b)), []).append((match, decision))
    return sorted((one for pair in of_pair.values() for one in _of_pair(pair)), key=_strength)


def judged(match: Match, decision: Decision | None) -> Judged:
    """As the rule of `proof.rulings` takes it."""
    ruled = (decision.ruling.value, decision.entry) if decision else ("", -1)
    return Judged(match.id, match.a, match.b, match.finding.value, *ruled)


def _of_pair(pair: Sequence[tuple[Match, Decision | None]]) -> Iterable[Reviewed]:
    findings = {match.id: judged(match, decision) for match, decision in pair}
    ruled = {match.id: (match, decision) for match, decision in pair if decision}
    for match, decision in pair:
        one = findings[match.id]
        before = rulings.earlier(one, findings.values())
        yield Reviewed(
            match,
            decision,
            earlier=tuple(ruled[other.match] for other in before),
            contradicts=rulings.contradicts(one, before),
            is_open=rulings.is_open(one, before),
        )


def _strength(one: Reviewed) -> tuple[int, float, float]:
    match = one.match
    return _ORDER.index(match.finding), -match.score, -sum(s.b_end - s.b_start for s in match.segments)
