"""Proper change: what changes in two aligned films from sample to sample once the camera's own movement is taken away.

Two people who pan over one square, or one camera that does so twice, see the same houses go by in the same way: looks
and changes agree, and yet they are two recordings. What the camera does to the picture between two samples is a shift,
a zoom, a turn and a change of light: to first order the picture's own slopes in six combinations (the optical-flow
constraint: Horn and Schunck, 1981; Lucas and Kanade, 1981). One movement is fitted to both films at once and taken
from both. In a copy the rest agrees: people, leaves, parallax. In two recordings of one place the rest is of different
people; where two hands held two cameras, the common movement suits neither, and the rests even oppose each other.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from archiver.match.descriptor import POINTS, Floats, coefficients_of_points, points_of
from archiver.match.residual import equalised

#: Steps of a run that are looked at. Five minutes say what an hour says.
_MOST_STEPS: Final = 1_024
#: Steps worked on at a time: 8 MB of slopes.
_CHUNK: Final = 128
#: Damping of the fit, as a share of the slopes' mean power: a flat picture has no movement to be fitted.
_DAMPING: Final = 1e-3


def proper_change(a: Floats, b: Floats) -> float:
    """Correlation of what changes apart from the camera, in aligned runs of coefficients (n, 256); 0 if nothing does.

    Every coefficient has the same power, as in `Change.detail`.
    """
    first = np.arange(len(a) - 1)
    if len(first) > _MOST_STEPS:
        first = first[np.linspace(0, len(first) - 1, _MOST_STEPS).astype(int)]
    if not len(first):
        return 0.0
    # Both films have the same say in the common movement, however flat one of them is.
    a, b = (each / np.float32(max(float(np.sqrt((each * each).mean())), 1e-3)) for each in (a, b))
    parts = [
        _remaining((a[some], a[some + 1]), (b[some], b[some + 1]))
        for some in np.array_split(first, -(-len(first) // _CHUNK))
    ]
    rest_a, rest_b = (np.concatenate(each) for each in zip(*parts, strict=True))
    rest_a, rest_b = equalised(rest_a, rest_b)
    power = float(np.sqrt((rest_a * rest_a).sum() * (rest_b * rest_b).sum()))
    return float((rest_a * rest_b).sum()) / power if power > 0 else 0.0


def _remaining(*films: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """What is left of two films' steps, each from (n, 256) to (n, 256), without the movement that suits both best."""
    steps = [points_of(after - before).reshape(len(before), -1) for before, after in films]
    ways = [_ways(points_of((before + after) * np.float32(0.5))) for before, after in films]
    normal = sum(np.einsum("npi,npj->nij", way, way) for way in ways)
    wanted = sum(np.einsum("npi,np->ni", way, step) for way, step in zip(ways, steps, strict=True))
    power = np.trace(normal, axis1=1, axis2=2) / normal.shape[1]
    normal = normal + np.eye(normal.shape[1]) * (_DAMPING * power + 1e-9)[:, None, None]
    movement = np.linalg.solve(normal, wanted[..., None])[..., 0]
    rests = [step - np.einsum("npi,ni->np", way, movement) for way, step in zip(ways, steps, strict=True)]
    one, other = (coefficients_of_points(rest.reshape(-1, POINTS, POINTS).astype(np.float32)) for rest in rests)
    return one, other


def _ways(pictures: Floats) -> Floats:
    """(n, POINTS ** 2, 6): what a shift, a zoom, a turn and another light would add to pictures (n, POINTS, POINTS)."""
    middle = (np.arange(POINTS, dtype=np.float32) + 0.5) / POINTS - 0.5
    u, v = np.meshgrid(middle, middle, indexing="xy")
    across, down = np.gradient(pictures, axis=2), np.gradient(pictures, axis=1)
    ways = (across, down, across * u + down * v, down * u - across * v, pictures, np.ones_like(pictures))
    stacked: Floats = np.stack(ways, axis=-1).reshape(len(pictures), POINTS * POINTS, len(ways))
    return stacked
