"""The proof core: what a stranger needs to check our ledger. Standard library only; ships alone as verify.pyz.

Bytes come in, values or a `ProofError` come out; only `bag`, `memory` and `durable` open files, and nothing opens a
socket. Written for Python 3.9 and newer, because it is whoever checks a bundle that chooses the Python.
"""
