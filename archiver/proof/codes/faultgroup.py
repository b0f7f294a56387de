"""How a table of faults is written: those with the same next step stand together."""

from __future__ import annotations

#: (what the reader should do, code -> what it says)
Group = tuple[str, dict[str, str]]

#: How every step begins that must not destroy what it is about.
KEEP = "Change nothing here and make a copy as evidence: "
