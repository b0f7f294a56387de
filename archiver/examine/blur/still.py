"""Writing a blurred copy of an image: its pixels, with what is to be hidden replaced, as a JPEG. Inside the sandbox."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from archiver.covers import Timeline
from archiver.examine.blur import hiding
from archiver.examine.blur.spelling import covers_from_json

#: The longer side of a copy at most, as `rendering.MAX_SIDE`; a photograph is looked at more closely than a film.
MAX_SIDE = 3840
QUALITY = 85


def make_image(paths: Sequence[str], arguments: Mapping[str, Any], output: int) -> bytes:
    """Write a blurred copy (JPEG) of the image `paths[0]` to the descriptor `output`; else as `rendering.make_film`."""
    import numpy as np
    import PIL
    from PIL import Image

    from archiver.examine.fingerprint import open_image

    with open(paths[1], "rb") as covers:
        boxes = Timeline(covers_from_json(covers.read())).at(0)
    picture, _ = open_image(paths[0])
    with picture, os.fdopen(output, "wb") as file:
        upright = picture.convert("RGB")
        upright.thumbnail((MAX_SIDE, MAX_SIDE))
        if arguments["whole"]:
            planes = np.array(upright.convert("YCbCr"))
            for number in range(3):
                planes[..., number] = hiding.cells(planes[..., number])
            made = Image.fromarray(planes, "YCbCr")
        else:
            pixels = np.array(upright)
            for box in boxes:
                pixels[hiding.place(box, upright.width, upright.height)] = hiding.PATCH_RGB
            made = Image.fromarray(pixels)
        made.save(file, "JPEG", quality=QUALITY, comment=arguments["comment"].encode())
    counted = {
        "width": made.width,
        "height": made.height,
        "frames": 1,
        "frames_with_patches": int(bool(arguments["whole"] or boxes)),
        "length_ms": 0,
    }
    return json.dumps({"tools": {"pillow": PIL.__version__}, "counted": counted}).encode()
