"""What an index on disk was made by."""

import numpy as np

from archiver.fingerprint import SIDE, VIDEO_ALGORITHM, Fingerprint, pack
from archiver.match.index import RECIPE, volume_of

#: Of the first sample, the first 24 bits of every row.
KEYS = (
    "19b33b 20e644 213e4a 217e46 21b60b 21f63b 236c04 23e605 25c40d 266c46 26c40c 26e404 274d0c 276c04 27c44d "
    "27e475 28ec27 29e231 29e627 2c84bd 2c8f35 2cc837 2de427 2fc07d 5bab2a 69e037 6cccbd 6dc43f 6dc875 79e233 "
    "79ea33 7dcee2 a60d0b a6845e a685c2 ac8572 b60f83"
)


def test_other_codes_boxes_or_rows_need_another_recipe() -> None:
    """An index on disk is used as long as its recipe is the same: whoever changes what is below raises RECIPE."""
    rng = np.random.default_rng(16)
    picture = np.clip(
        rng.normal(size=(8, 8)).repeat(SIDE // 8, axis=0).repeat(SIDE // 8, axis=1) * 40 + 128, 0, 252
    ).astype(np.uint8)
    film = Fingerprint(VIDEO_ALGORITHM, 4000, (0, 333, 667, 1000), pack([picture] * 4), {"a": 1}, {"b": "1"}, {})
    made = volume_of([film])
    keys = " ".join(f"{key:06x}" for key in (made.first[made.sample == 0] >> np.uint64(40)).tolist())
    assert (RECIPE, len(made)) == ("archiver-index/1", 80)
    assert keys == KEYS
