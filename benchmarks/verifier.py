"""verify.pyz beside `archiver verify`: size, time to start, and that both say the same of one bundle."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from archiver.custody.vault import Vault
from archiver.proof.bundle import check as bundle
from archiver.proof.bundle import layout
from archiver.proof.signature import ed25519
from archiver.report.export import export

#: The vectors of https://github.com/C2SP/wycheproof, where they lie beside a checkout.
WYCHEPROOF = Path(__file__).parents[2] / "shared" / "vectors" / "wycheproof" / "ed25519_test.json"


def measure(vault: Vault, item: str, folder: Path, rounds: int) -> dict[str, object]:
    """Export the item, check it with both verifiers as it is and with a file changed, and time the small one."""
    export(vault, [item], None, folder)
    pyz = folder / layout.VERIFIER
    bare, start, whole = [], [], []
    for _ in range(rounds):
        bare.append(_seconds([sys.executable, "-I", "-c", "pass"]))
        start.append(_seconds([sys.executable, "-I", str(pyz), "--help"]))
        whole.append(_seconds([sys.executable, "-I", str(pyz), str(folder)]))
    same = [_agree(pyz, folder)]
    page = folder / layout.REPORT_HTML
    page.chmod(0o644)
    page.write_bytes(page.read_bytes() + b" ")
    same.append(_agree(pyz, folder))
    return {
        "verify_pyz_bytes": pyz.stat().st_size,
        "verify_pyz_start_milliseconds": round(1000 * statistics.median(start)),
        "verify_pyz_start_against_bare_python": round(statistics.median(start) / statistics.median(bare), 1),
        "verify_pyz_small_bundle_milliseconds": round(1000 * statistics.median(whole)),
        "verify_pyz_same_result_whole_and_tampered": ", ".join(same),
        "wycheproof_ed25519_vectors_passed": _wycheproof(),
    }


def _agree(pyz: Path, folder: Path) -> str:
    """The verdict that both give. Raises AssertionError where they differ in anything."""
    said = subprocess.run([sys.executable, "-I", str(pyz), str(folder), "--json"], capture_output=True, check=False)
    theirs, ours = json.loads(said.stdout), bundle.verify(folder).document()
    assert theirs == {**ours, "disclosed": []}, theirs
    return str(ours["verdict"])


def _wycheproof() -> str:
    if not WYCHEPROOF.is_file():
        return "not at hand"
    right = total = 0
    for group in json.loads(WYCHEPROOF.read_text())["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
            right += ed25519.verify(key, signature, message) == (test["result"] == "valid")
            total += 1
    return f"{right} of {total}"


def _seconds(command: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
