"""From blocks to PDF: every text spelled, everything handed over as data, and typst run where it can do no harm.

It is set in the sandbox because what it reads was written by strangers: titles, addresses, and pictures that a decoder
of hostile footage wrote.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archiver import model
from archiver.report.paper import blocks, fonts, spelling
from archiver.report.paper.spelling import CanShow
from archiver.sandbox.failure import Failure, JobLimits, SandboxError
from archiver.sandbox.sandbox import Sandbox

#: 200 exhibits, which is one file, took 12 s on a busy machine with two processors.
_SECONDS = 600

#: 600 pictures of 25 kB and the fonts' used letters are 25 MB.
_PDF_BYTES = 256 * 1024**2

#: They took 1.2 GB; the limit is on addresses, of which the fonts and typst itself take a part.
_MEMORY_BYTES = 4 * 1024**3

#: Fields of blocks that are words of ours, for the template; and those whose lines are digests.
_OURS = frozenset({"kind", "align", "anchor", "page_of", "tone", "digests", "svg"})


class Typesetter:
    """Sets documents with one prepared sandbox; `working` is a folder for its inputs."""

    def __init__(self, working: Path | None = None) -> None:
        self._sandbox = Sandbox(
            JobLimits(memory_bytes=_MEMORY_BYTES),
            prepare=("typst", "archiver.report.paper.typst_inside"),
            inbox=working,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sandbox.close()

    def start(self) -> None:
        """Prepare the sandbox now instead of at the first document. Raises SandboxError."""
        self._sandbox.start()

    def pdf(self, document: blocks.Document, frames: Mapping[blocks.Picture, bytes]) -> bytes:
        """The document as PDF; the same bytes for the same document, pictures, fonts and typst.

        Raises SandboxError where it takes too long or too much, or cannot be set at all.
        """
        try:
            return self.set(document, frames, fonts.can_show)
        except SandboxError as error:
            if error.failure is not Failure.FAILED:
                raise
            # A letter that a font has and yet cannot draw in its place: the page comes out all the same.
            return self.set(document, frames, spelling.ascii_only)

    def set(
        self, document: blocks.Document, frames: Mapping[blocks.Picture, bytes], can_show: CanShow = fonts.can_show
    ) -> bytes:
        """One try, by what `can_show` says of the fonts. Raises SandboxError."""
        data, pictures = as_data(document, frames, can_show)
        created = int(model.moment(document.created).timestamp())
        return self._sandbox.run(
            "archiver.report.paper.typst_inside:compile_pdf",
            [io.BytesIO(data), io.BytesIO(pictures)],
            {"created": created},
            seconds=_SECONDS,
            max_bytes=_PDF_BYTES,
        )


def as_data(
    document: blocks.Document, frames: Mapping[blocks.Picture, bytes], can_show: CanShow = fonts.can_show
) -> tuple[bytes, bytes]:
    """What the template reads: JSON in which every text is spelled, and the pictures that it shows in one piece."""
    pictures = bytearray()
    places: dict[blocks.Picture, list[int]] = {}

    def place(picture: blocks.Picture) -> list[int] | None:
        if picture not in places and picture in frames:
            places[picture] = [len(pictures), len(frames[picture])]
            pictures.extend(frames[picture])
        return places.get(picture)

    def data(value: Any, *, lines: bool = False) -> Any:
        if isinstance(value, blocks.Frame):
            alt = f"Frame of exhibit {value.picture[0]}"
            return {"is": "frame", "picture": place(value.picture), "alt": alt,
                    "caption": data(value.caption), "absent": data(value.absent)}  # fmt: skip
        if is_dataclass(value) and not isinstance(value, type):
            keeps = getattr(value, "kind", "") == "lines"
            told = {
                one.name: getattr(value, one.name) if one.name in _OURS else data(getattr(value, one.name), lines=keeps)
                for one in fields(value)
            }
            return {"is": type(value).__name__.lower(), **told}
        if isinstance(value, str):
            return spelling.spell(value, lines=lines, can_show=can_show)
        if isinstance(value, Sequence):
            return [data(one) for one in value]
        return value

    told = data(document)
    told |= {"title": document.title, "families": fonts.FAMILIES, "monospace": fonts.MONOSPACE}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8"), bytes(pictures)
