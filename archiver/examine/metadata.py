"""ExifTool's view of an item's files, through PyExifTool. Runs inside the sandbox.

One fresh ExifTool an item, all its files in one batch. A process that lives on would save most of its 0.1 s, and would
let one hostile file falsify what is recorded about every later item (`docs/adr/0002-one-prepared-sandbox.md`).
"""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

#: `-l` gives each tag as people read it (`val`) and as programs do (`num`, where that differs), in one pass.
#: Groups: format, place in the file, number of the copy, so that no tag hides another. The file system's names, modes
#: and dates are those of our working folder and say nothing about the item.
OPTIONS = (
    "-json",
    "-l",
    "-a",
    "-struct",
    "-G0:1:4",
    "-charset",
    "filename=utf8",
    "-api",
    "largefilesupport=1",
    "--System:all",
    "--ExifTool:ExifToolVersion",
)
_MAX_DIGITS = 18  # whole numbers that every reader of JSON keeps exact are shorter still; longer ones become text


class ExifToolFailed(Exception):
    """No metadata; `code` is exiftool-missing, exiftool-failed, exiftool-timed-out or metadata-too-large."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def extract(paths: Sequence[str], seconds: float, max_bytes: int) -> tuple[list[dict[str, Any]], str]:
    """One block of grouped tags for each of `paths`, and ExifTool's version. Raises ExifToolFailed.

    `paths` must be names of our own making: PyExifTool hangs on a line break in one and takes `-ver` for an option.
    """
    import exiftool
    from exiftool.exceptions import ExifToolException

    try:
        tool = exiftool.ExifTool(common_args=[], encoding="utf-8")  # by default it asks for numbers alone
    except FileNotFoundError:
        raise ExifToolFailed("exiftool-missing") from None
    try:
        with _time_limit(seconds):
            tool.run()
            raw = tool.execute(*OPTIONS, *paths, raw_bytes=True)
            version = str(tool.version)
    except FileNotFoundError:
        raise ExifToolFailed("exiftool-missing") from None
    except TimeoutError:
        _end(tool)
        raise ExifToolFailed("exiftool-timed-out") from None
    except (OSError, RuntimeError, ValueError, ExifToolException) as error:
        raise ExifToolFailed("exiftool-failed") from error
    if len(raw) > max_bytes:
        raise ExifToolFailed("metadata-too-large")
    return _blocks(raw, paths), version


def _end(tool: Any) -> None:
    """End ExifTool now. Left to itself PyExifTool waits half a minute for its farewell, and the decode with it."""
    process = tool._process
    if tool.running:
        tool.terminate(timeout=0)
    for pipe in (process.stdin, process.stdout, process.stderr) if process is not None else ():
        with suppress(OSError):  # what was not written yet is for nobody
            pipe.close()


def _blocks(raw: bytes, paths: Sequence[str]) -> list[dict[str, Any]]:
    try:
        untrusted = json.loads(raw.decode("utf-8", "replace") or "[]", parse_float=_number, parse_int=_whole_number)
        found = {block.pop("SourceFile"): block for block in untrusted}
    except (ValueError, RecursionError, KeyError, AttributeError, TypeError) as error:
        raise ExifToolFailed("exiftool-failed") from error
    return [found.get(path, {}) for path in paths]


def _number(spelled: str) -> float | str:
    value = float(spelled)
    return value if math.isfinite(value) else spelled


def _whole_number(spelled: str) -> int | str:
    return int(spelled) if len(spelled) <= _MAX_DIGITS else spelled


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """PyExifTool waits for ever. The alarm interrupts it, so that a decode of the same item can still be recorded."""

    def ring(_number: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
