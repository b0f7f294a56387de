"""The examination stage: an item's originals in, a bounded `Examination` out, whatever the files are."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from archiver.config import Limits
from archiver.examine import media_type, record, warnings
from archiver.examine.bounded import RefusedAnswer
from archiver.examine.record import Answer, Examination, FileRecord, FileWarning
from archiver.model import Tool
from archiver.sandbox.failure import Failure, JobLimits, SandboxError
from archiver.sandbox.level import Level
from archiver.sandbox.pool import SandboxPool

#: Imported once in the prepared parent. A module that is missing here costs every job its import.
PREPARED = (
    "av",
    "numpy",
    "PIL.Image",
    "PIL.ImageOps",
    "imagehash",
    "scipy.fftpack",  # which imagehash.phash imports when it is first called: 0.4 s of every picture's job
    "exiftool",
    "archiver.examine.container",
    "c2pa",
    "archiver.examine.credentials",
    "archiver.examine.inside",
    "archiver.examine.metadata",
    "archiver.examine.fingerprint",
    "archiver.examine.frames",
    "archiver.examine.playable",
    "archiver.examine.standards",
    "archiver.examine.stills",
)
#: What stills alone need: half of the time to start.
FOR_STILLS = ("av", "numpy", "PIL.Image", "PIL.ImageOps", "PIL.JpegImagePlugin", "archiver.examine.stills")
_SECOND_TRY_SECONDS = 300  # after a failure: headers and embedded metadata of one file, without a decode
_STILLS_BYTES = 64 << 20  # 64 stills of 1 MB, which is five times what a full-HD one takes


class Examiner:
    """Thread-safe; up to `slots` items at a time. `working` is a folder on the file system of the originals."""

    def __init__(
        self,
        *,
        working: Path | None = None,
        limits: Limits | None = None,
        slots: int = 2,
        level: Level | None = None,
        prepare: Sequence[str] = PREPARED,
    ) -> None:
        self._limits = limits or Limits()
        self._sandboxes = SandboxPool(
            slots,
            JobLimits(memory_bytes=self._limits.examine_memory_bytes),
            prepare=prepare,
            inbox=working,
            level=level,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def sandboxes(self) -> SandboxPool:
        """For other work on hostile files, such as `rendition.playable`."""
        return self._sandboxes

    def start(self) -> None:
        """Prepare the first sandbox now. Raises SandboxError where this machine cannot."""
        self._sandboxes.start()

    def close(self) -> None:
        """End the sandboxes."""
        self._sandboxes.close()

    def examine(self, originals: Sequence[tuple[Path, str]]) -> Examination:
        """Examine all files of one item, given as (where it is stored, what the source called it).

        Damaged files and files that are no media give warnings, never an error. Raises SandboxError only when no
        sandbox can be started, which says something about this machine and nothing about the files.
        """
        paths = [path for path, _ in originals]
        if not paths:
            return Examination((), b"", (), (), self._sandboxes.protection, ())
        answer = self._answer(paths, self._limits.examine_seconds)
        codes = [
            (*found, "name-differs") if _name_differs(name, file.media_type) else found
            for found, file, (_, name) in zip(answer.warnings, answer.files, originals, strict=True)
        ]
        sandbox = self._sandboxes.protection
        return Examination(
            files=answer.files,
            metadata=record.document(answer, sandbox, codes),
            fingerprints=answer.fingerprints,
            warnings=tuple(
                FileWarning(number, code, warnings.words(code, answer.files[number].facts))
                for number, found in enumerate(codes)
                for code in found
            ),
            sandbox=sandbox,
            tools=tuple(Tool(name, version) for name, version in answer.tools.items()),
            created=record.claimed_creation(answer.blocks),
        )

    def stills(self, path: Path, seconds: Sequence[float], max_side: int, kind: str = "video") -> list[bytes]:
        """JPEG stills of a stored file at `seconds`; none where it cannot be decoded. Raises SandboxError."""
        arguments = {"seconds": list(seconds), "max_side": max_side, "kind": kind}
        try:
            untrusted_reply = self._sandboxes.run(
                "archiver.examine.inside:take_stills",
                [path],
                arguments,
                seconds=self._limits.examine_seconds,
                max_bytes=_STILLS_BYTES,
            )
            return record.read_stills(untrusted_reply, len(seconds))
        except RefusedAnswer:
            return []
        except SandboxError as error:
            if error.failure is Failure.FAILED:
                return []
            raise

    def _answer(self, paths: Sequence[Path], seconds: float) -> Answer:
        """All files in one job. When that fails, each on its own, so that one file's failure is no other's."""
        try:
            return self._ask(paths, fingerprints=True, seconds=seconds)
        except SandboxError as error:
            self._sandboxes.start()  # where even that fails, it is the machine, not the file
            code = error.failure.value
        except RefusedAnswer:
            code = "answer-refused"
        if len(paths) > 1:
            share = max(_SECOND_TRY_SECONDS, seconds / len(paths))  # or a hostile item of many files would take days
            return _joined([self._answer([path], min(share, seconds)) for path in paths])
        try:
            answer = self._ask(paths, fingerprints=False, seconds=min(_SECOND_TRY_SECONDS, seconds))
        except (SandboxError, RefusedAnswer):
            return Answer((FileRecord(media_type.UNKNOWN),), ((code,),), (), ({},), {})
        return replace(answer, warnings=((code, *answer.warnings[0]),))

    def _ask(self, paths: Sequence[Path], *, fingerprints: bool, seconds: float) -> Answer:
        limit = self._limits.metadata_bytes
        untrusted_reply = self._sandboxes.run(
            "archiver.examine.inside:examine_item",
            paths,
            {"fingerprints": fingerprints, "seconds": seconds, "metadata_bytes": limit},
            seconds=seconds,
            # The metadata is spelled once more inside, with every letter beyond ASCII as six.
            max_bytes=record.MAX_HEAD_BYTES + 2 * limit + record.MAX_FINGERPRINTS_BYTES,
        )
        return record.read_answer(untrusted_reply, len(paths), 2 * limit)


def _joined(answers: Sequence[Answer]) -> Answer:
    """Answers about one file each as one answer about all of them."""
    tools: dict[str, str] = {}
    for answer in answers:
        tools |= answer.tools
    return Answer(
        files=tuple(answer.files[0] for answer in answers),
        warnings=tuple(answer.warnings[0] for answer in answers),
        fingerprints=tuple(
            replace(one, file_index=number) for number, answer in enumerate(answers) for one in answer.fingerprints
        ),
        blocks=tuple(answer.blocks[0] for answer in answers),
        tools=tools,
    )


def _name_differs(name: str, found: str) -> bool:
    """Whether the name's ending promises a picture, a video or sound, and the content is something else."""
    promised = media_type.kind(mimetypes.guess_type(name, strict=False)[0] or "")
    actual = media_type.kind(found)
    if promised == "other" or found in (media_type.EMPTY, media_type.UNKNOWN):
        return False
    return promised != actual and not {promised, actual} <= {"video", "audio"}
