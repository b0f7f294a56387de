"""Looking for faces all through a film, or in an image. Runs inside the sandbox.

What was seen is written line by line while the film goes on, so that whoever waits can see how far it is. A line is the
moment in milliseconds and, for each face, four numbers: left edge, upper edge, width, height in millionths.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from archiver.covers import WHOLE, Box
from archiver.examine.blur import detector
from archiver.examine.blur.tracking import Sighting
from archiver.fingerprint import MAX_MS

#: Between two looks. A head goes by its own width in some 0.3 s at the most; what lies between is hidden as well.
INTERVAL_MS = 200
#: The longer side at which images are looked at a second time: a face of 10 pixels in it is one of 30 to a camera.
IMAGE_SIDE = 2560

#: Two looks at an image, each with all the faces that the detector gives, of four numbers of seven digits.
MAX_LINE = 20 + 2 * detector.MAX_FACES * 4 * 8


def look(paths: Sequence[str], arguments: Mapping[str, Any], output: int) -> bytes:
    """Write what is seen in the file `paths[0]`, of `arguments["kind"]` `video` or `image`, to `output`, line by line.

    The answer is JSON: the tools' versions. Raises Unreadable, and whatever a damaged file makes a library raise.
    """
    finder = detector.Detector()
    with os.fdopen(output, "wb") as file:
        for sighting in (_in_image if arguments["kind"] == "image" else _in_film)(paths[0], finder):
            numbers = [sighting.ms, *(number for box in sighting.faces for number in (box.x, box.y, box.w, box.h))]
            file.write((" ".join(map(str, numbers)) + "\n").encode())
            file.flush()
    return json.dumps(detector.tools()).encode()


def read(untrusted_lines: Iterable[bytes]) -> Iterator[Sighting]:
    """What was seen, outside again. Raises ValueError for what `look` does not write."""
    last = -1
    for line in untrusted_lines:
        first, *numbers = (int(word) for word in line.split()) if len(line) <= MAX_LINE else (-1,)
        if not last < first <= MAX_MS or len(numbers) % 4 or not all(0 <= number <= WHOLE for number in numbers):
            raise ValueError("what was seen is not of the form that it has to be")
        last = first
        yield Sighting(first, tuple(Box(*numbers[at : at + 4]) for at in range(0, len(numbers), 4)))


def _in_film(path: str, finder: detector.Detector) -> Iterator[Sighting]:
    from archiver.examine.blur import film
    from archiver.examine.container import Unreadable, open_media

    upright, due = film.Upright(), 0
    with open_media(path) as container:
        stream = film.opened(container)
        if stream is None:
            raise Unreadable("no-frames")
        for shown in film.frames(container, stream):
            if shown.ms < due:
                continue
            due = shown.ms + INTERVAL_MS
            picture = upright.rgb(shown, *detector.looked_at(*shown.size))
            yield Sighting(shown.ms, tuple(finder.faces(picture)))


def _in_image(path: str, finder: detector.Detector) -> Iterator[Sighting]:
    """Looked at twice, because a photograph has faces at all sizes and nobody waits for its next frame."""
    import numpy as np
    from PIL import Image

    from archiver.examine.fingerprint import open_image

    found: list[Box] = []
    picture, _ = open_image(path)
    with picture:
        size = detector.looked_at(*picture.size)
        longer = max(picture.size) / IMAGE_SIDE
        large = tuple(max(1, round(side / longer)) for side in picture.size) if longer > 1 else picture.size
        for width, height in dict.fromkeys((size, large)):
            small = picture.convert("RGB").resize((width, height), Image.Resampling.BOX)
            for face in finder.faces(np.asarray(small)):
                same = next((number for number, one in enumerate(found) if one.shared(face) > detector.OVERLAP), None)
                if same is None:
                    found.append(face)
                else:
                    found[same] = found[same].hull(face)
    yield Sighting(0, tuple(found))
