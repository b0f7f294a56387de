"""The files of a bundle that are on paper, report and statements, and a word for each that could not be set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archiver.proof.bundle import layout
from archiver.report.bundle.bag import BagWriter
from archiver.report.paper import plain_text, report
from archiver.report.paper.blocks import Document
from archiver.report.paper.typesetting import Typesetter
from archiver.report.pictures import Pictures
from archiver.report.signing.pades import PdfSigner, Signing
from archiver.report.statements import certification, declaration
from archiver.sandbox.failure import SandboxError


def write(
    writer: BagWriter,
    typesetter: Typesetter,
    working: Path,
    told: Mapping[str, Any],
    pictures: Pictures,
    signing: Signing | None = None,
    observe: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> tuple[str, ...]:
    """Write them from report.json; `working` is where the sandbox gets its inputs.

    What cannot be set is left out, because report.html and report.json say the same and evidence must not wait for a
    layout: the answer names each such file with the reason. But a report that is to be signed has to be there: raises
    SandboxError where it cannot be set or signed, and what asking an authority for the time raises.
    """
    failed = []
    documents = list(_documents(told, pictures))
    with _signer(signing, told, working) as signed:
        for done, (path, document) in enumerate(documents, 1):
            own = path in layout.STATEMENTS  # people sign these themselves
            try:
                pdf = typesetter.pdf(document, pictures.frames)
                writer.put(path, pdf if own else signed(pdf))
            except SandboxError as error:
                if signing is not None and not own:
                    raise
                failed.append(f"{path} is not in the bundle: {error.what}")
            if own:
                writer.put(path.removesuffix("pdf") + "txt", plain_text.text(document).encode("utf-8"))
            observe(done, len(documents), "setting pages")
    return tuple(failed)


@contextmanager
def _signer(signing: Signing | None, told: Mapping[str, Any], working: Path) -> Iterator[Callable[[bytes], bytes]]:
    """What makes of a PDF the one that lies in the bundle."""
    if signing is None:
        yield lambda pdf: pdf
    else:
        with PdfSigner(signing, told["prepared_at"], working) as signer:
            yield signer.signed


def _documents(told: Mapping[str, Any], pictures: Pictures) -> Iterator[tuple[str, Document]]:
    for number, document in enumerate(report.compose(told, pictures.missing), 1):
        yield layout.report_part(number), document
    yield from _statements(told)


def _statements(told: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    documents = (certification.compose(told), declaration.compose(told))
    yield from zip((path for path in layout.STATEMENTS if path.endswith(".pdf")), documents, strict=True)
