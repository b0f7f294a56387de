"""`get --playable`: one derived file that says of what it was made, and with what."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from archiver.custody.vault import open_vault
from archiver.engine.playable import hand_out_playable, playable_parts
from archiver.errors import MachineError, UsageError
from archiver.model import Holding, Item, Role, StoredObject
from tests.calling import Archiver


def item(*types: str) -> Item:
    holdings = tuple(Holding(StoredObject("0" * 64, "0" * 128, 1, kind), Role.ORIGINAL) for kind in types)
    return Item("iabc", "nabc.1", "", "", "", "", holdings)


@pytest.mark.parametrize(
    ("types", "parts"),
    [
        (("audio/mp4", "video/mp4"), ["video/mp4", "audio/mp4"]),
        (("video/mp2t",), ["video/mp2t"]),
        (("image/jpeg", "application/pdf"), []),
        ((), []),
    ],
)
def test_what_is_played_is_footage_before_sound(types: tuple[str, ...], parts: list[str]) -> None:
    assert [held.object.media_type for held in playable_parts(item(*types))] == parts


def test_an_item_without_footage_has_nothing_to_be_played(
    archiver: Archiver, tmp_path: Path, picture: Callable[[int], bytes]
) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    row = archiver("ingest", str(tmp_path / "a.png"), "--json").json["rows"][0]
    with pytest.raises(UsageError, match="nothing to be played"):
        hand_out_playable(open_vault(archiver.vault, {}), row["item_id"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_get_playable_writes_one_file_that_says_what_it_is(archiver: Archiver, tmp_path: Path, clip: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(clip)
    row = archiver("ingest", str(tmp_path / "a.mp4"), "--json").json["rows"][0]
    arguments = ("get", row["item_id"], "--to", str(tmp_path / "out"), "--playable")
    (told,) = archiver(*arguments, "--json").json
    path = Path(told["path"])
    assert [path] == list((tmp_path / "out").iterdir())
    assert path.name.endswith(".playable.mkv")
    assert told["role"] == "working copy"
    assert told["derived_from"] == [row["sha256"]]
    assert told["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]
    assert [tool["name"] for tool in told["tools"]] == ["archiver", "pyav", "libavformat"]
    with av.open(str(path)) as made:
        assert row["sha256"] in made.metadata["COMMENT"]
    assert archiver(*arguments, code=2).err.count("is there already") == 1
    shutil.rmtree(tmp_path / "out")
    assert "derived with archiver" in archiver(*arguments).out
    archiver("verify")


def test_footage_that_is_too_damaged_is_said_to_be_so(archiver: Archiver, tmp_path: Path, clip: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(clip[:300])
    row = archiver("ingest", str(tmp_path / "a.mp4"), "--json").json["rows"][0]
    with pytest.raises(MachineError, match="no playable file"):
        hand_out_playable(open_vault(archiver.vault, {}), row["item_id"], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
