"""Making a blurred copy of one original: look for faces, follow them, write the copy. Called from outside."""

from __future__ import annotations

import io
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archiver.covers import Cover
from archiver.examine.blur import looking, tracking
from archiver.examine.blur.asked import Hiding
from archiver.examine.blur.spelling import covers_to_json
from archiver.examine.bounded import RefusedAnswer, bounded_json, check, is_object, is_whole, spelled
from archiver.fingerprint import MAX_MS
from archiver.model import Tool
from archiver.sandbox.failure import SandboxError
from archiver.sandbox.pool import SandboxPool

#: Looking takes up to one and a half times as long as a film plays, writing as much again: enough for two hours.
SECONDS = 6 * 3600
#: Five looks a second at ten faces each, for ten hours; a crowd of 300 for a quarter of an hour.
MAX_SEEN_BYTES = 64 << 20

_ANSWER_BYTES = 1_000
_POLL_SECONDS = 0.5
_COUNTS = {"width": 1 << 16, "height": 1 << 16, "frames": 1 << 40, "frames_with_patches": 1 << 40, "length_ms": MAX_MS}
_NAME = re.compile(r"[a-z0-9]{1,20}")
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,40}")

#: `observe(done, total, what)`: seconds of footage while it is looked at, bytes (of an unknown total, 0) while the copy
#: is written.
Observe = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Blurred:
    """`failure` is "" when the copy was made, else the reason in a word, and `why` more of it where there is more.

    `faces` is the number of covers that finding and following faces gave: some people have several, some none.
    """

    failure: str
    why: str = ""
    media_type: str = ""
    tools: tuple[Tool, ...] = ()
    faces: int = 0
    width: int = 0
    height: int = 0
    frames: int = 0
    frames_with_patches: int = 0
    length_ms: int = 0


def blur(
    sandboxes: SandboxPool,
    original: Path,
    kind: str,
    hiding: Hiding,
    target: Path,
    comment: str,
    observe: Observe = lambda done, total, what: None,
    length_ms: int = 0,
) -> Blurred:
    """Write a blurred copy of `original`, of `kind` video, audio or image, to `target`, which must not exist.

    `comment` is what the copy says of itself; `length_ms`, for progress alone, how long the footage is said to be. The
    copy is MP4 or JPEG, holds nothing of the original but pixels and, if asked for, sound, and was written by code that
    reads hostile files.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".blur-") as folder:
        partial, seen = Path(folder, "copy"), Path(folder, "seen")
        try:
            faces, found = (
                _faces(sandboxes, original, kind, seen, observe, length_ms) if _is_looked_at(kind, hiding) else ([], ())
            )
            covers = [*faces, *(area.cover() for area in hiding.areas)]
            arguments = {"whole": hiding.whole, "sound": hiding.sound.value, "comment": comment}
            partial.touch(0o600)
            with _watched(partial, lambda size: observe(size, 0, "bytes written")):
                untrusted = sandboxes.run(
                    f"archiver.examine.blur.{'still:make_image' if kind == 'image' else 'rendering:make_film'}",
                    [original, io.BytesIO(covers_to_json(covers))],
                    arguments,
                    seconds=SECONDS,
                    max_bytes=_ANSWER_BYTES,
                    output=partial,
                )
            made, tools = _answer(untrusted)
            os.link(partial, target)  # refuses to replace what is there
        except SandboxError as error:
            return Blurred(error.failure.value, error.what)
        except (RefusedAnswer, ValueError):
            return Blurred("answer-refused")
        except FileExistsError:
            return Blurred("exists")
        except OSError:
            return Blurred("not-written")
    return Blurred("", "", "image/jpeg" if kind == "image" else "video/mp4", (*found, *tools), len(faces), **made)


def _is_looked_at(kind: str, hiding: Hiding) -> bool:
    return kind in ("video", "image") and not hiding.whole


def _faces(
    sandboxes: SandboxPool, original: Path, kind: str, seen: Path, observe: Observe, length_ms: int
) -> tuple[list[Cover], tuple[Tool, ...]]:
    """Covers over the faces in the original, and what found them."""
    seen.touch(0o600)
    with _watched(
        seen, lambda _: observe(min(_last_ms(seen), length_ms) // 1000, length_ms // 1000, "seconds looked at")
    ):
        untrusted = sandboxes.run(
            "archiver.examine.blur.looking:look",
            [original],
            {"kind": kind},
            seconds=SECONDS,
            max_bytes=_ANSWER_BYTES,
            output=seen,
        )
    check(seen.stat().st_size <= MAX_SEEN_BYTES, "length of what was seen")
    with seen.open("rb") as lines:
        covers = tracking.follow(looking.read(lines))
    return covers, _tools(bounded_json(untrusted))


def _answer(untrusted: bytes) -> tuple[dict[str, int], tuple[Tool, ...]]:
    told = bounded_json(untrusted)
    check(is_object(told, {"tools", "counted"}) and is_object(told["counted"], set(_COUNTS)), "answer")
    check(all(is_whole(told["counted"][name], 0, most) for name, most in _COUNTS.items()), "count")
    return told["counted"], _tools(told["tools"])


def _tools(untrusted: object) -> tuple[Tool, ...]:
    check(isinstance(untrusted, dict) and len(untrusted) <= 5, "tools")
    assert isinstance(untrusted, dict)
    check(all(spelled(name, _NAME) and spelled(version, _VERSION) for name, version in untrusted.items()), "tool")
    return tuple(Tool(name, version) for name, version in sorted(untrusted.items()))


def _last_ms(seen: Path) -> int:
    """How far the looking is, as the last whole line says; nothing relies on it."""
    with seen.open("rb") as file:
        file.seek(max(0, seen.stat().st_size - looking.MAX_LINE))
        lines: Sequence[bytes] = file.read().split(b"\n")
    first = lines[-2].split()[:1] if len(lines) > 2 else []
    return int(first[0]) if first and first[0].isdigit() and len(first[0]) < 10 else 0


@contextmanager
def _watched(path: Path, tell: Callable[[int], None]) -> Iterator[None]:
    """Call `tell` with the size of a file again and again while something else writes it."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_POLL_SECONDS):
            tell(path.stat().st_size)

    thread = threading.Thread(target=watch, name="progress")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
