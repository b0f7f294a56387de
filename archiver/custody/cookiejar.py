"""Cookies of sites, encrypted in `keys/`: never exported, never backed up, never in a record.

`keys/cookies.key` is 32 random bytes, `keys/cookies.enc` a nonce of 12 bytes and the ChaCha20-Poly1305 ciphertext
(RFC 8439) of a JSON object from site to cookies. Who reads the whole folder reads the cookies: the encryption keeps
them out of searches, crash dumps of the disk and copies that leave the key behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from archiver.cookies import Cookie
from archiver.errors import EvidenceError, MachineError, UsageError

KEY_NAME = "cookies.key"
FILE_NAME = "cookies.enc"

#: A fetcher's job is one packet of 128 KiB, which has to hold a site's cookies beside the rest.
SITE_BYTES = 64 * 1024

_KEY_BYTES = 32
_NONCE_BYTES = 12
_ABOUT = b"archiver-cookies/1"

Cookies = Mapping[str, tuple[Cookie, ...]]


def read(folder: Path) -> Cookies:
    """Cookies by site, from the vault's `keys` folder. Raises EvidenceError, MachineError."""
    try:
        data = (folder / FILE_NAME).read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(folder / FILE_NAME, error) from None
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        key = _read_key(folder / KEY_NAME)
        plain = ChaCha20Poly1305(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], _ABOUT)
        return {host: tuple(Cookie(**one) for one in cookies) for host, cookies in json.loads(plain).items()}
    except FileNotFoundError:
        raise _lost(f"{folder / KEY_NAME} is missing") from None
    except (InvalidTag, ValueError):
        raise _lost(f"{folder / FILE_NAME} is not what was written") from None


def put(folder: Path, host: str, cookies: Sequence[Cookie]) -> None:
    """Keep `cookies` as those of `host`, in place of what was kept; none at all forgets the site."""
    if len(json.dumps([asdict(one) for one in cookies])) > SITE_BYTES:
        raise UsageError(f"the cookies are longer than {SITE_BYTES} bytes", next_step="Export those of one site")
    with _alone(folder):
        kept = dict(read(folder))
        if cookies:
            kept[host] = tuple(cookies)
        elif kept.pop(host, None) is None:
            return
        _write(folder, kept)


def _write(folder: Path, kept: Cookies) -> None:
    if not kept:
        # Nothing is left that an old copy of the key could open.
        for name in (FILE_NAME, KEY_NAME):
            (folder / name).unlink(missing_ok=True)
        _sync(folder)
        return
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        key = _read_key(folder / KEY_NAME)
    except FileNotFoundError:
        key = secrets.token_bytes(_KEY_BYTES)
        _replace(folder / KEY_NAME, key)
    nonce = secrets.token_bytes(_NONCE_BYTES)
    plain = json.dumps({host: [asdict(one) for one in cookies] for host, cookies in kept.items()}).encode()
    _replace(folder / FILE_NAME, nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, _ABOUT))


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            key = stream.read(_KEY_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from None
    if mode & 0o077:
        raise EvidenceError(
            f"the key of the cookies, {path}, can be read by other users (mode {mode:04o}): nothing is sent",
            code="key-readable",
            next_step=f"End those sessions at the sites; then `chmod 600 {path}` and give the cookies anew",
        )
    if len(key) != _KEY_BYTES:
        raise ValueError
    return key


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One writer at a time, so that none undoes another's change."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unreadable(path: Path, error: OSError) -> MachineError:
    return MachineError(
        f"{path} cannot be read: {error.strerror}", code="key-unreadable", next_step="Work as the vault's owner"
    )


def _lost(what: str) -> EvidenceError:
    return EvidenceError(
        f"the kept cookies cannot be opened: {what}",
        code="cookies-lost",
        next_step=f"Remove {FILE_NAME} and {KEY_NAME} in keys/, then give them anew with `archiver site cookies`",
    )
