"""The report's fixed sentences: what a finding, an act or a warning means to a reader who knows no program.

"Same recording" and "same scene" are different claims: only the first is evidence of a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FINDINGS: Mapping[str, tuple[str, str]] = {
    "identical": (
        "Identical files",
        "Both exhibits hold the same bytes. This is a comparison of digests, not a judgement.",
    ),
    "same-recording": (
        "Same recording",
        "The program found the same footage in both: one was made from the other, or both from one source.",
    ),
    "same-scene": (
        "Same scene, not shown to be a copy",
        "The pictures look alike. This is no evidence that one was made from the other: two cameras at one place, or"
        " the same place at another time, give this finding as well.",
    ),
    "same-sound": (
        "Same sound",
        "The program found the same sound in both. It says nothing about the pictures.",
    ),
}

#: By finding: why it and a ruling before it cannot both be right.
CONTRADICTIONS: Mapping[str, str] = {
    "identical": "A person ruled the two to be different footage, and their bytes are the same.",
    "same-recording": "A person ruled the two to be different footage; the program then found the same in both.",
    "same-scene": "A person ruled the two to be the same footage; the program then found no more than that they look"
    " alike.",
    "same-sound": "A person ruled the two to have different sound; the program then found the same in both.",
}

#: Claims about a group of copies: the question in few words, and on what an answer rests.
CLAIMS: Mapping[str, tuple[str, str]] = {
    "first-posted": (
        "Posted first",
        "By the times that the platforms give, which are their claims: whoever posts a copy can also give it a date on"
        " some of them.",
    ),
    "first-here": (
        "Came here first",
        "By the order of the ledger's entries, which is proven. The hour is as good as the archiving office's clock.",
    ),
    "first-proved": (
        "Proved earliest",
        "By the time stamps of authorities outside: it was here at that time at the latest. Copies without a stamp may"
        " be older.",
    ),
    "first-anchored": (
        "In the earliest block",
        "By the numbers of the Bitcoin blocks to which the anchors over their entries lead: it was here before that"
        " block was made. Copies without an anchor may be older.",
    ),
    "longest": ("Longest", "By the frames that were decoded."),
    "largest-picture": (
        "Largest picture",
        "By its width and height in pixels. A copy can be scaled up; it shows no more then.",
    ),
    "least-re-encoded": (
        "Least encoded anew",
        "By its bits a second and the size of its picture, among those about as long as the longest: each encoding"
        " takes something away. A copy that was encoded anew with more bits than before would be taken for it; nothing"
        " here shows that.",
    ),
}

#: What is said of those that a claim leaves out, by claim; of all others that nothing is known.
LEFT_OUT: Mapping[str, str] = {
    "least-re-encoded": "not compared",
    "first-proved": "without a time stamp",
    "first-anchored": "without an anchor",
}
NOT_KNOWN_OF = "not known of"

#: Why a claim cannot be told.
WHYS: Mapping[str, str] = {
    "not-known": "nothing is known that would tell it",
    "too-close": "what is known does not tell these apart",
    "lengths-differ": "they are of different lengths, and the bits of an excerpt do not compare with those of a whole",
    "encodings-differ": "they are encoded in different ways, of which the bits do not compare",
    "size-disagrees": "the one with the most bits has not the largest picture",
    "camera-disagrees": "another one bears the marks of a camera, and the one with the most bits does not",
}

RULINGS: Mapping[str, str] = {
    "same": "the same footage",
    "different": "different footage",
    "unsure": "unsure",
}

ACTS: Mapping[str, str] = {
    "vault creation": "The archive and its key were made",
    "hash list imported": "A list of others' hashes was taken in",
    "hash list exported": "Hashes were written into a list for others",
    "hash list removed": "A list of others' hashes was removed",
    "redaction": "A blurred working copy was made",
    "blur area changed": "An area that blurred copies hide was set or removed",
    "setting changed": "A setting of how a site is reached was changed",
    "request": "The address was asked for",
    "capture": "Download",
    "ingestion": "Taken into the archive",
    "message digest calculation": "Digests computed and read back from the disk",
    "metadata extraction": "Metadata read, in a sandbox",
    "fingerprint calculation": "Fingerprint for comparison computed",
    "accession": "Received from another office",
    "match": "Similarity found by the program",
    "decision": "Ruling by a person",
    "cancellation": "Cancelled",
    "retry": "A new attempt was asked for",
    "refusal": "Refused",
    "recovery": "Taken up again after an interruption",
    "dissemination": "Exported",
    "disclosure": "A sealed field was opened for somebody outside",
    "deletion": "A sealed field was forgotten: its value was deleted",
    "time stamp": "An authority outside stamped the time of a checkpoint",
    "time anchor": "A calendar's proof of the time of a checkpoint was kept",
    "key rotation": "The archive's keys were changed",
    "database migration": "The archive's database was brought up to date",
}

LIMITS = (
    "The proofs show that the files and records are those that were in the archive when the checkpoint was signed, and"
    " that nothing was changed, removed or put in between since.",
    "They do not show that what the footage shows is true, when or where it was recorded, or by whom. Times stated by a"
    " file, a site or an uploader are claims; they are reported as such.",
    "Times of entries come from the clock of the archiving office. Their order is proven; the hour is as good as that"
    " clock, unless a time stamp, an anchor or another office's signature on a checkpoint says more.",
    "Whoever holds the office's signing key could have written a different history before the first checkpoint that"
    " anybody else has seen. Ask other offices which checkpoints they hold.",
    "They do not show what was never entered: a file that was seen and not taken in, or an act that nobody recorded.",
    "The digests prove sameness of bytes. Fingerprints and matches are findings of a program that can err in both"
    " directions; a person's ruling is shown beside each where there is one.",
    "What a server sent to the archive may differ from what it sends to others.",
)

#: And of a report that shows blurred copies.
BLURRED_LIMITS = (
    "Footage and pictures in this report are blurred working copies, which are no evidence by themselves. Faces were"
    " looked for by a program, which misses some: faces that are turned away, far off, partly hidden or badly lit, and"
    " heads from behind. People can also be known by clothes, gait, company, voice and place. Each original is"
    " withheld; its digests are given, so that whoever is shown it can check it against them.",
)


def warning(code: str) -> str:
    """An examination's warning in plain words."""
    from archiver.examine.warnings import MESSAGES

    return MESSAGES.get(code, code.replace("-", " "))


def changes(transform: Mapping[str, Any]) -> str:
    """What was done to a copy: `mirrored, 1.1 x as fast, cropped to 56 %`. Values may be texts, as in entries."""
    told = {name: _number(value) for name, value in transform.items()}
    parts = ["mirrored"] if told.pop("mirror", False) else []
    if turn := told.pop("turn", 0):
        parts.append(f"turned by {turn} degrees")
    if (speed := told.pop("speed", 1.0)) != 1.0:
        parts.append(f"{speed:g} x as fast")
    if (crop := told.pop("crop", 1.0)) < 1.0:
        parts.append(f"cropped to {crop:.0%}".replace("%", " %"))
    for name, value in told.items():
        if value is not False:
            parts.append(name.replace("_", " ") + ("" if value is True else f": {value}"))
    return ", ".join(parts)


def _number(value: Any) -> Any:
    """A fraction, which report.json has as text; or the value as it is."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def error_rate(rate: Mapping[str, Any] | None) -> str:
    """A measured error rate, as an entry has it, for somebody who has to say in court what it means."""
    if rate is None:
        return "Not known: it was not measured for this finding when it was recorded."
    times = {0: "not once", 1: "once"}.get(rate["errors"], f"{rate['errors']:,} times")
    return (
        f"In {rate['negatives']:,} comparisons of films that are no copies of each other, a score this high came up"
        f" {times}; so it is to be expected in at most {percent(rate['ppm'])} of such comparisons (at 95 % confidence)."
        f" Measured on: {rate['data']}. {_NOT_COVERED}"
    )


_NOT_COVERED = (
    "It does not cover footage of other kinds than was measured, such as two cameras side by side, animations, screen"
    " recordings, or films that somebody made to deceive; and it is not the probability that this very finding is"
    " wrong."
)


def percent(ppm: int) -> str:
    """Millionths as a percentage of two digits: `0.058 %`."""
    return f"{ppm / 10_000:.2g} %"


def blurred(told: Mapping[str, Any]) -> str:
    """What was hidden in a blurred copy, in a sentence; `told` is an object's `blurred` of report.json."""
    if told["hidden"] == "everything":
        hidden = "everything is shown coarsely"
    else:
        areas = f", and areas that people set ({told['areas']})" if told["areas"] else ""
        hidden = (
            f"faces that a program found ({told['faces']} tracks){areas} are hidden, in"
            f" {told['frames_with_patches']} of {told['frames']} frames; faces may have been missed"
        )
    return f"Blurred working copy, not evidence: {hidden}. {_SOUND[told['sound']]}"


_SOUND: Mapping[str, str] = {
    "mute": "The sound is left out.",
    "keep": "The sound is kept.",
    "shift": "The pitch of the sound is shifted, which protects nobody against those who try.",
}
