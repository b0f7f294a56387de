"""Keeping: objects by their digest, records in SQLite, and the signed ledger of every act."""
