"""The report's fixed sentences: what a finding, an act or a warning means to a reader who knows no program.

"Same recording" and "same scene" are different claims: only the first is evidence of a copy.
"""

from __future__ import annotations

from collections.abc import Mapping

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

RULINGS: Mapping[str, str] = {
    "same": "the same footage",
    "different": "different footage",
    "unsure": "unsure",
}

ACTS: Mapping[str, str] = {
    "vault creation": "The archive and its key were made",
    "setting changed": "A setting of how a site is reached was changed",
    "request": "The address was asked for",
    "capture": "Download",
    "ingestion": "Taken into the archive",
    "message digest calculation": "Digests computed and read back from the disk",
    "metadata extraction": "Metadata read, in a sandbox",
    "fingerprint calculation": "Fingerprint for comparison computed",
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


def warning(code: str) -> str:
    """An examination's warning in plain words."""
    from archiver.examine.warnings import MESSAGES

    return MESSAGES.get(code, code.replace("-", " "))
