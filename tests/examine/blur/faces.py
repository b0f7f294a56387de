"""A drawn face that the detector takes for one, because no footage of a real person lies in this repository."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

SKIN, SHADE, HAIR = (224, 172, 140), (186, 128, 100), (60, 40, 30)


def face(side: int) -> Image.Image:
    """A face of `side` x `side` pixels, seen from the front, on a grey wall."""
    unit = 4 * side / 100
    made = Image.new("RGB", (4 * side, 4 * side), (150, 155, 160))
    draw = ImageDraw.Draw(made)

    def oval(x: float, y: float, w: float, h: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse([(x - w / 2) * unit, (y - h / 2) * unit, (x + w / 2) * unit, (y + h / 2) * unit], fill=colour)

    oval(50, 100, 90, 40, (40, 60, 110))  # shoulders
    draw.rectangle([40 * unit, 70 * unit, 60 * unit, 90 * unit], fill=SHADE)
    oval(50, 42, 62, 70, HAIR)
    oval(50, 50, 50, 64, SKIN)
    for x in (38, 62):
        oval(x, 37, 14, 3, HAIR)
        oval(x, 44, 12, 6, (245, 245, 245))
        oval(x, 44, 5.5, 5.5, (50, 35, 25))
        oval(x, 44, 2.5, 2.5, (5, 5, 5))
    oval(50, 57, 9, 6, SHADE)
    oval(47, 58, 2.5, 1.5, (90, 50, 40))
    oval(53, 58, 2.5, 1.5, (90, 50, 40))
    oval(50, 69, 20, 7, (160, 60, 60))
    draw.line([40 * unit, 69 * unit, 60 * unit, 69 * unit], fill=(90, 30, 30), width=round(unit))
    return made.resize((side, side), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(side / 150))


def scene(width: int, height: int, *places: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """A picture (height, width, 3) with a face of a size at each place: left edge, upper edge, side."""
    made = Image.new("RGB", (width, height), (150, 155, 160))
    for left, upper, side in places:
        made.paste(face(side), (left, upper))
    return np.asarray(made)
