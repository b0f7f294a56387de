"""Runs inside the sandbox: a PDF that strangers' words are in gets a place for a signature (pyHanko).

The key never comes here, and no parser of PDF where the key is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

_FIELD = "Signature"
_FIELD_FOR_PEOPLE = "Signature of whoever issued this report"

#: PDF/A wants a widget that is printed, PDF/UA one that is hidden or, as here, off the page.
_OFF_THE_PAGE = InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True)


class _Untouched(IncrementalPdfFileWriter):
    """Leaves title, dates and producer as typst wrote them: pyHanko would put its own name and this moment there."""

    def _update_meta(self) -> None:
        pass


def prepare(paths: Sequence[str], arguments: Mapping[str, int]) -> bytes:
    """A line with the bounds of the place, then the PDF with a signature field whose content is zeros.

    ISO 32000-1, 12.8, and ETSI EN 319 142-1. `arguments`: `time` of signing in seconds since 1970, `room` in bytes.
    """
    writer = _Untouched(io.BytesIO(Path(paths[0]).read_bytes()))
    spec = SigFieldSpec(_FIELD, invis_sig_settings=_OFF_THE_PAGE, readable_field_name=_FIELD_FOR_PEOPLE)
    steps = PdfCMSEmbedder(new_field_spec=spec).write_cms(_FIELD, writer)
    next(steps)
    signature = SignatureObject(
        timestamp=datetime.fromtimestamp(arguments["time"], UTC),
        subfilter=SigSeedSubFilter.PADES,
        bytes_reserved=2 * arguments["room"],
    )
    steps.send(SigObjSetup(sig_placeholder=signature))
    place, output = steps.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    bounds = b"%d %d\n" % (place.reserved_region_start, place.reserved_region_end)
    return bounds + bytes(output.getvalue())
