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
    "key rotation": "The archive's keys were changed",
    "database migration": "The archive's database was brought up to date",
}

LIMITS = (
    "The proofs show that the files and records are those that were in the archive when the checkpoint was signed, and"
    " that nothing was changed, removed or put in between since.",
    "They do not show that what the footage shows is true, when or where it was recorded, or by whom. Times stated by a"
    " file, a site or an uploader are claims; they are reported as such.",
    "Times of entries come from the clock of the archiving office. Their order is proven; the hour is as good as that"
    " clock, unless a time stamp or another office's signature on a checkpoint says more.",
    "Whoever holds the office's signing key could have written a different history before the first checkpoint that"
    " anybody else has seen. Ask other offices which checkpoints they hold.",
    "They do not show what was never entered: a file that was seen and not taken in, or an act that nobody recorded.",
    "The digests prove sameness of bytes. Fingerprints and matches are findings of a program that can err in both"
    " directions; a person's ruling is shown beside each where there is one.",
    "What a server sent to the archive may differ from what it sends to others.",
)

VERIFIABLE = (
    "This report is one file of a folder (the bundle). Everything that it says about files, times and findings stands"
    " in a ledger whose entries are chained by digests and signed. You can check that without trusting this page, us,"
    " or our software."
)

VERIFYING = (
    "Ask the archiving office, by telephone or in person, for its verifier key, and compare it with the one on the"
    " cover. Whoever made up a bundle could have put in a key of their own.",
    "On any computer with Python 3.9 or newer, without a network connection, run the first command below in the folder"
    " above the bundle. It says VERIFIED, FAILED with every fault, or INCOMPLETE.",
    "Or without our program: the second command, in the bundle's folder, compares every file with its digest."
    " data/VERIFY.txt shows how to go on from there to the signature with openssl.",
    "Compare the digests in this report with those of the files in data/exhibits. An exhibit is the file with that"
    " digest and no other.",
)

COMMANDS = (
    "python3 -I BUNDLE/data/verify.pyz BUNDLE --key 'THE KEY THAT THE OFFICE GAVE YOU'",
    "sha256sum --check --strict manifest-sha256.txt",
)

PART = (
    "This is a part of a report in several files. The first, report.pdf, says what is in which part, how to verify it,"
    " and what it proves."
)

PICTURE = "The original, made smaller for this page. It is a working copy: the exhibit is the file."

PICTURES = (
    "Frames of the original, made smaller for this page, with their times from the first frame. They are working"
    " copies: the exhibit is the file."
)

MATCHES = (
    "Each match was found by a program. It is a finding, not a ruling; where a person has ruled on it, the ruling is"
    " given, and who gave it."
)

LEDGER = (
    "The acts above are entries of a ledger in the form of Certificate Transparency (RFC 6962): each entry is a leaf of"
    " one tree, and the root of that tree is signed. Change one letter of one entry, and no proof leads to the signed"
    " root any more."
)

EXPORT = (
    "The export is an entry as well: it holds the digest of the list of all files of this bundle, this page among them."
    " It came after this page was written, and lies with its proof and the checkpoint above it in data/ledger/export."
)

CERTIFICATE = "as it says itself; the record of the exchange holds it, and nobody has judged it"

INCLUSION = (
    "For each exhibit, the way from the entry by which it came to the root above. The leaf is the SHA-256 of a zero"
    " byte and the entry. Going up, each hash is the SHA-256 of a one byte and the two hashes below it, left and right"
    " as RFC 6962 has it (section 2.1.1). Another entry leads to another root."
)

SIGNED = (
    "These three lines are what the office signed: the ledger's name, its number of entries, and the root above in"
    " base64. The bundle's own checkpoint came after the entry of the export, and is proven to continue this one."
)

WITNESSES = (
    "Witnesses are other offices or organisations that saw the ledger grow and signed its checkpoints. Their lines"
    " stand below the office's own signatures in data/ledger/export/checkpoint, or on the newest earlier checkpoint"
    " that they signed, in data/ledger/export/cosigned. Whose signature counts is for the reader to say: the verifier"
    " checks those that a policy file names (--policy)."
)

STAMPS = (
    "An authority outside of the office signed that it saw a checkpoint at a time (RFC 3161). So every entry up to that"
    " checkpoint, and what it tells, was there at that time at the latest. This rests on the authority's clock and key,"
    " and on nobody having stolen that key; data/VERIFY.txt shows how to check it with OpenSSL and the authority's own"
    " root certificate. That an entry is not older than it claims, no time stamp shows."
)

GLOSSARY: Mapping[str, str] = {
    "Digest": (
        "A number computed from all bytes of a file (SHA-256, SHA-512). Nobody knows a way to make another"
        " file with the same one."
    ),
    "Fingerprint": (
        "A number computed from what the pictures show, for finding similar footage. It proves nothing by itself."
    ),
    "Original": "The bytes exactly as they were received, never altered.",
    "Checkpoint": "The ledger's size and root at one moment, signed.",
    "Time stamp": "A signature of an authority outside over a checkpoint and the time at which it saw it.",
    "Inclusion proof": "The digests that lead from one entry to the root of a checkpoint.",
    "Disclosure": (
        "What opens a sealed field of an entry, such as a name. An entry holds only its commitment, so that a"
        " field can be withheld and everything still verifies."
    ),
}


def warning(code: str) -> str:
    """An examination's warning in plain words."""
    from archiver.examine.warnings import MESSAGES

    return MESSAGES.get(code, code.replace("-", " "))
