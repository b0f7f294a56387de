"""The passphrase of a protected key: from a file or from whoever sits at the terminal, asked for once a process.

Nothing here prints: the command line hands in the function that asks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from archiver.errors import UsageError

#: Names a file whose first line is the passphrase. A passphrase in the environment itself would show in `ps e`.
VARIABLE = "ARCHIVER_PASSPHRASE_FILE"

#: A sentence, and far below what would be no passphrase but a film.
MAX_BYTES = 1024

#: Asks at the terminal; None where there is none.
_ask: Callable[[], str] | None = None

#: Told by the command itself, for as long as it makes keys with it.
_given: bytes | None = None

#: What was given already, by the file's name; "" stands for the terminal.
_held: dict[str, bytes] = {}


def ask_with(ask: Callable[[], str] | None) -> None:
    """Have a person asked where no file is named."""
    global _ask
    _ask = ask


@contextmanager
def held(given: bytes | None) -> Iterator[bytes | None]:
    """While the block runs, `given` is the passphrase, whatever a file or a person says."""
    global _given
    before, _given = _given, given
    try:
        yield given
    finally:
        _given = before


def current() -> bytes:
    """The passphrase. Raises UsageError where nobody gives one."""
    if _given is not None:
        return _given
    named = os.environ.get(VARIABLE, "")
    if named not in _held:
        if named:
            _held[named] = read_file(Path(named))
        elif _ask is not None:
            _held[""] = checked(_ask().encode("utf-8", "surrogateescape"))
        else:
            raise UsageError(
                "the signing key is protected by a passphrase",
                code="passphrase-needed",
                next_step=f"Name a file that holds it in {VARIABLE}, or work at a terminal",
            )
    return _held[named]


def forget() -> None:
    """Let go of what was given: it was wrong, or is not needed any more."""
    _held.clear()


def read_file(path: Path) -> bytes:
    """The passphrase in a file: its first line. Raises UsageError where there is none."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 2)
    except OSError as error:
        raise UsageError(f"the passphrase's file {path} cannot be read: {error.strerror}") from None
    return checked(data.split(b"\n")[0].removesuffix(b"\r"))


def checked(given: bytes) -> bytes:
    """What can be a passphrase. Raises UsageError."""
    if not given:
        raise UsageError("the passphrase is empty", next_step="Choose one of several words")
    if len(given) > MAX_BYTES:
        raise UsageError(f"the passphrase is longer than {MAX_BYTES} bytes")
    return given
