"""The files of a bundle that are on paper, report and statements, and a word for each that could not be set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from archiver.proof.bundle import layout
from archiver.report.bundle.bag import BagWriter
from archiver.report.paper import plain_text, report
from archiver.report.paper.blocks import Document
from archiver.report.paper.typesetting import Typesetter
from archiver.report.pictures import Pictures
from archiver.report.statements import certification, declaration
from archiver.sandbox.failure import SandboxError


def write(
    writer: BagWriter,
    working: Path,
    told: Mapping[str, Any],
    pictures: Pictures,
    observe: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> tuple[str, ...]:
    """Write them from report.json; `working` is where the sandbox gets its inputs.

    What cannot be set is left out, because report.html and report.json say the same and evidence must not wait for a
    layout: the answer names each such file with the reason.
    """
    failed = []
    documents = list(_documents(told, pictures))
    with Typesetter(working) as typesetter:
        for done, (path, document) in enumerate(documents, 1):
            try:
                writer.put(path, typesetter.pdf(document, pictures.frames))
            except SandboxError as error:
                failed.append(f"{path} is not in the bundle: {error.what}")
            if path in layout.STATEMENTS:
                writer.put(path.removesuffix("pdf") + "txt", plain_text.text(document).encode("utf-8"))
            observe(done, len(documents), "setting pages")
    return tuple(failed)


def _documents(told: Mapping[str, Any], pictures: Pictures) -> Iterator[tuple[str, Document]]:
    for number, document in enumerate(report.compose(told, pictures.missing), 1):
        yield layout.report_part(number), document
    yield from _statements(told)


def _statements(told: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    documents = (certification.compose(told), declaration.compose(told))
    yield from zip((path for path in layout.STATEMENTS if path.endswith(".pdf")), documents, strict=True)
