"""Blurred copies: faces found and followed, and everything that is to be hidden replaced in a working copy.

`copying` is called from outside; `looking` and `rendering` run inside the sandbox, `tracking` is pure.
"""
