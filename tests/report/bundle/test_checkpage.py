"""verify.html as a file: in every bundle, vouched for, the same each time, and with no way out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from archiver.errors import UsageError
from archiver.proof import codes
from archiver.proof.bundle import layout
from archiver.report.bundle import checkpage, cosign

PAGE = checkpage.page().decode("utf-8")


def one(pattern: str) -> str:
    (found,) = re.findall(pattern, PAGE, re.DOTALL)
    return str(found)


def test_the_page_is_in_the_bundle_and_in_its_list(exported_bundle: Path) -> None:
    data = (exported_bundle / layout.CHECK_PAGE).read_bytes()
    assert data == checkpage.page()
    listed = json.loads((exported_bundle / layout.EXPORT_FILES).read_bytes())["files"]
    assert [layout.CHECK_PAGE, hashlib.sha256(data).hexdigest(), len(data)] in listed


def test_its_policy_allows_its_own_script_and_style_and_nothing_else() -> None:
    policy = one(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
    digest = {
        name: base64.b64encode(hashlib.sha256(one(f"<{name}>(.*?)</{name}>").encode()).digest()).decode()
        for name in ("script", "style")
    }
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest['script']}'; style-src 'sha256-{digest['style']}';"
        " base-uri 'none'; form-action 'none'"
    )


def test_nothing_in_it_points_elsewhere_or_evaluates_text() -> None:
    assert not re.findall(r"https?://|//[a-z]+\.|fetch\(|XMLHttp|WebSocket|import\(|eval\(|innerHTML|Function\(", PAGE)
    assert not re.findall(r"\bsrc=|\bhref=|url\(", PAGE)


def test_every_code_that_the_page_can_say_is_one_of_the_verifier_s() -> None:
    script = one(r"<script>(.*?)</script>")
    calls = set(re.findall(r'(?:faults\.add\(|ProofError\(|require\([^;]*?, )"([a-z0-9]+(?:-[a-z0-9]+)+)"', script))
    assert calls - set(codes.SAYS) == set()
    assert calls > {"files-differ", "inclusion-proof", "consistency-proof", "signature-wrong", "archive-gap"}


def test_the_page_says_what_it_leaves_out() -> None:
    for word in ("ML-DSA-44", "SHA-512", "witnesses", "disclosures", "time stamps", "anchors", "report.json", "links"):
        assert word in one(r"What it does not check</h2>(.*?)</section>")


def test_cosignatures_are_not_added_to_a_zip(tmp_path: Path) -> None:
    (tmp_path / "one.zip").write_bytes(b"")
    with pytest.raises(UsageError) as raised:
        cosign.add(tmp_path / "one.zip", b"", [])
    assert "unpack" in raised.value.next_step
