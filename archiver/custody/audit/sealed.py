"""The table `disclosure` as a whole: what was forgotten is gone, and what was not is there."""

from __future__ import annotations

import sqlite3

from archiver.custody.audit.tally import Tally


def check(connection: sqlite3.Connection, since: int, tally: Tally) -> None:
    """Compare with what the entries tell, of which `entries.check` has filled the temporary tables.

    That every entry names its agent is all that can be missed: the other fields may never have been there, which is
    what the decoys are for. Of entries before `since` only those are looked at that were examined.
    """
    belonging = "SELECT seq, name FROM disclosure WHERE {} seq NOT IN (SELECT seq FROM entry) ORDER BY seq"
    belonging = belonging.format(f"seq >= {since:d} AND" if since else "")
    for seq, name in connection.execute(belonging):
        tally.fault("disclosure-foreign", f"entry {seq}", f"a disclosure of {name[:40]!r} belongs to no entry")
    for seq, name, by in connection.execute(
        "SELECT seq, name, by FROM forgotten JOIN disclosure USING (seq, name) ORDER BY seq, name"
    ):
        tally.fault("disclosure-returned", f"entry {seq}", f"its {name} was forgotten (entry {by}), and is there again")
    for (seq,) in connection.execute(
        "SELECT seq FROM agentless WHERE NOT EXISTS"
        " (SELECT 1 FROM forgotten WHERE forgotten.seq = agentless.seq AND name = 'agent') ORDER BY seq"
    ):
        tally.fault("disclosure-missing", f"entry {seq}", "nothing opens who acted, and no entry tells of its deletion")
