"""Checking a whole vault: objects, entries, checkpoints, published files, and whether rows and ledger tell one story.

Nothing here changes the vault, and nothing in it is believed: a damaged vault gives faults, never an exception.
"""

from archiver.custody.audit.whole import verify

__all__ = ["verify"]
