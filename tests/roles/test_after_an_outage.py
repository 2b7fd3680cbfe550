"""An outage of the delivery role, on the real stack: who was not told, and sending again."""

import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from hub.cli import app
from hub.core.replaying import LeftOut, ReplayState
from hub.edges.directory import load_directory
from hub.ops.settings import environment_of
from hub.store import replays
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.replay_rows import Chosen
from tests.roles.dead_week import ALIVE, DEAD
from tests.roles.outage_rig import County, concealment, county, expected
from tests.store.replay_stage import ADA, BEA

pytestmark = pytest.mark.stack

REPLAYED = 40
TO_ALIVE = Chosen(organisation=ALIVE, channel="webhook")
TAKING_IN_SECONDS = 10.0
"""For an acceptance that the read model has to reach the delivery role as well."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """A hub with two practices; its delivery role runs, unless a test has killed it."""
    with county(tmp_path_factory.mktemp("outage")) as made:
        made.delivery.start()
        yield made
        made.delivery.end(signal.SIGTERM)


def command(hub: County, *words: str) -> tuple[int, Any]:
    """A command as an operator gives it: its exit code, and the document that it prints."""
    answer = CliRunner().invoke(app, [*words, "--json"], env=environment_of(hub.settings))
    assert answer.exception is None or isinstance(answer.exception, SystemExit)
    return answer.exit_code, json.loads(answer.stdout)


def utc(at: datetime) -> str:
    """An instant as the command takes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def test_everybody_who_was_not_told_is_listed_by_risk(hub: County) -> None:
    """What `hub reconcile` lists is what the log of decisions says, in its order."""
    told = [hub.booking(ods) for ods in (DEAD, ALIVE, ALIVE)]
    hub.write(told)
    for ods in (DEAD, ALIVE):
        hub.delivered(ods)
    hub.accept(hub.of(ALIVE, told[1]))
    since = _whole_second()
    hub.delivery.end(signal.SIGKILL)
    hub.places[DEAD].close()
    in_it = [hub.booking(ods) for ods in (DEAD, ALIVE, ALIVE)]
    overdue = [hub.booking(ods, days_ago=10) for ods in (DEAD, ALIVE)]
    hub.write([*in_it, *overdue])
    hub.write(concealment(each, datetime.now(UTC)) for each in (in_it[0], in_it[2]))
    not_sent = hub.booking(ALIVE)
    until = _whole_second()
    hub.write([not_sent])
    after = hub.booking(ALIVE)
    hub.write([after])
    hub.delivery.start()
    hub.delivered(ALIVE)
    hub.accept(hub.of(ALIVE, in_it[1]))
    failing = t.destinations.c.failures_in_a_row > 0
    hub.until(lambda: bool(hub.rows(t.destinations, failing)), "an attempt at who is away")
    _compare(hub, since, until)
    listed = {line["notice_id"] for line in _listed(hub, since, until)}
    standing = {ods: hub.open_now(ods) for ods in (DEAD, ALIVE)}
    for events, organisation, is_listed in (
        (told, DEAD, False),
        (told, ALIVE, False),
        ([in_it[0], overdue[0]], DEAD, True),
        ([in_it[1]], ALIVE, False),
        ([in_it[2], overdue[1], not_sent], ALIVE, True),
        ([after], ALIVE, False),
    ):
        notices = {row.notice_id for row in hub.of(organisation, *events)}
        # A reminder stands for the notice that it reminds of: each duty is listed once.
        wanted = notices & standing[organisation] if is_listed else set()
        assert wanted or (notices and not is_listed), "otherwise this says nothing"
        assert wanted == notices & listed


def _whole_second() -> datetime:
    """Now, with nothing else in the same second: the command takes whole ones."""
    time.sleep(1.1)
    at = datetime.now(UTC).replace(microsecond=0)
    time.sleep(1.1)
    return at


def _listed(hub: County, since: datetime, until: datetime) -> list[dict[str, Any]]:
    code, lines = command(hub, "reconcile", "--from", utc(since), "--to", utc(until))
    assert 1 == code
    found: list[dict[str, Any]] = lines
    return found


def _compare(hub: County, since: datetime, until: datetime) -> None:
    """Wait until both come to the same, because the log is ahead of the read model."""
    wanted: list[tuple[int, datetime, str]] = []
    lines: list[dict[str, Any]] = []
    for _ in range(5):
        wanted = expected(hub.decisions(), since, until)
        lines = _listed(hub, since, until)
        if [name for *_, name in wanted] == [line["notice_id"] for line in lines]:
            break
        time.sleep(1)
    assert [name for *_, name in wanted] == [line["notice_id"] for line in lines]
    assert len({rank for rank, *_ in wanted}) >= 3, "otherwise the order by risk says nothing"
    by_due = sorted(wanted, key=lambda each: each[1:])
    assert by_due != wanted, "otherwise the order could be that of the deadlines alone"


def _answered(hub: County, organisation: str, since: float) -> Counter[str]:
    """How often each notice has come to a practice since an instant."""
    return Counter(name for name, at in hub.places[organisation].answered if at >= since)


def test_what_a_preview_counts_is_what_arrives_again(hub: County) -> None:
    """By the command: as many as it said, each once; and what was accepted is not among them."""
    hub.delivered(ALIVE)
    wanted = hub.open_now(ALIVE)
    accepted = hub.accepted() & {row.notice_id for row in hub.of(ALIVE)}
    assert accepted, "otherwise nothing could be sent to somebody who has accepted"
    code, seen = command(
        hub, "replay", "--by", "operator", "--organisation", ALIVE, "--channel", "webhook"
    )
    assert 0 == code
    began = time.monotonic()
    assert len(wanted) == seen["notices"]
    assert len(accepted) == seen["left_out"]["accepted"]
    deed = ("--act", seen["replay_id"], "--token", seen["token"])
    for _ in range(2):
        code, done = command(hub, "replay", "--by", "operator", *deed)
        assert (0, {"sent_again": seen["notices"]}) == (code, done["came_of"])
        hub.delivered(ALIVE)
    assert dict.fromkeys(wanted, 1) == _answered(hub, ALIVE, began)


def test_acceptances_during_a_replay_are_never_sent_again(
    hub: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people act at once while the practice accepts: each notice goes once more, or not."""
    fresh = [hub.booking(ALIVE) for _ in range(REPLAYED)]
    hub.write(fresh)
    hub.delivered(ALIVE)
    rows = hub.of(ALIVE, *fresh)
    seen = _preview(hub, "rp-during")
    assert len(hub.open_now(ALIVE)) == seen.notices
    before = hub.accept(rows[:5])
    time.sleep(TAKING_IN_SECONDS)
    monkeypatch.setattr(replays, "PIECE", 2)
    _slowly(monkeypatch)
    began = time.monotonic()
    known: dict[str, float] = {}
    accepting = threading.Thread(target=_accept_one_by_one, args=(hub, rows[-15:], known))
    accepting.start()
    _both_act(hub, seen)
    accepting.join()
    hub.delivered(ALIVE)
    again = _answered(hub, ALIVE, began)
    came = _came_of(hub, "rp-during")
    assert {name for name, what in came.items() if what == replays.SENT_AGAIN} == set(again)
    assert {1} == set(again.values())
    assert seen.notices == len(came)
    assert {replays.SENT_AGAIN, LeftOut.ACCEPTED} == set(came.values())
    assert not before & set(again)
    assert known.keys() - set(again), "otherwise nothing was accepted in the middle"
    when = dict(hub.places[ALIVE].answered)
    late = {n: when[n] - known[n] for n in known if n in again and when[n] > known[n]}
    assert all(seconds < TAKING_IN_SECONDS for seconds in late.values()), late
    _rerun_changes_nothing(hub, seen)


def _preview(hub: County, replay_id: str) -> replays.Seen:
    asked = replays.Asked(
        replay_id=replay_id, reason="lost", person_id=ADA.person_id, now=datetime.now(UTC)
    )
    with writing(hub.engine) as conn:
        return replays.preview(conn, load_directory(hub.settings.directory), TO_ALIVE, asked)


def _slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time between two pieces, so that acceptances come in the middle."""
    piece = replays._send_piece

    def slow(*given: Any) -> int:
        time.sleep(1.0)
        return piece(*given)

    monkeypatch.setattr(replays, "_send_piece", slow)


def _accept_one_by_one(hub: County, rows: list[sa.Row[Any]], known: dict[str, float]) -> None:
    for row in reversed(rows):
        hub.accept([row])
        known[row.notice_id] = time.monotonic()


def _act(hub: County, seen: replays.Seen, who: Any) -> Any:
    directory = load_directory(hub.settings.directory)
    now = datetime.now(UTC)
    return replays.act(hub.engine, directory, seen.replay_id, seen.token, who, now)


def _both_act(hub: County, seen: replays.Seen) -> None:
    """The first asks for a second person; then both act at the same time."""
    assert ReplayState.ASKED is _act(hub, seen, ADA)
    others = [threading.Thread(target=_act, args=(hub, seen, who)) for who in (BEA, BEA)]
    for each in others:
        each.start()
    for each in others:
        each.join()


def _came_of(hub: County, replay_id: str) -> dict[str, str]:
    m = t.replay_notices
    with reading(hub.engine) as conn:
        asked = sa.select(m.c.notice_id, m.c.came_of).where(m.c.replay_id == replay_id)
        return {row.notice_id: row.came_of for row in conn.execute(asked)}


def _rerun_changes_nothing(hub: County, seen: replays.Seen) -> None:
    came, began = _came_of(hub, seen.replay_id), time.monotonic()
    assert ReplayState.DONE is _act(hub, seen, BEA)
    hub.delivered(ALIVE)
    assert came == _came_of(hub, seen.replay_id)
    assert Counter() == _answered(hub, ALIVE, began)
