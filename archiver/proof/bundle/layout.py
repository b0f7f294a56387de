"""Where things lie in an exported bundle, and how much of it a checker is ready to read.

Written by `archiver.report`, read by the verifier: one place, so that they cannot drift apart. All paths are relative
to the bag's folder, with forward slashes.
"""

from __future__ import annotations

import re

DECLARATION = "bagit.txt"
INFO = "bag-info.txt"
ALGORITHMS = ("sha256", "sha512")
MANIFESTS = tuple(f"manifest-{name}.txt" for name in ALGORITHMS)
TAG_MANIFESTS = tuple(f"tagmanifest-{name}.txt" for name in ALGORITHMS)

#: Every file of the bag outside of data/.
TAG_FILES = (DECLARATION, INFO, *MANIFESTS, *TAG_MANIFESTS)

#: The whole of bagit.txt (RFC 8493, 2.1.1).
DECLARATION_BYTES = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

DATA = "data/"
REPORT_JSON = DATA + "report.json"
REPORT_HTML = DATA + "report.html"
#: Versions before 0.3 made none; whether a bundle has one, its list of files says.
REPORT_PDF = DATA + "report.pdf"
#: The other parts of a case that is too large for one file.
REPORT_PART = re.compile(r"data/report-([2-9]|[1-9][0-9])\.pdf", re.ASCII)
#: The report in the forms that other programs read, derived from report.json; not in bundles before version 0.3.
CASE_GRAPH = DATA + "case.jsonld"
PREMIS = DATA + "premis.xml"
PROV = DATA + "prov.json"
EXHIBITS_TABLE = DATA + "exhibits.csv"
INTERCHANGE = (CASE_GRAPH, PREMIS, PROV, EXHIBITS_TABLE)
VERIFY_TEXT = DATA + "VERIFY.txt"
VERIFIER = DATA + "verify.pyz"
#: Core checks in a browser. Versions before 0.3 made none.
CHECK_PAGE = DATA + "verify.html"
#: For people to sign, each as PDF and as text. Versions before 0.3 made none.
STATEMENTS = tuple(
    f"{DATA}statements/{name}.{kind}" for name in ("certification", "declaration") for kind in ("pdf", "txt")
)
EXHIBITS = DATA + "exhibits/"
LEDGER = DATA + "ledger/"
ENTRIES = LEDGER + "entries/"
DISCLOSURES = LEDGER + "disclosures.json"
KEY = LEDGER + "verifier-key.txt"

#: What came after the list of files was fixed: the export's own entry, the proofs and the checkpoint above it.
EXPORT = LEDGER + "export/"
EXPORT_ENTRY = EXPORT + "entry.json"
EXPORT_DISCLOSURES = EXPORT + "disclosures.json"
EXPORT_FILES = EXPORT + "files.json"
EXPORT_PROOFS = EXPORT + "proofs.json"
EXPORT_CHECKPOINT = EXPORT + "checkpoint"

#: Only where the ledger's keys were changed: the checkpoints that old and new keys signed.
EXPORT_ROTATIONS = EXPORT + "rotations.json"
#: The newest checkpoint that witnesses cosigned, where it is an older one.
EXPORT_COSIGNED = EXPORT + "cosigned"
OPTIONAL_FILES = frozenset({REPORT_PDF, CHECK_PAGE, *STATEMENTS, *INTERCHANGE, EXPORT_ROTATIONS, EXPORT_COSIGNED})

#: Exactly these lie beside exhibits/ and ledger/entries/.
FIXED_FILES = frozenset(
    {
        *TAG_FILES, REPORT_JSON, REPORT_HTML, VERIFY_TEXT, VERIFIER, DISCLOSURES, KEY, EXPORT_ENTRY,
        EXPORT_DISCLOSURES, EXPORT_FILES, EXPORT_PROOFS, EXPORT_CHECKPOINT,
    }
)  # fmt: skip

EXHIBIT_PATH = re.compile(
    r"data/exhibits/([0-9]{3,7})/"
    r"(original|subtitles|thumbnail|comments|snapshot|exchange|info|metadata|fingerprint)"
    r"(?:-[1-9][0-9]{0,3})?\.[a-z0-9]{1,8}",
    re.ASCII,
)
#: A working copy of an object that is withheld, without what names somebody.
REDACTED_PATH = re.compile(r"data/exhibits/([0-9]{3,7})/(info|metadata)(?:-[1-9][0-9]{0,3})?-redacted\.json", re.ASCII)
#: A working copy of an original that is withheld, in which faces, or everything, are hidden.
BLURRED_PATH = re.compile(r"data/exhibits/([0-9]{3,7})/original-[1-9][0-9]{0,3}-blurred\.(?:mp4|jpg)", re.ASCII)
ENTRY_PATH = re.compile(r"data/ledger/entries/([0-9]{9,18})\.json", re.ASCII)

#: A time stamp by the number of its entry: the query, the raw reply, the authority's certificates, the stamped note.
TIMESTAMPS = LEDGER + "timestamps/"
TIMESTAMP_KINDS = ("tsq", "tsr", "pem", "checkpoint")
TIMESTAMP_PATH = re.compile(r"data/ledger/timestamps/([0-9]{9,18})\.(?:tsq|tsr|pem|checkpoint)", re.ASCII)

#: An anchor by the number of its entry: the OpenTimestamps proof, and the signed note that it is of.
ANCHORS = LEDGER + "anchors/"
ANCHOR_KINDS = ("ots", "checkpoint")
ANCHOR_PATH = re.compile(r"data/ledger/anchors/([0-9]{9,18})\.(?:ots|checkpoint)", re.ASCII)

#: What other offices told of items that were received from them: each history as one zip, and what opened fields later.
RECEIVED = DATA + "received/"
RECEIVED_PATH = re.compile(r"data/received/[0-9]{3,7}\.(zip|json)", re.ASCII)

#: All paths that hold a number.
PATTERNS = (
    REPORT_PART, EXHIBIT_PATH, REDACTED_PATH, BLURRED_PATH, ENTRY_PATH, TIMESTAMP_PATH, ANCHOR_PATH, RECEIVED_PATH,
)  # fmt: skip

#: Letters that mean the same to every file system, and no dot or dash at the front.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)

#: Every folder of the bag; that bounds the depth as well.
FOLDER = re.compile(
    r"data|data/statements|data/exhibits|data/exhibits/[0-9]{3,7}|data/received"
    r"|data/ledger|data/ledger/(entries|export|timestamps|anchors)",
    re.ASCII,
)

#: 1,000 exhibits with ten files each, and a hundred entries for each of them.
MAX_FILES = 120_000

#: Manifest lines of MAX_FILES files with SHA-512.
MAX_MANIFEST_BYTES = 32 * 1024**2

#: Parsed JSON takes up to twenty times its length in memory. 1,000 exhibits take about 10 MB here.
MAX_JSON_BYTES = 32 * 1024**2

#: An entry is about 1.5 kB, and ten times that in memory.
MAX_ENTRIES_BYTES = 128 * 1024**2

#: A history holds entries, of which there are MAX_ENTRIES_BYTES, their proofs and disclosures, and histories again.
MAX_HISTORY_BYTES = 256 * 1024**2

#: Offices through whose hands an item came: one told of by another one, and so on. Each costs a look as at a bundle.
MAX_OFFICES = 4

#: bag-info.txt, the verifier key and other small texts.
MAX_TEXT_BYTES = 64 * 1024


#: A vault takes files of 4 GiB unless it is told otherwise; a sparse file of exabytes costs an attacker nothing.
MAX_EXHIBIT_BYTES = 64 * 1024**3

#: 1,000 exhibits of 4 GiB each.
MAX_TOTAL_BYTES = 4 * 1024**4

#: report.html with its 600 pictures is about 20 MB, verify.pyz 100 kB.
MAX_OTHER_BYTES = 512 * 1024**2


def max_bytes(path: str) -> int:
    """The length up to which a file is read at all."""
    return MAX_EXHIBIT_BYTES if path.startswith(EXHIBITS) else MAX_OTHER_BYTES


def entry_path(seq: int) -> str:
    """Where the bytes of entry `seq` lie."""
    return f"{ENTRIES}{seq:09}.json"


def report_part(number: int) -> str:
    """Where part `number` of the report on paper lies."""
    return REPORT_PDF if number == 1 else f"{DATA}report-{number}.pdf"


def timestamp_path(seq: int, kind: str) -> str:
    """Where a file of the time stamp lies that entry `seq` tells of."""
    return f"{TIMESTAMPS}{seq:09}.{kind}"


def anchor_path(seq: int, kind: str) -> str:
    """Where a file of the anchor lies that entry `seq` tells of."""
    return f"{ANCHORS}{seq:09}.{kind}"


def received_path(number: int, kind: str) -> str:
    """Where a history (`zip`), or what opened a field of one (`json`), lies."""
    return f"{RECEIVED}{number:03}.{kind}"


def exhibit_folder(number: int) -> str:
    """Where the files of exhibit `number` lie, with a slash at the end."""
    return f"{EXHIBITS}{number:03}/"


def is_known(path: str) -> bool:
    """Whether a bundle may have a file there."""
    return path in FIXED_FILES or path in OPTIONAL_FILES or any(one.fullmatch(path) for one in PATTERNS)


def is_history(path: str) -> bool:
    """Whether a file of a bundle goes into the history of its items: the ledger's part, and histories before it."""
    return path.startswith((LEDGER, RECEIVED))


def is_listed(path: str) -> bool:
    """Whether the export's entry vouches for the file: all of data/ that was there before that entry."""
    return path.startswith(DATA) and not path.startswith(EXPORT)
