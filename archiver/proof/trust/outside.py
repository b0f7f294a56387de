"""What a reader brings to a check from outside of what is checked, and what the check says in those terms.

Everything inside a vault or a bundle can be made by whoever holds the log's key. A policy with witnesses and a memory
of earlier looks are what such a maker cannot reach; without them some attacks leave no trace, and those are named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.logkeys import LogKeys
from archiver.proof.times.blockheaders import Header
from archiver.proof.trust import memory as memories
from archiver.proof.trust import witnessed
from archiver.proof.trust.memory import Comparison, Memory
from archiver.proof.trust.policy import NONE, Policy
from archiver.proof.trust.witnessed import Cosigner, Signed

#: Raises ProofError unless an authority that the reader believes made a time stamp: reply, query, stamped bytes, chain.
Vouch = Callable[[bytes, bytes, bytes, bytes], None]


@dataclass(frozen=True)
class Outside:
    """A policy, what was seen before, what checks the signatures of time stamps, and headers of Bitcoin blocks.

    None: there is none.
    """

    policy: Policy | None = None
    memory: Memory | None = None
    vouch: Vouch | None = None
    headers: Mapping[int, Header] | None = None


#: What no look at one copy can exclude, by what would: the words are for people, in the order of their weight.
_WITHOUT_KEY = "another ledger, signed with somebody else's key: the key was not given from outside"
_FORK = "a fork: the holder of the log's key shows others another ledger (no quorum that the reader named vouches)"
_TAIL = "a cut end: later entries that were removed with their checkpoints before anybody here saw them"
_COLLUSION = "a fork by the log's key and a quorum of the witnesses' keys together (nothing contained was remembered)"


def describe(
    present: Checkpoint | None,
    keys: Sequence[LogKeys],
    time: str,
    found: Iterable[Cosigner],
    outside: Outside,
    comparison: Comparison,
    signed: Iterable[Signed],
    *,
    key_given: bool,
) -> dict[str, Any]:
    """JSON values for people and machines. `time` is that of the newest entry: a checkpoint itself bears none.

    `keys` are the ledger's, of the past and then of today.
    """
    key = keys[-1].classic if keys else None
    known = list(found)
    trusted = set(outside.policy.witnesses.values()) if outside.policy else set()
    reached = witnessed.quorum_size(outside.policy, known) if outside.policy and outside.policy.quorum != NONE else None
    checkpoint = None
    if present is not None:
        checkpoint = {
            "origin": present.origin,
            "size": present.size,
            "root": present.root.hex(),
            "time": time,
            "key": str(key) if key else None,
            "quorum_size": reached,
        }
    state = comparison.state if outside.memory is not None else "none"
    against = len(outside.memory.against.get(str(key), ())) if outside.memory else 0
    open_questions = [] if key_given or (outside.policy and outside.policy.logs) else [_WITHOUT_KEY]
    agrees = state == memories.AGREES
    if reached is None:
        open_questions.append(_FORK)
    elif not agrees:
        open_questions.append(_COLLUSION)
    open_questions.append(_TAIL)
    return {
        "checkpoint": checkpoint,
        "witnesses": [
            {
                "name": one.key.name,
                "key": str(one.key),
                "size": one.size,
                "time": rfc3339(one.time),
                "in_policy": one.key in trusted,
            }
            for one in known
        ],
        "unchecked_signatures": _strangers(signed, keys, known),
        "memory": {"state": state, "seen_size": comparison.size, "conflicts": against},
        "not_excluded": open_questions,
    }


def _strangers(signed: Iterable[Signed], keys: Sequence[LogKeys], known: Iterable[Cosigner]) -> list[str]:
    """Names on lines that no key at hand can check: anybody can have written them."""
    checked = {(one.key.name, one.key.key_id) for one in known}
    checked.update((one.name, key_id) for one in keys for key_id in one.key_ids)
    lines_of = [line for one in signed for line in one.note.signatures]
    return sorted({line.name for line in lines_of if (line.name, line.key_id) not in checked})


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 for people; the number where the calendar does not reach."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"


def lines(told: dict[str, Any]) -> list[str]:
    """The same for people, one line each."""
    said = []
    point = told.get("checkpoint")
    if point:
        last = f", the last of {point['time']}" if point["time"] else ""
        said.append(f"Newest checkpoint: {point['size']} entries of {point['origin']}{last}")
    said += [
        f"Witness {one['name']} cosigned {one['size']} entries at {one['time']}"
        + ("" if one["in_policy"] else " (its key was not given from outside)")
        for one in told.get("witnesses", ())
    ]
    if point and not told["witnesses"]:
        said.append("No witness that is known here has cosigned it")
    if told.get("unchecked_signatures"):
        said.append(f"Not checked, for want of a key: lines of {', '.join(told['unchecked_signatures'])}")
    memory = told.get("memory", {"state": "none"})
    if memory["state"] != "none":
        size = f" ({memory['seen_size']} entries)" if memory["seen_size"] else ""
        said.append(f"{_MEMORY[memory['state']]}{size}")
    if memory.get("conflicts"):
        said.append(f"{memory['conflicts']} checkpoints that contradict this log's others are kept as evidence")
    said += [
        f"Received from {'+'.join(one['key'].split('+')[:2]) or 'another office (withheld)'}, export entry"
        f" {one['export']}: {one['items']} items ({_TRUST.get(one['trust'], one['trust'])})"
        for one in told.get("received", ())
    ]
    said += _timestamps(told)
    said += _anchors(told)
    said += [f"Not excluded: {one}" for one in told.get("not_excluded", ())]
    return said


def _timestamps(told: dict[str, Any]) -> list[str]:
    """The first and the newest time stamp: what they prove, and what that rests on."""
    stamps = told.get("timestamps", ())
    chosen = stamps if len(stamps) < 3 else (stamps[0], stamps[-1])
    said = [
        f"Time stamp of entry {one['entry']}: the first {one['size']} entries were there at {one['time']}"
        + ("" if one["signature_checked"] else ", if the authority's signature is good (not checked here)")
        for one in chosen
    ]
    if len(stamps) > len(chosen):
        said.append(f"{len(stamps) - len(chosen)} more time stamps in between")
    unchecked = [one for one in chosen if "command" in one and not one["signature_checked"]]
    return [*said, *(f"Check its signature with the authority's own root: {one['command']}" for one in unchecked)]


def _anchors(told: dict[str, Any]) -> list[str]:
    """The first and the newest anchor in a block, and how many still wait for one."""
    anchors = told.get("anchors", ())
    settled = [one for one in anchors if one["blocks"]]
    chosen = settled if len(settled) < 3 else (settled[0], settled[-1])
    said = []
    for one in chosen:
        what = f"Time anchor of entry {one['entry']}: the first {one['size']} entries were there"
        if one["header_checked"]:
            made = f"{one['time'][:19]}Z (as its header says, which shows 2^{one['work']} hashes of work)"
            said.append(f"{what} before Bitcoin block {one['block']} of {made}")
        else:
            blocks = " or ".join(map(str, one["blocks"]))
            said.append(
                f"{what} before Bitcoin block {blocks} was made, if its Merkle root is the one that the proof leads to"
                " (not checked here: bring the block's header with --block-headers)"
            )
    if len(settled) > len(chosen):
        said.append(f"{len(settled) - len(chosen)} more time anchors in between")
    completed = {one["upgrades"] for one in anchors}
    pending = sum(1 for one in anchors if not one["blocks"] and one["entry"] not in completed)
    if pending:
        said.append(f"Time anchors that only promise a block, and prove nothing yet: {pending}")
    return said


_TRUST = {
    "given": "the office that received says that it had the key through another channel",
    "policy": "the office that received lists the key in its policy",
    "known": "under the key of an earlier bundle",
    "first-use": "nobody had confirmed the key",
}

_MEMORY = {
    memories.FIRST: "This log was not seen before; it is remembered now",
    memories.AGREES: "It continues what was seen before",
    memories.UNPROVEN: "It was seen before, and nothing at hand relates both; it is remembered",
    memories.ROLLED_BACK: "ROLLED BACK: less than what was seen before",
    memories.FORK: "FORK: not what was seen before",
}
