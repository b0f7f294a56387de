"""A vault with films and a photograph of a drawn face, and everything about them that could show it."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from archiver.covers import Box
from archiver.custody import areas, queue
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault, create
from archiver.model import Role
from tests.examine.blur.faces import scene
from tests.report.bundle_story import ORIGIN, downloaded, held, ingested, item

CASE = "Faces"
FILM, PHOTO, BROKEN, TEXT = "ifilm22222", "iphoto2222", "ibroken222", "itext22222"
PLACE = (100, 40, 120)  # of the face in pictures of 320 x 240
SUMMARY = {"media_type": "video/mp4", "duration_seconds": 1.0, "width": 320, "height": 240}
#: In objects that show, or may show, what a blurred copy hides.
PLANTED = (b"PLANTED-thumbnail", b"PLANTED-page", b"PLANTED-print")


def film() -> bytes:
    """A second of the face, with a tone."""
    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        sound = container.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(scene(320, 240, PLACE), format="rgb24")))
        container.mux(stream.encode(None))
        tone = (np.sin(np.arange(16_000) * 0.17) * 8000).astype(np.int16)
        for start in range(0, len(tone), 1024):
            piece = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = 16_000, start, Fraction(1, 16_000)
            container.mux(sound.encode(piece))
        container.mux(sound.encode(None))
    return made.getvalue()


def photo() -> bytes:
    """The face as a PNG."""
    made = io.BytesIO()
    Image.fromarray(scene(320, 240, PLACE)).save(made, "PNG")
    return made.getvalue()


def build(folder: Path) -> Vault:
    """A film from the web with an area set by hand, a photograph, a film that nobody can decode, and a text."""
    vault = create(folder, ORIGIN, "Office A", {"ARCHIVER_BY": "Nadia"})
    address = "https://video.example/watch?v=1"
    (wanted,) = [answer.request_id for answer in queue.add(vault, [Asked(address, address, CASE, "")])]
    made = item(vault, FILM, f"{wanted}.1", film(), "video/mp4", case=CASE, url=address, summary=SUMMARY)
    shown = (
        held(vault, PLANTED[0], Role.THUMBNAIL, "image/jpeg"),
        held(vault, PLANTED[1], Role.SNAPSHOT, "application/wacz"),
        held(vault, PLANTED[2], Role.FINGERPRINT, "application/octet-stream", "test-2"),
    )
    downloaded(vault, wanted, replace(made, holdings=(*made.holdings, *shown)))
    for name, data, media_type in (
        (PHOTO, photo(), "image/png"),
        (BROKEN, b"no film at all", "video/mp4"),
        (TEXT, b"some words", "text/plain"),
    ):
        acquisition = f"n{name[1:]}.1"
        ingested(vault, acquisition, item(vault, name, acquisition, data, media_type, case=CASE, summary={}))
    areas.add(vault, FILM, Box(0, 800_000, 200_000, 200_000), 200, 600, note="a name on a badge")
    return vault
