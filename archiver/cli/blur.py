"""Commands about blurred copies: areas that people set by hand, and a copy to look at before an export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli import areas as shown
from archiver.cli import common
from archiver.errors import MachineError, UsageError

if TYPE_CHECKING:
    from archiver.custody.vault import Vault
    from archiver.report.build import Exported
    from archiver.report.withholding.blurred import Asked

SOUNDS = ("mute", "keep", "shift")


@click.group("blur", help="Set by hand what blurred copies hide, and look at one before an export.")
def blur_command() -> None:
    """Blurred copies are made by `export --blur-faces` and `--blur-all`."""


@blur_command.command(
    "add", help="Hide an area: x,y,w,h,from,to in pixels (or parts of 1) and seconds.", short_help="Hide an area, too."
)
@click.argument("item_id", metavar="ITEM")
@click.argument("given", metavar="X,Y,W,H[,FROM,TO]")
@click.option("--note", default="", metavar="T", help="Why, sealed in the ledger.")
@common.json_option
def add_area(item_id: str, given: str, note: str) -> None:
    """Set an area that every blurred copy of the item hides; without times from the first frame to the last."""
    from archiver.custody import areas, catalog

    vault = common.the_vault()
    item = catalog.item(vault, item_id)
    box, start_ms, end_ms = shown.parsed(given, item)
    area, entry = areas.add(vault, item_id, box, start_ms, end_ms, note=note)
    if common.wants_json():
        common.print_json({**shown.as_json(area), "item_id": item_id, "entry": entry})
        return
    click.echo(
        f"{area.id}: {shown.described(area, item)} is hidden in blurred copies of {item_id}, ledger entry {entry}"
    )


@blur_command.command("list", help="List the areas that are set by hand for an item.")
@click.argument("item_id", metavar="ITEM")
@common.json_option
def list_areas(item_id: str) -> None:
    """List areas."""
    from archiver.custody import areas, catalog

    vault = common.the_vault()
    item = catalog.item(vault, item_id)
    found = areas.listing(vault, item_id)
    if common.wants_json():
        common.print_json([shown.as_json(area) for area in found])
    elif not found:
        click.echo(f"no areas; `archiver blur add {item_id} X,Y,W,H,FROM,TO` sets one")
    else:
        common.print_table(
            ("area", "from", "to", "x", "y", "width", "height"),
            [
                (
                    area.id,
                    common.clock(area.start_ms / 1000),
                    shown.end(area),
                    *shown.pixels(area.box, item),
                )
                for area in found
            ],
            fixed=range(7),
        )


@blur_command.command("remove", help="Take areas back.")
@click.argument("item_id", metavar="ITEM")
@click.argument("area_ids", metavar="AREA...", nargs=-1, required=True)
@click.option("--note", default="", metavar="T", help="Why, sealed in the ledger.")
@common.json_option
def remove_areas(item_id: str, area_ids: Sequence[str], note: str) -> None:
    """Take areas back; that they were set stays on record."""
    from archiver.custody import areas

    entries = areas.remove(common.the_vault(), item_id, area_ids, note=note)
    if common.wants_json():
        common.print_json([{"area": area, "entry": entry} for area, entry in zip(area_ids, entries, strict=False)])
        return
    click.echo(f"{len(entries)} areas taken back, ledger entries {', '.join(map(str, entries))}")


@blur_command.command("preview", help="Write a blurred copy to look at it.")
@click.argument("item_id", metavar="ITEM")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, metavar="FILE", help="A new file.")
@click.option("--all", "whole", is_flag=True, help="Hide everything, not faces alone.")
@click.option(
    "--audio", type=click.Choice(SOUNDS), default="mute", show_default=True, help="What becomes of the sound."
)
@common.json_option
def preview(item_id: str, target: Path, whole: bool, audio: str) -> None:
    """Write what an export would put in place of the first original that can be watched. Nothing is recorded."""
    from archiver.custody import catalog
    from archiver.engine.playable import playable_parts
    from archiver.examine.examiner import Examiner
    from archiver.model import Role
    from archiver.report.withholding import blurred

    vault = common.the_vault()
    item = catalog.item(vault, item_id)
    images = [held for held in item.of_role(Role.ORIGINAL) if held.object.media_type.startswith("image/")]
    parts = [*playable_parts(item), *images]
    if not parts:
        raise UsageError(f"item {item_id} holds nothing to look at", next_step="`archiver get` copies its files out")
    if os.path.lexists(target):
        raise UsageError(f"{target} is there already", next_step="Name a new file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        common.progress() as observe,
        Examiner(working=vault.working, limits=vault.settings.limits, slots=1) as examiner,
    ):
        asked = blurred.Asked(whole, audio)
        hiding, made = blurred.make(vault, examiner.sandboxes, item, parts[0], asked, target, observe)
    if made.failure:
        raise MachineError(
            f"no blurred copy can be made of item {item_id}: {made.why or made.failure}",
            code="not-blurred",
            next_step="`archiver export --withhold-object original` exports its digests only",
        )
    if common.wants_json():
        common.print_json(
            {
                "path": str(target),
                "media_type": made.media_type,
                "hidden": "everything" if whole else "faces",
                "sound": audio,
                "faces": made.faces,
                "areas": len(hiding.areas),
                "frames": made.frames,
                "frames_with_patches": made.frames_with_patches,
                "tools": [{"name": tool.name, "version": tool.version} for tool in made.tools],
            }
        )
        return
    click.echo(str(target))
    if whole:
        click.echo("Everything is coarse. Look at it: it is a working copy, and nothing was recorded", err=True)
        return
    click.echo(
        f"Hidden: faces that were found ({made.faces} tracks) and areas ({len(hiding.areas)}),"
        f" in {made.frames_with_patches} of {made.frames} frames",
        err=True,
    )
    click.echo(
        f"Look at all of it: faces are missed. To hide more: archiver blur add {item_id} X,Y,W,H,FROM,TO", err=True
    )


def asked(faces: bool, everything: bool, audio: str | None) -> Asked | None:
    """What blurred copies an export is asked for. Raises UsageError."""
    from archiver.report.withholding.blurred import Asked

    if faces and everything:
        raise UsageError("--blur-faces and --blur-all exclude each other", next_step="Name one of them")
    if not (faces or everything):
        if audio:
            raise UsageError("--audio is for blurred copies", next_step="Add --blur-faces or --blur-all")
        return None
    return Asked(whole=everything, sound=audio or "mute")


def warnings(vault: Vault, done: Exported) -> list[str]:
    """Of what the blurred copies of an export do not hide; none where there are no copies."""
    from archiver.custody import catalog

    if not done.withheld.blurred:
        return []
    told = ["Faces may have been missed: look at each blurred copy before the bundle leaves the house"]
    if "url" not in done.withheld.fields and any(catalog.item(vault, one).url for one in done.items):
        told.append("The addresses are told, and may lead to the footage with all faces: --withhold addresses")
    return told
