"""Posts to those who publish: signed, in order, again and again, and never more than is proved."""

import asyncio
from datetime import timedelta
from pathlib import Path

from hub.core.model import InputKind
from hub.edges.channels.signed import SignedPosts
from hub.edges.directory import Directory
from hub.ops.settings import Settings
from hub.roles.attempts import Means
from hub.roles.senders import Senders, Sending, senders_of
from hub.store import returns, sender_posts
from hub.store.engine import reading, writing
from hub.store.quarantine import QuarantineState
from hub.store.returns import ReturnLine, Way
from hub.store.sender_posts import PostKind, PostState
from tests.roles.sender_rig import ACCEPTED, NOW, SENT, Rig
from tests.roles.sender_rig import rig as rig  # noqa: PLC0414  a fixture of another file
from tests.web import scene

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


def test_after_two_weeks_it_is_given_up_and_that_shows(rig: Rig) -> None:
    """And an address that is gone for good is not tried again."""
    rig.receiver.answers = [(503, {})]
    rig.decide(SENT, seq=3)
    rig.round()
    rig.now += timedelta(days=15)
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


# --- as the delivery role makes them ----------------------------------------------------------


def means_of(rig: Rig, directory: Directory) -> Means:
    """What the delivery role works with."""
    return Means(
        engine=rig.engine,
        directory=directory,
        channels={},
        core=rig.core,
        clock=rig.clock,
        now=lambda: rig.now,
    )


def test_a_hub_without_addresses_sends_no_posts(rig: Rig, tmp_path: Path) -> None:
    """A contact alone is for people."""
    contact = {"organisation": "RXX", "operations": "bleep 17"}
    settings = Settings(data_dir=tmp_path)
    assert None is senders_of(settings, means_of(rig, scene.directory(senders=(contact,))))


def test_the_delivery_role_sends_what_went_back_and_what_changed(rig: Rig, tmp_path: Path) -> None:
    """With the policy, the schemas and the guard of addresses of its settings."""
    settings = Settings(data_dir=tmp_path, allow_loopback_webhooks=True)
    senders = senders_of(settings, means_of(rig, rig.directory))
    assert senders is not None
    give_back(rig)
    rig.decide(SENT, seq=3)
    asyncio.run(_for_a_moment(senders, rig))
    assert {"coverage.changed"} == {told["type"] for told in rig.told() if "type" in told}
    assert 2 == len(rig.receiver.taken)
    assert (QuarantineState.COLLECTED.value, "posted") == stands(rig)


async def _for_a_moment(senders: Senders, rig: Rig) -> None:
    """Run until both posts have come, and end it as the role does."""
    running = asyncio.create_task(senders.run())
    for _ in range(200):
        await asyncio.sleep(0.05)
        if len(rig.receiver.taken) == 2 and rig.core.inputs:
            break
    await asyncio.sleep(0.3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
