"""What a blurred copy is to hide, and everything that decides how it comes out, as the ledger holds it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from archiver.covers import WHOLE, Area
from archiver.examine.blur import detector, hiding, looking, tracking, voice


class Sound(StrEnum):
    """What becomes of the sound."""

    MUTE = "mute"
    KEEP = "keep"
    SHIFT = "shift"


@dataclass(frozen=True, slots=True)
class Hiding:
    """What is to be hidden: faces that are found, or everything; areas that people set are always hidden."""

    whole: bool = False
    sound: Sound = Sound.MUTE
    areas: tuple[Area, ...] = ()


def parameters(asked: Hiding) -> dict[str, int | str]:
    """What decides how a copy comes out, as the ledger holds it: whole numbers (shares in millionths) and words."""
    found: dict[str, int | str] = {"sound_rate": voice.RATE} if asked.sound is not Sound.MUTE else {}
    if asked.sound is Sound.SHIFT:
        found["sound_pitch"] = round(voice.PITCH * WHOLE)
    if asked.whole:
        return found | {"cells": hiding.CELLS, "cell_step": hiding.STEP, "renewed_ms": hiding.HELD_MS}
    return found | {
        "network_sha256": detector.MODEL_SHA256,
        "score": round(detector.SCORE * WHOLE),
        "looked_at_side": detector.SIDE,
        "looked_every_ms": looking.INTERVAL_MS,
        "bridged_ms": tracking.BRIDGED_MS,
        "around_ms": tracking.AROUND_MS,
        "margin": round(tracking.MARGIN * WHOLE),
        "margin_unseen": round(tracking.MARGIN_UNSEEN * WHOLE),
        "patch_grid": hiding.GRID,
    }
