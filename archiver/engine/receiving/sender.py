"""Whether a bundle may be taken in: what its checks gave, and who vouches for the key that signed it.

A bundle's own key proves nothing: anybody can make a ledger. It has to come from whoever receives, from their policy,
from an earlier bundle, or they accept in words that nobody confirmed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archiver.custody import received
from archiver.custody.vault import Vault
from archiver.errors import RefusedError
from archiver.proof.faults import FAILED, INCOMPLETE, Fault, Verdict
from archiver.proof.log.note import VerifierKey
from archiver.proof.trust.policy import Policy


@dataclass(frozen=True, slots=True)
class Sender:
    """The ledger that a bundle is of: the Ed25519 key that signs today, and who vouches for it (`trust`)."""

    key: str
    trust: str

    @property
    def origin(self) -> str:
        """The ledger's name."""
        return self.key.partition("+")[0]


class UnfitError(RefusedError):
    """The bundle is not taken in. `faults` are those of its checks."""

    def __init__(self, what: str, *, code: str, next_step: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(what, code=code, next_step=next_step)
        self.faults = tuple(faults)


def check_verdict(verdict: Verdict, *, incomplete: bool) -> None:
    """Raises UnfitError for a bundle that failed, or was not checked whole unless `incomplete` accepts that."""
    if verdict.word == FAILED:
        raise UnfitError(
            "the bundle FAILED its checks, and nothing of it was taken in",
            code="bundle-failed",
            next_step="Keep it as you got it, and ask the office that sent it for a new one",
            faults=verdict.faults,
        )
    if verdict.word == INCOMPLETE and not incomplete:
        raise UnfitError(
            "the bundle could not be checked whole, and nothing of it was taken in",
            code="bundle-incomplete",
            next_step="Do what the faults ask for; --accept-incomplete takes it in, and that goes on record",
            faults=verdict.faults,
        )


def identify(
    vault: Vault, keys: Sequence[VerifierKey], *, given: bool, policy: Policy | None, first_use: bool
) -> Sender:
    """Who sent it. `keys` are its ledger's Ed25519 keys, the oldest first; `given` says that one was expected.

    Raises UnfitError where nobody vouches for any of them.
    """
    newest = keys[-1]
    names = [str(key) for key in keys]
    known = received.known_keys(vault, newest.name)
    if given:
        return Sender(str(newest), "given")
    if policy is not None and any(key in policy.logs for key in keys):
        return Sender(str(newest), "policy")
    if known and known[-1] in names:
        return Sender(str(newest), "known")
    if known:
        raise UnfitError(
            f"an earlier bundle of {newest.name} was signed by another key, and no change of keys leads to this one",
            code="sender-changed",
            next_step="Ask the office for its key through another channel, and give it with --key",
        )
    if first_use:
        return Sender(str(newest), "first-use")
    raise UnfitError(
        f"nobody vouches for the key {newest}",
        code="sender-unconfirmed",
        next_step="Ask the office for its key through another channel, and give it with --key; --first-use accepts"
        " this one unconfirmed, and that goes on record",
    )
