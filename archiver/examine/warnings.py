"""Every warning that an examination can end with: a stable code, and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping

#: Every warning that an examination can end with, as people read it. A code that is not listed is not accepted.
MESSAGES: Mapping[str, str] = {
    "empty": "the file is empty",
    "not-media": "the file is no picture, video or sound that we can decode",
    "damaged": "parts of the file could not be decoded",
    "media-incomplete": "the file ends before its stated end",
    "truncated": "the file ends before its stated end",  # how records before "media-incomplete" say it
    "no-frames": "no picture could be decoded",
    "too-large": "its pictures are larger than any camera's and were not decoded",
    "timestamps-odd": "times of some frames are missing or run backwards; positions may be off",
    "frames-change-size": "the size of its pictures changes on the way",
    "name-differs": "the name promises another kind of file than the content is",
    "exiftool-missing": "ExifTool is not installed, so there is no embedded metadata",
    "exiftool-failed": "ExifTool could not read the file",
    "exiftool-timed-out": "ExifTool did not finish in time",
    "metadata-too-large": "the embedded metadata is larger than the limit and was left out",
    "timed-out": "the examination was stopped at its time limit",
    "crashed": "a decoder crashed on the file",
    "out-of-memory": "a decoder wanted more memory than the limit",
    "too-many-processes": "a decoder started more processes than the limit",
    "output-too-large": "the examination's output was larger than the limit",
    "failed": "the examination failed",
    "answer-refused": "the examination's answer did not make sense and was refused",
}


def words(code: str, facts: Mapping[str, int | str]) -> str:
    """The sentence for a warning, with figures where `facts` has some."""
    if code != "media-incomplete":
        return MESSAGES[code]
    figures = []
    decoded = facts.get("duration_ms", facts.get("heard_ms"))
    if isinstance(stated := facts.get("declared_ms"), int) and isinstance(decoded, int):
        figures.append(f"{decoded / 1000:.1f} of {stated / 1000:.1f} s decoded")
    if isinstance(declared := facts.get("declared_bytes"), int) and isinstance(
        present := facts.get("present_bytes"), int
    ):
        figures.append(f"{present:,} of {declared:,} bytes" if declared else f"{present:,} bytes without an end")
    return f"{MESSAGES[code]} ({', '.join(figures)})" if figures else MESSAGES[code]
