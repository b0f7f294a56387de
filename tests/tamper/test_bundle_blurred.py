"""Bundles with blurred copies: what the verifiers say when somebody swaps a copy, or puts an original beside it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.report.export import export
from archiver.report.withholding.blurred import Asked
from archiver.report.withholding.withheld import ask
from tests.report.blurred_story import CASE, FILM, PHOTO, build, film
from tests.report.bundle_story import Bundle

COPY = "data/exhibits/001/original-1-blurred.mp4"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vault = build(tmp_path_factory.mktemp("vault") / "vault")
    target = tmp_path_factory.mktemp("bundles") / "bundle"
    done = export(vault, [FILM, PHOTO], CASE, target, withhold=ask(objects=["pictures"]), blur=Asked(whole=True))
    assert done.verdict.word == "VERIFIED"
    return target


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Bundle:
    shutil.copytree(exported, tmp_path / "bundle")
    for folder in (tmp_path / "bundle").rglob("*"):
        folder.chmod(0o755 if folder.is_dir() else 0o644)
    return Bundle(tmp_path / "bundle")


def report(change: Callable[[Any, Any], object]) -> Callable[[Bundle], None]:
    """Change the report, given with its first exhibit's original."""

    def attack(bundle: Bundle) -> None:
        document = bundle.json(layout.REPORT_JSON)
        objects = document["exhibits"][0]["objects"]
        change(document, next(one for one in objects if one["role"] == "original"))
        bundle.write_json(layout.REPORT_JSON, document)

    return attack


def less_hidden(bundle: Bundle) -> None:
    """Another copy, and its digest in the report."""
    data = bundle.read(COPY) + b"\0"
    bundle.write(COPY, data)
    digests = {name: hashlib.new(name, data).hexdigest() for name in ("sha256", "sha512")}
    told = {**digests, "size": len(data)}
    report(lambda document, original: original["blurred"].update(told))(bundle)


def entry_changed(bundle: Bundle) -> None:
    """The entry that tells of the copy tells of another one."""
    path = bundle.entry_of("redaction", item=FILM)
    entry = bundle.json(path)
    entry["detail"]["result"]["sha256"] = "0" * 64
    bundle.write_json(path, entry)


def original_as_a_copy(bundle: Bundle) -> None:
    bundle.write(COPY, film())


def shown_by_path(document: Any, original: Any) -> None:
    del original["withheld"]
    original["path"] = "data/exhibits/001/original-1.mp4"


ATTACKS: dict[str, tuple[Callable[[Bundle], None], str]] = {
    "copy altered": (lambda b: b.write(COPY, b.read(COPY)[:-1] + b"\1"), "blurred-copy"),
    "copy in which less is hidden": (less_hidden, "blurred-copy"),
    "original in place of its copy": (original_as_a_copy, "blurred-copy"),
    "original beside its copy": (lambda b: b.write("data/exhibits/001/original-1.mp4", film()), "blurred-copy"),
    "original beside its copy, as another role": (
        lambda b: b.write("data/exhibits/001/thumbnail.mp4", film()),
        "blurred-copy",
    ),
    "copy removed": (lambda b: (b.folder / COPY).unlink(), "blurred-copy"),
    "second copy": (lambda b: b.write(COPY.replace("-1-", "-2-"), b.read(COPY)), "blurred-copy"),
    "copy of another exhibit": (
        lambda b: b.write(COPY, b.read("data/exhibits/002/original-1-blurred.jpg")),
        "blurred-copy",
    ),
    "copy of another role": (lambda b: b.write("data/exhibits/001/info-1-blurred.mp4", b"x"), "file-extra"),
    "copy of another kind": (lambda b: b.write("data/exhibits/001/original-1-blurred.html", b"x"), "file-extra"),
    "report names no copy": (report(lambda d, o: o.pop("blurred")), "blurred-copy"),
    "report says that more was hidden": (report(lambda d, o: o["blurred"].update(faces=100)), "blurred-copy"),
    "report says that more areas were set": (report(lambda d, o: o["blurred"].update(areas=9)), "blurred-copy"),
    "report says that another kind of thing was hidden": (
        report(lambda d, o: o["blurred"].update(hidden="faces")),
        "blurred-copy",
    ),
    "report names another entry": (report(lambda d, o: o["blurred"].update(entry=0)), "blurred-copy"),
    "report names an entry that is not there": (
        report(lambda d, o: o["blurred"].update(entry=10**6)),
        "blurred-copy",
    ),
    "report's copy leads out of the exhibit": (
        report(lambda d, o: o["blurred"].update(path="data/exhibits/002/original-1-blurred.jpg")),
        "blurred-copy",
    ),
    "report's copy is of another object": (report(lambda d, o: o.update(sha256="0" * 64)), "blurred-copy"),
    "report shows the original as there": (report(shown_by_path), "blurred-copy"),
    "report's copy is no object": (report(lambda d, o: o.update(blurred=5)), "blurred-copy"),
    "report's copy has no path": (report(lambda d, o: o["blurred"].pop("path")), "blurred-copy"),
    "entry tells of another copy": (entry_changed, "inclusion-proof"),
}


@pytest.mark.parametrize("sealed", [False, True], ids=["careless", "careful"])
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_a_blurred_copy(bundle: Bundle, name: str, sealed: bool) -> None:
    attack, code = ATTACKS[name]
    attack(bundle)
    if sealed:
        bundle.seal_again()
    verdict = verify(bundle.folder)
    assert verdict.word == "FAILED"
    assert code in {fault.code for fault in verdict.faults}


@pytest.mark.honest
def test_an_untouched_one_verifies(bundle: Bundle) -> None:
    assert verify(bundle.folder).word == "VERIFIED"
