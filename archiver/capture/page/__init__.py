"""A page as a browser shows it, kept as one WACZ file, with no way for the page to reach anything that it should not.

What the engine uses: `snapshots` (make one, in a process of its own), `job` (the records that go in and come out),
`browser` (which program, with which settings). What runs in the process: `worker` (one snapshot from beginning to end),
`running` (a browser started and ended), `cage` and `relay` (its confinement), `proxy` and `ask` (its only way out,
through the guard), `devtools` (its remote control), `recording` (what it loaded), `visit` (what is done on the page),
`warcfile`, `surt` and `wacz` (how it is written down), `limits`.
"""
