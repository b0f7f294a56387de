"""An export with blurred copies: what is in it, what is not, and what it says of them."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from archiver.custody.vault import Vault
from archiver.errors import UsageError
from archiver.examine.blur import hiding
from archiver.model import EventType
from archiver.proof import canonical, disclosure
from archiver.proof.bundle import layout
from archiver.report.again import again
from archiver.report.build import Exported
from archiver.report.export import export
from archiver.report.withholding.blurred import Asked
from archiver.report.withholding.withheld import ask
from tests.report.blurred_story import BROKEN, CASE, FILM, PHOTO, PLACE, PLANTED, TEXT, build, film, photo

COPY = "data/exhibits/001/original-1-blurred.mp4"
PHOTO_COPY = "data/exhibits/002/original-1-blurred.jpg"


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return build(tmp_path_factory.mktemp("vault") / "vault")


@pytest.fixture(scope="module")
def exported(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(vault, [], CASE, tmp_path_factory.mktemp("bundles") / "bundle", blur=Asked())


@pytest.fixture(scope="module")
def report(exported: Exported) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((exported.bundle / layout.REPORT_JSON).read_bytes())
    return found


def original(report: dict[str, Any], number: int) -> dict[str, Any]:
    """The original of an exhibit, as the report has it."""
    objects = report["exhibits"][number - 1]["objects"]
    return next(one for one in objects if one["role"] == "original")


def files(bundle: Path) -> Iterator[tuple[str, bytes]]:
    """All files of a bundle."""
    for path in sorted(bundle.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(bundle)), path.read_bytes()


def shown_pictures(bundle: Path) -> list[np.ndarray[Any, Any]]:
    """The pictures in report.html, as levels."""
    import base64
    import re

    page = (bundle / layout.REPORT_HTML).read_text("utf-8")
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one))).convert("L")) for one in found]


def is_hidden(levels: np.ndarray[Any, Any]) -> bool:
    """Whether there is nothing but a patch where the face is."""
    share = levels.shape[1] / 320
    x, y = round((PLACE[0] + 60) * share), round((PLACE[1] + 60) * share)
    middle = (hiding.PATCH[0] - 16) * 255 / 219
    part = levels[y - 8 : y + 8, x - 8 : x + 8].astype(float)
    return bool(np.all(np.abs(part - middle) < 10)) or bool(np.all(np.abs(part - hiding.PATCH_RGB) < 10))


def test_both_verifiers_find_it_whole(exported: Exported) -> None:
    assert exported.verdict.word == "VERIFIED"
    call = [sys.executable, "-I", str(exported.bundle / layout.VERIFIER), str(exported.bundle)]
    said = subprocess.run(call, capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout.split(":")[0]) == (0, "VERIFIED")


def test_a_copy_stands_in_place_of_each_original_that_has_one(exported: Exported, report: dict[str, Any]) -> None:
    present = {name for name, _ in files(exported.bundle) if name.startswith(layout.EXHIBITS)}
    assert {name for name in present if "original" in name} == {COPY, PHOTO_COPY}
    for number, path in ((1, COPY), (2, PHOTO_COPY)):
        told = original(report, number)
        data = (exported.bundle / path).read_bytes()
        assert "path" not in told
        assert told["blurred"]["path"] == path
        assert told["blurred"]["sha256"] == hashlib.sha256(data).hexdigest()
        assert told["blurred"]["size"] == len(data)
        assert "blurred working copy" in told["withheld"]
    assert original(report, 1)["sha256"] == hashlib.sha256(film()).hexdigest(), "its digest stays"
    counted = ("hidden", "sound", "areas", "faces", "frames", "frames_with_patches")
    assert [original(report, 1)["blurred"][name] for name in counted] == ["faces", "mute", 1, 1, 5, 5]


def test_nothing_that_shows_the_faces_is_in_the_bundle(exported: Exported, report: dict[str, Any]) -> None:
    assert report["withheld"]["objects"] == ["exchange", "fingerprint", "original", "snapshot", "thumbnail"]
    telling = (*PLANTED, film()[200:400], photo()[100:200])
    for name, data in files(exported.bundle):
        assert not any(part in data for part in telling), name


def test_the_reports_pictures_are_those_of_the_copies(exported: Exported) -> None:
    shown = shown_pictures(exported.bundle)
    assert len(shown) == 7, "six of the film and the photograph"
    assert all(is_hidden(levels) for levels in shown)


def test_the_face_is_hidden_in_the_copies(exported: Exported) -> None:
    with av.open(str(exported.bundle / COPY)) as opened:
        assert [stream.type for stream in opened.streams] == ["video"]
        assert all(is_hidden(frame.to_ndarray(format="gray")) for frame in opened.decode(video=0))
        assert opened.metadata["comment"].startswith("Working copy, not evidence")
        assert hashlib.sha256(film()).hexdigest() in opened.metadata["comment"]
    with Image.open(exported.bundle / PHOTO_COPY) as picture:
        assert is_hidden(np.asarray(picture.convert("L")))
        assert picture.info["comment"].startswith(b"Working copy, not evidence")


def test_an_entry_tells_of_each_copy(exported: Exported, report: dict[str, Any]) -> None:
    told = original(report, 1)["blurred"]
    entry = canonical.decode((exported.bundle / layout.entry_path(told["entry"])).read_bytes())
    assert entry["type"] == EventType.REDACTION
    assert entry["item"] == FILM
    assert [one["sha256"] for one in entry["objects"]] == [hashlib.sha256(film()).hexdigest()]
    assert entry["detail"]["result"]["sha256"] == told["sha256"]
    assert (entry["detail"]["result"]["width"], entry["detail"]["result"]["height"]) == (320, 240)
    assert entry["detail"]["areas"] == [[200, 600, 0, 800_000, 200_000, 200_000]]
    assert entry["detail"]["parameters"]["score"] == 200_000
    assert {tool["name"] for tool in entry["tools"]} >= {"archiver", "centerface", "onnxruntime", "pyav"}
    assert {row["type"] for row in report["exhibits"][0]["custody"]} >= {"redaction", "blur area changed"}


def test_why_an_area_is_hidden_is_nobodys_business(exported: Exported) -> None:
    opened = json.loads((exported.bundle / layout.DISCLOSURES).read_bytes())["disclosures"]
    told = [disclosure.read(one) for one in itertools.chain.from_iterable(opened.values())]
    assert told
    assert not [one.value for one in told if "badge" in one.value]


def test_the_report_says_that_it_is_a_copy_and_that_faces_may_have_been_missed(
    exported: Exported, report: dict[str, Any]
) -> None:
    assert any("Faces were looked for by a program, which misses some" in one for one in report["limits"])
    page = (exported.bundle / layout.REPORT_HTML).read_text("utf-8")
    assert "Frames of a blurred working copy" in page
    assert "faces that a program found (1 tracks), and areas that people set (1) are hidden, in 5 of 5 frames" in page
    assert "The sound is left out." in page
    assert "made smaller for this page, with their times from the first frame. They are" not in page


def test_without_a_copy_nothing_is_shown(exported: Exported, report: dict[str, Any]) -> None:
    assert [one["item"] for one in report["exhibits"]] == [FILM, PHOTO, BROKEN, TEXT]
    assert "no blurred copy of it could be made (failed)" in original(report, 3)["withheld"]
    assert "of its kind" in original(report, 4)["withheld"]
    page = (exported.bundle / layout.REPORT_HTML).read_text("utf-8")
    assert "There is no blurred copy of the original, so there is nothing to show." in page
    assert len([one for one in exported.left_out if "without an original" in one]) == 2


def test_everything_can_be_hidden_the_sound_kept_and_more_withheld(vault: Vault, tmp_path: Path) -> None:
    withhold = ask(["people"], ["pictures", "metadata"])
    asked = Asked(whole=True, sound="shift")
    done = export(vault, [FILM], None, tmp_path / "bundle", withhold=withhold, blur=asked)
    assert done.verdict.word == "VERIFIED"
    told = original(json.loads((done.bundle / layout.REPORT_JSON).read_bytes()), 1)["blurred"]
    assert (told["hidden"], told["sound"], told["faces"], told["frames_with_patches"]) == ("everything", "shift", 0, 5)
    with av.open(str(done.bundle / COPY)) as opened:
        assert [stream.type for stream in opened.streams] == ["video", "audio"]
    assert "which protects nobody" in (done.bundle / layout.REPORT_HTML).read_text("utf-8")
    assert shown_pictures(done.bundle) == []


def test_a_copy_that_is_gone_again_leaves_no_trace_on_this_machine(vault: Vault, exported: Exported) -> None:
    assert not [path for path in vault.working.iterdir() if path.name.startswith(("blurred-", ".blur-"))]


def test_a_bundle_with_copies_is_not_made_again(vault: Vault, exported: Exported, tmp_path: Path) -> None:
    """Another processor would round otherwise: the entry would vouch for other bytes."""
    with pytest.raises(UsageError, match="holds blurred copies"):
        again(vault, exported.entry, tmp_path / "again")
    assert not (tmp_path / "again").exists()
