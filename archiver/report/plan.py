"""What one export tells: the choices that decide its bytes, and the records that are read from the vault for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version

from archiver import __version__
from archiver.custody.cosigned import Vouched
from archiver.custody.vault import Vault
from archiver.model import Item
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.times.blockheaders import Header
from archiver.report import gather
from archiver.report.bundle import forwarding
from archiver.report.document import anchored, timely
from archiver.report.records import Records
from archiver.report.signing.pades import Signing
from archiver.report.withholding import implied
from archiver.report.withholding.blurred import Copies
from archiver.report.withholding.guard import Guard
from archiver.report.withholding.leaks import Secret
from archiver.report.withholding.withheld import NOTHING, Asked, Withheld


@dataclass(frozen=True, slots=True)
class Prepared:
    """By whom and for whom, sealed like other names; whoever acts, and nobody, where they are empty."""

    prepared_by: str = ""
    prepared_for: str = ""


UNNAMED = Prepared()


@dataclass(frozen=True, slots=True)
class Plan:
    """The choices of one export. With the vault's entries up to `checkpoint` they decide every byte of the report.

    `numbered` are the items with their exhibit numbers, `keys` the verifier keys in use, `vouched` the checkpoint that
    witnesses cosigned. `at` is when it was prepared, `by` who acts. `headers` of Bitcoin blocks are by height.
    `signing` is how report.pdf is signed, None where it is not. `copies` are what stands in place of originals where
    `asked.blurred`.
    """

    numbered: tuple[tuple[int, Item], ...]
    checkpoint: Checkpoint
    keys: tuple[str, ...]
    vouched: Vouched | None
    at: str
    by: str
    prepared: Prepared = UNNAMED
    asked: Asked = NOTHING
    headers: Mapping[int, Header] = field(default_factory=dict)
    signing: Signing | None = None
    copies: Copies = field(default_factory=Copies)


def records(vault: Vault, plan: Plan) -> tuple[Records, Guard]:
    """Everything that the export tells, and what keeps it from telling what is withheld. Raises as `gather.exhibit`."""
    size = plan.checkpoint.size
    chosen = [item for _, item in plan.numbered]
    ids = {item.id for item in chosen}
    opened, left_out = gather.select(vault, chosen, size)
    foreign = list(forwarding.told(vault, opened))
    withheld = implied.settle(plan.asked, [*opened, *foreign])
    entries = [one.without(withheld.fields) for one in opened]
    exhibits = tuple(
        gather.exhibit(vault, item, number, entries, ids, withheld, plan.copies) for number, item in plan.numbered
    )
    stamps = timely.chosen(vault, exhibits, size)
    anchors = anchored.chosen(vault, exhibits, size, plan.headers)
    about_time = {one.stamp.entry for one in stamps} | {one.anchor.entry for one in anchors}
    more = [gather.entry(vault, seq) for seq in about_time - {entry.seq for entry in entries}]
    entries += [one.without(withheld.fields) for one in more]
    secrets = [
        *_unnamed(withheld, plan.prepared),
        *implied.secrets(withheld, [*opened, *foreign, *more]),
        *(one for exhibit in exhibits for one in exhibit.secrets),
    ]
    told = Records(
        origin=vault.settings.origin,
        custodian=vault.settings.custodian,
        verifier_keys=plan.keys,
        case="" if "case" in withheld.fields else chosen[0].case,
        prepared_at=plan.at,
        prepared_by=_preparer(plan, withheld),
        prepared_for="" if "prepared_for" in withheld.fields else plan.prepared.prepared_for or None,
        size=size,
        root=plan.checkpoint.root,
        vouched=plan.vouched,
        exhibits=exhibits,
        entries=tuple(sorted(entries, key=lambda entry: entry.seq)),
        stamps=stamps,
        anchors=anchors,
        left_out=left_out,
        stories=forwarding.stories(vault, entries, withheld),
        inclusion=gather.inclusion(vault, exhibits, size),
        asked=plan.asked,
        withheld=withheld,
        tools=tools(signed=plan.signing is not None),
        signed=plan.signing.document() if plan.signing else {},
    )
    return told, Guard(secrets, withheld)


def tools(*, signed: bool) -> dict[str, str]:
    """What makes a bundle's bytes, by version."""
    more = ("typst", "pyhanko") if signed else ("typst",)
    return {"archiver": __version__, **{name: version(name) for name in more}}


def _unnamed(withheld: Withheld, prepared: Prepared) -> list[Secret]:
    """Names of the export itself that are withheld."""
    return [Secret(name, (), value) for name, value in asdict(prepared).items() if value and name in withheld.fields]


def _preparer(plan: Plan, withheld: Withheld) -> str:
    """Who is named as having prepared the report: whoever was said to have, else whoever acts."""
    name = "prepared_by" if plan.prepared.prepared_by else "agent"
    return "" if name in withheld.fields else plan.prepared.prepared_by or plan.by
