"""The verifier's memory on this machine: outside of every vault, in the person's own state folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

from archiver import model
from archiver.errors import EvidenceError, MachineError
from archiver.proof.faults import ProofError
from archiver.proof.trust import memory
from archiver.proof.trust.memory import Look, Memory

FILE_NAME = "seen.json"


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """`$ARCHIVER_STATE`, else archiver/ in `$XDG_STATE_HOME`, else in ~/.local/state (XDG base directories)."""
    given = environ.get("ARCHIVER_STATE")
    if given:
        return Path(given) / FILE_NAME
    state = environ.get("XDG_STATE_HOME", "")
    base = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return base / "archiver" / FILE_NAME


def recall() -> Memory:
    """What was seen before. Raises EvidenceError where the file holds something else, MachineError."""
    try:
        return memory.load(path())
    except ProofError as error:
        raise EvidenceError(
            f"{path()} is not what `verify` wrote there: {error.message}",
            code=error.code,
            next_step="Find out who changed it; --no-memory looks without it",
        ) from None
    except OSError as error:
        raise _unusable(error) from None


def keep(look: Look) -> None:
    """Add a look to what is remembered, also while another process does."""
    target = path()
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with target.with_name("seen.lock").open("ab") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            memory.save(target, memory.remember(recall(), look, model.now()))
    except OSError as error:
        raise _unusable(error) from None


def _unusable(error: OSError) -> MachineError:
    return MachineError(
        f"the memory {path()} cannot be used: {error.strerror}",
        code="memory-unusable",
        next_step="Give another folder in ARCHIVER_STATE, or look with --no-memory",
    )
