"""The other end of a connection, for the record: address, TLS parameters and the certificates that it showed."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

# Chains have three or four certificates of 2 kB; more than this is no chain.
_CHAIN = 16
_CHAIN_BYTES = 256 * 1024


def facts(channel: Any, address: str, port: str) -> tuple[Mapping[str, Any], str]:
    """What is known of the peer of a connected socket, and its certificates as PEM ("" without TLS).

    `address` is the one that was judged and connected to.
    """
    told: dict[str, Any] = {"address": address, "port": int(port) if port.isdigit() else 0}
    if not isinstance(channel, ssl.SSLSocket):
        return told, ""
    cipher = channel.cipher()
    chain, is_whole = _chain(channel)
    told["tls"] = {
        "version": channel.version() or "",
        "cipher": cipher[0] if cipher else "",
        "chain_is_whole": is_whole,
    }
    return told, chain


def _chain(channel: ssl.SSLSocket) -> tuple[str, bool]:
    """The certificates as the server sent them; where Python cannot tell (before 3.10), its own one."""
    inner = getattr(channel, "_sslobj", None)
    unverified = getattr(channel, "get_unverified_chain", None) or getattr(inner, "get_unverified_chain", None)
    shown = list(unverified() or ()) if unverified is not None else []
    der = [one if isinstance(one, bytes) else ssl.PEM_cert_to_DER_cert(_pem(one)) for one in shown[:_CHAIN]]
    if not der:
        leaf = channel.getpeercert(binary_form=True)
        return (ssl.DER_cert_to_PEM_cert(leaf) if leaf else ""), False
    text = "".join(ssl.DER_cert_to_PEM_cert(one) for one in der)
    return (text, len(shown) <= _CHAIN) if len(text) <= _CHAIN_BYTES else (ssl.DER_cert_to_PEM_cert(der[0]), False)


def _pem(certificate: Any) -> str:
    text = certificate.public_bytes()  # of 3.11's private _ssl.Certificate: PEM unless asked otherwise
    return text if isinstance(text, str) else str(text, "ascii")
