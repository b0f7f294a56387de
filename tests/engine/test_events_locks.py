from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.engine import events, locks
from archiver.errors import BusyError, MachineError

#: NaN is no number that equals itself; no event of ours holds one.
_NUMBERS = {events.Progressed: {"speed": st.floats(allow_nan=False)}, events.Finished: {"retry_in": st.floats(0, 1e9)}}
EVENTS = st.one_of(*(st.builds(kind, **_NUMBERS.get(kind, {})) for kind in events._KINDS.values()))


@given(event=EVENTS)
def test_an_event_crosses_a_pipe_as_one_line(event: events.Event) -> None:
    line = events.to_line(event)
    assert "\n" not in line
    assert events.from_line(line) == event


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", '["Started"]', '["Nothing", {}]', '["Halted", {"x": 1}]', "7", "null"]
)
def test_a_stray_line_is_no_event(line: str) -> None:
    with pytest.raises(ValueError):
        events.from_line(line)


def test_a_run_is_alone_until_it_ends(tmp_path: Path) -> None:
    with locks.the_run(tmp_path):
        with pytest.raises(BusyError, match="another `archiver run`"), locks.the_run(tmp_path):
            pass
        with locks.slot(tmp_path, 0) as name, locks.slot(tmp_path, 1) as other:
            assert (name, other) == ("slot-0", "slot-1")
            with pytest.raises(BusyError), locks.slot(tmp_path, 1):
                pass
    with locks.the_run(tmp_path):
        pass


def test_a_lock_that_cannot_be_made_is_this_machines_error(tmp_path: Path) -> None:
    with pytest.raises(MachineError), locks.the_run(tmp_path / "missing"):
        pass


def test_a_lock_is_not_inherited_and_nobody_else_may_touch_it(tmp_path: Path) -> None:
    with locks.the_run(tmp_path):
        assert stat.S_IMODE(os.stat(tmp_path / locks.RUN_LOCK).st_mode) == 0o600
