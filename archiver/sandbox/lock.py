"""The locks inside a level, put on in the child that does a job: Landlock, no privileges, a filter of system calls."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archiver.sandbox import landlock, namespaces, seccomp
from archiver.sandbox.libc import libc

#: From this version of Landlock on signals do not leave the child. Before, the filter allows them to itself alone.
_SCOPES_SIGNALS = 6
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Lock:
    """What `fasten` puts on. `rules` is Landlock's descriptor or -1."""

    rules: int
    filtered: bool
    alone: bool  # in a process namespace of its own


def make(settings: Mapping[str, Any], *, alone: bool) -> Lock:
    """Prepare the locks that `level.command` asks for, once, in the parent. Raises OSError: no job without them."""
    if not alone:  # what a job leaves behind becomes our child, so that it can be found and killed
        libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    in_sight = settings.get("in_sight")
    rules = -1 if in_sight is None else landlock.ruleset(read=in_sight["read"], run=in_sight["run"])
    return Lock(rules, bool(settings.get("filtered")), alone)


def fasten(lock: Lock) -> None:
    """Put the locks on this process. Raises OSError."""
    namespaces.drop_capabilities()
    if lock.rules >= 0:
        landlock.restrict(lock.rules)
        os.close(lock.rules)
    if lock.filtered:
        guarded = not lock.alone and (lock.rules < 0 or landlock.abi() < _SCOPES_SIGNALS)
        seccomp.install(seccomp.Rules(signals_to=os.getpid() if guarded else 0))
