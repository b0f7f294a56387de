"""Two teams share what they have without sharing footage, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.demo import footage
from tests.calling import Archiver

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def teams(tmp_path_factory: pytest.TempPathFactory) -> tuple[Archiver, Archiver, Path]:
    """Team A with a film and an image of it, team B with a copy of the film and another one."""
    folder = tmp_path_factory.mktemp("teams")
    march = footage.scene(folder / "secret-march.mp4", "march", seconds=6, size=(160, 90))
    copy = footage.mirrored(footage.mirrored(march, folder / "once.mp4"), folder / "copy.mp4")
    other = footage.scene(folder / "market.mp4", "market", seconds=3, size=(160, 90))
    found = []
    for name, files in (("a", [march]), ("b", [copy, march, other])):
        archiver = Archiver(folder / name)
        archiver("init", "--origin", f"office-{name}.example/archive")
        archiver("ingest", "--case", "hidden-case", *map(str, files))
        found.append(archiver)
    return found[0], found[1], folder


def test_lists_of_every_kind_go_from_one_team_to_the_other(teams: tuple[Archiver, Archiver, Path]) -> None:
    _share(*teams, "digests", "identical", {"secret-march.mp4"})
    _share(*teams, "pdq", "same-picture", {"secret-march.mp4", "copy.mp4"})
    _share(*teams, "vpdq", "same-video", {"secret-march.mp4"})  # the copy was mirrored twice: too much for PDQ
    _share(*teams, "sound", "same-sound", {"secret-march.mp4", "copy.mp4"})
    a, b, _ = teams
    shown = b("hashlist", "hits").out
    assert max(map(len, shown.splitlines())) <= 80
    assert len(b("hashlist", "--json").json) == 4
    assert "VERIFIED" in b("verify").out
    assert "VERIFIED" in a("verify").out


def _share(a: Archiver, b: Archiver, folder: Path, kind: str, finding: str, expected: set[str]) -> None:
    target = folder / f"list-{kind}"
    exported = a("hashlist", "export", "--kind", kind, "--case", "hidden-case", "--to", str(target), "--json").json
    assert exported["rows"] > 0
    assert exported["without"] == []
    text = target.read_text("utf-8")
    assert "hidden" not in text
    assert "march" not in text

    imported = b("hashlist", "import", str(target), "--name", f"a {kind}", "--source", "Office A", "--json").json
    assert (imported["kind"], imported["rows"], imported["refused_rows"]) == (kind, exported["rows"], [])
    hits = b("hashlist", "hits", f"a {kind}", "--json").json
    assert imported["hits"] == len(hits)
    titles = {item["item_id"]: item["title"] for item in b("items", "--json").json}
    assert {titles[hit["item_id"]] for hit in hits} >= expected
    assert "market.mp4" not in {titles[hit["item_id"]] for hit in hits}
    assert {hit["finding"] for hit in hits} == {finding}
    if kind in ("vpdq", "sound"):
        assert all(hit["seconds"][1] - hit["seconds"][0] > 4 for hit in hits)
    assert finding in b("hashlist", "hits", imported["list_id"]).out
    (listed,) = [one for one in b("hashlist", "--json").json if one["list_id"] == imported["list_id"]]
    assert (listed["name"], listed["source"], listed["rows"]) == (f"a {kind}", "Office A", exported["rows"])


@pytest.fixture
def alone(tmp_path: Path) -> Archiver:
    """A team that has nothing yet."""
    archiver = Archiver(tmp_path / "vault")
    archiver("init", "--origin", "office-c.example/archive")
    return archiver


def test_bad_rows_are_told_one_by_one_and_the_rest_is_kept(alone: Archiver, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(f"sha256\n{'a' * 64}\nzz\n\n{'b' * 63}\n", "utf-8")
    done = alone("hashlist", "import", str(path), code=1)
    assert [line.split(":")[0] for line in done.err.splitlines()] == ["row 3 refused", "row 5 refused"]
    assert "1 rows of digests, 2 refused" in done.out
    assert alone("hashlist", "remove", "bad", "--json").json["removed"] is True
    assert "there is no hash list bad" in alone("hashlist", "remove", "bad", code=2).err


def test_wrong_usage_is_one_line(alone: Archiver, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x", "utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xd8\xff")
    for arguments, says in (
        (["hashlist", "export", "--to", str(tmp_path / "there")], "exists already"),
        (["hashlist", "export", "--case", "none", "--to", str(tmp_path / "new")], "nothing to put"),
        (["hashlist", "import", str(tmp_path / "missing")], "there is no file"),
        (["hashlist", "import", str(tmp_path / "binary")], "not text"),
        (["hashlist", "import", str(tmp_path / "there")], "cannot be told"),
        (["hashlist", "hits", "nobody"], "there is no hash list"),
        (["refingerprint"], "name items"),
        (["refingerprint", "inothing"], "there is no item"),
        (["refingerprint", "--all", "--algorithm", "md5"], "not made here"),
    ):
        done = alone(*arguments, code=2)
        assert says in done.err
        assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "new").exists()
    assert "nothing was lacking" in alone("refingerprint", "--all").out
