"""A signature in a PDF: PAdES-B-B, or B-T with an authority's time (ETSI EN 319 142-1), as readers of PDF check it.

The place for it is made in the sandbox. What is signed are all bytes but that place, digested here; of what the sandbox
answered nothing is believed but that it begins with the PDF that went in and has an empty place behind it.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from archiver import model
from archiver.errors import MachineError
from archiver.report.signing.signer import Signer
from archiver.sandbox.failure import Failure, JobLimits, SandboxError
from archiver.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from asn1crypto import cms

#: A report of 600 pictures is 25 MB, and is in memory three times while its place is made.
_SECONDS = 300
_PDF_BYTES = 256 * 1024**2
_MEMORY_BYTES = 2 * 1024**3

#: A signature with its attributes, besides the certificates; and a token, of which authorities send up to 8 kB.
_ROOM = 4 * 1024
_TOKEN_ROOM = 16 * 1024

#: How the sandbox's answer begins: where the place for the signature begins and ends, and a line end.
_PLACE = re.compile(rb"([0-9]{1,12}) ([0-9]{1,12})\n")

#: Gives an authority's checked reply (RFC 3161) about some bytes.
Stamp = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signing:
    """How report.pdf is signed: by whom, when (as the signature claims), and who says that time where anybody does."""

    signer: Signer
    stamp: Stamp | None = None

    def document(self) -> dict[str, str]:
        """As report.json tells it."""
        profile = "PAdES-B-B" if self.stamp is None else "PAdES-B-T"
        return {"profile": profile, "certificate_sha256": self.signer.sha256}


class PdfSigner:
    """Signs PDFs with one prepared sandbox; `working` is a folder for its inputs, `time` RFC 3339."""

    def __init__(self, signing: Signing, time: str, working: Path | None = None) -> None:
        self._signing = signing
        self._time = int(model.moment(time).timestamp())
        self._sandbox = Sandbox(
            JobLimits(memory_bytes=_MEMORY_BYTES), prepare=("archiver.report.signing.pades_inside",), inbox=working
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sandbox.close()

    def signed(self, pdf: bytes) -> bytes:
        """The PDF, and behind it its signature. Raises SandboxError, and what asking the authority raises."""
        signer = self._signing.signer
        room = _ROOM + sum(map(len, signer.certificates()))
        room += _TOKEN_ROOM if self._signing.stamp else 0
        prepared, begin, end = self._prepared(pdf, room)
        digest = hashlib.sha256(memoryview(prepared)[:begin])
        digest.update(memoryview(prepared)[end:])
        made = _cms(self._signing, digest.digest())
        if len(made) > room:
            raise MachineError(f"the signature of report.pdf takes {len(made)} bytes, and {room} is the room for it")
        return prepared[: begin + 1] + made.hex().encode("ascii").ljust(2 * room, b"0") + prepared[end - 1 :]

    def _prepared(self, pdf: bytes, room: int) -> tuple[bytes, int, int]:
        """The PDF with an empty place for `room` bytes in hexadecimal, and where that begins and ends."""
        untrusted = self._sandbox.run(
            "archiver.report.signing.pades_inside:prepare",
            [io.BytesIO(pdf)],
            {"time": self._time, "room": room},
            seconds=_SECONDS,
            max_bytes=_PDF_BYTES,
        )
        place = _PLACE.match(untrusted)
        begin, end = (int(place[1]), int(place[2])) if place else (0, 0)
        prepared = untrusted[place.end() :] if place else b""
        said = b"/ByteRange [0 %d %d %d]" % (begin, end, len(prepared) - end)
        if (
            not prepared.startswith(pdf)
            or begin < len(pdf)
            or prepared[begin:end] != b"<" + b"0" * (2 * room) + b">"
            or prepared.count(said, len(pdf)) != 1
        ):
            raise SandboxError(Failure.FAILED, "what the sandbox made is not the PDF with a place for a signature")
        return prepared, begin, end


def _cms(signing: Signing, digest: bytes) -> bytes:
    """The signature over a SHA-256 digest (CMS, RFC 5652; attributes of CAdES, ETSI EN 319 122-1), in DER."""
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    signer = signing.signer
    chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    own_der, *chain_der = signer.certificates()
    chain.register_multiple([x509.Certificate.load(one) for one in chain_der])
    private = signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    own = SimpleSigner(x509.Certificate.load(own_der), keys.PrivateKeyInfo.load(private), chain)
    made = asyncio.run(own.async_sign(digest, "sha256", use_pades=True))
    if signing.stamp is not None:
        _add_time(made, signing.stamp)
    dumped: bytes = made.dump()
    return dumped


def _add_time(made: cms.ContentInfo, stamp: Stamp) -> None:
    """Put a token over the signature's value into its unsigned attributes (RFC 3161, appendix A)."""
    from asn1crypto import cms, tsp

    (info,) = made["content"]["signer_infos"]
    reply = tsp.TimeStampResp.load(stamp(info["signature"].native))
    values = cms.SetOfContentInfo([reply["time_stamp_token"]])
    info["unsigned_attrs"] = cms.CMSAttributes(
        [cms.CMSAttribute({"type": "signature_time_stamp_token", "values": values})]
    )
