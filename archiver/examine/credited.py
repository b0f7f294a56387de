"""A file's content credentials as they leave the sandbox: bounded, and in words that trust nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from archiver.examine.bounded import check, is_object, spelled

STATES = ("valid", "invalid", "elsewhere", "unreadable")
MAX_TEXT = 60  # characters of a name, as of every text in the head of an answer
MAX_CODES = 8  # failures of a file; the first ones say what is wrong

_CODE = re.compile(r"[A-Za-z0-9._-]{1,60}")  # as C2PA spells them: assertion.dataHash.mismatch


@dataclass(frozen=True, slots=True)
class Credentials:
    """A file's content credentials (C2PA), as `credentials.look` describes them. Names are claims, up to 60 letters."""

    state: str
    signer: str = ""
    generator: str = ""
    codes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """As the metadata object holds them; what is empty is left out."""
        told = {"state": self.state, "signer": self.signer, "generator": self.generator, "codes": list(self.codes)}
        return {name: value for name, value in told.items() if value}

    @property
    def words(self) -> str:
        """One line for people. Whose key it is, nobody judged."""
        shown = {
            "valid": "present, signature holds",
            "invalid": f"present, do not hold ({', '.join(self.codes) or 'no reason given'})",
            "elsewhere": "named at an address outside, which was not asked",
            "unreadable": "could not be looked for",
        }[self.state]
        signer = f", signer {self.signer} (not judged)" if self.signer else ""
        return shown + signer + (f", made by {self.generator}" if self.generator else "")


def read_credentials(untrusted: Any) -> Credentials:
    """What `credentials.look` said of one file, or raise RefusedAnswer."""
    named = {"signer": "", "generator": "", "codes": [], **untrusted} if isinstance(untrusted, dict) else untrusted
    check(is_object(named, {"state", "signer", "generator", "codes"}), "credentials")
    codes = named["codes"]
    check(named["state"] in STATES, "state of credentials")
    check(isinstance(codes, list) and len(codes) <= MAX_CODES, "codes of credentials")
    check(all(spelled(code, _CODE) for code in codes), "code of credentials")
    names = named["signer"], named["generator"]
    check(all(isinstance(name, str) and len(name) <= MAX_TEXT for name in names), "names of credentials")
    return Credentials(named["state"], named["signer"], named["generator"], tuple(codes))
