"""verify.html against forgeries, in a real browser: the word of verify.pyz, and its codes for what the page checks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.proof import canonical
from archiver.proof.bundle import layout
from archiver.proof.bundle.check import verify
from archiver.proof.faults import ProofError
from archiver.report.bundle import checkpage
from archiver.report.export import export
from archiver.report.withholding.withheld import ask
from tests.report.bundle_story import CASE, Bundle
from tests.report.checking_page import PROGRAM, Page, opened
from tests.tamper import test_bundle_forgeries as forgeries
from tests.tamper.test_bundle_zips import ATTACKS as ZIPS
from tests.tamper.test_bundle_zips import files, whole
from tests.vault_story import Copy

__all__ = ["files", "whole"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")]

#: What the page does not look at, as it says itself: these are verify.pyz's alone.
BEYOND = {
    "exhibit-differs", "exhibit-unknown", "report-differs", "report-malformed", "withheld-differs", "redacted-copy",
    "disclosure-foreign", "disclosure-malformed", "disclosure-repeated", "ingestion-missing",
    "history-missing", "history-invalid", "history-of-other",
}  # fmt: skip

#: Each by another check of the page.
TRIED = [
    "flipped byte in an original",
    "truncated manifest",
    "removed original",
    "extra file",
    "names that differ only in case",
    "false payload size",
    "manifest leads out of the bag",
    "swapped originals, list of files remade too",
    "edited verifier, manifests remade",
    "removed original, manifests remade",
    "forged signature",
    "deep nesting",
    "node of the tree in place of an entry",
    "swapped proofs",
    "another root under an own key",
    "key of small order",
    "everything signed anew by another key",
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page, from our sources and not from the bundle that is checked."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "verify.html").write_bytes(checkpage.page())
    with opened(folder / "verify.html", folder / "profile") as found:
        yield found
        assert found.errors == []
        assert {one for one in found.requests if not one.startswith(("file:", "about:"))} == set()


def agrees(page: Page, path: Path, key: str = "") -> None:
    """The page says of a bundle what verify.pyz says, but for what it does not check."""
    expected = verify(path, key or None)
    said = page.check(path, key)
    assert said.word == expected.word
    faults = {(fault.code, fault.subject) for fault in expected.faults if fault.code not in BEYOND}
    assert {one for one in said.faults if one[0] not in BEYOND} == faults


@pytest.mark.parametrize("name", TRIED)
def test_the_page_says_what_the_verifier_says(page: Page, bundle: Bundle, name: str) -> None:
    attack, _ = forgeries.ATTACKS.get(name) or forgeries.ATTACKS[f"report: {name}"]
    attack(bundle)
    assert verify(bundle.folder).word == "FAILED"
    agrees(page, bundle.folder)


@pytest.mark.parametrize(
    "name",
    [
        "no zip", "a second zip behind it", "files that share bytes", "another name at the front", "a wrong CRC",
        "a bomb",        "encrypted", "a link", "a way out", "a name in capitals", "an unknown file", "another film",
    ],
)  # fmt: skip
def test_the_page_knows_the_tricks_of_zips(
    page: Page, tmp_path: Path, whole: bytes, files: dict[str, bytes], name: str
) -> None:
    (tmp_path / "bundle.zip").write_bytes(ZIPS[name][0](whole, files))
    agrees(page, tmp_path / "bundle.zip")


@pytest.mark.honest
def test_a_good_bundle_verifies_as_folder_and_as_zip(
    page: Page, exported_bundle: Path, whole: bytes, tmp_path: Path
) -> None:
    (tmp_path / "bundle.zip").write_bytes(whole)
    key = (exported_bundle / layout.KEY).read_text().split()[0]
    for path in (exported_bundle, tmp_path / "bundle.zip"):
        agrees(page, path)
        agrees(page, path, key)
        assert "Ask the office for its key" in page.check(path).text
        assert "Ask the office for its key" not in page.check(path, key).text


def test_a_history_of_another_office_counts_by_its_digest(page: Page, received_copy: Copy, tmp_path: Path) -> None:
    with received_copy.open() as vault:
        export(vault, [], CASE, tmp_path / "forwarded", withhold=ask([], ["pictures"]))
    agrees(page, tmp_path / "forwarded")
    place = tmp_path / "forwarded" / layout.received_path(1, "zip")
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    agrees(page, tmp_path / "forwarded")


@pytest.mark.needs_memory
def test_the_office_s_key_is_asked_for(page: Page, exported_bundle: Path) -> None:
    other = "office-a.example/archive+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    said = page.check(exported_bundle, other)
    assert said.word == "FAILED"
    assert said.codes == {"key-other"}


@pytest.mark.honest
def test_a_folder_can_be_dropped(page: Page, exported_bundle: Path) -> None:
    x, y = page.evaluate("(() => { const r = document.getElementById('drop').getBoundingClientRect();"
                         " return [r.x + r.width / 2, r.y + 20]; })()")  # fmt: skip
    page.evaluate("document.getElementById('key').value = ''; document.getElementById('result').hidden = true")
    data = {"items": [], "files": [str(exported_bundle)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.call("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    assert page.verdict().word == "VERIFIED"


@pytest.mark.honest
def test_digests_and_json_are_those_of_python(page: Page) -> None:
    """The page's own SHA-256 on all lengths around its blocks, and its reader on what canonical JSON refuses."""
    lengths = [*range(130), 1_000, 4_194_305]
    own = page.evaluate(f"{lengths}.map((n) => hex(sha256(new Uint8Array(n).fill(7))))")
    assert own == [hashlib.sha256(b"\x07" * n).hexdigest() for n in lengths]
    own = page.evaluate("[...Array(300).keys()].map((n) => hex(sha512(new Uint8Array(n).fill(7))))")
    assert own == [hashlib.sha512(b"\x07" * n).hexdigest() for n in range(300)]
    texts = [
        '{"a":1}', '{"a":1,"a":2}', '{"b":1,"a":2}', "[1.5]", "[1e3]", "[NaN]", "[-0]", "[9007199254740992]", '{"é":1}',
        "[" * 40, "[1,]", '["\\ud800"]', '["\\u0041"]', ' "x"', '"\x7f\\n"', "tru", "",
        '{"__proto__":{"a":[true,null,-7]}}',
    ]  # fmt: skip

    def code(text: str) -> str:
        try:
            canonical.decode(text.encode())
        except ProofError as error:
            return error.code
        return ""

    script = (
        f"{json.dumps(texts)}.map((one) => {{ try {{ decoded(utf8(one), 65535); return ''; }}"
        " catch (error) { return error.code; } })"
    )
    assert page.evaluate(script) == [code(one) for one in texts]


@pytest.mark.honest
def test_a_file_above_the_size_for_webcrypto_is_digested_in_pieces(page: Page, bundle: Bundle, tmp_path: Path) -> None:
    original = next(bundle.folder.glob("data/exhibits/001/original-1.*"))
    original.write_bytes(bytes(40_000_000))
    bundle.seal_again()
    agrees(page, bundle.folder)
