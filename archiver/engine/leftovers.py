"""What the engine still holds of earlier runs, and how this run takes it over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dbos import DBOS


def adopt(live: Collection[str]) -> None:
    """Put back in their queues the workflows of executors that this run does not have, such as a fourth of three."""
    for status in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False):
        if status.executor_id not in live:
            DBOS.resume_workflow(status.workflow_id, queue_name=status.queue_name)


def forget_if_stuck(names: Sequence[str], live: Collection[str]) -> None:
    """Drop what the engine thinks of an attempt (its workflows' ids) that it holds for finished and the records do not.

    This is what remains after a crash between the two, or when the process that held the attempt does not come back.
    """
    statuses = [status for name in names if (status := DBOS.get_workflow_status(name)) is not None]
    if any(
        status.status in ("ENQUEUED", "DELAYED") or (status.status == "PENDING" and status.executor_id in live)
        for status in statuses
    ):
        return
    for status in statuses:
        DBOS.delete_workflow(status.workflow_id)
