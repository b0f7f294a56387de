"""Keeping a bundle from leaving with what it withholds: the leak check over its files, and the refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from archiver.errors import RefusedError
from archiver.proof.bundle import layout
from archiver.report.bundle import checkpage, pyz
from archiver.report.withholding.leaks import Check, Leak, Secret, summed
from archiver.report.withholding.withheld import Withheld
from archiver.report.wording import words

#: Lines of a refusal; one of a thousand exhibits would fill the terminal.
_LINES = 12

#: Modules that hold the fixed sentences and words of report, statements and interchange.
_SENTENCES = (
    "interchange/case.py", "interchange/csv.py", "interchange/premis.py", "interchange/prov.py",
    "interchange/reading.py", "interchange/told.py", "paper/annex.py",
    "paper/copies.py", "paper/exhibit.py", "paper/match.py", "paper/report.py", "statements/certification.py",
    "statements/common.py", "statements/declaration.py", "wording/labels.py", "wording/prose.py", "wording/words.py",
)  # fmt: skip

_ROLE = re.compile(r"data/exhibits/[0-9]+/([a-z]+)")


class Guard:
    """Checks the files of one bundle, each once."""

    def __init__(self, secrets: Sequence[Secret], withheld: Withheld) -> None:
        self._check = Check(secrets, _ordinary())
        self._withheld = withheld
        self._done: set[str] = set()

    @property
    def unsearchable(self) -> tuple[tuple[str, str], ...]:
        """Withheld values that could not be looked for: their names, and why."""
        told = {(one.name(), why) for one, why in self._check.unsearchable.items() if one.everywhere}
        return tuple(sorted(told))

    @property
    def unsearched(self) -> tuple[str, ...]:
        """Places that could not be looked into."""
        return tuple(dict.fromkeys(self._check.unsearched))

    def check_certificates(self, certificates: Sequence[bytes]) -> None:
        """Search the certificates that are to sign report.pdf: they name a person or an office. Raises RefusedError."""
        found = [leak for one in certificates for leak in self._check.data(one, "the certificate for report.pdf")]
        if found:
            raise RefusedError(
                f"the bundle would tell what it is to withhold: {'; '.join(summed(found)[:_LINES])}",
                code="leak",
                next_step="Nothing was exported. Sign with a certificate that does not say it, or do without",
            )

    def check(self, folder: Path, files: Mapping[str, int], observe: Callable[[int, int, str], None]) -> None:
        """Search the files (sizes by path) that were not searched yet. Raises RefusedError for any leak."""
        waiting = {path: size for path, size in files.items() if path not in self._done}
        found: list[Leak] = []
        done, total = 0, sum(waiting.values())
        for path, size in sorted(waiting.items()):
            originals = _role(path) == "original"
            if not (originals and self._withheld.originals_accepted):
                found += self._check.name(path)
                found += self._check.file(folder, path, footage=originals)
            done += size
            observe(done, total, "searching")
        self._done |= waiting.keys()
        if found:
            raise _refusal(found)


def _refusal(found: Sequence[Leak]) -> RefusedError:
    lines = summed(found)
    more = [f"and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return RefusedError(
        f"the bundle would tell what it is to withhold: {'; '.join([*lines[:_LINES], *more])}",
        code="leak",
        next_step=f"Nothing was exported. {_way_out(found)}",
    )


def _way_out(found: Sequence[Leak]) -> str:
    roles = sorted({role for one in found if (role := _role(one.path))})
    steps = [f"Add {' '.join(f'--withhold-object {role}' for role in roles)}"] if roles else []
    accepted = sorted({f"{one.secret.field}:{one.secret.entries[0]}" for one in found if one.secret.entries})
    if accepted:
        shown = " ".join(f"--accept-leak {one}" for one in accepted[:_LINES])
        steps.append(f"If it is a word that tells nobody anything, say so on record with {shown}")
    return ". ".join(steps) or "Withhold the field that says the same, with --withhold"


def _role(path: str) -> str:
    place = _ROLE.match(path)
    return place[1] if place else ""


@cache
def _ordinary() -> bytes:
    """Text that every bundle holds, or that is in every PDF (pdf-words.txt), whatever it is about."""
    templates = resources.files("archiver.report").joinpath("templates")
    texts = [one.read_bytes() for one in sorted(templates.iterdir(), key=lambda one: one.name) if one.is_file()]
    schema = resources.files("archiver.schemas").joinpath("report.schema.json").read_bytes()
    ours = resources.files("archiver.report")
    texts += [ours.joinpath(*path.split("/")).read_bytes() for path in _SENTENCES]
    names = " ".join((*layout.FIXED_FILES, *words.LIMITS, *words.ACTS, *words.ACTS.values())).encode()
    return b"\n".join([*texts, schema, names, pyz.verifier(), checkpage.page()])
