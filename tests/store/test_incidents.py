"""One destination that fails is one incident, with its children listed."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from typer.testing import CliRunner

from hub.cli import app
from hub.edges.directory import Endpoint
from hub.store import outbox
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.incidents import REMEMBERED, held, incidents
from hub.store.upsert import put_once_many
from tests.store.records import GP, HV, T0, notice_record

MAILBOX = Endpoint(organisation=GP, channel="mesh", destination_id=f"mesh:{GP}")
HOOK = Endpoint(organisation=HV, channel="webhook", destination_id=f"webhook:{HV}")


def queue(engine: Engine, endpoint: Endpoint, many: int, **more: object) -> None:
    """Put notices into the outbox, and the outcome of attempts with them."""
    rows = [
        outbox.queued(notice_record(f"n-{endpoint.channel}-{n}"), endpoint, T0) | more
        for n in range(many)
    ]
    with writing(engine) as conn:
        put_once_many(conn, t.outbox, rows)


def fails(engine: Engine, endpoint: Endpoint, times: int) -> None:
    """The destination has failed so often in a row."""
    row = {"destination_id": endpoint.destination_id, "failures_in_a_row": times}
    with writing(engine) as conn:
        conn.execute(sa.insert(t.destinations).values(**row, paused_until=T0))


def test_ten_thousand_failures_of_one_mailbox_are_one_incident(engine: Engine) -> None:
    """With how many wait and came back, and every child when asked."""
    back = {"state": outbox.OutboxState.EXHAUSTED, "last_reason": "not_collected"}
    queue(engine, MAILBOX, 10_000, **back)
    queue(engine, HOOK, 3, last_reason="timed_out", attempts=1)
    fails(engine, HOOK, 2)
    with reading(engine) as conn:
        first, second = incidents(conn, T0)
        children = held(conn, f"mesh:{GP}", T0, 20_000)
    assert (f"mesh:{GP}", "not_collected", 0, 10_000) == (
        first.destination_id,
        first.reason,
        first.waiting,
        first.came_back,
    )
    assert (f"webhook:{HV}", "timed_out", 3, 0, T0) == (
        second.destination_id,
        second.reason,
        second.waiting,
        second.came_back,
        second.paused_until,
    )
    assert 10_000 == len({child.notice_id for child in children})


def test_a_destination_that_answers_is_no_incident(engine: Engine) -> None:
    """What merely waits its turn is none, and what came back long ago is none any more."""
    queue(engine, HOOK, 3)
    back = {"state": outbox.OutboxState.EXHAUSTED, "last_reason": "gone"}
    queue(engine, MAILBOX, 1, **back)
    with reading(engine) as conn:
        assert [] == incidents(conn, T0 + REMEMBERED + timedelta(hours=1))


def test_the_command_prints_a_line_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1 when there is one; the children with their notice ids, and nobody's name."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    assert (0, "") == _run()
    made = make_engine(url)
    queue(made, HOOK, 2, last_reason="timed_out", attempts=1)
    fails(made, HOOK, 1)
    made.dispose()
    code, printed = _run()
    assert (1, 1) == (code, len(printed.splitlines()))
    assert f"webhook:{HV}  timed_out: 2 wait, 0 came back" in printed
    _, children = _run("--destination", f"webhook:{HV}", "--json")
    assert ["n-webhook-0", "n-webhook-1"] == [one["notice_id"] for one in json.loads(children)]


def test_a_subscription_that_ends_soon_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among the incidents, since somebody must act; one that has ended is none any more."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    made = make_engine(url)
    now = datetime.now(UTC)
    with writing(made) as conn:
        for number, days in enumerate((3, 300)):
            row = {"state": "active", "role": "*", "channel": "kafka", "address": "", "basis": ""}
            row |= {"agreement_id": f"sub-{number}", "organisation": GP, "level": "full"}
            more = {"events": [], "secret": "", "requested_at": now, "requested_by": "ada"}
            ends = {"expires_at": now + timedelta(days=days)}
            conn.execute(sa.insert(t.agreements).values(**row, **more, **ends))
    made.dispose()
    code, printed = _run()
    assert (1, 1) == (code, len(printed.splitlines()))
    assert f"subscription sub-0 of {GP}: ends " in printed
    assert "sub-0" == json.loads(_run("--json")[1])[0]["agreement_id"]


def _run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["incidents", *words])
    return result.exit_code, result.output
