"""Recall by attack from the command line: clips and copies, taken into a vault among films that are no copies.

    python benchmarks/endtoend_matching.py [--copies FOLDER] [--every N] [--distractors FOLDER] [--sets N] [--json FILE]

The vault first gets SETS sets of distractors (benchmarks/distractors.py; 20 films and some 10,000 frames each) as items
with a fingerprint, then `archiver ingest` takes in the clips of ../shared/footage and every N-th copy of
../shared/footage/attacks.py, and `archiver matches --all --json` says what was found. All is done by commands, but for
the distractors' records, whose films do not exist. Processor seconds are those of the commands and their children.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from distractors import FILMS, Distractors
from matching import FOOTAGE, Row, truth_of

from archiver.custody import acquisitions
from archiver.custody.vault import Vault, open_vault
from archiver.fingerprint import Fingerprint
from archiver.model import Acquisition, Finding, Holding, Item, Outcome, Role, StoredObject, now

ARCHIVER = str(Path(sys.executable).with_name("archiver"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=Path, help="folder of copies with truth.csv, made before")
    parser.add_argument("--every", type=int, default=9, help="every so many of the copies (9: two of each attack)")
    parser.add_argument("--distractors", type=Path, help="folder for distractors that stays")
    parser.add_argument("--sets", type=int, default=1, help="sets of distractors in the vault")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    if not FOOTAGE.is_dir():
        sys.exit("../shared/footage is missing: this benchmark runs on the team's machines only")
    with tempfile.TemporaryDirectory() as place:
        copies = chosen.copies or Path(place) / "copies"
        if not chosen.copies:
            subprocess.run([sys.executable, str(FOOTAGE / "attacks.py"), str(FOOTAGE / "dev"), str(copies)], check=True)
        made = Distractors(chosen.distractors or Path(place) / "distractors", sorted((FOOTAGE / "dev").glob("*.mp4")))
        figures = measure(Path(place) / "vault", made, chosen.sets, copies, truth_of(copies)[:: chosen.every])
    for name, value in figures.items():
        print(f"{name}: {value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def measure(folder: Path, made: Distractors, sets: int, copies: Path, truth: list[Row]) -> dict[str, Any]:
    """Everything: what was found by attack, what should not have been, and what it cost."""
    _archiver(folder, "init")
    frames = 0
    vault = open_vault(folder, {})
    for number in range(sets):
        made.volume(number)  # draws what is not there yet
        for film in range(FILMS):
            one = made.fingerprint(number, film, 0)
            _record(vault, f"{number}.{film}", one)
            frames += len(one.times_ms)
    vault.database.close()
    indexing, _ = _archiver(folder, "index", "rebuild")
    clips = sorted((FOOTAGE / "dev").glob("*.mp4"))
    _, of_clips = _taken_in(folder, clips)
    seconds, of_copies = _taken_in(folder, [copies / row["copy"] for row in truth])
    _, said = _archiver(folder, "matches", "--all", "--json")
    same = {
        frozenset((match["a"], match["b"])) for match in json.loads(said) if match["finding"] == Finding.SAME_RECORDING
    }
    tally: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in truth:
        tally[row["attack"]][0] += frozenset((of_clips[row["source"]], of_copies[row["copy"]])) in same
        tally[row["attack"]][1] += 1
    found, asked = (sum(each[at] for each in tally.values()) for at in (0, 1))
    return {
        "frames": frames,
        "index_s_an_hour": round(indexing / max(1, frames) * 3 * 3600, 1),
        "recall": dict(sorted(tally.items())),
        "found": [found, asked],
        "false_pairs": len(same - _true(truth, of_clips, of_copies)),
        "ingest_s_a_copy": round(seconds / max(1, len(truth)), 2),
    }


def _true(truth: list[Row], of_clips: dict[str, str], of_copies: dict[str, str]) -> set[frozenset[str]]:
    """Pairs that may be called one recording: those with a clip in common, compilations' fillers among them."""
    shows = {item: {name} for name, item in of_clips.items()}
    for row in truth:
        fillers = {f"{name}.mp4" for name in row["filler"].split("|") if name}
        shows[of_copies[row["copy"]]] = {row["source"], *fillers}
    return {frozenset((a, b)) for a in shows for b in shows if shows[a] & shows[b]}


def _record(vault: Vault, name: str, film: Fingerprint) -> None:
    held = []
    for role, data in ((Role.ORIGINAL, f"distractor {name}".encode()), (Role.FINGERPRINT, film.to_bytes())):
        kept = vault.store.put(data)
        label = film.algorithm if role is Role.FINGERPRINT else name
        held.append(Holding(StoredObject(kept.sha256, kept.sha512, kept.size, "video/mp4"), role, label))
    item = Item(f"i{name}", f"n{name}", "", "", name, now(), tuple(held))
    acquisition = Acquisition(
        id=item.acquisition_id, kind="ingest", request_id="", attempt=1, source="", started_at=now(),
        ended_at=now(), outcome=Outcome.SUCCESS, reason="", message="", tools=(), items=(item,),
    )  # fmt: skip
    acquisitions.record(vault, acquisition)
    with vault.database.write() as rows:  # they are there to be found, not to be looked up
        rows.execute("UPDATE acquisition SET matched = 1 WHERE id = ?", (acquisition.id,))


def _taken_in(folder: Path, paths: Iterable[Path]) -> tuple[float, dict[str, str]]:
    """Processor seconds, and the item of each file by its name."""
    seconds, said = _archiver(folder, "ingest", "--json", *map(str, paths))
    return seconds, {Path(row["path"]).name: row["item_id"] for row in json.loads(said)["rows"]}


def _archiver(folder: Path, *arguments: str) -> tuple[float, str]:
    """Processor seconds of a command with all that it starts, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [ARCHIVER, "--vault", str(folder), *arguments],
        check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


if __name__ == "__main__":
    main()
