"""Subscriptions in force: the road, how much travels, pause, end, secrets, and who joins late."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from standardwebhooks import Webhook

from hub.core.model import NoticeReason, Signal
from hub.core.subscribing import NotMoved, SubscriptionSignal, SubscriptionState
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.channels.worklist import WorklistChannel
from hub.edges.directory import directory_from
from hub.edges.records import DecisionRecord
from hub.ops.clock import RealClock
from hub.roles.attempts import Attempts, Means
from hub.roles.queueing import take_in
from hub.roles.subscribed import Subscribed
from hub.store import agreement_reads, agreements, outbox
from hub.store import tables as t
from hub.store.dry_runs import dry_run
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.sealing import Vault
from tests.channels.tools import SECRET
from tests.servers.webhooks import Receiver, receiving
from tests.store.records import GP, HOUR, T0, decision, issued, raised, reached

G = SubscriptionSignal
HUB_SECRET = b"the hub of the tests"
RULES = {"booking.gp": "pregnancy.booked", "weight.gp": "measurement.infant"}
DAY = timedelta(days=1)


@dataclass
class Site:
    """A delivery role in one process, with a clock that the test moves."""

    engine: Engine
    receiver: Receiver
    now: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(minutes=1))
    """The outbox lives in real time; a minute on, whatever is queued is due."""

    def __post_init__(self) -> None:
        self.directory = directory_from({})
        self.vault = Vault(HUB_SECRET)
        self.subscribed = Subscribed(
            self.engine, self.directory, RULES, lambda: self.now, self.vault
        )

    def subscribe(self, **more: object) -> str:
        """A subscription that carries, asked for by Ada and approved by Bea."""
        values: dict[str, object] = {
            "agreement_id": "sub-1",
            "organisation": GP,
            "role": "*",
            "channel": "webhook",
            "address": self.receiver.url,
            "level": "full",
            "events": (),
            "basis": "direct_care",
            "secret": SECRET,
            "expires_at": self.now + 90 * DAY,
            "requested_by": "ada",
            "requested_at": self.now,
        }
        secret, agreement_id = (
            str({**values, **more}[name]) for name in ("secret", "agreement_id")
        )
        more["secret"] = self.vault.seal(agreement_id, secret)
        wanted = agreements.Wanted(**(values | more))  # type: ignore[arg-type]  # fitting values
        with writing(self.engine) as conn:
            agreements.request(conn, wanted)
        for signal in (G.APPROVE, G.TESTED):
            assert isinstance(self.move(signal, wanted.agreement_id), SubscriptionState)
        return wanted.agreement_id

    def move(
        self, signal: SubscriptionSignal, agreement_id: str = "sub-1", **more: object
    ) -> SubscriptionState | NotMoved:
        """Bea moves it on."""
        with writing(self.engine) as conn:
            return agreements.move(conn, agreement_id, signal, "bea", self.now, more)

    def state(self) -> SubscriptionState:
        """Where it stands."""
        with reading(self.engine) as conn:
            return agreements.agreement(conn, "sub-1").state

    def decided(self, *decisions: DecisionRecord) -> None:
        """The projector and the delivery role read decisions."""
        for each in decisions:
            with writing(self.engine) as conn:
                apply_decision(conn, each)
            take_in(self.engine, self.directory, [each], {("hub.decisions", 0): each.seq})

    def deliver(self) -> None:
        """Look at the subscriptions, then try everything that is due."""
        self.subscribed.keep()
        asyncio.run(self._deliver())

    async def _deliver(self) -> None:
        webhook = WebhookChannel(allow_loopback=True, total_seconds=2)
        means = Means(
            engine=self.engine,
            directory=self.directory,
            channels={"webhook": webhook, "worklist": WorklistChannel()},
            core=NoCore(),
            clock=RealClock(),
            now=lambda: self.now,
        )
        with reading(self.engine) as conn:
            places = outbox.due_destinations(conn, self.now)
            due = [d for p in places for d in outbox.due_notices(conn, p, self.now, 100)]
        for each in due:
            await Attempts(means).all([each])
        await webhook.stop()

    def arrived(self) -> list[dict[str, object]]:
        """What came to the subscriber."""
        return [msgspec.json.decode(each.body)["data"] for each in self.receiver.taken]

    def channels(self) -> dict[str, str]:
        """By which channel each notice was last tried."""
        with reading(self.engine) as conn:
            rows = conn.execute(sa.select(t.attempts).order_by(t.attempts.c.n))
            return {row.notice_id: row.destination_id for row in rows}


class NoCore:
    """Nothing is reported here."""

    async def publish_input(self, given: object) -> None:
        """Never called."""
        raise AssertionError(f"these tests tell the core nothing, not {given!r}")


@pytest.fixture
def site(lite: Engine) -> Iterator[Site]:
    """A subscriber's system that really listens."""
    with receiving() as receiver:
        yield Site(lite, receiver)


def notice(n: int, rule: str = "booking.gp", **more: object) -> DecisionRecord:
    """A decision that issues one notice."""
    told = issued(f"n-{n}", f"o-{n}", **more)
    why = msgspec.structs.replace(told.why, rule=rule)
    return decision(n, raised(f"o-{n}"), msgspec.structs.replace(told, why=why))


def test_what_carries_takes_the_road_of_its_own(site: Site) -> None:
    """Before it, and after its end, the hub's own worklist."""
    site.decided(notice(1))
    site.deliver()
    assert ([], {"n-1"}) == (site.arrived(), set(site.channels()))
    site.subscribe()
    site.subscribed.keep()
    site.decided(notice(2))
    site.deliver()
    assert "webhook:sub-1" == site.channels()["n-2"]
    site.move(G.REVOKE)
    site.subscribed.keep()
    site.decided(notice(3))
    site.deliver()
    assert f"worklist:{GP}" == site.channels()["n-3"]


@pytest.mark.parametrize(
    ("level", "title", "lines", "rule"),
    [
        ("full", "Pregnancy booked", 1, "booking.gp"),
        ("summary", "Pregnancy booked", 0, "booking.gp"),
        ("signal", "A notice", 0, ""),
    ],
)
def test_no_more_travels_than_was_agreed(
    site: Site, level: str, title: str, lines: int, rule: str
) -> None:
    """A signal, a summary, or all that the role may have."""
    site.subscribe(level=level)
    site.subscribed.keep()
    site.decided(notice(1))
    site.deliver()
    (came,) = site.arrived()
    assert (title, lines, rule) == (came["title"], len(list(came["content"])), came["rule"])  # type: ignore[call-overload]  # a list in JSON
    assert "n-1" == came["notice_id"]


def test_a_filter_sends_the_others_to_the_worklist(site: Site) -> None:
    """An event type that was not asked for is not silenced."""
    site.subscribe(events=("measurement.infant",))
    site.subscribed.keep()
    site.decided(notice(1), notice(2, "weight.gp"), notice(3, "unknown.rung"))
    site.deliver()
    assert ["n-2"] == [each["notice_id"] for each in site.arrived()]
    assert {f"worklist:{GP}"} == {site.channels()[each] for each in ("n-1", "n-3")}


def test_a_pause_queues_and_ends_by_itself(site: Site) -> None:
    """Nothing is dropped and nothing goes elsewhere."""
    site.subscribe()
    site.subscribed.keep()
    site.move(G.PAUSE)
    site.decided(notice(1))
    site.now += timedelta(hours=agreements.PAUSE_HOURS - 1)
    site.deliver()
    assert ([], SubscriptionState.PAUSED) == (site.arrived(), site.state())
    site.now += 2 * HOUR
    site.deliver()
    assert SubscriptionState.ACTIVE is site.state()
    assert ["n-1"] == [each["notice_id"] for each in site.arrived()]


def test_an_end_is_warned_of_and_honoured(site: Site) -> None:
    """What waited goes to the worklist; nothing more comes to the subscriber."""
    site.subscribe()
    site.subscribed.keep()
    with reading(site.engine) as conn:
        assert [] == agreement_reads.expiring(conn, site.now)
        warned = agreement_reads.expiring(conn, site.now + 61 * DAY)
    assert ["sub-1"] == [each.agreement_id for each in warned]
    site.move(G.PAUSE)
    site.decided(notice(1))
    site.now += 90 * DAY
    site.deliver()
    assert (SubscriptionState.EXPIRED, []) == (site.state(), site.arrived())
    assert {"n-1": f"worklist:{GP}"} == site.channels()


def test_old_and_new_secret_verify_for_a_while(site: Site) -> None:
    """Whichever the subscriber holds; after that only the new one."""
    fresh = "whsec_" + SECRET.removeprefix("whsec_")[::-1].replace("=", "A")
    site.subscribe()
    site.move(G.ROTATE, secret=site.vault.seal("sub-1", fresh))

    def verifies(secret: str) -> bool:
        # As of its own time: the signature is by real time.
        taken = site.receiver.taken[-1]
        try:
            Webhook(secret).verify(taken.body.decode(), taken.headers)
        except Exception:  # noqa: BLE001  whatever it raises, it does not verify
            return False
        return True

    site.subscribed.keep()
    site.decided(notice(1))
    site.deliver()
    assert (True, True) == (verifies(SECRET), verifies(fresh))
    site.now += timedelta(days=agreements.SECRET_DAYS)
    site.subscribed.keep()
    site.decided(notice(2))
    site.deliver()
    assert (False, True) == (verifies(SECRET), verifies(fresh))


def test_a_late_joiner_gets_what_is_true_now_and_not_the_history(site: Site) -> None:
    """Open notices; none that was accepted, replaced or taken back."""
    site.decided(
        notice(1),
        notice(2),
        notice(3),
        decision(4, reached(Signal.ACCEPTED, "n-2", obligation_id="o-2")),
        decision(
            5, issued("n-5", "o-3", reason=NoticeReason.CORRECTED, round=2, in_reply_to="n-3")
        ),
    )
    site.deliver()
    site.subscribe()
    site.deliver()
    site.deliver()
    assert {"n-1", "n-5"} == {each["notice_id"] for each in site.arrived()}
    assert 2 == len(site.arrived())


def test_a_dry_run_counts_by_type(site: Site) -> None:
    """Counts of the past month, by the filter that is asked for."""
    site.decided(
        *(
            msgspec.structs.replace(notice(n, rule), episode_id=f"ep-{n}", seq=1)
            for n, rule in enumerate(["booking.gp"] * 11 + ["weight.gp"] * 12)
        )
    )
    site.subscribe(events=("pregnancy.booked",))
    site.subscribe(agreement_id="sub-2", role="SOCIAL_WORKER")
    with reading(site.engine) as conn:
        counted = [
            dry_run(conn, agreements.agreement(conn, each), since, RULES, site.directory)
            for each, since in (("sub-1", T0 - DAY), ("sub-1", T0 + DAY), ("sub-2", T0 - DAY))
        ]
    assert [{"pregnancy.booked": 11}, {}, {}] == [each.taken for each in counted]
    assert [12, 0, 0] == [each.left for each in counted]
