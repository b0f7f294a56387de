"""The report's paragraphs: how to verify it, what its proofs show and on what they rest, and what the words mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

WITHHELD = (
    "Some of what the archive holds is left out of this bundle on purpose, to protect people. Its digests and"
    " commitments are here: whatever is shown later can be checked against this same bundle, and nothing else can be"
    " put in its place. What stands here is said of all exhibits and entries alike, whether or not there was anything"
    " to withhold."
)

ACCEPTED = "whoever exported this put on record that something of the above may be found in this bundle all the same"

PART = (
    "This is a part of a report in several files. The first, report.pdf, says what is in which part, how to verify it,"
    " and what it proves."
)

PICTURE = "The original, made smaller for this page. It is a working copy: the exhibit is the file."

BLURRED_PICTURE = (
    "A blurred working copy, made smaller for this page. Faces may have been missed. The exhibit is the withheld file."
)

BLURRED_PICTURES = (
    "Frames of a blurred working copy, made smaller for this page, with their times from the first frame. Faces may"
    " have been missed. The exhibit is the withheld file."
)

PICTURES = (
    "Frames of the original, made smaller for this page, with their times from the first frame. They are working"
    " copies: the exhibit is the file."
)

CERTIFICATE = "as it says itself; the record of the exchange holds it, and nobody has judged it"

LINEAGE = (
    "Exhibits stand in one group when their bytes are the same, when the program found the same recording in both, or"
    " when a person ruled that they are the same; a person's ruling that two are different separates them. That two"
    " films show the same scene, or have the same sound, puts nothing together. What stands here is derived from the"
    " entries that are named; the verifier derives it once more."
)

DRAWING = (
    "Each row is an exhibit. Blue is what it shares, placed where the longest one has it; at the right, how much of the"
    " exhibit that is."
)

DOUBTED = "claims to have been posted after it was here; that time was not counted"

CUT = "Others connect them. Both cannot be right: a person has to look again."

APART = (
    "Others connect them. That is so with excerpts of one film, and with the parts of a compilation, which may be films"
    " of different people. What is said here of the group is not said of such a pair."
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

KEYS = (
    "Every checkpoint is signed with both. The first is short enough to compare by telephone; the entries, which it"
    " signs, name the second."
)

SIGNED = (
    "These three lines are what the office signed: the ledger's name, its number of entries, and the root above in"
    " base64. The bundle's own checkpoint came after the entry of the export, and is proven to continue this one."
)

WITNESSES = (
    "Witnesses are other offices or organisations that saw the ledger grow and signed its checkpoints. Their lines"
    " stand below the office's own signatures in data/ledger/export/cosigned, and, where they were asked about this"
    " bundle itself, in data/ledger/export/checkpoint. Whose signature counts is for the reader to say: get a witness's"
    " key from the witness, and name it in a policy file; the verifier checks those that the policy names (--policy)."
)

WITNESSED = "Those who had signed when this report was written:"

UNWITNESSED = "When this report was written no witness had signed a checkpoint of this ledger."

SIGNATURE = (
    "The PDF files of this report bear a signature by the certificate with this digest, in the form that readers of PDF"
    " check (PAdES, ETSI EN 319 142-1; `pdfsig report.pdf` shows it). It says who issued this paper. The evidence does"
    " not rest on it but on the ledger, and whose certificate counts is for the reader to say."
)

INCLUSION = (
    "For each exhibit, the way from the entry by which it came to the root above. The leaf is the SHA-256 of a zero"
    " byte and the entry. Going up, each hash is the SHA-256 of a one byte and the two hashes below it, left and right"
    " as RFC 6962 has it (section 2.1.1). Another entry leads to another root."
)

STAMPS = (
    "An authority outside of the office signed that it saw a checkpoint at a time (RFC 3161). So every entry up to that"
    " checkpoint, and what it tells, was there at that time at the latest. This rests on the authority's clock and key,"
    " and on nobody having stolen that key; data/VERIFY.txt shows how to check it with OpenSSL and the authority's own"
    " root certificate. That an entry is not older than it claims, no time stamp shows."
)

ANCHORS = (
    "A calendar put a digest of a checkpoint, with many others, into a block of the Bitcoin chain (OpenTimestamps). So"
    " every entry up to that checkpoint was there before that block was made. This rests on no office and no authority,"
    " but on the block being part of the chain that everybody knows: get the block's header from a source of your own,"
    " and give it to the verifier with --block-headers. A header that is shown here was given by the office; anybody"
    " who keeps the chain finds the block by its hash and can say whether it is the one. Miners may set that time up to"
    " two hours off. That an entry is not older than it claims, no anchor shows. One without a block is a calendar's"
    " promise, and proves nothing yet; its proof can be completed later with any OpenTimestamps client."
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
    "Anchor": "A proof that a checkpoint's digest is in a block of the Bitcoin chain, or a promise of one.",
    "Time stamp": "A signature of an authority outside over a checkpoint and the time at which it saw it.",
    "Inclusion proof": "The digests that lead from one entry to the root of a checkpoint.",
    "Disclosure": (
        "What opens a sealed field of an entry, such as a name. An entry holds only its commitment, so that a"
        " field can be withheld and everything still verifies."
    ),
}


def pictures(exhibit: Mapping[str, Any]) -> str:
    """What stands under an exhibit's pictures; `exhibit` is that of report.json."""
    alone = len(exhibit["pictures_ms"]) == 1
    if any("blurred" in one for one in exhibit["objects"]):
        return BLURRED_PICTURE if alone else BLURRED_PICTURES
    return PICTURE if alone else PICTURES
