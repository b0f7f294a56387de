"""`archiver blur`: areas in pixels or parts, a copy to look at, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.calling import Archiver
from tests.examine.blur.faces import scene


@pytest.fixture
def item(archiver: Archiver, tmp_path: Path) -> str:
    """An image of 320 x 240 with a face."""
    (tmp_path / "in").mkdir()
    Image.fromarray(scene(320, 240, (100, 40, 120))).save(tmp_path / "in" / "photo.png")
    archiver("ingest", str(tmp_path / "in"), "--case", "square")
    found: str = archiver("items", "--json").json[0]["item_id"]
    return found


@pytest.mark.slow
def test_areas_are_refused_set_listed_previewed_and_exported(archiver: Archiver, item: str, tmp_path: Path) -> None:
    for given, why in (
        ("1,2,3", "is not X,Y,W,H,FROM,TO"),
        ("1,2,3,4,5", "is not X,Y,W,H,FROM,TO"),
        ("-5,2,3,4,0,1", "is not X,Y,W,H,FROM,TO"),
        ("a,b,c,d,0,1", "is not X,Y,W,H,FROM,TO"),
        ("nan,0,1,1,0,1", "is not X,Y,W,H,FROM,TO"),
        ("1,2,30,40,soon,1", "is no time"),
        ("1,2,30,40,5,2", "empty"),
        ("400,2,30,40,0,1", "outside of the picture"),
    ):
        assert why in archiver("blur", "add", item, "--", given, code=2).err
    assert archiver("blur", "list", item, "--json").json == []
    said = archiver("blur", "add", item, "32,24,64,48", "--note", "a badge", "--json").json
    assert said["box"] == [0.1, 0.1, 0.2, 0.2]
    assert "128 x 24 at 160, 120" in archiver("blur", "add", item, "0.5,0.5,0.4,0.1").out
    assert len(archiver("blur", "list", item, "--json").json) == 2
    assert said["area"] in archiver("blur", "list", item).out
    shown = archiver("blur", "preview", item, "--to", str(tmp_path / "a.jpg"), "--json").json
    assert (shown["faces"], shown["areas"], shown["hidden"], shown["sound"]) == (1, 2, "faces", "mute")
    with Image.open(tmp_path / "a.jpg") as copy:
        assert copy.size == (320, 240)
    assert "there already" in archiver("blur", "preview", item, "--to", str(tmp_path / "a.jpg"), code=2).err
    assert "taken back" in archiver("blur", "remove", item, said["area"]).out
    done = archiver("export", item, "--to", str(tmp_path / "bundle"), "--blur-faces")
    assert "VERIFIED" in done.out
    assert "because a blurred copy is to stand in its place: original" in done.out
    assert "look at each blurred copy" in done.err
    assert "addresses" not in done.err, "it has none"
    assert (tmp_path / "bundle/data/exhibits/001/original-1-blurred.jpg").is_file()
    assert archiver("verify").code == 0
    acts = [one["type"] for one in archiver("show", item, "--json").json["custody"]]
    assert acts.count("blur area changed") == 3
    assert acts.count("redaction") == 1, "looking at a copy is no act"


def test_options_that_make_no_sense_are_refused(archiver: Archiver, tmp_path: Path) -> None:
    to = ("--case", "x", "--to", str(tmp_path / "b"))
    assert "exclude each other" in archiver("export", *to, "--blur-faces", "--blur-all", code=2).err
    assert "--blur-faces or --blur-all" in archiver("export", *to, "--audio", "keep", code=2).err
    assert "no item" in archiver("blur", "list", "inothing22", code=2).err
