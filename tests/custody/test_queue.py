"""Every row is answered for, duplicates are named, and states change as acts allow, each act with its entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.custody import acquisitions, catalog, queue
from archiver.custody.queue import Asked
from archiver.custody.vault import Vault, create
from archiver.errors import RefusedError, UsageError
from archiver.model import Outcome, State
from tests.vault_story import captured


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = create(tmp_path / "vault", "office-a.example/archive")
    yield made
    made.database.close()


def _asked(name: str, case: str = "", **more: object) -> Asked:
    return Asked(f"https://V.example/{name}", f"https://v.example/{name}", case, **more)  # type: ignore[arg-type]  # test rows


def _add(vault: Vault, *names: str) -> list[str]:
    return [answer.request_id for answer in queue.add(vault, [_asked(name) for name in names])]


def _entries(vault: Vault) -> int:
    return int(vault.database.read().execute("SELECT COUNT(*) FROM entry").fetchone()[0])


def _end(vault: Vault, name: str, outcome: Outcome, reason: str = "", retry_in: float | None = None) -> None:
    request = queue.get(vault, name)
    attempt = captured(vault, name, outcome, reason=reason, attempt=request.attempts + 1)
    acquisitions.record(
        vault, attempt, request=request, retry_in=retry_in, detail={"bytes": 0, "http_status": 0}, final_url=""
    )


def test_every_row_has_its_answer_in_order(vault: Vault) -> None:
    rows = [
        _asked("a"),
        _asked("b"),
        _asked("a"),
        Asked("x", "", refusal="not-a-url", message="no URL"),
        _asked("a", "c"),
    ]
    answers = queue.add(vault, rows)
    assert [answer.asked for answer in answers] == rows
    assert [answer.outcome for answer in answers] == ["queued", "queued", "duplicate", "refused", "queued"]
    assert answers[2].request_id == answers[0].request_id
    assert answers[3].reason == "not-a-url"
    assert len(queue.listing(vault)) == 4


def test_the_url_is_kept_as_given(vault: Vault) -> None:
    (name,) = _add(vault, "a")
    request = queue.get(vault, name)
    assert (request.url, request.canonical_url) == ("https://V.example/a", "https://v.example/a")


def test_a_duplicate_names_the_first_request_and_adds_no_entry(vault: Vault) -> None:
    (first,) = _add(vault, "a")
    before = _entries(vault)
    (answer,) = queue.add(vault, [_asked("a")])
    assert (answer.outcome, answer.request_id, answer.reason) == ("duplicate", first, "already-requested")
    assert _entries(vault) == before


def test_again_queues_what_was_asked_before(vault: Vault) -> None:
    (first,) = _add(vault, "a")
    (answer,) = queue.add(vault, [_asked("a")], again=True)
    assert answer.outcome == "queued"
    assert answer.request_id != first


def test_two_refused_rows_are_two_requests(vault: Vault) -> None:
    row = Asked("ftp://v.example/a", "", refusal="scheme")
    assert [answer.outcome for answer in queue.add(vault, [row, row])] == ["refused", "refused"]
    assert queue.counts(vault)["refused"] == 2


def test_no_rows_are_no_act(vault: Vault) -> None:
    before = _entries(vault)
    assert queue.add(vault, []) == []
    assert _entries(vault) == before


def test_a_batch_with_one_impossible_row_leaves_nothing(vault: Vault) -> None:
    before = _entries(vault)
    with pytest.raises(RefusedError) as caught:
        queue.add(vault, [_asked("a"), _asked("b", note="\ud800")])
    assert caught.value.code == "not-unicode"
    assert (_entries(vault), queue.listing(vault)) == (before, [])


def test_higher_priority_goes_first_then_who_came_first(vault: Vault) -> None:
    answers = queue.add(vault, [_asked("a"), _asked("b", priority=5), _asked("c"), _asked("d", priority=5)])
    a, b, c, d = (answer.request_id for answer in answers)
    assert [request.id for request in queue.due(vault, 10)] == [b, d, a, c]
    assert [request.id for request in queue.due(vault, 2, holding=[b])] == [d, a]


def test_what_a_dead_process_left_running_comes_first(vault: Vault) -> None:
    a, b = _add(vault, "a", "b")
    assert queue.mark_running(vault, b)
    assert [request.id for request in queue.due(vault, 10)] == [b, a]
    queue.release_running(vault)
    assert [request.id for request in queue.due(vault, 10)] == [a, b]


def test_a_later_attempt_is_not_due_before_its_time(vault: Vault) -> None:
    (name,) = _add(vault, "a")
    _end(vault, name, Outcome.FAILURE, "timeout", retry_in=3600)
    assert queue.due(vault, 10) == []
    assert queue.unfinished(vault) == 1
    assert (queue.get(vault, name).state, queue.get(vault, name).attempts) == (State.QUEUED, 1)


def test_what_is_finished_is_not_started(vault: Vault) -> None:
    (name,) = _add(vault, "a")
    _end(vault, name, Outcome.SUCCESS)
    assert not queue.mark_running(vault, name)
    assert queue.cancel(vault, [name]) == []
    assert queue.retry(vault, [name]) == []
    assert queue.unfinished(vault) == 0


def test_cancelling_stops_what_runs_and_retrying_queues_it_again(vault: Vault) -> None:
    (name,) = _add(vault, "a")
    queue.mark_running(vault, name)
    assert queue.cancel(vault, [name]) == [name]
    assert queue.is_cancelled(vault, name)
    assert queue.get(vault, name).reason == "cancelled"
    _end(vault, name, Outcome.FAILURE, "timeout", retry_in=1)
    assert queue.get(vault, name).state is State.CANCELLED
    assert queue.retry(vault, [name]) == [name]
    again = queue.get(vault, name)
    assert (again.state, again.reason, again.next_attempt_at) == (State.QUEUED, "", "")
    assert again.attempts_allowed == again.attempts + vault.settings.limits.attempts


def test_footage_that_was_there_before_the_cancelling_counts(vault: Vault) -> None:
    (name,) = _add(vault, "a")
    queue.cancel(vault, [name])
    _end(vault, name, Outcome.SUCCESS)
    assert queue.get(vault, name).state is State.ARCHIVED


def test_a_row_that_never_was_a_url_is_not_retried(vault: Vault) -> None:
    (answer,) = queue.add(vault, [Asked("x", "", refusal="not-a-url")])
    assert queue.retry(vault, [answer.request_id]) == []


def test_each_change_has_its_entry(vault: Vault) -> None:
    (name,) = _add(vault, "a")
    queue.cancel(vault, [name])
    queue.retry(vault, [name])
    assert len(catalog.entries_about(vault, name)) == 3


def test_a_request_that_is_not_there_is_wrong_usage(vault: Vault) -> None:
    _add(vault, "a")
    before = _entries(vault)
    for act in (queue.cancel, queue.retry):
        with pytest.raises(UsageError, match="rnothing"):
            act(vault, ["rnothing"])
    assert _entries(vault) == before


def test_counts_and_lists_agree(vault: Vault) -> None:
    a, b, _ = _add(vault, "a", "b", "c")
    _end(vault, a, Outcome.FAILURE, "http-404")
    queue.cancel(vault, [b])
    counts = queue.counts(vault)
    assert counts == {"queued": 1, "running": 0, "archived": 0, "failed": 1, "refused": 0, "cancelled": 1}
    assert all(len(queue.listing(vault, state=state)) == count for state, count in counts.items())
    assert queue.failed(vault) == [a]
    assert len(queue.listing(vault, case="")) == 3
    assert queue.listing(vault, case="other") == []
