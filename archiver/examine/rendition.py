"""Working copies for people: one playable file of an item, whatever streams and containers its originals came in."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archiver.model import Tool
from archiver.sandbox.failure import SandboxError
from archiver.sandbox.pool import SandboxPool

_SECONDS = 1800  # copying packets of 4 GiB takes a minute on a slow disk
_ANSWER_BYTES = 500
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")


@dataclass(frozen=True, slots=True)
class Made:
    """`failure` is "" when the file was made, else the reason in a word; `tools` made it."""

    failure: str
    tools: tuple[Tool, ...] = ()


def playable(sandboxes: SandboxPool, originals: Sequence[Path], target: Path, comment: str) -> Made:
    """Put picture and sound of `originals` into `target` (Matroska), which must not exist; nothing is encoded anew.

    `comment` is what the file says of itself. The result is derived, rebuildable and no evidence; it was written by
    code that reads hostile files, so whoever plays it is as careful as with the originals.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644))
        untrusted_answer = sandboxes.run(
            "archiver.examine.playable:make_playable",
            list(originals),
            {"comment": comment},
            seconds=_SECONDS,
            max_bytes=_ANSWER_BYTES,
            output=partial,
        )
        tools = _tools(untrusted_answer)
        os.link(partial, target)  # refuses to replace what is there
    except SandboxError as error:
        return Made(error.failure.value)
    except FileExistsError:
        return Made("exists")
    except OSError:
        return Made("not-written")
    finally:
        partial.unlink(missing_ok=True)
    return Made("", tools)


def _tools(untrusted_answer: bytes) -> tuple[Tool, ...]:
    """The versions that the answer names, so far as they look like versions."""
    try:
        told = json.loads(untrusted_answer)
    except ValueError:
        return ()
    if not isinstance(told, dict):
        return ()
    named = [(name, told.get(name)) for name in ("pyav", "libavformat")]
    return tuple(
        Tool(name, version) for name, version in named if isinstance(version, str) and _VERSION.fullmatch(version)
    )
