"""The command that groups copies, and says of each group which is the earliest, the longest, the largest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import common
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.match.lineage import Group
    from archiver.model import Item
    from archiver.proof.lineage.claims import Claim
    from archiver.proof.lineage.traits import Copy


@click.command("copies", help="Group copies: which is the earliest, the longest, the least encoded anew.")
@click.argument("item_id", required=False, metavar="[ITEM]")
@click.option("--case", default=None, help="Only items of this case, as if there were no others.")
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE.svg", help="Also draw the item's group.")
@common.json_option
def copies_command(item_id: str | None, case: str | None, picture: Path | None) -> None:
    """Say what hangs together, and every claim with what it rests on, or why it cannot be told."""
    from archiver.custody import catalog
    from archiver.proof.lineage import lineage

    vault = common.the_vault()
    if picture and not item_id:
        raise UsageError("a picture is of one group", next_step="Name an item of it")
    items = {item.id: item for item in catalog.items(vault, case=case)}
    if item_id and item_id not in items:
        catalog.item(vault, item_id)
        raise UsageError(f"item {item_id} is not of case {case!r}", next_step="Leave out --case")
    found = [group for group in groups(vault, items) if item_id in (None, *group.items)]
    if picture and not found:
        raise UsageError(f"no copies of item {item_id} are known", next_step="`archiver matches` lists what is alike")
    if picture:
        _draw(found[0], known(vault, found[0], items), items, picture)
    if common.wants_json():
        told = ((known(vault, group, items), group) for group in found)
        common.print_json([lineage.document(copies, group.edges, group.cut, str) for copies, group in told])
    elif found:
        show(vault, found, items)
    else:
        click.echo("no copies are known" if item_id is None else f"no copies of {item_id} are known")


def groups(vault: Vault, items: Collection[str]) -> list[Group]:
    """The groups among these items, in the order in which their first items come."""
    from archiver.custody import findings
    from archiver.match import lineage

    found = [pair for pair in findings.listing(vault) if pair[0].a in items and pair[0].b in items]
    return lineage.groups(found, findings.entries(vault), list(items))


def group_of(vault: Vault, item_id: str) -> Sequence[str]:
    """The items that an item is a copy of, itself among them; empty where none is known."""
    from archiver.custody import findings

    alike = dict.fromkeys(item for match, _ in findings.listing(vault) for item in (match.a, match.b))
    return next((group.items for group in groups(vault, alike) if item_id in group.items), ())


def known(vault: Vault, group: Group, items: Mapping[str, Item]) -> list[Copy]:
    """What is known of the items of a group, in the order in which they came."""
    from archiver.custody import traits

    return traits.copies(vault, [items[one] for one in group.items])


def show(vault: Vault, found: Iterable[Group], items: Mapping[str, Item]) -> None:
    """Print groups with their claims."""
    for group in found:
        _show(group, known(vault, group, items), items)


def _show(connected: Group, group: Sequence[Copy], items: Mapping[str, Item]) -> None:
    from archiver.proof.lineage import claims, lineage

    told = lineage.document(group, connected.edges, connected.cut, str)
    room = max(10, common.console().width - _BESIDE_TITLE)
    click.secho(f"{len(group)} items with the same footage", bold=True)
    common.print_table(
        ("item", "title", "entry", "length", "picture", "kbit/s"),
        [
            (
                copy.item,
                common.shortened(items[copy.item].title or items[copy.item].path, room),
                str(copy.entry),
                common.clock(copy.picture.length_ms / 1000) if copy.picture and copy.picture.length_ms else "",
                f"{copy.picture.width}x{copy.picture.height}" if copy.picture else "",
                f"{copy.picture.rate / 1000:,.0f}" if copy.picture else "",
            )
            for copy in group
        ],
        fixed=(0, 2, 3, 4, 5),
    )
    values = {copy.item: copy for copy in group}
    common.print_table(
        ("", ""), [(_title(claim), common.lines(*_answer(claim, values))) for claim in claims.claims(group)]
    )
    for line in _relations(told):
        click.echo(line)
    click.echo()


def _relations(told: Mapping[str, Any]) -> Iterator[str]:
    """Which holds which, and what does not go together."""
    for one in told["holds"][:_SHOWN]:
        said = "{whole} and {part} show the same" if one["both"] else "{whole} holds all of {part}"
        yield f"{said.format(**one)} (entry {one['entry']})"
    if len(told["holds"]) > _SHOWN:
        yield f"and {len(told['holds']) - _SHOWN} more such pairs: see --json"
    for one in told["cut"][:_SHOWN]:
        yield f"{one['a']} and {one['b']} were ruled different (entry {one['entry']}); others connect them: look again"
    if told["apart"]["pairs"]:
        a, b = told["apart"]["shown"][0]
        yield f"{told['apart']['pairs']} pairs share no known moment, such as {a} and {b}: others connect them."
        yield "That is so with excerpts of one film, and with the parts of a compilation: look at the picture."


#: What the table of a group takes beside titles: five columns with their spaces.
_BESIDE_TITLE = 52

#: Lines of one kind about a group; the JSON has all.
_SHOWN = 12


def _title(claim: Claim) -> str:
    from archiver.report.wording import words

    return words.CLAIMS[claim.name][0].lower()


def _answer(claim: Claim, values: Mapping[str, Copy]) -> Iterator[str]:
    from archiver.report.wording import words

    if claim.why:
        yield f"cannot be told: {words.WHYS[claim.why]}"
    for item in claim.items[:_NAMED]:
        yield f"{item}  {_value(claim.name, values[item])}".rstrip()
    if len(claim.items) > _NAMED:
        yield f"and {len(claim.items) - _NAMED} more"
    if claim.missing and claim.items:
        yield f"{words.LEFT_OUT.get(claim.name, words.NOT_KNOWN_OF)} {len(claim.missing)}"
    for item in claim.doubted:
        yield f"{item} claims a time after it was here"


#: Items that one answer names; the JSON names all.
_NAMED = 4


def _value(name: str, copy: Copy) -> str:
    """What of a copy a claim rests on."""
    if name == "first-posted" and copy.posted:
        when = copy.posted.first[:10] if copy.posted.is_day else common.moment(copy.posted.first)
        return f"{when} claimed ({copy.posted.field})"
    if name == "first-here":
        return f"{common.moment(copy.acquired)} by entry {copy.entry}"
    if name == "first-proved":
        return f"{common.moment(copy.proved)} by the stamp of entry {copy.stamp}"
    if name == "first-anchored":
        return f"before block {copy.block}, by the anchor of entry {copy.anchor}"
    if copy.picture is None:
        return ""
    if name == "longest":
        return common.clock(copy.picture.length_ms / 1000)
    if name == "largest-picture":
        return f"{copy.picture.width}x{copy.picture.height}"
    made = f", made by {copy.picture.made_by}" if copy.picture.made_by else ""
    return f"{copy.picture.rate / 1000:,.0f} kbit/s, {copy.picture.bits_per_pixel:.2f} bits a pixel{made}"


def _draw(connected: Group, group: Sequence[Copy], items: Mapping[str, Item], path: Path) -> None:
    from archiver.report.page import timeline

    lengths = {copy.item: copy.picture.length_ms for copy in group if copy.picture}
    labels = {copy.item: f"{copy.item} {common.safe(items[copy.item].title)}".strip() for copy in group}
    drawn = timeline.svg([copy.item for copy in group], lengths, connected.edges, labels)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(drawn)
    except FileExistsError:
        raise UsageError(f"{path} is there already", next_step="Name a new file") from None
    click.echo(f"drawn: {common.safe(str(path))}", err=True)
