"""What an index on disk was made by."""

import numpy as np

from archiver.fingerprint import SIDE, VIDEO_ALGORITHM, Fingerprint, pack
from archiver.match.index import RECIPE, volume_of

#: Of the first sample, the first 24 bits of every row.
KEYS = (
    "0a4dd2 1a48bb 4acdd2 4aedc2 69d166 69d547 6b054d 6bd166 8a49b2 8a6dda a6cbad ab4d52 acde98 aecfd8 aecfda "
    "aecff9 aed995 aeded8 af5c94 afdad4 affeda b4d961 bcca98 bcdabd bcdbf5 bededc c9f168 c9f5ca eecdd8 eecfda "
    "eeded8 ef44a6 ef5684 efd12a efd12a efdcc8 efddca efdeca efdfca efe62a eff7ea effe98 f9a95b"
)


#: Of all samples.
ROWS = 104


def test_other_codes_boxes_or_rows_need_another_recipe() -> None:
    """An index on disk is used as long as its recipe is the same: whoever changes what is below raises RECIPE.

    One bit in twenty may differ: processors add up in different orders, and a coefficient may lie at the median.
    """
    rng = np.random.default_rng(16)
    waves = np.cos(np.outer(np.arange(24), np.pi * (np.arange(SIDE) + 0.5) / SIDE))
    weights = rng.normal(size=(24, 24)) / (1 + np.add.outer(np.arange(24), np.arange(24)))
    picture = np.clip(waves.T @ weights @ waves * 60 + 128, 0, 252).astype(np.uint8)
    film = Fingerprint(VIDEO_ALGORITHM, 4000, (0, 333, 667, 1000), pack([picture] * 4), {"a": 1}, {"b": "1"}, {})
    made = volume_of([film])
    keys = made.first[made.sample == 0] >> np.uint64(40)
    pinned = np.array([int(key, 16) for key in KEYS.split()], np.uint64)
    assert (RECIPE, len(made), len(keys)) == ("archiver-index/1", ROWS, len(pinned))
    assert np.bitwise_count(keys ^ pinned).sum() <= 24 * len(pinned) / 20
