"""A bundle's zip, encrypted to those who may open it (age, C2SP; X25519 or their SSH keys), in one pass.

Whose keys they are is nobody's business. Nothing in the file leads to a key of age's own (X25519); of an SSH key it
holds four bytes of the digest, by which whoever tries that public key knows it again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from archiver.errors import MachineError, UsageError

#: An office and its court; age itself takes more, and so would a list of recipients that is none.
MAX_RECIPIENTS = 20

_MAX_FILE_BYTES = 64 * 1024

_FORMS = "Give age1..., a line of an SSH key (ssh-ed25519 ...), or a file with one a line"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who may open a sealed zip: their public keys as text, and as the library has them."""

    names: tuple[str, ...]
    keys: tuple[Any, ...]


def recipients(given: Iterable[str]) -> Recipients | None:
    """From keys, or files with a key a line as `age -R` reads them; None where none was given. Raises UsageError."""
    names = tuple(dict.fromkeys(name for one in given for name in _named(one)))
    if len(names) > MAX_RECIPIENTS:
        raise UsageError(f"{len(names)} recipients are more than {MAX_RECIPIENTS}")
    return Recipients(names, tuple(map(_key, names))) if names else None


def seal(archive: Path, target: Path, to: Recipients, observe: Callable[[int, int], None]) -> str:
    """Encrypt `archive` into the new file `target`, onto the disk; gives the SHA-256 of what is in it.

    `observe` hears how many bytes of how many are done. Raises OSError.
    """
    import pyrage

    with archive.open("rb") as stream, target.open("xb") as out:
        source = _Source(stream, os.fstat(stream.fileno()).st_size, observe)
        sink = _Sink(out)
        try:
            pyrage.encrypt_io(source, sink, list(to.keys))
        except pyrage.EncryptError as error:
            cause = source.error or sink.error  # the library knows only their words
            if cause is not None:
                raise cause from None
            raise MachineError(f"the zip cannot be encrypted: {error}") from None
        out.flush()
        os.fsync(out.fileno())
    target.chmod(0o444)
    return source.digest.hexdigest()


class _Source:
    """The zip as the library reads it. What goes wrong here, an interrupt among it, is kept: it is not passed on."""

    def __init__(self, stream: BinaryIO, total: int, observe: Callable[[int, int], None]) -> None:
        self.error: BaseException | None = None
        self.digest = hashlib.sha256()
        self._stream, self._total, self._observe, self._done = stream, total, observe, 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
            self.digest.update(data)
            self._done += len(data)
            self._observe(self._done, self._total)
        except BaseException as error:
            self.error = error
            raise
        return data


class _Sink:
    """The file as the library writes it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.error: BaseException | None = None
        self._stream = stream

    def write(self, data: bytes) -> int:
        try:
            return self._stream.write(data)
        except BaseException as error:
            self.error = error
            raise

    def flush(self) -> None:
        self._stream.flush()


def _named(given: str) -> Sequence[str]:
    """The keys that `given` stands for: itself, or the lines of the file of that name."""
    if given.startswith(("age1", "ssh-")) or _is_private(given):
        return [given.strip()]
    try:
        with Path(given).open("rb") as stream:
            lines = stream.read(_MAX_FILE_BYTES).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        raise UsageError(f"{given[:100]!r} is no recipient and no file of any", next_step=_FORMS) from None
    found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise UsageError(f"{given[:100]} names no recipient", next_step=_FORMS)
    return found


def _is_private(name: str) -> bool:
    return name.upper().startswith("AGE-SECRET-KEY-")


def _key(name: str) -> Any:
    import pyrage

    if _is_private(name):  # which is not to be shown
        raise UsageError("this is a private key", next_step="Give the public one, which begins with age1")
    kind = pyrage.ssh if name.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(name)
    except pyrage.RecipientError:
        raise UsageError(f"{name[:100]!r} is no recipient of age", next_step=_FORMS) from None
