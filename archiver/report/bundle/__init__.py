"""The files of a bundle around the report: the bag, the ledger's part of it, and the means to check it."""
