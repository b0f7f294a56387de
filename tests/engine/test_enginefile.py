"""`engine.db` is disposable, and what a stranger wrote into it is never unpickled, which is to run it."""

from __future__ import annotations

import base64
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from archiver.engine import enginefile
from tests.calling import Archiver
from tests.loopback import Site


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (_create, (str(self.path),))


def _create(path: str) -> None:
    Path(path).touch()


@pytest.fixture
def payload(tmp_path: Path) -> tuple[str, Path]:
    """The text that DBOS would unpickle, and the file that would show it."""
    marker = tmp_path / "was-run"
    text = base64.b64encode(pickle.dumps(Payload(marker))).decode()
    pickle.loads(base64.b64decode(text))
    assert marker.exists(), "the payload does not work, so the test would prove nothing"
    marker.unlink()
    return text, marker


TABLE = "CREATE TABLE workflow_status (workflow_uuid TEXT, inputs TEXT, serialization TEXT)"


@pytest.mark.parametrize(
    "script",
    [
        TABLE + "; INSERT INTO workflow_status VALUES ('x', 'y', 'DBOS_pickle')",
        TABLE + "; INSERT INTO workflow_status VALUES ('x', 'y', '')",
        "CREATE VIEW workflow_status AS SELECT 'x' AS workflow_uuid, 'DBOS_pickle' AS serialization",
        TABLE + "; CREATE TRIGGER t AFTER INSERT ON workflow_status BEGIN"
        " UPDATE workflow_status SET serialization = 'DBOS_pickle'; END",
    ],
)
def test_a_file_with_anything_that_is_not_ours_is_thrown_away(tmp_path: Path, script: str) -> None:
    path = tmp_path / enginefile.FILE_NAME
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    enginefile.discard_if_unreadable(tmp_path)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00" + b"\xff" * 500, b"rubbish" * 1000])
def test_a_damaged_file_does_not_stop_a_run(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / enginefile.FILE_NAME
    path.write_bytes(content)
    enginefile.discard_if_unreadable(tmp_path)
    assert not path.exists() or path.read_bytes() == b""


def test_a_good_file_stays(tmp_path: Path) -> None:
    path = tmp_path / enginefile.FILE_NAME
    connection = sqlite3.connect(path)
    connection.executescript(TABLE + "; INSERT INTO workflow_status VALUES ('x', 'y', 'portable_json')")
    connection.close()
    enginefile.discard_if_unreadable(tmp_path)
    assert path.exists()


@pytest.mark.slow
def test_a_planted_workflow_is_not_unpickled(
    archiver: Archiver,
    site: Site,
    picture: Callable[[int], bytes],
    payload: tuple[str, Path],
) -> None:
    text, marker = payload
    archiver.process("run")  # makes a real engine.db
    connection = sqlite3.connect(archiver.vault / enginefile.FILE_NAME)
    # Without a serialization the file is kept, and DBOS takes our own, which is JSON.
    connection.execute(
        "INSERT INTO workflow_status (workflow_uuid, status, name, inputs, serialization, executor_id,"
        " application_version, recovery_attempts) VALUES ('planted', 'PENDING', 'fetching', ?, NULL, 'slot-0', '1', 0)",
        (text,),
    )
    connection.commit()
    connection.close()
    archiver("add", site.put("/one.png", picture(1), kind="image/png"))
    assert archiver.process("run", "--json").json["archived"] == 1
    assert not marker.exists()
