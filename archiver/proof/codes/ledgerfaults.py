"""What can be wrong with a vault, its ledger, keys and witnesses, and with time stamps and disclosures."""

from __future__ import annotations

from archiver.proof.codes.faultgroup import KEEP, Group

GROUPS: tuple[Group, ...] = (
    (
        KEEP + "take the object from a backup or another office that holds the same SHA-256; until then do not rely"
        " on the items that it is of",
        {
            "object-altered": "an object's bytes are not those that were recorded, or no regular file lies there",
            "object-missing": "an object is on record and not there",
            "object-is-link": "a link lies where an object or its folder should be",
            "stray-object": "something that is no object, or whose bytes are not those of its name, lies among them",
        },
    ),
    (
        KEEP + "ask who could write to the database, and compare with a backup; the entries that are not named, and"
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
            "hashlist-altered": "a list of others' hashes is not the file that its entry tells",
            "hashlist-untold": "no entry tells of this list of hashes, or one tells that it was removed",
            "hashlist-missing": "an entry tells of a list of hashes that is not on record",
        },
    ),
    (
        KEEP + "two signed histories, or an older one put in place of a newer one, prove more together. Ask the"
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
        "Take the ledger's published files from a backup or a mirror: they check themselves against the signed"
        " checkpoint. Where entries are named as well, those come first",
        {
            "tile-altered": "a published file is not what the entries give",
            "tile-missing": "a published file is not there",
            "ledger-file-extra": "something that does not belong lies in the ledger's folder",
        },
    ),
    (
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
        "Restore the settings from a backup; origin and keys have to be those of this ledger",
        {"settings-unreadable": "a file of settings cannot be read"},
    ),
)
