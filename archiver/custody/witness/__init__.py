"""Witnesses: another office that remembers our checkpoints and cosigns only what continues them (C2SP tlog-witness).

`request` is what travels, `notary` decides, `folder` remembers, `serve` and `ask` speak HTTP; `appointed` and
`received` are the log's side.
"""
