"""The tables of `archive.db`, as numbered migrations. `schemas/database.sql` is generated from them and compared.

Written to be read by people with Datasette or the sqlite3 shell: views `v_items` and `v_custody`, full-text search on
titles and notes. The ledger is the table `entry`; triggers refuse to change it.
"""

MIGRATIONS = (
    """
CREATE TABLE request (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,                -- as given, never altered
    canonical_url TEXT NOT NULL,      -- what is fetched, and what two spellings of one address share
    case_name TEXT NOT NULL,          -- '' is a case too
    note TEXT NOT NULL,
    priority INTEGER NOT NULL,        -- higher is sooner
    requested_by TEXT NOT NULL,
    added_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'archived', 'failed', 'refused', 'cancelled')),
    reason TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '', -- the reason in words
    attempts INTEGER NOT NULL DEFAULT 0,
    attempts_allowed INTEGER NOT NULL DEFAULT 0,  -- attempts up to which the queue goes on by itself; retry raises it
    next_attempt_at TEXT NOT NULL DEFAULT '',
    limits TEXT NOT NULL DEFAULT '{}' -- JSON: limits of archiver/config.py that this request overrides
) STRICT;
CREATE INDEX request_by_address ON request (canonical_url, case_name);
CREATE INDEX request_by_turn ON request (state, priority DESC, next_attempt_at);

CREATE TABLE acquisition (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('download', 'ingest')),
    request_id TEXT NOT NULL,         -- '' for an ingest
    attempt INTEGER NOT NULL,
    source TEXT NOT NULL,             -- the URL or the path that was asked for
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure', 'refusal', 'cancelled')),
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    tools TEXT NOT NULL,              -- JSON: [{"name", "version"}]
    matched INTEGER NOT NULL DEFAULT 0  -- whether its items were compared with all others yet
) STRICT;
CREATE INDEX acquisition_by_request ON acquisition (request_id);

CREATE TABLE item (
    id TEXT PRIMARY KEY,
    acquisition_id TEXT NOT NULL REFERENCES acquisition (id),
    case_name TEXT NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    uploader TEXT NOT NULL,
    note TEXT NOT NULL,
    path TEXT NOT NULL,               -- of a local file, as it was named to us
    source TEXT NOT NULL,             -- who or what it came from, as whoever took it in said
    acquired_at TEXT NOT NULL,
    summary TEXT NOT NULL             -- JSON: what examination found, for tables and reports
) STRICT;
CREATE INDEX item_by_case ON item (case_name);
CREATE INDEX item_by_acquisition ON item (acquisition_id);

CREATE TABLE object (
    sha256 TEXT PRIMARY KEY,
    sha512 TEXT NOT NULL,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL
) STRICT;

CREATE TABLE holding (                -- which object plays which role in which acquisition and item
    acquisition_id TEXT NOT NULL REFERENCES acquisition (id),
    item_id TEXT NOT NULL,            -- '' for what belongs to the attempt alone
    position INTEGER NOT NULL,
    sha256 TEXT NOT NULL REFERENCES object (sha256),
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (acquisition_id, item_id, position)
) STRICT;
CREATE INDEX holding_by_object ON holding (sha256);
CREATE INDEX holding_by_item ON holding (item_id);

CREATE TABLE match (
    id TEXT PRIMARY KEY,
    a TEXT NOT NULL REFERENCES item (id),
    b TEXT NOT NULL REFERENCES item (id),
    kind TEXT NOT NULL,
    finding TEXT NOT NULL,
    score REAL NOT NULL,
    algorithm TEXT NOT NULL,
    segments TEXT NOT NULL,           -- JSON: [{"a": [start, end], "b": [start, end]}], seconds
    transform TEXT NOT NULL,          -- JSON: what was done to the copy
    found_at TEXT NOT NULL
) STRICT;
CREATE INDEX match_by_a ON match (a);
CREATE INDEX match_by_b ON match (b);

CREATE TABLE decision (
    id INTEGER PRIMARY KEY,
    match_id TEXT NOT NULL REFERENCES match (id),
    ruling TEXT NOT NULL CHECK (ruling IN ('same', 'different', 'unsure')),
    by_whom TEXT NOT NULL,
    note TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES entry (seq)
) STRICT;
CREATE INDEX decision_by_match ON decision (match_id);

CREATE TABLE entry (                  -- the ledger: RFC 6962 leaves, numbered from 0
    seq INTEGER PRIMARY KEY,
    body BLOB NOT NULL,               -- RFC 8785 canonical JSON
    leaf BLOB NOT NULL                -- SHA-256(0x00 || body)
) STRICT;
CREATE TRIGGER entry_is_never_updated BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'ledger entries are never changed'); END;
CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'ledger entries are never deleted'); END;
CREATE TRIGGER entry_is_never_replaced BEFORE INSERT ON entry
WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq) + 1, 0) FROM entry)
BEGIN SELECT RAISE(ABORT, 'ledger entries are appended in order'); END;

CREATE TABLE subject (                -- which entries concern which request, acquisition, item or match
    id TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES entry (seq),
    PRIMARY KEY (id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE disclosure (             -- salts and values of sealed fields (RFC 9901); deleting a row forgets the value
    seq INTEGER NOT NULL REFERENCES entry (seq),
    name TEXT NOT NULL,
    salt TEXT NOT NULL,               -- base64url, 128 bits
    value TEXT NOT NULL,
    PRIMARY KEY (seq, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (             -- every checkpoint that was issued
    size INTEGER PRIMARY KEY,
    root BLOB NOT NULL,
    note BLOB NOT NULL,               -- the signed note, byte for byte
    issued_at TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE item_text USING fts5(
    title, note, uploader, url, content='item', content_rowid='rowid', tokenize="unicode61 remove_diacritics 2"
);
CREATE TRIGGER item_text_insert AFTER INSERT ON item BEGIN
    INSERT INTO item_text (rowid, title, note, uploader, url)
    VALUES (NEW.rowid, NEW.title, NEW.note, NEW.uploader, NEW.url);
END;

CREATE VIEW v_items AS
SELECT item.id, item.case_name AS "case", item.title, item.url, item.acquired_at,
       (SELECT COUNT(*) FROM holding WHERE holding.item_id = item.id) AS objects,
       (SELECT SUM(object.size) FROM holding JOIN object USING (sha256)
        WHERE holding.item_id = item.id AND holding.role = 'original') AS original_bytes
FROM item;
CREATE VIEW v_custody AS
SELECT entry.seq, json_extract(CAST(body AS TEXT), '$.time') AS time,
       json_extract(CAST(body AS TEXT), '$.type') AS type,
       json_extract(CAST(body AS TEXT), '$.outcome') AS outcome, json_extract(CAST(body AS TEXT), '$.item') AS item,
       json_extract(CAST(body AS TEXT), '$.request') AS request
FROM entry;
""",
    """
ALTER TABLE match ADD COLUMN error_rate TEXT NOT NULL DEFAULT '' /* JSON, as the entry has it; '': not measured */;
""",
    """
CREATE TABLE hashlist (               -- lists of hashes that came from others
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('digests', 'pdq', 'vpdq', 'sound')),
    rows INTEGER NOT NULL,            -- that can be compared
    refused INTEGER NOT NULL,         -- that make no sense
    content BLOB NOT NULL,            -- the file, byte for byte
    imported_at TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES entry (seq)  -- of its import, which seals its name and where it came from
) STRICT;
""",
)

#: What this program writes and reads: `PRAGMA user_version` of a vault that is up to date.
VERSION = len(MIGRATIONS)
