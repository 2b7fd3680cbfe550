"""FHIR subscriptions keep the contract, shake hands, number their events, and beat."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from sqlalchemy import Engine
from standardwebhooks import Webhook

from hub.core.model import Signal
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed
from hub.edges.channels.rest_hook import RestHookChannel
from hub.edges.channels.signed import SignedPosts
from hub.edges.directory import Directory, Endpoint, directory_from
from hub.edges.fhir.subscription import Event, Subscription, signal_of
from hub.roles.heartbeat import beat
from hub.store import subscriptions
from hub.store.engine import make_engine, migrate, reading
from tests.channels.contract import Arrival, Contract, Peer, Trouble
from tests.channels.tools import SECRET, opened, send
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port
from tests.servers.webhooks import Receiver, receiving
from tests.store.records import GP, T0, notice_record

BASE = "https://hub.example"
OWN_ID = f"{GP}.all"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with the subscriptions."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    made = make_engine(url)
    yield made
    made.dispose()


def hook(receiver: Receiver, **more: Any) -> Endpoint:
    """The endpoint of a subscriber on this machine."""
    plain = Endpoint(organisation=GP, channel="fhir", address=receiver.url, secret=SECRET)
    return msgspec.structs.replace(plain, **more)


def channel_over(
    engine: Engine, at: datetime | None = None, seconds: float = PATIENCE_SECONDS
) -> RestHookChannel:
    """The channel, at a time or now."""
    posts = SignedPosts(allow_loopback=True, total_seconds=seconds)
    return RestHookChannel(posts, engine, BASE + "/", lambda: at or datetime.now(UTC))


def bundles(receiver: Receiver) -> list[dict[str, Any]]:
    """What arrived, each verified by the reference library."""
    return [Webhook(SECRET).verify(taken.body, taken.headers) for taken in receiver.taken]


def parameter(bundle: dict[str, Any], name: str) -> Any:
    """The value of one parameter of the status in a bundle."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    found = next(each for each in parameters if each["name"] == name)
    return next((value for key, value in found.items() if key != "name"), None)


def kinds(receiver: Receiver) -> list[str]:
    """The type of each notification that arrived."""
    return [parameter(bundle, "type") for bundle in bundles(receiver)]


def numbers(receiver: Receiver) -> list[str]:
    """The number of each event that arrived, in order."""
    events = [each for each in bundles(receiver) if parameter(each, "type") == "event-notification"]
    return [parameter(each, "notification-event")[0]["valueString"] for each in events]


class _Subscriber(Peer):
    """A subscriber that believes nothing but what the reference library has verified."""

    proves = Signal.DELIVERED

    def __init__(self, receiver: Receiver, engine: Engine) -> None:
        self._receiver, self._engine = receiver, engine

    def make(self) -> tuple[Channel, Endpoint]:
        return channel_over(self._engine, seconds=self.seconds), hook(self._receiver)

    def arrivals(self) -> list[Arrival]:
        events = [
            taken
            for taken, kind in zip(self._receiver.taken, kinds(self._receiver), strict=True)
            if kind == "event-notification"
        ]
        return [
            Arrival(taken.headers["webhook-id"], repr(taken.headers).encode() + taken.body)
            for taken in events
        ]

    def _answering(self, status: int) -> tuple[Channel, Endpoint]:
        self._receiver.answers = [(status, {"retry-after": "7"})]
        return self.make()

    def _hanging(self) -> tuple[Channel, Endpoint]:
        self._receiver.wait_seconds = self.deadline + 1
        return self.make()

    def _dead(self) -> tuple[Channel, Endpoint]:
        closed = f"http://127.0.0.1:{reserved_port()}/hook"
        channel, endpoint = self.make()
        return channel, msgspec.structs.replace(endpoint, address=closed)

    def troubles(self) -> list[Trouble]:
        reason, wait = DeliveryReason, timedelta(seconds=7)
        return [
            Trouble("refused", lambda: self._answering(400), reason.REJECTED),
            Trouble("refused", lambda: self._answering(410), reason.GONE, retry=False),
            Trouble("later", lambda: self._answering(503), reason.THEIR_ERROR, wait=wait),
            Trouble("dead", self._dead, reason.UNREACHABLE),
            Trouble("hanging", self._hanging, reason.TIMED_OUT),
        ]


class TestRestHook(Contract):
    """The whole contract, against a subscriber on this machine."""

    @pytest.fixture
    def peer(self, engine: Engine) -> Iterator[Peer]:
        """A subscriber of its own."""
        with receiving() as receiver:
            yield _Subscriber(receiver, engine)


def test_an_address_shakes_hands_once_before_its_first_event(engine: Engine) -> None:
    """Also over a restart; a new address shakes hands anew and the numbers go on."""
    with receiving() as receiver, receiving() as moved:
        for notice_id in ("n-1", "n-2"):
            send(channel_over(engine), hook(receiver), notice_record(notice_id))
        send(channel_over(engine), hook(moved), notice_record("n-3"))
        assert ["handshake", "event-notification", "event-notification"] == kinds(receiver)
        assert ["handshake", "event-notification"] == kinds(moved)
        assert ["1", "2", "3"] == numbers(receiver) + numbers(moved)
        first = bundles(receiver)[0]
    assert ("requested", "0") == (
        parameter(first, "status"),
        parameter(first, "events-since-subscription-start"),
    )
    assert 1 == len(first["entry"])


def test_an_address_that_refuses_the_handshake_gets_no_event(engine: Engine) -> None:
    """The notice waits, and shakes hands again with its next attempt."""
    with receiving() as receiver:
        receiver.answers = [(403, {}), (204, {})]
        first, second = send(channel_over(engine), hook(receiver), notice_record(), notice_record())
        assert ["handshake", "handshake", "event-notification"] == kinds(receiver)
    assert Failed(DeliveryReason.REJECTED, http_status=403) == first
    assert Delivered(Signal.DELIVERED, 204) == second


def test_a_retry_keeps_its_number(engine: Engine) -> None:
    """So a number that is missing at the subscriber is a notice it has not got."""
    with receiving() as receiver:
        receiver.answers = [(204, {}), (503, {}), (204, {})]
        notices = [notice_record("n-1"), notice_record("n-1"), notice_record("n-2")]
        send(channel_over(engine), hook(receiver), *notices)
        assert ["1", "1", "2"] == numbers(receiver)


def test_an_event_carries_what_the_endpoint_wants(engine: Engine) -> None:
    """The whole notice, or only where it is; the reference is the same."""
    with receiving() as receiver:
        send(channel_over(engine), hook(receiver), notice_record("n-1"))
        send(channel_over(engine), hook(receiver, payload="id-only"), notice_record("n-2"))
        _, full, by_id = bundles(receiver)
        raw = receiver.taken[-1].body
    told = full["entry"][1]
    assert (f"{BASE}/fhir/Communication/n-1", "n-1") == (told["fullUrl"], told["resource"]["id"])
    assert "Due date: 2027-05-01" == told["resource"]["payload"][0]["contentString"]
    assert 1 == len(by_id["entry"])
    focus = parameter(by_id, "notification-event")[2]
    assert f"{BASE}/fhir/Communication/n-2" == focus["valueReference"]["reference"]
    assert b"2027-05-01" not in raw
    assert b"Pregnancy" not in raw


def test_a_subscription_in_error_says_so_and_recovers(engine: Engine) -> None:
    """By itself, with the next thing that gets through."""
    with receiving() as receiver:
        send(channel_over(engine), hook(receiver), notice_record("n-1"))
        receiver.answers = [(500, {}), (204, {})]
        send(channel_over(engine), hook(receiver), notice_record("n-2"))
        assert subscriptions.Standing.ERROR is standing(engine, receiver)
        send(channel_over(engine), hook(receiver), notice_record("n-2"))
        assert subscriptions.Standing.ACTIVE is standing(engine, receiver)


def standing(engine: Engine, receiver: Receiver) -> subscriptions.Standing:
    """Where the subscription stands."""
    with reading(engine) as conn:
        return subscriptions.going(conn, OWN_ID, receiver.url).standing


def beats(engine: Engine, directory: Directory, at: datetime) -> None:
    """One look at who has been left in silence."""

    async def go() -> None:
        async with opened(channel_over(engine, at)) as channel:
            assert isinstance(channel, RestHookChannel)
            await beat(channel, directory)

    asyncio.run(go())


def test_silence_is_broken_by_a_heartbeat(engine: Engine) -> None:
    """After the agreed time and not before, not before the handshake, and never without need."""
    with receiving() as receiver:
        wanted = hook(receiver, heartbeat_minutes=10)
        directory = directory_from({"endpoint": [msgspec.to_builtins(wanted)]})
        beats(engine, directory, T0)
        send(channel_over(engine, T0), wanted, notice_record("n-1"))
        beats(engine, directory, T0 + timedelta(minutes=9))
        assert ["handshake", "event-notification"] == kinds(receiver)
        beats(engine, directory, T0 + timedelta(minutes=10))
        beats(engine, directory, T0 + timedelta(minutes=11))
        assert ["handshake", "event-notification", "heartbeat"] == kinds(receiver)
        last = bundles(receiver)[-1]
    assert ("active", "1") == (
        parameter(last, "status"),
        parameter(last, "events-since-subscription-start"),
    )


def test_without_an_agreed_heartbeat_there_is_none(engine: Engine) -> None:
    """Silence says nothing then."""
    with receiving() as receiver:
        quiet = hook(receiver)
        directory = directory_from({"endpoint": [msgspec.to_builtins(quiet)]})
        send(channel_over(engine, T0), quiet, notice_record("n-1"))
        beats(engine, directory, T0 + timedelta(days=1))
        assert "heartbeat" not in kinds(receiver)


# --- in the form of MNS -----------------------------------------------------------------------

SAMPLES = os.environ.get("SAMPLES", "")
SCHEMA = Path(SAMPLES) / "mns-fhirsignal.schema.json"


def test_a_signal_says_where_and_nothing_of_whom(engine: Engine) -> None:
    """As MNS has it: five parameters, the type of the event, and no number of a person."""
    with receiving() as receiver:
        send(channel_over(engine), hook(receiver, payload="mns"), notice_record("n-1"))
        _, signal = bundles(receiver)
    parameters = signal["entry"][0]["resource"]["parameter"]
    assert ["subscription", "status", "type", "notification-event", "additional-context"] == [
        each["name"] for each in parameters
    ]
    assert "perinatal-notice-issued-1" == parameters[4]["part"][0]["valueString"]


@pytest.mark.skipif(not SAMPLES, reason="SAMPLES names no folder with third-party schemas")
def test_a_signal_is_valid_by_the_schema_of_mns() -> None:
    """Theirs, read where it lies; and the schema does refuse what is not in its form."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    judge = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    endpoint = Endpoint(organisation=GP, channel="fhir", address="https://gp.example/hook")
    going = Subscription(endpoint=endpoint, base=BASE, standing="active", events=4)
    signal = signal_of(going, Event(number=4, at=T0, notice=notice_record("n-1")))
    assert [] == [each.message for each in judge.iter_errors(signal)]
    signal["entry"][0]["resource"]["parameter"].pop()
    assert [] != list(judge.iter_errors(signal))
