"""Forged and damaged bundles: each attack, and the fault by which the verifier names it.

`careful` attackers make all manifests anew afterwards, so that bagit finds nothing.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from archiver.proof import canonical, disclosure
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.proof.bundle.source import shown
from archiver.proof.log import merkle, note
from archiver.proof.log.checkpoint import Checkpoint
from tests.report.bundle_story import FILM, ORIGIN, REPOST, Bundle

ORIGINAL_1 = "data/exhibits/001/original-1.mp4"
ORIGINAL_2 = "data/exhibits/002/original-1.mp4"
Attack = Callable[[Bundle], None]


def flip(path: str, at: int = -20) -> Attack:
    def attack(bundle: Bundle) -> None:
        data = bytearray(bundle.read(path))
        data[at] ^= 1
        bundle.write(path, bytes(data))

    return attack


def cut(path: str, keep: int = -1) -> Attack:
    return lambda bundle: bundle.write(path, bundle.read(path)[:keep])


def remove(path: str) -> Attack:
    return lambda bundle: (bundle.folder / path).unlink()


def add(path: str, data: bytes = b"new") -> Attack:
    return lambda bundle: bundle.write(path, data)


def replace(path: str, old: bytes, new: bytes) -> Attack:
    def attack(bundle: Bundle) -> None:
        assert old in bundle.read(path)
        bundle.write(path, bundle.read(path).replace(old, new))

    return attack


def swap(first: str, second: str) -> Attack:
    def attack(bundle: Bundle) -> None:
        one, other = bundle.read(first), bundle.read(second)
        bundle.write(first, other)
        bundle.write(second, one)

    return attack


def edit(path: str, change: Callable[[Any], object]) -> Attack:
    def attack(bundle: Bundle) -> None:
        value = bundle.json(path)
        change(value)
        bundle.write_json(path, value)

    return attack


def edit_entry(kind: str, change: Callable[[Any], object], **named: str) -> Attack:
    return lambda bundle: edit(bundle.entry_of(kind, **named), change)(bundle)


def careful(*attacks: Attack) -> Attack:
    def attack(bundle: Bundle) -> None:
        for one in attacks:
            one(bundle)
        bundle.seal_again()

    return attack


def link(path: str, to: str) -> Attack:
    def attack(bundle: Bundle) -> None:
        (bundle.folder / path).unlink(missing_ok=True)
        (bundle.folder / path).symlink_to(to)

    return attack


def list_again(bundle: Bundle) -> None:
    """files.json, remade from what lies there."""
    from archiver.proof.bundle.bag import Faults, read_bag
    from archiver.proof.bundle.check import files_document
    from archiver.proof.bundle.folder import Folder

    bag = read_bag(Folder(bundle.folder), Faults())
    bundle.write_json(layout.EXPORT_FILES, files_document({p: (f.sha256, f.size) for p, f in bag.files.items()}))


def report_exhibit(number: int, change: Callable[[Any], object]) -> Attack:
    return edit(layout.REPORT_JSON, lambda report: change(report["exhibits"][number - 1]))


def report_ledger(change: Callable[[Any], object]) -> Attack:
    return edit(layout.REPORT_JSON, lambda report: change(report["ledger"]))


def report_match(change: Callable[[Any], object]) -> Attack:
    return edit(layout.REPORT_JSON, lambda report: change(report["matches"][0]))


def report_group(change: Callable[[Any], object]) -> Attack:
    return edit(layout.REPORT_JSON, lambda report: change(report["lineage"][0]))


def _with_size_of_repost(group: Any) -> None:
    """Every value agrees with every claim, and the picture is that of the other exhibit."""
    for name in ("sha256", "size", "metadata"):
        first, second = (value["picture"][name] for value in group["values"])
        group["values"][0]["picture"][name], group["values"][1]["picture"][name] = second, first


def sign(text: str, private: Ed25519PrivateKey, name: str = ORIGIN) -> tuple[bytes, str]:
    key = note.VerifierKey(name, private.public_key().public_bytes_raw())
    return note.Note(text, (key.signature(private.sign(text.encode())),)).encode(), f"{key}\n"


def checkpoint_of_another_tree(bundle: Bundle) -> None:
    signed, _ = sign(Checkpoint(ORIGIN, 40, b"r" * 32).text(), Ed25519PrivateKey.generate())
    bundle.write(layout.EXPORT_CHECKPOINT, signed)


def another_root_under_an_own_key(bundle: Bundle) -> None:
    size = note.parse(bundle.read(layout.EXPORT_CHECKPOINT)).text.split("\n")[1]
    signed, key = sign(Checkpoint(ORIGIN, int(size), b"r" * 32).text(), Ed25519PrivateKey.generate())
    bundle.write(layout.EXPORT_CHECKPOINT, signed)
    bundle.write(layout.KEY, key.encode())


def everything_resigned_by_another_key(bundle: Bundle) -> None:
    signed, key = sign(note.parse(bundle.read(layout.EXPORT_CHECKPOINT)).text, Ed25519PrivateKey.generate())
    bundle.write(layout.EXPORT_CHECKPOINT, signed)
    bundle.write(layout.KEY, key.encode())


def key_of_small_order(bundle: Bundle) -> None:
    bundle.write(layout.KEY, f"{note.VerifierKey(ORIGIN, (1).to_bytes(32, 'little'))}\n".encode())


def false_disclosure(bundle: Bundle) -> None:
    def change(document: Any) -> None:
        number, opened = next(iter(document["disclosures"].items()))
        told = disclosure.read(opened[0])
        document["disclosures"][number][0] = disclosure.make(told.salt, told.name, told.value + "!")

    edit(layout.DISCLOSURES, change)(bundle)


def moved_disclosure(document: Any) -> None:
    first, second = list(document["disclosures"])[:2]
    document["disclosures"][second].append(document["disclosures"][first].pop())


def second_disclosure_of_a_field(document: Any) -> None:
    opened = next(iter(document["disclosures"].values()))
    opened.append(opened[0])


def repeated_key(bundle: Bundle) -> None:
    path = bundle.entry_of("ingestion", item=FILM)
    bundle.write(path, bundle.read(path).replace(b'{"', b'{"item":"ifilm22222","', 1))


def spaced_entry(bundle: Bundle) -> None:
    path = bundle.entry_of("ingestion", item=FILM)
    bundle.write(path, json.dumps(json.loads(bundle.read(path))).encode())


def renumbered_entry(bundle: Bundle) -> None:
    path = bundle.entry_of("ingestion", item=FILM)
    (bundle.folder / path).rename(bundle.folder / layout.entry_path(11))


def swapped_proofs(document: Any) -> None:
    first, second = list(document["inclusion"])[1:3]
    inclusion = document["inclusion"]
    inclusion[first], inclusion[second] = inclusion[second], inclusion[first]


def node_in_place_of_an_entry(bundle: Bundle) -> None:
    """Two children hashed as one leaf would be an entry that nobody made, if leaves and nodes were hashed alike."""
    document = bundle.json(layout.EXPORT_PROOFS)
    path = bundle.entry_of("ingestion", item=FILM)
    sibling = base64.b64decode(document["inclusion"][str(int(Path(path).stem))][0])
    bundle.write(path, merkle.leaf_hash(bundle.read(path)) + sibling)


def edited_checkpoint(number: int, change: Callable[[str], str]) -> Attack:
    """One line of the checkpoint's text is another; the signatures stay."""

    def attack(bundle: Bundle) -> None:
        signed = note.parse(bundle.read(layout.EXPORT_CHECKPOINT))
        lines = signed.text.split("\n")
        lines[number] = change(lines[number])
        bundle.write(layout.EXPORT_CHECKPOINT, note.Note("\n".join(lines), signed.signatures).encode())

    return attack


def unfinished_export(bundle: Bundle) -> None:
    edit(layout.EXPORT_ENTRY, lambda entry: entry.update(outcome="failure", reason="export-not-finished"))(bundle)


def left_out_ruling(bundle: Bundle) -> None:
    """The last ruling vanishes from the report, the entries, the proofs and the disclosures."""
    path = sorted(str(p) for p in (bundle.folder / layout.ENTRIES).iterdir() if b'"decision"' in p.read_bytes())[-1]
    seq = int(Path(path).stem)
    Path(path).unlink()
    edit(layout.EXPORT_PROOFS, lambda document: document["inclusion"].pop(str(seq)))(bundle)
    edit(layout.DISCLOSURES, lambda document: document["disclosures"].pop(str(seq)))(bundle)

    def change(report: Any) -> None:
        report["ledger"]["entries"].remove(seq)
        for one in report["matches"]:
            one["rulings"] = [ruling for ruling in one["rulings"] if ruling["entry"] != seq]
        for one in report["exhibits"]:
            one["custody"] = [row for row in one["custody"] if row["entry"] != seq]

    edit(layout.REPORT_JSON, change)(bundle)


def pipe(bundle: Bundle) -> None:
    (bundle.folder / layout.REPORT_HTML).unlink()
    os.mkfifo(bundle.folder / layout.REPORT_HTML)


def sparse(bundle: Bundle) -> None:
    with (bundle.folder / ORIGINAL_1).open("r+b") as stream:
        stream.truncate(layout.MAX_EXHIBIT_BYTES + 1)


def withheld_in_the_report_only(bundle: Bundle) -> None:
    def change(exhibit: Any) -> None:
        for one in exhibit["objects"]:
            if one["role"] == "original":
                one.pop("path")
                one["withheld"] = "lost"

    report_exhibit(1, change)(bundle)


def deep(bundle: Bundle) -> None:
    bundle.write(layout.REPORT_JSON, b"[" * 100_000 + b"]" * 100_000)


def manifest_line(line: str) -> Attack:
    def attack(bundle: Bundle) -> None:
        for algorithm, digits in (("sha256", 64), ("sha512", 128)):
            name = f"manifest-{algorithm}.txt"
            bundle.write(name, bundle.read(name) + f"{'a' * digits}  {line}\n".encode())

    return attack


def link_a_folder(bundle: Bundle) -> None:
    exhibit = bundle.folder / "data/exhibits/001"
    exhibit.rename(bundle.folder.parent / "moved")
    exhibit.symlink_to(bundle.folder.parent / "moved")


#: Nothing is put right afterwards.
CARELESS: dict[str, tuple[Attack, str]] = {
    # The bag
    "flipped byte in an original": (flip(ORIGINAL_1), "digest-differs"),
    "flipped byte in the page": (flip(layout.REPORT_HTML), "digest-differs"),
    "flipped byte in the verifier": (flip(layout.VERIFIER), "digest-differs"),
    "flipped digit in a manifest": (replace("manifest-sha512.txt", b"a", b"b"), "digest-differs"),
    "truncated original": (cut(ORIGINAL_1), "digest-differs"),
    "truncated manifest": (cut("manifest-sha256.txt"), "manifest-malformed"),
    "truncated tag manifest": (cut("tagmanifest-sha256.txt", 70), "manifest-malformed"),
    "emptied manifest": (cut("manifest-sha256.txt", 0), "file-unlisted"),
    "removed manifest": (remove("manifest-sha256.txt"), "file-missing"),
    "removed tag manifest": (remove("tagmanifest-sha512.txt"), "file-missing"),
    "removed declaration": (remove("bagit.txt"), "file-missing"),
    "other bag version": (replace("bagit.txt", b"1.0", b"0.9"), "bag-declaration"),
    "removed original": (remove(ORIGINAL_1), "file-missing"),
    "extra file": (add("data/exhibits/001/notes.txt"), "file-extra"),
    "extra file beside the bag's own": (add("README.txt"), "file-extra"),
    "extra original, unlisted": (add("data/exhibits/001/original-2.mp4"), "file-unlisted"),
    "second report": (add("data/report-2.json", b"{}"), "file-extra"),
    "second report among the exhibits": (add("data/exhibits/001/report.html", b"<p>another story"), "file-extra"),
    "extra folder": (add("data/other/file.txt"), "folder-extra"),
    "hidden file": (add("data/.hidden"), "file-name"),
    "name with a newline": (add("data/a\nb"), "file-name"),
    "name that is not UTF-8": (lambda b: b.write(os.fsdecode(b"data/\xff"), b"x"), "file-name"),
    "names that differ only in case": (add("data/REPORT.json"), "file-name-case"),
    "link in place of an original": (link(ORIGINAL_1, "/etc/hostname"), "link"),
    "link to another exhibit": (link(ORIGINAL_1, "../002/original-1.mp4"), "link"),
    "link in place of a folder": (link_a_folder, "link"),
    "pipe in place of a file": (pipe, "special-file"),
    "endless sparse file": (sparse, "file-too-long"),
    "manifest leads out of the bag": (manifest_line("../../etc/passwd"), "manifest-path"),
    "manifest with an absolute path": (manifest_line("/etc/passwd"), "manifest-path"),
    "manifest with a second spelling": (manifest_line("data//report.json"), "manifest-path"),
    "manifest lists a file twice": (manifest_line("data/report.json"), "manifest-repeated"),
    "manifest lists a file that is not there": (manifest_line("data/exhibits/001/original-9.mp4"), "file-missing"),
    "false payload size": (replace("bag-info.txt", b"Oxum: ", b"Oxum: 1"), "payload-oxum"),
}

#: All manifests are made anew: bagit is content, the ledger is not.
CAREFUL: dict[str, tuple[Attack, str]] = {
    "extra exhibit folder": (add("data/exhibits/009/original-1.mp4"), "exhibit-unknown"),
    "flipped byte, manifests remade": (flip(ORIGINAL_1), "exhibit-differs"),
    "swapped originals, manifests remade": (swap(ORIGINAL_1, ORIGINAL_2), "exhibit-differs"),
    "swapped originals, list of files remade too": (
        careful(swap(ORIGINAL_1, ORIGINAL_2), list_again),
        "files-list-differs",
    ),
    "removed original, manifests remade": (remove(ORIGINAL_1), "file-not-exported"),
    "extra original, manifests remade": (add("data/exhibits/001/original-2.mp4"), "exhibit-differs"),
    "metadata in place of the original": (
        lambda b: b.write(ORIGINAL_1, b.read("data/exhibits/001/metadata.json")),
        "exhibit-differs",
    ),
    "edited page, manifests remade": (replace(layout.REPORT_HTML, b"Same recording", b"Same scene"), "files-differ"),
    "edited verifier, manifests remade": (add(layout.VERIFIER, b"print('VERIFIED')"), "files-differ"),
    "edited instructions, manifests remade": (replace(layout.VERIFY_TEXT, b"VERIFIED", b"verified"), "files-differ"),
    # The report
    "report: other digest": (report_exhibit(1, lambda e: e["objects"][0].update(sha256="a" * 64)), "report-differs"),
    "report: other size": (report_exhibit(1, lambda e: e["objects"][0].update(size=1)), "report-differs"),
    "report: other title": (report_exhibit(1, lambda e: e["fields"]["title"].update(value="x")), "report-differs"),
    "report: title from another entry": (
        report_exhibit(1, lambda e: e["fields"]["title"].update(entry=0)),
        "report-differs",
    ),
    "report: other time of an act": (
        report_exhibit(1, lambda e: e["custody"][1].update(time="2020-01-01T00:00:00.000000Z")),
        "report-differs",
    ),
    "report: failure told as success": (
        report_exhibit(1, lambda e: e["custody"][1].update(outcome="success")),
        "report-differs",
    ),
    "report: an act on other objects": (
        report_exhibit(1, lambda e: e["custody"][2].update(objects=[e["objects"][0]["sha256"]])),
        "report-differs",
    ),
    "report: an act with a newer tool": (
        report_exhibit(1, lambda e: e["custody"][2]["tools"][0].update(version="2027.01.01")),
        "report-differs",
    ),
    "report: other agent": (report_exhibit(1, lambda e: e["custody"][1].update(agent="x")), "report-differs"),
    "report: prepared by somebody else": (
        edit(layout.REPORT_JSON, lambda r: r.update(prepared_by="x")),
        "report-differs",
    ),
    "report: prepared for somebody": (edit(layout.REPORT_JSON, lambda r: r.update(prepared_for="x")), "report-differs"),
    "report: other leaf": (report_exhibit(1, lambda e: e["inclusion"].update(leaf="a" * 64)), "report-differs"),
    "report: other way to the root": (
        report_exhibit(1, lambda e: e["inclusion"]["path"].__setitem__(0, "a" * 64)),
        "report-differs",
    ),
    "report: way to the root too short": (report_exhibit(1, lambda e: e["inclusion"]["path"].pop()), "report-differs"),
    "report: proof of another entry": (report_exhibit(1, lambda e: e["inclusion"].update(entry=0)), "report-differs"),
    "report: proof of an entry that is not there": (
        report_exhibit(1, lambda e: e["inclusion"].update(entry=10**6)),
        "report-differs",
    ),
    "report: proof that is no number": (
        report_exhibit(1, lambda e: e["inclusion"].update(path=["zz"])),
        "report-malformed",
    ),
    "report: other case": (edit(layout.REPORT_JSON, lambda r: r.update(case="x")), "report-differs"),
    "report: scene told as recording": (
        edit(layout.REPORT_JSON, lambda r: r["matches"][1].update(finding="same-recording")),
        "report-differs",
    ),
    "report: other segment": (report_match(lambda m: m["segments_ms"][0].__setitem__(0, 500)), "report-differs"),
    "report: other change to the copy": (report_match(lambda m: m["transform"].update(mirror=False)), "report-differs"),
    "report: change to the copy left out": (report_match(lambda m: m["transform"].clear()), "report-differs"),
    "report: another first key": (
        report_ledger(lambda told: told.update(verifier_key="x")),
        "report-differs",
    ),
    "report: second key left out": (
        report_ledger(lambda told: told["verifier_keys"].pop()),
        "report-differs",
    ),
    "report: other error rate": (report_match(lambda m: m["error_rate"].update(ppm=1)), "report-differs"),
    "report: no error rate": (report_match(lambda m: m.pop("error_rate")), "report-differs"),
    "report: contradiction made up": (report_match(lambda m: m.update(contradicts=True)), "report-differs"),
    "report: copies left out": (edit(layout.REPORT_JSON, lambda r: r["lineage"].clear()), "report-differs"),
    "report: copies made up": (
        edit(layout.REPORT_JSON, lambda r: r["lineage"].append(r["lineage"][0])),
        "report-differs",
    ),
    "report: a copy put to others": (report_group(lambda g: g["members"].append(3)), "report-differs"),
    "report: another copy came first": (
        report_group(lambda g: next(c for c in g["claims"] if c["claim"] == "first-here").update(members=[2])),
        "report-differs",
    ),
    "report: another copy is the longest": (
        report_group(lambda g: next(c for c in g["claims"] if c["claim"] == "longest").update(members=[2])),
        "report-differs",
    ),
    "report: a claim left out": (report_group(lambda g: g["claims"].pop()), "report-differs"),
    "report: other time of arrival": (
        report_group(lambda g: g["values"][0]["acquired"].update(time="2020-01-01T00:00:00.000000Z")),
        "report-differs",
    ),
    "report: a proof of time made up": (
        report_group(lambda g: g["values"][0].update(proved={"entry": 3, "time": "2020-01-01T00:00:00.000000Z"})),
        "report-differs",
    ),
    "report: other post, of no object": (
        report_group(lambda g: g["values"][0]["posted"].update(sha256="0" * 64)),
        "report-differs",
    ),
    "report: post on no day": (
        report_group(lambda g: g["values"][0]["posted"].update(first="2024-99-99T00:00:00.000000Z")),
        "report-differs",
    ),
    "report: length without its claims": (
        report_group(lambda g: g["values"][1]["picture"].update(length_ms=9000)),
        "report-differs",
    ),
    "report: encoding of another exhibit": (report_group(_with_size_of_repost), "report-differs"),
    "report: copies without values": (report_group(lambda g: g.update(values=[])), "report-differs"),
    "report: copies of no form": (
        edit(layout.REPORT_JSON, lambda r: r.update(lineage=[{"members": "x"}])),
        "report-malformed",
    ),
    "report: copies that connect by ruling": (
        report_group(lambda g: g["links"][0].update(by="ruling")),
        "report-differs",
    ),
    "report: other ruling": (report_match(lambda m: m["rulings"][1].update(ruling="different")), "report-differs"),
    "report: ruling of somebody else": (report_match(lambda m: m["rulings"][1].update(by="x")), "report-differs"),
    "report: ruling left out": (report_match(lambda m: m["rulings"].pop()), "report-differs"),
    "report: match left out": (edit(layout.REPORT_JSON, lambda r: r["matches"].pop()), "report-differs"),
    "report: exhibit left out": (edit(layout.REPORT_JSON, lambda r: r["exhibits"].pop()), "report-differs"),
    "report: exhibits renumbered": (report_exhibit(1, lambda e: e.update(number=7)), "report-differs"),
    "report: original told as withheld": (withheld_in_the_report_only, "report-differs"),
    "report: other checkpoint cited": (
        edit(layout.REPORT_JSON, lambda r: r["ledger"]["checkpoint"].update(root="a" * 64)),
        "consistency-proof",
    ),
    "report: other ledger cited": (
        edit(layout.REPORT_JSON, lambda r: r["ledger"].update(origin="x.example")),
        "report-differs",
    ),
    "report: no object": (add(layout.REPORT_JSON, b"[]"), "report-malformed"),
    "report: deep nesting": (deep, "json-too-deep"),
    "report: not a number": (add(layout.REPORT_JSON, b'{"a":NaN}'), "json-float"),
    "report: repeated key": (add(layout.REPORT_JSON, b'{"a":1,"a":2}'), "json-repeated-key"),
    "report: half": (cut(layout.REPORT_JSON), "json-malformed"),
    "report: UTF-16": (add(layout.REPORT_JSON, "{}".encode("utf-16")), "json-not-utf8"),
    # The ledger
    "edited size in an entry": (edit_entry("ingestion", lambda e: e["objects"][0].update(size=1)), "inclusion-proof"),
    "edited time in an entry": (
        edit_entry("request", lambda e: e.update(time="2020-01-01T00:00:00.000000Z")),
        "inclusion-proof",
    ),
    "edited ruling in an entry": (
        edit_entry("decision", lambda e: e["detail"].update(ruling="different")),
        "inclusion-proof",
    ),
    "re-encoded entry": (spaced_entry, "json-not-canonical"),
    "repeated key in an entry": (repeated_key, "json-repeated-key"),
    "truncated entry": (lambda b: cut(b.entry_of("ingestion"))(b), "json-malformed"),
    "entry without commitments": (edit_entry("ingestion", lambda e: e.pop("sealed")), "entry-malformed"),
    "entry of objects that are none": (edit_entry("ingestion", lambda e: e.update(objects=[1])), "entry-malformed"),
    "entry as an array": (lambda b: b.write(b.entry_of("ingestion"), b"[]"), "entry-malformed"),
    "entry longer than any": (lambda b: b.write(b.entry_of("ingestion"), b"x" * 70_000), "file-too-long"),
    "node of the tree in place of an entry": (node_in_place_of_an_entry, "json-not-utf8"),
    "removed entry": (lambda b: remove(b.entry_of("match"))(b), "entry-missing"),
    "renumbered entry": (renumbered_entry, "proof-missing"),
    "ruling left out everywhere": (left_out_ruling, "files-differ"),
    "ruling left out everywhere, list remade": (careful(left_out_ruling, list_again), "files-list-differs"),
    "swapped proofs": (edit(layout.EXPORT_PROOFS, swapped_proofs), "inclusion-proof"),
    "shortened proof": (edit(layout.EXPORT_PROOFS, lambda p: p["inclusion"]["0"].pop()), "proof-shape"),
    "proof that is no base64": (
        edit(layout.EXPORT_PROOFS, lambda p: p["inclusion"].update({"0": ["é"]})),
        "proof-shape",
    ),
    "proofs of another version": (edit(layout.EXPORT_PROOFS, lambda p: p.update(v=2)), "document-malformed"),
    "checkpoint of another tree": (checkpoint_of_another_tree, "signature-missing"),
    "edited size in the checkpoint": (edited_checkpoint(1, lambda line: str(int(line) - 1)), "signature-wrong"),
    "edited root in the checkpoint": (edited_checkpoint(2, lambda line: "A" * 43 + "="), "signature-wrong"),
    "other origin in the checkpoint": (
        edited_checkpoint(0, lambda line: "office-b.example/archive"),
        "checkpoint-origin",
    ),
    "forged signature": (lambda b: b.write(layout.EXPORT_CHECKPOINT, _forged(b)), "signature-wrong"),
    "checkpoint with a second spelling": (add(layout.EXPORT_CHECKPOINT, b"x\n\n"), "note-malformed"),
    "removed checkpoint": (remove(layout.EXPORT_CHECKPOINT), "file-missing"),
    "another root under an own key": (another_root_under_an_own_key, "inclusion-proof"),
    "everything signed anew by another key": (everything_resigned_by_another_key, "files-differ"),
    "key of small order": (key_of_small_order, "key-weak"),
    "removed key": (remove(layout.KEY), "file-missing"),
    "false disclosure": (false_disclosure, "disclosure-foreign"),
    "moved disclosure": (edit(layout.DISCLOSURES, moved_disclosure), "disclosure-foreign"),
    "second disclosure of a field": (edit(layout.DISCLOSURES, second_disclosure_of_a_field), "disclosure-repeated"),
    "disclosure of an absent entry": (
        edit(layout.DISCLOSURES, lambda d: d["disclosures"].update({"3": []})),
        "disclosure-foreign",
    ),
    "disclosures that are no strings": (
        edit(layout.DISCLOSURES, lambda d: d["disclosures"].update({"0": [1]})),
        "disclosure-malformed",
    ),
    "unfinished export": (unfinished_export, "inclusion-proof"),
    "another entry as the export's": (
        lambda b: b.write(layout.EXPORT_ENTRY, b.read(b.entry_of("match"))),
        "export-entry",
    ),
    "other numbers in the export's entry": (
        edit(layout.EXPORT_ENTRY, lambda e: e["detail"].update(exhibits=[[1, FILM], [1, REPOST]])),
        "export-entry",
    ),
    "list of files as an object": (add(layout.EXPORT_FILES, b'{"files":[[[]]],"v":1}'), "document-malformed"),
}

ATTACKS = {**CARELESS, **{name: (careful(attack), code) for name, (attack, code) in CAREFUL.items()}}


def _forged(bundle: Bundle) -> bytes:
    signed = note.parse(bundle.read(layout.EXPORT_CHECKPOINT))
    line = signed.signatures[0]
    flipped = bytes([line.signature[0] ^ 1]) + line.signature[1:]
    return note.Note(signed.text, (note.Signature(line.name, line.key_id, flipped),)).encode()


def contents(bundle: Bundle) -> dict[str, bytes]:
    """Every plain file with its bytes; links and pipes are left out."""
    files = {}
    for path in bundle.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 2**26:
            files[path.relative_to(bundle.folder).as_posix()] = path.read_bytes()
    return files


#: What a fault is called by where one document speaks of many things.
SPEAKS_OF = {
    layout.REPORT_JSON: r"exhibit [0-9]+|entry [0-9]+|data/exhibits/.+",
    layout.EXPORT_PROOFS: r"entry [0-9]+",
    layout.DISCLOSURES: r"entry [0-9]+",
    layout.EXPORT_CHECKPOINT: r"entry [0-9]+",
    layout.EXPORT_ENTRY: r"entry [0-9]+",
    "manifest-sha256.txt": r"data/.+",
}


def is_about(subject: str, code: str, touched: set[str]) -> bool:
    """Whether a fault names what was tampered with, or the entry that vouches for it."""
    if code == "files-differ":  # the export's entry holds one digest for all files
        return subject.startswith("entry ")
    number = re.fullmatch(r"entry ([0-9]+)", subject)
    if number and layout.entry_path(int(number[1])) in touched:
        return True
    if any(path == subject or path.startswith(subject.rstrip("/") + "/") for path in touched):
        return True
    return subject in map(shown, touched) or any(re.fullmatch(SPEAKS_OF.get(path, "-"), subject) for path in touched)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_fault_is_named(bundle: Bundle, name: str) -> None:
    attack, code = ATTACKS[name]
    before = contents(bundle)
    attack(bundle)
    touched = {path for path, data in before.items() ^ contents(bundle).items()}
    verdict = verify(bundle.folder)
    assert verdict.word == "FAILED"
    subjects = {fault.subject for fault in verdict.faults if fault.code == code}
    assert subjects
    assert {one for one in subjects if not is_about(one, code, touched)} == set()


@pytest.mark.parametrize("name", ["swapped originals, manifests remade", "deep nesting", "forged signature"])
@pytest.mark.honest
def test_the_verifier_alone_says_the_same(bundle: Bundle, exported_bundle: Path, name: str) -> None:
    attack, _ = ATTACKS.get(name) or ATTACKS[f"report: {name}"]
    attack(bundle)
    call = [sys.executable, "-I", str(exported_bundle / layout.VERIFIER), str(bundle.folder), "--json"]
    said = subprocess.run(call, capture_output=True, text=True, timeout=60, cwd="/")
    assert said.returncode == 1, said.stderr
    expected = verify(bundle.folder)
    assert expected.word == "FAILED"
    assert json.loads(said.stdout) == {**expected.document(), "disclosed": []}


@pytest.mark.needs_memory
def test_a_whole_bundle_of_another_key_fails_for_whoever_knows_the_key(bundle: Bundle) -> None:
    # Whoever makes up a vault of their own can make a bundle that agrees with itself: VERIFY.txt begins with the key.
    assert verify(bundle.folder).word == "VERIFIED"
    other = str(note.VerifierKey(ORIGIN, Ed25519PrivateKey.generate().public_key().public_bytes_raw()))
    assert {fault.code for fault in verify(bundle.folder, other).faults} == {"key-other"}
    assert verify(bundle.folder, bundle.read(layout.KEY).decode().strip()).word == "VERIFIED"


def test_every_file_is_missed_when_it_is_gone(bundle: Bundle) -> None:
    for path in sorted(p for p in bundle.folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        path.unlink()
        assert "file-missing" in {fault.code for fault in verify(bundle.folder).faults}, path
        path.write_bytes(data)
    assert verify(bundle.folder).word == "VERIFIED"


def test_no_file_can_change_unseen_although_all_manifests_are_made_anew(bundle: Bundle) -> None:
    for path in sorted(p for p in (bundle.folder / "data").rglob("*") if p.is_file()):
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        bundle.seal_again()
        assert verify(bundle.folder).word == "FAILED", path
        path.write_bytes(data)


def test_a_flipped_bit_in_a_proof_is_found(bundle: Bundle) -> None:
    document = bundle.json(layout.EXPORT_PROOFS)
    for number, proof in document["inclusion"].items():
        first = bytearray(base64.b64decode(proof[0]))
        first[7] ^= 4
        changed = {
            **document,
            "inclusion": {**document["inclusion"], number: [base64.b64encode(first).decode(), *proof[1:]]},
        }
        bundle.write(layout.EXPORT_PROOFS, canonical.encode(changed))
        assert ("inclusion-proof", f"entry {number}") in {(f.code, f.subject) for f in verify(bundle.folder).faults}


def test_a_forged_entry_with_a_tree_of_its_own_needs_the_key(bundle: Bundle) -> None:
    """A forger who rebuilds the tree gets another root, which the office's key never signed."""
    path = bundle.entry_of("ingestion", item=FILM)
    edit(path, lambda entry: entry["objects"][0].update(size=1))(bundle)
    leaf = merkle.leaf_hash(bundle.read(path))
    size = note.parse(bundle.read(layout.EXPORT_CHECKPOINT)).text.split("\n")[1]
    forged = note.parse(bundle.read(layout.EXPORT_CHECKPOINT))
    text = Checkpoint(ORIGIN, int(size), leaf).text()
    bundle.write(layout.EXPORT_CHECKPOINT, note.Note(text, forged.signatures).encode())
    bundle.seal_again()
    assert "signature-wrong" in {fault.code for fault in verify(bundle.folder).faults}
