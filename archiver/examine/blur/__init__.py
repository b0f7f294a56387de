"""Blurred copies: faces found and followed, and everything that is to be hidden replaced in a working copy.

From outside `copying.blur` is called with what is `asked`. Inside the sandbox run `looking` and, as `rendering` or
`still`, the writing; `tracking` and `hiding` are pure.
"""
