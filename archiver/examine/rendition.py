"""Working copies for people: one playable file of an item whose picture and sound came as separate originals."""

from __future__ import annotations

import os
from pathlib import Path

from archiver.sandbox.failure import SandboxError
from archiver.sandbox.pool import SandboxPool

_SECONDS = 1800  # copying packets of 4 GiB takes a minute on a slow disk
_ANSWER_BYTES = 100


def merge(sandboxes: SandboxPool, video: Path, audio: Path, target: Path) -> str:
    """Put the streams of `video` and `audio` into `target`, which must not exist; nothing is encoded anew.

    Returns "" when it was made, else the reason in a word. The result is derived, rebuildable and no evidence; it was
    written by code that reads hostile files, so whoever plays it is as careful as with the originals.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644))
        sandboxes.run(
            "archiver.examine.inside:merge_streams",
            [video, audio],
            None,
            seconds=_SECONDS,
            max_bytes=_ANSWER_BYTES,
            output=partial,
        )
        os.link(partial, target)  # refuses to replace what is there
    except SandboxError as error:
        return error.failure.value
    except FileExistsError:
        return "exists"
    except OSError:
        return "not-written"
    finally:
        partial.unlink(missing_ok=True)
    return ""
