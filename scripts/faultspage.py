"""The page of faults, docs/faults.md, from the table of the verifiers; a test compares them."""

from __future__ import annotations

from archiver.proof import codes


def markdown() -> str:
    """The page."""
    parts = [
        "# What the verifier can say\n",
        "This page is generated from what `archiver/proof/codes/` lists. `archiver verify` and verify.pyz name every"
        " fault by one of these codes, with the entry, object, item or file that it concerns, and say what to do. No"
        " fault: VERIFIED. One fault that means FAILED: FAILED. Only faults that say that something could not be"
        " checked:"
        " INCOMPLETE.\n",
    ]
    for incomplete, step, found in codes.GROUPS:
        verdict = "INCOMPLETE" if incomplete else "FAILED"
        parts.append(f"## {verdict}: {', '.join(list(found)[:3])}{' ...' if len(found) > 3 else ''}\n")
        parts.append(f"What to do: {step}.\n")
        rows = [f"| `{code}` | {verdict} | {says} |" for code, says in found.items()]
        parts.append("\n".join(["| code | verdict | says |", "|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)
