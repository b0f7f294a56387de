"""What the certificate that a server showed says of itself. Nobody has judged whether it is to be believed.

The chain comes from the record of an exchange: bytes that a server sent, or that whoever wrote the record made up.
"""

from __future__ import annotations

from collections.abc import Callable

from archiver.report.wording.text import whole_characters

#: Names in certificates are a line long; one that is longer is shown so far.
_CHARACTERS = 300

_END = "-----END CERTIFICATE-----"


def facts(chain: str) -> dict[str, str]:
    """Of the server's own certificate, the first of a PEM chain: names, validity, and the SHA-256 of its DER.

    Empty where it cannot be read.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    first, end, _ = chain.partition(_END)
    try:
        read = x509.load_pem_x509_certificate((first + end).encode("ascii"))
        return {
            "subject": _name(read.subject.rfc4514_string),
            "issuer": _name(read.issuer.rfc4514_string),
            "from": f"{read.not_valid_before_utc:%Y-%m-%dT%H:%M:%S.%fZ}",
            "until": f"{read.not_valid_after_utc:%Y-%m-%dT%H:%M:%S.%fZ}",
            "sha256": read.fingerprint(SHA256()).hex(),
        }
    except (ValueError, TypeError, x509.InvalidVersion):  # TypeError: a date that is none
        return {}


def _name(spell: Callable[[], str]) -> str:
    """A distinguished name (RFC 4514); "" where its parts are not what they claim to be."""
    try:
        return whole_characters(spell())[:_CHARACTERS]
    except (ValueError, TypeError):
        return ""
