"""One bundle with everything that programs of others can check, and what somebody may do to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.config import Authority as Configured
from archiver.custody.timestamps import stamping
from archiver.proof.bundle import layout
from archiver.report.export import export
from archiver.report.signing.pades import Signing
from tests.authority import Authority
from tests.report.bundle_story import FILM, PHOTO, REPOST, Bundle, build, film
from tests.report.certificates import office


@dataclass(frozen=True)
class Story:
    """The bundle, an older one of the same ledger, one that a stranger made up, and what a reader has from outside."""

    bundle: Path
    older: Path
    madeup: Path
    key: str
    authority: Authority


def tell(folder: Path) -> Story:
    """Make all of it in `folder`."""
    authority = Authority(folder / "authority")
    for name in ("older", "madeup"):
        vault = build(folder / f"vault-{name}")
        named = (Configured("https://tsa.example/", authority.root),)
        vault = replace(vault, settings=replace(vault.settings, timestamp=named))
        made, errors = stamping.add(vault, lambda url, query: authority.forge(query))
        assert (len(made), errors) == (1, [])
        signing = Signing(office().signer())
        export(vault, [FILM, REPOST, PHOTO], None, folder / name, signing=signing)
        if name == "older":
            export(vault, [FILM, REPOST, PHOTO], None, folder / "bundle", signing=signing)
        vault.database.close()
    key = (folder / "bundle" / layout.KEY).read_text().splitlines()[0]
    return Story(folder / "bundle", folder / "older", folder / "madeup", key, authority)


def taken(story: Story, source: Path, target: Path) -> Bundle:
    """A copy that can be written."""
    shutil.copytree(source, target)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return Bundle(target)


def _flipped(bundle: Bundle, path: str, at: int) -> None:
    data = bytearray(bundle.read(path))
    data[at] ^= 1
    bundle.write(path, bytes(data))


def _original(bundle: Bundle) -> str:
    return "data/exhibits/001/original-1.mp4"


def _film(bundle: Bundle, story: Story) -> None:
    _flipped(bundle, _original(bundle), 900)


def _other_film(bundle: Bundle, story: Story) -> None:
    bundle.write(_original(bundle), film(9))
    bundle.seal_again()


def _paper(bundle: Bundle, story: Story) -> None:
    _flipped(bundle, layout.REPORT_PDF, len(bundle.read(layout.REPORT_PDF)) // 2)


def _paper_sealed(bundle: Bundle, story: Story) -> None:
    _paper(bundle, story)
    bundle.seal_again()


def _extra(bundle: Bundle, story: Story) -> None:
    bundle.write("README.txt", b"Read this first: the exhibits were staged.\n")


def _no_tags(bundle: Bundle, story: Story) -> None:
    for name in layout.TAG_MANIFESTS:
        (bundle.folder / name).unlink()
    bundle.write(layout.INFO, bundle.read(layout.INFO).replace(b"office-a.example", b"office-z.example"))


def _proof(bundle: Bundle, story: Story) -> None:
    proofs = bundle.json(layout.EXPORT_PROOFS)
    first, second, *_ = sorted(proofs["inclusion"], key=int)
    both = proofs["inclusion"]
    both[first], both[second] = both[second], both[first]
    bundle.write_json(layout.EXPORT_PROOFS, proofs)
    bundle.seal_again()


def _report(bundle: Bundle, story: Story) -> None:
    told = bundle.json(layout.REPORT_JSON)
    told["exhibits"][0]["started"] = "2020-01-01T00:00:00.000000Z"
    bundle.write_json(layout.REPORT_JSON, told)
    bundle.seal_again()


def _graph(bundle: Bundle, story: Story) -> None:
    """The digest of a file, where other programs read it."""
    digest = next(one["sha256"] for one in bundle.json(layout.REPORT_JSON)["exhibits"][0]["objects"])
    bundle.write(layout.CASE_GRAPH, bundle.read(layout.CASE_GRAPH).replace(digest.encode(), b"0" * 64))
    bundle.seal_again()


def _stamp(bundle: Bundle, story: Story) -> None:
    """The reply of an authority that anybody can be, about the same query."""
    (query,) = (bundle.folder / layout.TIMESTAMPS).glob("*.tsq")
    path = f"{layout.TIMESTAMPS}{query.stem}.tsr"
    stranger = Authority(bundle.folder.parent / f"{bundle.folder.name}-tsa", "Stamps")
    bundle.write(path, stranger.forge(query.read_bytes()))
    bundle.seal_again()


def _nothing(bundle: Bundle, story: Story) -> None:
    """Another bundle lies in its place."""


#: What was done, whether another bundle was taken for it, and how.
ATTACKS: dict[str, tuple[str, Callable[[Bundle, Story], None]]] = {
    "nothing": ("bundle", _nothing),
    "a byte of an original flipped": ("bundle", _film),
    "another film as original, all manifests made anew": ("bundle", _other_film),
    "a byte of report.pdf flipped": ("bundle", _paper),
    "a byte of report.pdf flipped, all manifests made anew": ("bundle", _paper_sealed),
    "a file added beside the manifests": ("bundle", _extra),
    "tag manifests deleted, bag-info.txt changed": ("bundle", _no_tags),
    "two inclusion proofs swapped, all manifests made anew": ("bundle", _proof),
    "a time in report.json changed, all manifests made anew": ("bundle", _report),
    "a digest in case.jsonld changed, all manifests made anew": ("bundle", _graph),
    "the time stamp replaced by a stranger's, all manifests made anew": ("bundle", _stamp),
    "an older bundle of the same ledger": ("older", _nothing),
    "a bundle that a stranger made up, with keys of their own": ("madeup", _nothing),
}


def attacked(story: Story, name: str, target: Path) -> Bundle:
    """A bundle to which this was done."""
    source, attack = ATTACKS[name]
    bundle = taken(story, getattr(story, source), target)
    attack(bundle, story)
    return bundle
