"""What could not be checked: faults that say INCOMPLETE, and not that something is wrong."""

from __future__ import annotations

from archiver.proof.codes.faultgroup import Group

GROUPS: tuple[Group, ...] = (
    (
        "On the office's machine let any `archiver` command run to its end, then check again; elsewhere ask for a newer"
        " copy. What is not named here was checked",
        {
            "unsigned-tail": "entries that no checkpoint signs yet, as after a crash",
            "unrecorded-object": "a whole object that no record mentions yet, as of an attempt under way or cut off",
        },
    ),
    (
        "Set this machine's clock right and check again. If it was right, the entry and all after it claim a time that"
        " had not come: believe of their times only what time stamps and cosignatures prove, and ask the office",
        {"time-ahead": "an entry is later than this machine's clock: that is behind, or the entry was post-dated"},
    ),
    (
        "Give the verifier what it could not read (a disk, a permission, the verifier key), and check again",
        {
            "store-unreachable": "a folder or object cannot be read",
            "file-unreadable": "a file of the bundle cannot be read",
            "key-absent": "there is no verifier key, so that no signature was checked",
        },
    ),
    (
        "Unpack it into a new folder with a program that you trust, and check that folder",
        {
            "archive-foreign": "the zip was packed by another program than archiver, and was not read",
            "archive-encrypted": "the zip is encrypted",
        },
    ),
    (
        "Get the authority's root certificate from the authority, and give it with --tsa-roots",
        {"timestamp-untrusted": "no root is at hand, so that no stamp's signature was believed"},
    ),
    (
        "Get the header of that block from a source that you believe (a Bitcoin node, or several public ones that"
        " agree), and give it with --block-headers",
        {"anchor-header-absent": "the given headers are not of the block that an anchor names"},
    ),
    (
        "`archiver upgrade` on the office's machine, then check again",
        {"schema-older": "the records are of an older version of the program: their rows were not compared"},
    ),
    (
        "Ask the witnesses to cosign the newest checkpoint (`archiver witness request`), or rely on no entry after the"
        " size that the message names",
        {"unwitnessed-tail": "your quorum reaches up to an earlier size: later entries rest on the log's key alone"},
    ),
)
