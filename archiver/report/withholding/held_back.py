"""Which of an exhibit's objects an export holds back, and the redacted copies that stand in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from archiver.errors import RefusedError
from archiver.model import Role
from archiver.report.records import BlurredCopy, Copy, Filed
from archiver.report.withholding import redact
from archiver.report.withholding.leaks import Secret
from archiver.report.withholding.withheld import Withheld

_REDACT: dict[Role, Callable[..., redact.Redaction]] = {Role.METADATA: redact.metadata, Role.INFO: redact.info}

ON_PURPOSE = "withheld on purpose"
_REDACTED = "withheld because it tells more than this report does; a redacted working copy is beside it"
_BLURRED = "withheld because it shows more than this report does; a blurred working copy is in its place"
_UNREADABLE = "withheld because it could not be redacted"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An exhibit's objects as they are exported, and the values taken out of them, which nothing else may tell."""

    files: tuple[Filed, ...]
    secrets: tuple[Secret, ...] = ()


def hold_back(
    number: int,
    files: Sequence[Filed],
    held: Withheld,
    read: Callable[[str], bytes],
    because: Mapping[Role, str] = MappingProxyType({}),
    blurred: Callable[[str], BlurredCopy | str] = lambda sha256: "",
) -> HeldBack:
    """Hold back what `held` says of exhibit `number`, and roles for a reason of their own (`because`).

    `read` gives an object's bytes, `blurred` the copy in place of an original, or why there is none.

    Raises RefusedError where the original itself would tell what is taken out of its metadata.
    """
    kept: list[Filed] = []
    secrets: list[Secret] = []
    present: set[str] = set()
    for one in files:
        if not one.path:
            kept.append(one)
        elif one.role in because:
            kept.append(replace(one, path="", withheld=because[one.role]))
        elif one.role is Role.ORIGINAL and held.blurred:
            kept.append(_blurred(one, blurred(one.object.sha256)))
        elif one.role in held.objects:
            kept.append(replace(one, path="", withheld=_reason(held, one.role)))
        elif one.role in _REDACT and held.metadata:
            filed, redaction = _redacted(one, held, read)
            kept.append(filed)
            if redaction is not None and one.role is Role.METADATA:  # what a site says is sealed in fields as well
                secrets += [Secret(f"{kind} in the metadata", (), value) for kind, value in redaction.values]
                present |= redaction.present
        else:
            kept.append(one)
    telling = sorted(present & redact.TELLING)
    originals = [one for one in kept if one.role is Role.ORIGINAL and one.path]
    if telling and originals and not held.originals_accepted:
        raise RefusedError(
            f"the original of exhibit {number} holds metadata of the withheld kinds itself: {', '.join(telling)}",
            code="leak",
            next_step="Nothing was exported. Add --withhold-object original, which exports its digests only,"
            " or --accept-leak original to export it all the same",
        )
    return HeldBack(tuple(kept), () if originals and held.originals_accepted else tuple(secrets))


def _reason(held: Withheld, role: str) -> str:
    return f"withheld because {held.because[role]}" if role in held.because else ON_PURPOSE


def _blurred(one: Filed, copy: BlurredCopy | str) -> Filed:
    if isinstance(copy, str):
        return replace(one, path="", withheld=f"withheld because {copy or 'there is no blurred copy of it'}")
    path = f"{one.path.rpartition('.')[0]}-blurred.{copy.extension}"
    return replace(one, path="", withheld=_BLURRED, blurred=replace(copy, path=path))


def _redacted(one: Filed, held: Withheld, read: Callable[[str], bytes]) -> tuple[Filed, redact.Redaction | None]:
    try:
        made = _REDACT[one.role](read(one.object.sha256), one.object.sha256, held.metadata)
    except ValueError:  # a process that parsed hostile bytes wrote it
        return replace(one, path="", withheld=_UNREADABLE), None
    path = f"{one.path.rpartition('.')[0]}-redacted.json"
    return replace(one, path="", withheld=_REDACTED, copy=Copy(path, made.data)), made
