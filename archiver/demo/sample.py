"""The sample: footage, the site that offers it, and the list that an investigator would queue."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from archiver.demo import footage
from archiver.demo.site import PRIVATE_ADDRESS, Route

CASE = "sample-march"

#: Where in "march" the excerpt begins, in seconds: a viewer can compare it with what the matcher says.
EXCERPT_AT = 4.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the list: a path of the site, and why it is there."""

    path: str
    note: str
    priority: int = 0


LIST = (
    Entry("/watch/march", "a page with an embedded player", 5),
    Entry("/media/square.mp4", "a plain mp4"),
    Entry("/live/bridge/index.m3u8", "an HLS stream"),
    Entry("/media/march-repost.mp4", "the march again: encoded anew and scaled down"),
    Entry("/media/march-mirrored.mp4", "the march again: mirrored, with a caption bar"),
    Entry("/media/march-excerpt.mp4", f"5 s of the march, from second {EXCERPT_AT:.0f}"),
    Entry("/media/market.mp4", "something else"),
    Entry("/media/square-again.mp4", "the plain mp4 under another address"),
    Entry("/media/deleted.mp4", "gone (404)"),
    Entry("/media/internal.mp4", "sends us into a private network"),
)


def make_site(folder: Path) -> dict[str, Route]:
    """Film the sample into `folder`, and say what the site answers where. Takes some seconds."""
    scenes = footage.make(folder, ("march", "square", "bridge", "market"))
    march = scenes["march"]
    with ThreadPoolExecutor(2) as hands:
        playlist = hands.submit(footage.hls, scenes["bridge"], folder / "bridge")
        repost = hands.submit(footage.repost, march, folder / "march-repost.mp4")
        mirrored = hands.submit(footage.mirrored, march, folder / "march-mirrored.mp4")
        excerpt = hands.submit(footage.excerpt, march, folder / "march-excerpt.mp4", start=EXCERPT_AT)
        stream = {f"/live/bridge/{path.name}": Route(file=path) for path in sorted(playlist.result().parent.iterdir())}
        return {
            "/watch/march": Route(page=("The march, from the bridge", "/media/march.mp4")),
            "/media/march.mp4": Route(file=march),
            "/media/square.mp4": Route(file=scenes["square"]),
            "/media/square-again.mp4": Route(file=scenes["square"]),
            **stream,
            "/media/march-repost.mp4": Route(file=repost.result(), modified="Fri, 15 Mar 2024 18:20:05 GMT"),
            "/media/march-mirrored.mp4": Route(file=mirrored.result(), modified="Tue, 02 Apr 2024 07:00:41 GMT"),
            "/media/march-excerpt.mp4": Route(file=excerpt.result(), modified="Thu, 14 Mar 2024 21:47:30 GMT"),
            "/media/market.mp4": Route(file=scenes["market"]),
            "/media/internal.mp4": Route(status=302, location=PRIVATE_ADDRESS),
        }


def write_list(path: Path, address: str) -> None:
    """The list as a CSV file, for a site at `address`."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["url", "case", "note", "priority", "requested_by"])
        for entry in LIST:
            writer.writerow([address + entry.path, CASE, entry.note, entry.priority, "sample"])
