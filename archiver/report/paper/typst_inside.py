"""Runs inside the sandbox: typst, from a template of ours and data of strangers, to PDF.

PDF/A-2a for the archive (ISO 19005-2: every font inside, every letter with its meaning, nothing that runs or is
fetched) and PDF/UA-1 for readers who hear it (ISO 14289-1). typst enforces both and fails otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import typst

from archiver.report.paper import fonts

STANDARDS: list[typst.PDFStandard] = ["a-2a", "ua-1"]


def compile_pdf(paths: Sequence[str], arguments: Mapping[str, int]) -> bytes:
    """The PDF. `paths` are the data (JSON) and the pictures, one after another; `created` is in seconds since 1970.

    The template sees the files of the inbox and nothing else, no font of the system, and no clock.
    Raises typst.TypstError.
    """
    source = resources.files("archiver.report").joinpath("templates", "page.typ").read_bytes()
    own = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(fonts.folders()))
    compiler = typst.Compiler(source, root=Path(paths[0]).parent, font_paths=own, ignore_system_fonts=True)
    made = compiler.compile(source, format="pdf", pdf_standards=STANDARDS, timestamp=arguments["created"])
    assert isinstance(made, bytes), "one document, and no file to write it to"
    return made
