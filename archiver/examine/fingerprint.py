"""The fingerprint of one file, as bytes: what `archiver.fingerprint` defines, made by one decode in the sandbox."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from archiver.fingerprint import FORMS, IMAGE_ALGORITHM, VIDEO_ALGORITHM, Fingerprint, pack

if TYPE_CHECKING:
    from PIL import Image

    from archiver.standard import PdqPrint, SoundPrint

#: The largest camera pictures have 200 million pixels; a grey and a colour copy of that fit the sandbox's memory.
MAX_IMAGE_PIXELS = 200_000_000


@dataclass(frozen=True, slots=True)
class Fingerprinting:
    """What leaves the sandbox: the object's bytes and bounded facts (integers and words of at most 40 letters).

    `kind` is `video` or `image`; `warnings` are codes: media-incomplete, damaged, timestamps-odd, frames-change-size,
    too-large (single frames). `beside` are the standard fingerprints (`archiver.standard`).
    """

    blob: bytes
    algorithm: str
    kind: str
    facts: dict[str, int | str]
    warnings: list[str] = field(default_factory=list)
    beside: Sequence[PdqPrint | SoundPrint] = ()


def fingerprint(path: str, media_kind: str) -> Fingerprinting:
    """The fingerprint of the local file `path`; `media_kind` is `video` or `image`, judged by content.

    Raises `archiver.examine.container.Unreadable`, with a code, when there is nothing to see in it.
    """
    return _image(path) if media_kind == "image" else _video(path)


def _video(path: str) -> Fingerprinting:
    import av

    from archiver.examine.frames import RATE, sample
    from archiver.examine.standards import Watcher

    sampled = sample(path, watch=Watcher)
    made = Fingerprint(
        algorithm=VIDEO_ALGORITHM,
        duration_ms=sampled.duration_ms,
        times_ms=tuple(sampled.times_ms),
        blocks=tuple(sampled.blocks),
        parameters={"interval_ms": sampled.interval_ms, "rate": RATE} | _form_parameters(VIDEO_ALGORITHM),
        tools={"av": av.__version__, **_versions(av.library_versions)},
        exchange={},
    )
    return Fingerprinting(
        made.to_bytes(), VIDEO_ALGORITHM, "video", sampled.facts, sorted(sampled.warnings), sampled.beside
    )


def _image(path: str) -> Fingerprinting:
    import imagehash
    import PIL
    from PIL import Image

    from archiver.examine.standards import of_image

    form = FORMS[IMAGE_ALGORITHM]
    picture, facts = open_image(path)
    with picture:
        grey = picture.convert("L").resize((form.side, form.side), Image.Resampling.BOX)
        exchange = {"dhash": str(imagehash.dhash(picture)), "phash": str(imagehash.phash(picture))}
        beside = (of_image(np.asarray(picture)),)
    made = Fingerprint(
        algorithm=IMAGE_ALGORITHM,
        duration_ms=0,
        times_ms=(0,),
        blocks=pack(np.asarray(grey, dtype=np.uint8)[None], form),
        parameters=_form_parameters(IMAGE_ALGORITHM),
        tools={"imagehash": imagehash.__version__, "numpy": np.__version__, "pillow": PIL.__version__},
        exchange=exchange,
    )
    return Fingerprinting(made.to_bytes(), IMAGE_ALGORITHM, "image", facts, beside=beside)


def _form_parameters(algorithm: str) -> dict[str, int | str]:
    form = FORMS[algorithm]
    return {"scaling": "area", "shift": form.shift, "side": form.side}


def open_image(path: str) -> tuple[Image.Image, dict[str, int | str]]:
    """The first picture in `path`, upright, as RGB or grey, and facts about it. Raises Unreadable."""
    from PIL import Image, ImageOps

    from archiver.examine.container import Unreadable

    try:
        with python_warnings.catch_warnings():
            # The bound is ours, below: Pillow's would only warn at half of it. Other complaints are about metadata.
            python_warnings.simplefilter("ignore")
            with Image.open(path) as image:
                width, height = image.size
                facts: dict[str, int | str] = {
                    "codec": (image.format or "")[:40].lower(),
                    "frames": int(getattr(image, "n_frames", 1)),
                    "height": height,
                    "pixel_format": image.mode[:40],
                    "rotation": 0,
                    "width": width,
                }
                if width * height > MAX_IMAGE_PIXELS:
                    raise Unreadable("too-large", facts)
                image.load()
                upright = ImageOps.exif_transpose(image)
                facts["width"], facts["height"] = upright.size
                return _eight_bit(upright), facts
    except Unreadable:
        raise
    except Image.DecompressionBombError:
        raise Unreadable("too-large") from None
    except Exception as error:  # Pillow's plugins raise whatever their format's reader trips over
        raise Unreadable("not-media") from error


def _eight_bit(image: Image.Image) -> Image.Image:
    """RGB or grey at 8 bits. Deeper grey is stretched to its own range, because plain conversion would clip it."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        levels = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
        low, span = levels.min(), np.ptp(levels) or 1.0
        return Image.fromarray(((levels - low) * (255 / span)).astype(np.uint8))
    return image.copy() if image.mode in ("L", "RGB") else image.convert("RGB")


def _versions(libraries: dict[str, tuple[int, int, int]]) -> dict[str, str]:
    wanted = ("libavcodec", "libavformat", "libswscale")
    return {name: ".".join(map(str, libraries[name])) for name in wanted if name in libraries}
