"""Time stamps of a vault: each one is of the checkpoint that its entry names, answers its query and is the authority's.

Roots come from the reader, else from the vault's settings. Where there are none, a token is checked against the chain
that came with it, which anybody can make: that is said, and nothing is taken as proved.
"""

from __future__ import annotations

from pathlib import Path

from archiver import config, model
from archiver.custody.audit.covered import Kind
from archiver.custody.audit.snapshot import Snapshot, read_plain
from archiver.custody.audit.tally import Tally
from archiver.custody.timestamps import stamps, trust
from archiver.custody.timestamps.stamps import Stamp
from archiver.errors import ArchiverError
from archiver.proof.faults import ProofError
from archiver.proof.times import timestamped
from archiver.proof.times.timestamp import CODE, MAX_REPLY_BYTES, OTHER
from archiver.proof.trust.outside import Outside, Vouch

_KIND = Kind("time stamp", "timestamp-missing", CODE, OTHER, max(MAX_REPLY_BYTES, trust.MAX_PEM_BYTES))


def check(seen: Snapshot, given: Outside, tally: Tally) -> None:
    """Note every fault, and in `tally.told` what the stamps prove. Raises sqlite3.Error."""
    rows = seen.connection.execute(
        "SELECT entry.seq, body FROM told_subject JOIN entry USING (seq)"
        " WHERE id >= 'timestamp.' AND id < 'timestamp/' ORDER BY entry.seq"
    ).fetchall()
    if not rows:
        return
    vouch = given.vouch or _configured(seen.folder)
    told = []
    for seq, body in rows:
        stamp = stamps.of_entry(seq, body)
        try:
            _check(seen, stamp, vouch)
        except ProofError as error:
            tally.fault(error.code, f"entry {seq}", error.message)
        except OSError as error:
            tally.fault(_KIND.missing, f"entry {seq}", f"a file of this time stamp cannot be read: {error}")
        else:
            told.append(_told(stamp, vouch is not None))
    tally.told = {**tally.told, "timestamps": told}
    tally.count("timestamps", len(rows))


def _check(seen: Snapshot, stamp: Stamp, vouch: Vouch | None) -> None:
    signed = _KIND.note(seen, stamp.size, stamp.entry)
    query, reply, chain = (_KIND.object(seen, one) for one in (stamp.query, stamp.reply, stamp.chain))
    detail = {"size": stamp.size, "root": stamp.root, "time": stamp.time, "serial": stamp.serial}
    timestamped.check(detail, signed, query, reply)
    timestamped.check_time(stamp.time, _KIND.claimed(seen, stamp.size), model.now())
    if vouch is not None:
        vouch(reply, query, signed, chain)
        return
    trust.check_by_itself(reply, query, signed, chain)
    message = "no root certificate is at hand, so that anybody may have made this token: give --tsa-roots FILE"
    raise ProofError("timestamp-untrusted", message)


def _configured(folder: Path) -> Vouch | None:
    try:
        found = config.load(folder, {}).timestamp
        pem = b"\n".join(read_plain(one.certificates, trust.MAX_PEM_BYTES) for one in found)
        return trust.voucher(pem) if pem else None
    except (ArchiverError, OSError):
        return None  # without roots every stamp is noted as not to be trusted


def _told(stamp: Stamp, rooted: bool) -> dict[str, object]:
    return {
        "entry": stamp.entry,
        "size": stamp.size,
        "time": stamp.time,
        "authority": stamp.authority,
        "expires": stamp.expires,
        "signature_checked": rooted,
    }
