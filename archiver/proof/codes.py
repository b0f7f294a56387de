"""What every fault means and what its reader should do: one table for both verifiers and for docs/faults.md.

Faults with the same next step stand together. A code is a promise to other programs: it keeps its meaning for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

_KEEP = "Change nothing here and make a copy as evidence: "

#: (whether the faults say only that something could not be checked, what the reader should do, code -> what it says)
GROUPS: tuple[tuple[bool, str, dict[str, str]], ...] = (
    (
        False,
        _KEEP + "take the object from a backup or another office that holds the same SHA-256; until then do not rely"
        " on the items that it is of",
        {
            "object-altered": "an object's bytes are not those that were recorded, or no regular file lies there",
            "object-missing": "an object is on record and not there",
            "object-is-link": "a link lies where an object or its folder should be",
            "stray-object": "something that is no object, or whose bytes are not those of its name, lies among them",
        },
    ),
    (
        False,
        _KEEP + "ask who could write to the database, and compare with a backup; the entries that are not named, and"
        " the objects, stand by themselves",
        {
            "entry-altered": "an entry is not the one that was signed under its number",
            "entry-invalid": "an entry is no valid custody event in its one spelling",
            "entry-number": "an entry bears a number that none has",
            "entries-missing": "entries that a checkpoint or a later entry presupposes are not there",
            "leaf-altered": "the recorded leaf hash is not that of the entry",
            "time-goes-back": "an entry is earlier than one before it",
            "subject-missing": "the index does not lead from a row to an entry about it",
            "subject-foreign": "the index leads from a row to an entry that is not about it",
            "database-damaged": "the records cannot be read, or a page of them is damaged",
            "database-missing": "there are no records, or a link lies in their place",
            "database-unreadable": "the records cannot be opened",
            "schema-differs": "a table, view, index or trigger is not that of this program",
        },
    ),
    (
        False,
        "Where no entry is named as altered too, believe the entry and not the row: only the archive's lists were"
        " edited or damaged. Compare with a backup, and ask who could write to the database",
        {
            "request-altered": "a request's row is not what its entries tell",
            "request-untold": "no entry tells of this request",
            "request-missing": "an entry tells of a request that is not on record",
            "acquisition-altered": "an attempt's row is not what its entry tells",
            "acquisition-untold": "no entry tells of this attempt",
            "acquisition-missing": "an entry tells of an attempt that is not on record",
            "item-altered": "an item's row is not what its entry sealed",
            "item-untold": "no entry tells of this item",
            "item-missing": "an entry tells of an item that is not on record",
            "holding-missing": "the ledger gives an item an object that its row does not hold",
            "holding-untold": "no entry gives this object to its holder",
            "object-row-altered": "an object's row names another size, type or digest than its bytes or entry",
            "object-row-missing": "an entry tells of an object that is not on record",
            "object-untold": "no entry tells of this object",
            "match-altered": "a match's row is not what its entry tells",
            "match-untold": "no entry tells of this match",
            "match-missing": "an entry tells of a match that is not on record",
            "decision-altered": "a ruling is not what its entry tells",
            "decision-untold": "no entry tells of this ruling",
            "decision-missing": "an entry tells of a ruling that is not on record",
        },
    ),
    (
        False,
        _KEEP + "two signed histories, or an older one put in place of a newer one, prove more together. Ask the"
        " witnesses and other offices for their newest checkpoint of this ledger, and the office why",
        {
            "root-differs": "entries do not give the root that was signed for them",
            "checkpoint-fork": "two signed checkpoints of one size have different roots",
            "checkpoint-rolled-back": "a later checkpoint was issued than the one that is published",
            "checkpoint-missing": "a checkpoint was issued and is not there",
            "checkpoint-altered": "a checkpoint's row or file names another size, root or note",
            "rolled-back": "ROLLED BACK: you saw a larger checkpoint of this key before",
            "fork": "FORK: you saw another tree under the same key before",
        },
    ),
    (
        False,
        "Take the ledger's published files from a backup or a mirror: they check themselves against the signed"
        " checkpoint. Where entries are named as well, those come first",
        {
            "tile-altered": "a published file is not what the entries give",
            "tile-missing": "a published file is not there",
            "ledger-file-extra": "something that does not belong lies in the ledger's folder",
        },
    ),
    (
        False,
        "Believe nothing that this key is said to have signed until the office has told you its key through another"
        " channel (`archiver key show` prints it there)",
        {
            "key-other": "the key that you expect, or your policy lists, is none of this ledger's",
            "key-untold": "the keys at hand are not those that the ledger's entries name last",
            "key-altered": "the vault's keys are none, or not of the ledger that its settings name",
            "key-malformed": "a key is spelt wrongly",
            "key-name": "a key's name cannot be one",
            "key-weak": "a key of small order, under which anybody can sign",
            "rotation-broken": "a change of keys does not follow on the keys in force",
            "rotation-malformed": "rotations.json is of another form",
            "rotation-unproved": "a change of keys is not covered by a checkpoint that both generations signed",
            "note-malformed": "a signed note is not in its one spelling",
            "checkpoint-malformed": "a checkpoint is not in its one spelling",
            "checkpoint-origin": "a checkpoint is of another ledger",
            "signature-missing": "a key that has to have signed did not",
            "signature-wrong": "a signature does not hold",
            "signature-repeated": "one key's signature stands there twice",
            "signature-malformed": "a name or number that no post-quantum signature can hold",
            "signature-unknown": "a line bears the ledger's name and is by no key of it",
        },
    ),
    (
        False,
        "Ask the witness itself what it cosigned, through another channel, and do not count it until then",
        {
            "cosignature-wrong": "a known witness's line is forged, edited or of another checkpoint",
            "cosignature-malformed": "a known witness's line is not of the right form",
            "cosignature-repeated": "a known witness's line stands there twice",
            "cosignature-missing": "an entry tells of a cosignature that is not there",
            "cosigned-file-extra": "something else lies among the cosigned checkpoints",
            "quorum-not-met": "too few witnesses of your policy cosigned any checkpoint of this tree",
        },
    ),
    (
        False,
        "Do not rely on the time that this stamp claims; the entries themselves stand without it. Ask the authority for"
        " its root through another channel, and the office for the query and the raw reply",
        {
            "timestamp-of-other": "token, query or note are of another checkpoint or entry",
            "timestamp-invalid": "form, nonce, status, signature, purpose, certificates or time do not hold",
            "timestamp-missing": "query, reply or chain is not there",
            "timestamp-unknown-authority": "none of the given roots vouches for who signed",
        },
    ),
    (
        False,
        "Do not rely on the block that this anchor names; the entries themselves stand without it. Get the block's"
        " header from a second source, and ask the office for the proof",
        {
            "anchor-of-other": "the proof or note is of another checkpoint or entry",
            "anchor-invalid": "form, blocks or time of the proof do not hold",
            "anchor-missing": "the proof or the note is not there",
            "anchor-header-differs": "the given header of that block has another Merkle root than the proof leads to",
        },
    ),
    (
        False,
        "Do not rely on what the disclosure says, and ask whoever gave it; the entry itself is not touched by it",
        {
            "disclosure-foreign": "a disclosure does not open a field of its entry",
            "disclosure-malformed": "a disclosure is not of the right form",
            "disclosure-repeated": "a field is opened twice",
            "disclosure-missing": "nothing opens who acted, and no entry tells that it was forgotten",
            "disclosure-returned": "a field that was forgotten is there again",
        },
    ),
    (
        False,
        "Do not use this bundle: keep it as you got it, and ask the office for a new one, on another way. Copying"
        " and unpacking can also add, rename or drop files: try the original medium first",
        {
            "bundle-not-a-folder": "it is a file or a link; an archive has to be unpacked first",
            "file-name": "a name that no bundle has",
            "file-name-case": "two names that differ only in case",
            "file-extra": "a file that no bundle has",
            "folder-extra": "a folder that no bundle has",
            "link": "a link lies in the bundle",
            "special-file": "something lies there that is neither file nor folder",
            "too-many-files": "more files than a bundle can have",
            "file-too-long": "a file is longer than any can be",
            "entries-too-long": "the entries together are longer than they can be",
            "bundle-too-long": "all files together are longer than they can be",
            "file-missing": "a file is not there",
            "file-unlisted": "a file stands in no manifest",
            "file-changing": "a file changed while it was checked",
            "digest-differs": "a file is not what a manifest says",
            "bag-declaration": "bagit.txt is not that of BagIt 1.0",
            "bag-info": "bag-info.txt is not of the right form",
            "payload-oxum": "number or size of the files is not what bag-info.txt says",
            "manifest-malformed": "a line of a manifest is not of the right form",
            "manifest-path": "a manifest leads out of the bag, or spells a path in a second way",
            "manifest-repeated": "a manifest lists a file twice",
            "files-differ": "files are not those that the export's entry vouches for",
            "files-list-differs": "the list of files is not the one that the export's entry vouches for",
            "file-not-exported": "a listed file is not there",
            "export-entry": "the export's entry is no successful export of these exhibits",
            "exhibit-unknown": "a folder of an exhibit that was not exported",
            "exhibit-differs": "an exhibit's files are not those that the ledger tells",
            "ingestion-missing": "no entry tells that an exhibit was taken in",
            "report-malformed": "report.json is of another form",
            "report-differs": "the report says what no entry or disclosure says",
            "withheld-differs": "what the export's entry withholds is not what the report withholds, or is there",
            "redacted-copy": "a redacted copy is not the one that the report names beside the withheld object",
            "document-malformed": "a document of the bundle is of another form",
            "entry-malformed": "an entry is of another form",
            "entry-missing": "a proof without its entry",
            "entry-repeated": "the export's entry is there twice",
            "proofs-malformed": "proofs.json is of another form",
            "proof-missing": "an entry without its proof",
            "proof-shape": "a proof is not as long as it has to be",
            "proof-size": "a proof of an entry or tree that cannot be in this tree",
            "inclusion-proof": "an entry is not in the signed tree",
            "consistency-proof": "an earlier checkpoint is not the beginning of the signed tree",
            "json-float": "JSON with a number that is not whole",
            "json-integer": "JSON with a number beyond 2^53",
            "json-key": "JSON with a key that is not ASCII",
            "json-malformed": "bytes that are no JSON",
            "json-not-canonical": "JSON in a second spelling",
            "json-not-utf8": "JSON that is not UTF-8",
            "json-repeated-key": "JSON with a key twice",
            "json-surrogate": "JSON with half a character",
            "json-too-deep": "JSON that is nested too deep",
            "json-too-long": "JSON that is longer than it can be",
            "json-type": "JSON of a kind that has no canonical form",
        },
    ),
    (
        False,
        "Restore the settings from a backup; origin and keys have to be those of this ledger",
        {"settings-unreadable": "a file of settings cannot be read"},
    ),
    (
        True,
        "On the office's machine let any `archiver` command run to its end, then check again; elsewhere ask for a newer"
        " copy. What is not named here was checked",
        {
            "unsigned-tail": "entries that no checkpoint signs yet, as after a crash",
            "unrecorded-object": "a whole object that no record mentions yet, as of an attempt under way or cut off",
        },
    ),
    (
        True,
        "Set this machine's clock right and check again. If it was right, the entry and all after it claim a time that"
        " had not come: believe of their times only what time stamps and cosignatures prove, and ask the office",
        {"time-ahead": "an entry is later than this machine's clock: that is behind, or the entry was post-dated"},
    ),
    (
        True,
        "Give the verifier what it could not read (a disk, a permission, the verifier key), and check again",
        {
            "store-unreachable": "a folder or object cannot be read",
            "file-unreadable": "a file of the bundle cannot be read",
            "key-absent": "there is no verifier key, so that no signature was checked",
        },
    ),
    (
        True,
        "Get the authority's root certificate from the authority, and give it with --tsa-roots",
        {"timestamp-untrusted": "no root is at hand, so that no stamp's signature was believed"},
    ),
    (
        True,
        "Get the header of that block from a source that you believe (a Bitcoin node, or several public ones that"
        " agree), and give it with --block-headers",
        {"anchor-header-absent": "the given headers are not of the block that an anchor names"},
    ),
    (
        True,
        "`archiver upgrade` on the office's machine, then check again",
        {"schema-older": "the records are of an older version of the program: their rows were not compared"},
    ),
    (
        True,
        "Ask the witnesses to cosign the newest checkpoint (`archiver witness request`), or rely on no entry after the"
        " size that the message names",
        {"unwitnessed-tail": "your quorum reaches up to an earlier size: later entries rest on the log's key alone"},
    ),
)

#: What each code says, in one line.
SAYS: Mapping[str, str] = MappingProxyType({code: says for _, _, codes in GROUPS for code, says in codes.items()})

#: What the reader should do about it.
NEXT: Mapping[str, str] = MappingProxyType({code: step for _, step, codes in GROUPS for code in codes})

#: Faults that say "could not be checked" and not "is wrong". Any other code makes the verdict FAILED.
INCOMPLETE_CODES = frozenset(code for incomplete, _, codes in GROUPS if incomplete for code in codes)


def steps(codes: Iterable[str]) -> dict[str, str]:
    """The next step for each of these codes, each code once, in the order given."""
    return {code: NEXT[code] for code in dict.fromkeys(codes) if code in NEXT}


def lines(codes: Iterable[str]) -> list[str]:
    """The same for people: one line for each step, with the codes that call for it."""
    asked: dict[str, list[str]] = {}
    for code, step in steps(codes).items():
        asked.setdefault(step, []).append(code)
    return [f"What to do about {', '.join(found)}: {step}" for step, found in asked.items()]
