"""What the ledger costs: appending, publishing, proving, and checking a vault with many entries.

    python benchmarks/ledger.py [--entries 1000000] [--objects 1024] [--rounds 5]

Appending is measured against a bare write and fsync of the same bytes in the same run, checking of objects against
`sha256sum` of the same bytes. The vault of many entries is made of requests, which have rows of their own to compare.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import verifier

from archiver.custody import queue, vault
from archiver.custody.audit import crew, entry, snapshot, span, tree, verify
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault
from archiver.model import CustodyEvent, EventType, Holding, Role, StoredObject
from archiver.proof.log import merkle

#: Appends that one figure is the median of.
APPENDS = 200
GROUP = 50
#: Requests that one transaction adds, as `archiver add --from` does.
BATCH = 10_000
#: Entries that one core is timed on.
SAMPLE = 50_000
PROOFS = 200
OBJECT_BYTES = 64 * 1024**2


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--objects", type=int, default=1024, metavar="MIB")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    figures: dict[str, object] = {"entries": asked.entries}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        figures |= _append(_new(folder / "appended"), folder / "bare", asked.rounds)
        objects = _new(folder / "objects")
        figures |= _objects(objects, asked.objects * 1024**2, asked.rounds)
        figures |= verifier.measure(objects, _small_item(objects), folder / "bundle", asked.rounds)
        objects.database.close()
        figures |= _many(_new(folder / "many"), asked.entries)
    for name, value in figures.items():
        shown = f"{value:,}" if isinstance(value, int) else str(value)
        print(f"{name.replace('_', ' '):<48} {shown:>12}")
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "ledger.json").write_text(json.dumps(figures, indent=2) + "\n")


def _new(folder: Path) -> Vault:
    return vault.create(folder, "bench.example/archive", environ={"ARCHIVER_BY": "bench"})


def _event(number: int) -> CustodyEvent:
    return CustodyEvent(
        EventType.REQUEST,
        request=f"r{number:010d}".translate(str.maketrans("01", "xy")),
        detail={"priority": 0},
        sealed={"url": f"https://example.org/{number}", "case": "square", "requested_by": "a"},
    )


def _append(vault: Vault, bare: Path, rounds: int) -> dict[str, object]:
    """One durable commit for each entry, and for each 50, against fsync of the same bytes."""
    ratios: dict[int, list[float]] = {1: [], GROUP: []}
    rates: dict[int, list[float]] = {1: [], GROUP: []}
    number = 0
    with bare.open("ab", buffering=0) as file:
        for _ in range(rounds):
            for group in (1, GROUP):
                ours, plain = [], []
                for _ in range(APPENDS // (1 if group == 1 else 10)):
                    events = [_event(number + i) for i in range(group)]
                    number += group

                    def append(events: list[CustodyEvent] = events) -> None:
                        with vault.database.write() as transaction:
                            vault.ledger.append(transaction, events)

                    ours.append(_seconds(append))
                    last = vault.ledger.entry(number - 1)

                    def write(data: bytes = last * group) -> None:
                        file.write(data)
                        os.fsync(file.fileno())

                    plain.append(_seconds(write))
                ratios[group].append(sum(plain) * group / sum(ours))
                rates[group].append(group * len(ours) / sum(ours))
    return {
        "append_one_each_per_second": round(statistics.median(rates[1])),
        "append_one_each_against_fsync_of_one": round(statistics.median(ratios[1]), 2),
        "append_fifty_each_per_second": round(statistics.median(rates[GROUP])),
        "append_fifty_each_against_fsync_of_one": round(statistics.median(ratios[GROUP]), 2),
    }


def _objects(vault: Vault, size: int, rounds: int) -> dict[str, object]:
    """`verify` of a vault with large objects against sha256sum of the same files."""
    from archiver.custody import acquisitions
    from archiver.model import Acquisition, Item, Outcome, now

    held = []
    for _ in range(max(1, size // OBJECT_BYTES)):
        digests = vault.store.put(random.randbytes(min(size, OBJECT_BYTES)))
        held.append(Holding(StoredObject(digests.sha256, digests.sha512, digests.size, "video/mp4"), Role.ORIGINAL))
    item = Item("ibench2222", "abench2222", "", "", "", now(), tuple(held))
    began = now()
    acquisitions.record(
        vault, Acquisition("abench2222", "ingest", "", 1, "x", began, now(), Outcome.SUCCESS, "", "", items=(item,))
    )
    vault.ledger.publish()
    files = [str(vault.store.path(one.object.sha256)) for one in held]
    ratios = []
    for _ in range(rounds):
        theirs = _seconds(lambda: subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL))
        ours = _seconds(lambda: _verified(vault.folder))
        ratios.append(ours / theirs)
    return {"verify_objects_against_sha256sum": round(statistics.median(ratios), 2)}


def _small_item(vault: Vault) -> str:
    """An item whose bundle is no larger than has to be."""
    from archiver.custody import acquisitions
    from archiver.model import Acquisition, Item, Outcome, now

    digests = vault.store.put(b"no film, so that no pictures are drawn")
    one = StoredObject(digests.sha256, digests.sha512, digests.size, "application/octet-stream")
    item = Item("ismall2222", "asmall2222", "", "", "", now(), (Holding(one, Role.ORIGINAL),))
    took = Acquisition("asmall2222", "ingest", "", 1, "x", now(), now(), Outcome.SUCCESS, "", "", items=(item,))
    acquisitions.record(vault, took)
    vault.ledger.publish()
    return item.id


def _many(vault: Vault, count: int) -> dict[str, object]:
    """A vault of many entries: growth, proofs, and checking it."""
    seconds, published = [], []
    marks = {count // 4 // BATCH * BATCH, count // 2 // BATCH * BATCH} - {0}
    grown: dict[str, object] = {}
    for start in range(0, count, BATCH):
        if start in marks:
            _, _, own, worker = _verify_in_a_process(vault)
            grown[f"verify_peak_mib_at_{start}"] = f"{own} + {worker} each"
        rows = [_asked(number) for number in range(start, min(count, start + BATCH))]
        seconds.append(_seconds(partial(queue.add, vault, rows)))
        published.append(_seconds(vault.ledger.publish))
        print(f"\r{start + len(rows):,} entries", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    newest = vault.ledger.latest()
    assert newest is not None
    size = newest[0].size
    proofs = [_seconds(lambda: vault.ledger.inclusion_proof(random.randrange(size), size)) for _ in range(PROOFS)]
    length = len(vault.ledger.inclusion_proof(size // 2, size))
    since = vault.database.read().execute("SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1 OFFSET 1").fetchone()
    _, wall, own, worker = _verify_in_a_process(vault)
    _, newer, _, _ = _verify_in_a_process(vault, since[0] if since else 1)
    single = _single_core(vault.folder)
    tenth = max(1, len(seconds) // 10)
    return {
        "add_seconds_per_10000_first_tenth": round(statistics.median(seconds[:tenth]), 2),
        "add_seconds_per_10000_last_tenth": round(statistics.median(seconds[-tenth:]), 2),
        "publish_seconds_per_10000_first_tenth": round(statistics.median(published[:tenth]), 2),
        "publish_seconds_per_10000_last_tenth": round(statistics.median(published[-tenth:]), 2),
        "inclusion_proof_milliseconds": round(statistics.median(proofs) * 1000, 2),
        "inclusion_proof_bytes": 32 * length,
        **single,
        "verify_seconds": round(wall, 1),
        "verify_whole_vault_entries_per_second": round(size / wall),
        **grown,
        f"verify_peak_mib_at_{count}": f"{own} + {worker} each",
        f"verify_since_the_last_{BATCH}_seconds": round(newer, 1),
    }


def _verify_in_a_process(vault: Vault, since: int | None = None) -> tuple[str, float, int, int]:
    """Verdict, seconds, and the peak memory (MiB) of the process and of the largest of its workers."""
    vault.database.close()
    script = (
        "import re, resource, sys, time; from pathlib import Path; from archiver.custody.audit import verify;"
        "began = time.perf_counter(); verdict = verify(Path(sys.argv[1]), since=int(sys.argv[2]) or None);"
        # Not ru_maxrss, which a process has from the one that started it.
        "own = re.search('VmHWM:\\\\s+([0-9]+)', Path('/proc/self/status').read_text())[1];"
        "print(verdict.word, time.perf_counter() - began, own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    call = [sys.executable, "-c", script, str(vault.folder), str(since or 0)]
    said = subprocess.run(call, check=True, capture_output=True, text=True)
    word, wall, own, worker = said.stdout.split()
    assert word == "VERIFIED", said.stdout
    return word, float(wall), round(int(own) / 1024), round(int(worker) / 1024)


def _asked(number: int) -> Asked:
    url = f"https://example.org/{number}.mp4"
    return Asked(url, url, f"case-{number % 50}", "seen in a channel", 0, f"person {number % 9}")


def _single_core(folder: Path) -> dict[str, object]:
    """Checking entries on one core: parse, canonical form, schema, leaf hash and tree; then disclosures as well."""
    connection = snapshot.connect(folder / "archive.db", at_rest=True)
    within = islice(crew.pieces(connection, "entry", "seq"), SAMPLE // crew.PIECE)
    rows = [row for piece in within for row in span.read(connection, piece)]
    connection.close()

    def check(disclosures: bool) -> None:
        grown = tree.Tree()
        for row, openings in rows:
            found = entry.examine(row, openings if disclosures else ())
            assert not found.faults
            grown.append(found.leaf)

    bodies = [body for (_, body, _), _ in rows if isinstance(body, bytes)]

    def rebuild() -> None:
        grown = merkle.CompactRange()
        for body in bodies:
            grown.append(merkle.leaf_hash(body))

    return {
        "rebuild_tree_entries_per_second": round(len(rows) / min(_cpu(rebuild) for _ in range(5))),
        "check_entries_per_second_on_one_core": round(len(rows) / min(_cpu(lambda: check(False)) for _ in range(5))),
        "check_with_disclosures_per_second_on_one_core": round(
            len(rows) / min(_cpu(lambda: check(True)) for _ in range(5))
        ),
    }


def _verified(folder: Path) -> None:
    verdict = verify(folder)
    assert verdict.word == "VERIFIED", verdict.faults


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _cpu(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


if __name__ == "__main__":
    main()
