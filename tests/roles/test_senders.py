"""Posts to those who publish: signed, in order, again and again, and never more than is proved."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Engine
from standardwebhooks import Webhook

from hub.core.model import GapState, Input, InputKind, Level, ObligationState, Signal
from hub.core.outcomes import GapClosed, LevelReached, ObligationMet
from hub.edges.access import access_codec
from hub.edges.channels.signed import SignedPosts
from hub.edges.directory import Directory
from hub.edges.publish import Unavailable
from hub.edges.records import DecisionRecord
from hub.edges.schemas import default_schemas
from hub.ops.clock import HeldClock
from hub.policy.loader import load_policy
from hub.roles.coverage_posts import Teller
from hub.roles.deliver import take_in
from hub.roles.senders import Senders, Sending
from hub.store import returns, sender_posts
from hub.store import tables as t
from hub.store.coverage import event_coverage
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.projector import apply_decision
from hub.store.quarantine import QuarantineState
from hub.store.returns import ReturnLine, Way
from hub.store.sender_posts import PostKind, PostState
from tests.channels.tools import SECRET
from tests.house.identities import find_identities
from tests.servers.webhooks import Receiver, receiving
from tests.web import scene

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
POLICY = load_policy()


@dataclass
class Core:
    """Stands where Kafka would."""

    inputs: list[Input] = field(default_factory=list)
    away: bool = False

    async def publish_input(self, given: Input) -> None:
        """Keep it, or be away."""
        if self.away:
            raise Unavailable("Kafka did not confirm in time")
        self.inputs.append(given)


@dataclass
class Rig:
    """The posts of one hub, over its own database, to a real receiver."""

    engine: Engine
    receiver: Receiver
    directory: Directory
    clock: HeldClock
    core: Core = field(default_factory=Core)
    now: datetime = NOW

    def round(self) -> None:
        """One round of looking and sending."""

        async def go() -> None:
            posts = SignedPosts(allow_loopback=True, total_seconds=2)
            teller = Teller(
                engine=self.engine,
                directory=self.directory,
                policy=POLICY,
                codec=access_codec(default_schemas()),
            )
            means = Sending(
                engine=self.engine,
                directory=self.directory,
                posts=posts,
                core=self.core,
                clock=self.clock,
                now=lambda: self.now,
                teller=teller,
                jitter=lambda: 1.0,
            )
            await Senders(means).once()
            await posts.stop()

        asyncio.run(go())

    def decide(self, *outcomes: object, seq: int, folded: bool = True) -> DecisionRecord:
        """A decision, as the delivery role and (if so) the projector read it."""
        record = scene.record(seq, *outcomes)
        take_in(self.engine, self.directory, [record], {})
        if folded:
            with writing(self.engine) as conn:
                apply_decision(conn, record)
        return record

    def told(self) -> list[dict[str, Any]]:
        """What has come, each verified by the reference library."""
        for taken in self.receiver.taken:
            Webhook(SECRET).verify(taken.body, taken.headers)
        return [json.loads(taken.body) for taken in self.receiver.taken]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A hub whose hospital asked for posts about coverage; the booking is decided already."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    engine = make_engine(url)
    with writing(engine) as conn:
        scene.play(conn)
    clock = HeldClock(tmp_path / "clock")
    clock.move(scene.NOW)
    with receiving() as receiver:
        sender = {
            "organisation": "RXX",
            "webhook": receiver.url,
            "secret": SECRET,
            "coverage": True,
        }
        yield Rig(engine, receiver, scene.directory(senders=(sender,)), clock)
    engine.dispose()


def reached(level: Level, signal: Signal, state: ObligationState) -> LevelReached:
    """Evidence about the practice's notice."""
    return LevelReached(
        obligation_id="o-gp",
        notice_id="n-gp",
        signal=signal,
        level=level,
        state=state,
        counts=True,
        organisation="Y00001",
        channel="webhook",
        reached_at=scene.NOW,
    )


def line_of(post: dict[str, Any], role: str) -> dict[str, Any]:
    """What a post says of one role."""
    (line,) = (each for each in post["data"]["changed"] if each["role"] == role)
    return line  # type: ignore[no-any-return]  # it is JSON


SENT = reached(Level.SENT, Signal.SENT, ObligationState.SENT)
ACCEPTED = reached(Level.ACCEPTED, Signal.ACCEPTED, ObligationState.ACCEPTED)


# --- coverage -------------------------------------------------------------------------------


def test_each_step_is_told_once_and_sent_is_not_told(rig: Rig) -> None:
    """Sent, then accepted: two posts, and only the second one says *told*."""
    rig.decide(SENT, seq=3)
    rig.round()
    rig.round()
    met = ObligationMet(obligation_id="o-gp", level=Level.ACCEPTED, met_at=scene.NOW, late=False)
    rig.decide(ACCEPTED, met, seq=4)
    rig.round()
    first, second = rig.told()
    assert ["coverage.changed"] * 2 == [first["type"], second["type"]]
    line = line_of(first, "GP_PRACTICE")
    assert ("sent", False, "sent, not yet accepted") == tuple(
        line[name] for name in ("level", "told", "why_not")
    )
    (line,) = second["data"]["changed"]
    assert ("accepted", True, None) == (line["level"], line["told"], line["why_not"])
    assert ("booked-1", 1) == (second["data"]["event_id"], second["data"]["told"])
    assert [] == find_identities(json.dumps([first, second]), [scene.NHS_NUMBER, scene.FAMILY_NAME])


def test_what_the_read_model_does_not_know_yet_waits(rig: Rig) -> None:
    """The delivery role may be ahead of the projector; nothing is lost by it."""
    record = rig.decide(SENT, seq=3, folded=False)
    rig.round()
    assert [] == rig.told()
    with writing(rig.engine) as conn:
        apply_decision(conn, record)
    rig.round()
    assert 1 == len(rig.told())


def test_a_gap_that_opens_is_told_as_why_not(rig: Rig) -> None:
    """With its owner, as the answer to a question would have it."""
    rig.decide(scene.gap(), seq=3)
    rig.round()
    line = line_of(rig.told()[0], "HV_TEAM")
    assert (["G02"], False) == (
        [gap["code"] for gap in line["gaps"]],
        line["told"],
    )


def test_each_post_is_in_the_log_of_accesses_before_it_goes(rig: Rig) -> None:
    """Even when nobody could be reached."""
    rig.receiver.answers = [(503, {})]
    rig.decide(SENT, seq=3)
    rig.round()
    with reading(rig.engine) as conn:
        rows = conn.execute(sa.select(t.accesses.c.organisation, t.accesses.c.subject_id)).all()
    assert [("RXX", "booked-1")] == [tuple(row) for row in rows]


def test_who_did_not_ask_is_told_nothing(rig: Rig) -> None:
    """Registered for returns alone."""
    sender = {"organisation": "RXX", "webhook": rig.receiver.url, "secret": SECRET}
    rig.directory = scene.directory(senders=(sender,))
    rig.decide(SENT, seq=3)
    rig.round()
    assert [] == rig.told()
    with reading(rig.engine) as conn:
        assert 0 == conn.scalar(sa.select(sa.func.count()).select_from(t.coverage_due))


def test_a_row_that_a_publisher_may_not_know_is_not_in_a_post(rig: Rig) -> None:
    """That a safeguarding midwife was told says that there is a concern; a charity may not know it."""
    charity = replace(rig.directory.organisations["RXX"], kind="voluntary")
    rig.directory.organisations["RXX"] = charity
    team = scene.duty("mh", "SG_MIDWIFE", "RYX")
    told = replace(SENT, obligation_id="o-mh", notice_id="n-mh")
    rig.decide(*team, told, SENT, seq=3)
    rig.round()
    (post,) = rig.told()
    assert {"GP_PRACTICE", "HV_TEAM"} == {line["role"] for line in post["data"]["changed"]}
    with reading(rig.engine) as conn:
        known = {line.role for line in event_coverage(conn, "booked-1")}
    assert "SG_MIDWIFE" in known


def test_a_change_back_is_told_again(rig: Rig) -> None:
    """The same state as before is a change when another was told between."""
    rig.decide(scene.gap(), seq=3)
    rig.round()
    closed = GapClosed(
        gap_id="g-1",
        code="G02",
        role="HV_TEAM",
        state=GapState.CLEARED_LATE,
        closed_at=scene.NOW,
        reason="done",
    )
    sent = reached(Level.SENT, Signal.SENT, ObligationState.SENT)
    rig.decide(closed, seq=4)
    rig.decide(sent, seq=5)
    rig.now += timedelta(seconds=1)
    rig.round()
    assert 2 == len(rig.told())


# --- attempts -------------------------------------------------------------------------------


def test_a_failed_post_is_tried_again_in_order_under_the_same_id(rig: Rig) -> None:
    """Nothing overtakes it."""
    rig.receiver.answers = [(503, {}), (204, {})]
    rig.decide(SENT, seq=3)
    rig.round()
    rig.decide(ACCEPTED, seq=4)
    rig.round()
    assert 1 == len(rig.receiver.taken)
    rig.now += timedelta(minutes=1)
    rig.round()
    ids = [taken.headers["webhook-id"] for taken in rig.receiver.taken]
    assert [ids[0], ids[0]] == ids[:2]
    assert 3 == len(ids)
    assert ["sent", "sent", "accepted"] == [
        told["data"]["changed"][0]["level"] for told in rig.told()
    ]


def test_after_five_days_it_is_given_up_and_that_shows(rig: Rig) -> None:
    """And an address that is gone for good is not tried again."""
    rig.receiver.answers = [(503, {})]
    rig.decide(SENT, seq=3)
    rig.round()
    rig.now += timedelta(days=6)
    rig.round()
    with reading(rig.engine) as conn:
        found = sender_posts.post_about(conn, PostKind.COVERAGE, "booked-1")
    assert (PostState.EXHAUSTED.value, 2) == found


# --- what went back -------------------------------------------------------------------------


def give_back(rig: Rig) -> None:
    """An original goes back over the webhook."""
    kept = scene.quarantined(b"{}")
    line = ReturnLine(
        quarantine_id="q-abc",
        refused_at=kept.received_at,
        organisation="RXX",
        event_id=None,
        reason="schema_violation",
        sentence="",
        way=Way.WEBHOOK,
        returned_at=scene.NOW,
        returned_by="op-1",
    )
    with writing(rig.engine) as conn:
        scene.put_in_quarantine(conn, kept)
        assert returns.give_back(conn, line)
        sender_posts.queue_post(conn, "p-1", "RXX", PostKind.RETURNED, "q-abc", b"{}", NOW)


def stands(rig: Rig) -> tuple[str, str | None]:
    """Where the return stands, and how it ended."""
    with reading(rig.engine) as conn:
        line = returns.return_of(conn, "q-abc")
    assert line is not None
    return line.state, line.ended_how


def test_a_post_that_was_taken_is_collected(rig: Rig) -> None:
    """And the core hears of it, so that the gap may close."""
    give_back(rig)
    rig.receiver.answers = [(500, {}), (204, {})]
    rig.round()
    assert (QuarantineState.RETURNED.value, None) == stands(rig)
    rig.now += timedelta(minutes=1)
    rig.round()
    assert (QuarantineState.COLLECTED.value, "posted") == stands(rig)
    assert [InputKind.REDRIVEN] == [given.kind for given in rig.core.inputs]


def test_while_kafka_is_away_it_is_posted_again(rig: Rig) -> None:
    """A duplicate is better than a gap that nobody may close."""
    give_back(rig)
    rig.core.away = True
    rig.round()
    assert (QuarantineState.RETURNED.value, None) == stands(rig)
    rig.core.away = False
    rig.now += timedelta(minutes=1)
    rig.round()
    assert (QuarantineState.COLLECTED.value, "posted") == stands(rig)
    assert 2 == len(rig.receiver.taken)


def test_an_inner_address_is_never_called(rig: Rig) -> None:
    """As for every webhook: only https and public addresses, unless this is a demonstration."""
    give_back(rig)

    async def go() -> None:
        posts = SignedPosts(allow_loopback=False, total_seconds=2)
        means = Sending(
            engine=rig.engine,
            directory=rig.directory,
            posts=posts,
            core=rig.core,
            clock=rig.clock,
            now=lambda: rig.now,
        )
        await Senders(means).once()
        await posts.stop()

    asyncio.run(go())
    assert [] == rig.receiver.taken
    assert (QuarantineState.RETURNED.value, None) == stands(rig)
