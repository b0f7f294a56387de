"""verify.html: the core checks of a bundle in a browser, offline. One file, the same bytes for the same sources.

The scripts are written by hand in `checker/`; paths and limits come from `proof.layout`, so that they are named once.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources

from archiver.proof import codes
from archiver.proof.bundle import bag, layout

#: In the order in which each needs the ones before it.
_SCRIPTS = ("faults", "bytes", "sha2", "ed25519", "canonical", "sources", "zip", "ledger", "bundle", "page")


@cache
def page() -> bytes:
    """The page. Its policy names the one script and the one style sheet by digest, and allows nothing else."""
    folder = resources.files("archiver.report").joinpath("checker")
    texts = [folder.joinpath(f"{name}.js").read_text("utf-8") for name in _SCRIPTS]
    script = "\n".join(['"use strict";', _layout(), *texts])
    style = folder.joinpath("page.css").read_text("utf-8")
    filled = {
        "%SCRIPT_DIGEST%": _digest(script),
        "%STYLE_DIGEST%": _digest(style),
        "%STYLE%": style,
        "%SCRIPT%": script,
    }
    text = folder.joinpath("page.html").read_text("utf-8")
    for name, value in filled.items():
        text = text.replace(name, value)
    return text.encode("utf-8")


def _layout() -> str:
    """Where things lie, for the scripts."""
    plain = {
        "fixed": sorted(layout.FIXED_FILES),
        "optional": sorted(layout.OPTIONAL_FILES),
        "tags": [layout.DECLARATION, layout.INFO, *layout.MANIFESTS],
        "manifests": list(layout.MANIFESTS),
        "tagManifests": list(layout.TAG_MANIFESTS),
        "declaration": layout.DECLARATION_BYTES.decode("ascii"),
        "paths": {
            "report": layout.REPORT_JSON,
            "key": layout.KEY,
            "exportEntry": layout.EXPORT_ENTRY,
            "files": layout.EXPORT_FILES,
            "proofs": layout.EXPORT_PROOFS,
            "checkpoint": layout.EXPORT_CHECKPOINT,
        },
        "maxFiles": layout.MAX_FILES,
        "maxFaults": bag.MAX_FAULTS,
        "maxExhibitBytes": layout.MAX_EXHIBIT_BYTES,
        "maxOtherBytes": layout.MAX_OTHER_BYTES,
        "maxJsonBytes": layout.MAX_JSON_BYTES,
        "maxManifestBytes": layout.MAX_MANIFEST_BYTES,
        "maxTextBytes": layout.MAX_TEXT_BYTES,
        "steps": [[step, list(found)] for _, step, found in codes.GROUPS],
        "incomplete": sorted(codes.INCOMPLETE_CODES),
    }
    patterns = ", ".join(_pattern(one.pattern) for one in layout.PATTERNS)
    named = {"name": layout.NAME, "folder": layout.FOLDER, "entry": layout.ENTRY_PATH}
    expressions = "".join(f", {name}: {_pattern(one.pattern)}" for name, one in named.items())
    return f"const LAYOUT = {{ ...{json.dumps(plain, sort_keys=True)}, patterns: [{patterns}]{expressions} }};"


def _pattern(pattern: str) -> str:
    """A regular expression that both languages read alike, for a whole text."""
    return f"new RegExp({json.dumps(f'^(?:{pattern})$')})"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
