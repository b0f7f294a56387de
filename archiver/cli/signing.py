"""Options of an export that put a signature on report.pdf, and where its key's passphrase comes from."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.errors import ArchiverError, UsageError

if TYPE_CHECKING:
    from archiver.config import Settings
    from archiver.report.signing.pades import Signing

#: Names a file whose first line is the passphrase of the certificate's key, where that has one.
VARIABLE = "ARCHIVER_SIGN_PASSPHRASE_FILE"


def signing(settings: Settings, certificate: Path | None, key: Path | None, authority: str) -> Signing | None:
    """How report.pdf is to be signed; None where it is not. Raises as `signer.load`."""
    if certificate is None:
        if key is not None or authority:
            raise UsageError("what signs is missing", next_step="Name a certificate with --sign-pdf")
        return None
    from archiver.custody.timestamps import ask, stamping
    from archiver.report.signing import signer
    from archiver.report.signing.pades import Signing

    def stamp(signed: bytes) -> bytes:
        try:
            return stamping.of_bytes(settings, ask.ask, authority, signed)
        except ArchiverError as error:
            error.next_step = "Nothing was exported. Try again, or leave --sign-tsa out"
            raise

    if authority:
        stamping.authority(settings, authority)  # one that is not configured is told before the work
    return Signing(signer.load(certificate, key, _passphrase), stamp if authority else None)


def _passphrase() -> bytes:
    """From the file that is named, else from whoever sits at the terminal. Raises UsageError."""
    from archiver.custody import passphrase

    named = os.environ.get(VARIABLE, "")
    if named:
        return passphrase.read_file(Path(named))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the key that is to sign report.pdf is protected by a passphrase",
            code="passphrase-needed",
            next_step=f"Name a file that holds it in {VARIABLE}, or work at a terminal",
        )
    answer: str = click.prompt("Passphrase of the key that signs report.pdf", hide_input=True, err=True)
    return passphrase.checked(answer.encode("utf-8", "surrogateescape"))
