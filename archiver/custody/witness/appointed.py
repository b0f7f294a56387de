"""The witnesses that an office asks, in `witnesses.policy` of its vault: a C2SP policy that people may edit.

It says whom this office asks, and is inside the vault: whoever can change the ledger can change it. The policy that
protects a reader is the reader's own, from outside.
"""

from __future__ import annotations

from pathlib import Path

from archiver.custody import keys
from archiver.custody.publish import KEYS_NAME, exclusively
from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.proof import durable
from archiver.proof.faults import ProofError
from archiver.proof.trust import cosignature, policy
from archiver.proof.trust.cosignature import WitnessKey
from archiver.proof.trust.policy import Policy

FILE_NAME = "witnesses.policy"

_HEAD = """# The witnesses that this office asks, in C2SP tlog-policy form: witness NAME KEY [URL]
# Give readers a policy of their own, with a quorum such as `group offices 2 A B C` and `quorum offices`.
"""


def load(folder: Path) -> Policy:
    """The vault's witnesses; none where there is no file. Raises UsageError where it cannot be read."""
    try:
        return policy.parse((folder / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return Policy((), {}, {}, policy.NONE)
    except ProofError as error:
        raise UsageError(f"{folder / FILE_NAME}: {error.message}", next_step="Mend that line") from None


def appoint(vault: Vault, key: WitnessKey, url: str = "") -> None:
    """Ask this witness from now on; at `url`, where one is given. A witness named before gets the new address."""
    path = vault.folder / FILE_NAME
    with exclusively(vault.folder):
        known = load(vault.folder)
        if path.exists():
            text = path.read_text("utf-8", "surrogateescape")
        else:
            text = f"{_HEAD}log {keys.verifier_key(vault.folder / KEYS_NAME, vault.settings.origin)}\n"
            text += f"quorum {policy.NONE}\n"
        named = next((name for name, one in known.witnesses.items() if one == key), None)
        line = " ".join(part for part in ("witness", named or key.name, str(key), url) if part)
        kept = [one for one in text.splitlines() if not (named and str(key) in one.split())]
        at = next((number for number, one in enumerate(kept) if one.split()[:1] in (["group"], ["quorum"])), len(kept))
        data = "".join(f"{one}\n" for one in [*kept[:at], line, *kept[at:]]).encode("utf-8", "surrogateescape")
        try:
            policy.parse(data)
        except ProofError as error:
            raise UsageError(f"this witness cannot be appointed: {error.message}") from None
        durable.replace(path, data, 0o644)


def parse_key(text: str) -> WitnessKey:
    """A witness key that a person gave. Raises UsageError."""
    try:
        return cosignature.parse_key(text.strip())
    except ProofError as error:
        raise UsageError(
            f"this is no witness key: {error.message}", next_step="`archiver witness list` over there prints it"
        ) from None
