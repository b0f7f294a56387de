"""The closed list of custody events.

The first group are PREMIS 3 event types (id.loc.gov/vocabulary/preservation/eventType), the second our own acts that
PREMIS has no word for; `docs/formats.md` maps them.
"""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """What was done."""

    CAPTURE = "capture"
    INGESTION = "ingestion"
    DIGEST = "message digest calculation"
    METADATA = "metadata extraction"
    FIXITY = "fixity check"
    REPLICATION = "replication"
    DISSEMINATION = "dissemination"
    DELETION = "deletion"
    REDACTION = "redaction"
    FINGERPRINT = "fingerprint calculation"
    ACCESSION = "accession"
    REQUEST = "request"
    REFUSAL = "refusal"
    CANCELLATION = "cancellation"
    RETRY = "retry"
    MATCH = "match"
    DECISION = "decision"
    DISCLOSURE = "disclosure"
    CHECKPOINT = "checkpoint issued"
    COSIGNATURE = "cosignature received"
    TIMESTAMP = "time stamp"
    ANCHOR = "time anchor"
    ROTATION = "key rotation"
    MIGRATION = "database migration"
    VAULT_CREATION = "vault creation"
    RECOVERY = "recovery"
    SETTING = "setting changed"
    LIST_IMPORT = "hash list imported"
    LIST_EXPORT = "hash list exported"
    LIST_REMOVAL = "hash list removed"
    BLUR_AREA = "blur area changed"
