"""Content credentials (C2PA) of one file, as c2pa-python reads them. Runs inside the sandbox.

What a file says of its own origin is a claim of whoever signed it. That the signature holds shows that the file is as
it was signed, by somebody with that key; whose key it is, is not judged here: no list of trusted signers is loaded.
"""

from __future__ import annotations

import json
import os
import re
import signal
from typing import Any

from archiver.examine.credited import MAX_CODES, MAX_TEXT

#: The library fetches by default what a file names as the place of its credentials. Nothing of ours is fetched for a
#: file's sake: not that, no revocation list, from no host.
SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": []},
}

_MAX_BYTES = 64 * 1024  # of an answer: ten times what the limits above allow
_CODE = re.compile(r"[A-Za-z0-9._-]{1,60}")  # an ingredient's codes are a stranger's words
_UNTRUSTED = "signingCredential.untrusted"  # which it always is without a list of trusted signers


def look(path: str, media_type: str, seconds: float) -> dict[str, Any] | None:
    """The credentials of a file, or None where it has none: `state`, and where there are any signer, generator, codes.

    States: `valid` (the signature and what it covers hold), `invalid` (`codes` say why, in C2PA's words), `elsewhere`
    (the file names a place outside, which was not asked), `unreadable`. A process of its own reads them, so that one
    that crashes or hangs costs nothing else of the record.
    """
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends it also in the midst of the library's code:
            signal.setitimer(signal.ITIMER_REAL, seconds)  # at one level of the sandbox nobody else may
            os.write(sink, json.dumps(_read(path, media_type)).encode()[:_MAX_BYTES])
        finally:
            os._exit(0)
    os.close(sink)
    with open(source, "rb") as answer:
        untrusted = answer.read(_MAX_BYTES)
    os.waitpid(child, 0)
    try:
        found = json.loads(untrusted)
    except ValueError:
        return {"state": "unreadable"}  # it crashed, or took too long
    return found if isinstance(found, dict) else None


def _read(path: str, media_type: str) -> dict[str, Any] | None:
    import c2pa

    try:
        with (
            open(path, "rb") as file,
            c2pa.Context(c2pa.Settings.from_dict(SETTINGS)) as context,
            c2pa.Reader(media_type, file, context=context) as reader,
        ):
            return _told(json.loads(reader.json()))
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return None
    except c2pa.C2paError as error:
        return {"state": "elsewhere" if str(error).startswith("Remote") else "unreadable"}
    except (OSError, ValueError, RecursionError):
        return {"state": "unreadable"}


def _told(store: dict[str, Any]) -> dict[str, Any]:
    manifest = store.get("manifests", {}).get(store.get("active_manifest"), {})
    signature = manifest.get("signature_info", {})
    generators = manifest.get("claim_generator_info") or [{"name": manifest.get("claim_generator", "")}]
    failures = [str(one.get("code")) for one in store.get("validation_status", ())]
    return {
        "state": "valid" if store.get("validation_state") in ("Valid", "Trusted") else "invalid",
        "signer": _text(signature.get("common_name"), signature.get("issuer")),
        "generator": _text(*(generators[0].get(name) for name in ("name", "version"))),
        "codes": [code for code in dict.fromkeys(failures) if code != _UNTRUSTED and _CODE.fullmatch(code)][:MAX_CODES],
    }


def _text(*parts: Any) -> str:
    return ", ".join(dict.fromkeys(str(one) for one in parts if one))[:MAX_TEXT]
