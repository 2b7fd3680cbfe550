"""Webhooks: the contract, the signature, what answers mean, and the limits."""

import base64
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from hub.core.model import Signal
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.channels.signed import ANSWER_BYTES, result_of
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.directory import Endpoint
from tests.channels.contract import Arrival, Contract, Peer, Trouble
from tests.channels.tools import ENDPOINT, SECRET, send
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port
from tests.servers.webhooks import Receiver, receiving
from tests.stopwatch import Stopwatch
from tests.store.records import GP, notice_record

NEXT_SECRET = "whsec_" + base64.b64encode(b"made up for the next year").decode()


class _Hook(Peer):
    """A receiver that believes nothing but what the reference library has verified."""

    proves = Signal.DELIVERED

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def make(self) -> tuple[Channel, Endpoint]:
        return self._to(self._receiver.url)

    def _to(self, url: str) -> tuple[Channel, Endpoint]:
        channel = WebhookChannel(allow_loopback=True, total_seconds=self.seconds)
        return channel, msgspec.structs.replace(ENDPOINT, address=url)

    def arrivals(self) -> list[Arrival]:
        for taken in self._receiver.taken:
            Webhook(SECRET).verify(taken.body, taken.headers)
        return [
            Arrival(taken.headers["webhook-id"], repr(taken.headers).encode() + taken.body)
            for taken in self._receiver.taken
        ]

    def _answering(self, status: int, **headers: str) -> tuple[Channel, Endpoint]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._receiver.answers = [(status, named)]
        return self.make()

    def _hanging(self) -> tuple[Channel, Endpoint]:
        self._receiver.wait_seconds = self.deadline + 1
        return self.make()

    def troubles(self) -> list[Trouble]:
        closed = f"http://127.0.0.1:{reserved_port()}/hook"
        later = {"wait": timedelta(seconds=7)}
        return [
            Trouble("refused", lambda: self._answering(400), DeliveryReason.REJECTED),
            Trouble("refused", lambda: self._answering(410), DeliveryReason.GONE, retry=False),
            Trouble(
                "later",
                lambda: self._answering(429, retry_after="7"),
                DeliveryReason.TOO_MANY,
                **later,
            ),
            Trouble(
                "later",
                lambda: self._answering(503, retry_after="7"),
                DeliveryReason.THEIR_ERROR,
                **later,
            ),
            Trouble("dead", lambda: self._to(closed), DeliveryReason.UNREACHABLE),
            Trouble("hanging", self._hanging, DeliveryReason.TIMED_OUT),
        ]


class TestWebhook(Contract):
    """The whole contract, against a receiver on this machine."""

    @pytest.fixture
    def peer(self) -> Iterator[Peer]:
        """A receiver of its own."""
        with receiving() as receiver:
            yield _Hook(receiver)


def post(receiver: Receiver, **more: float) -> type_of_result:
    """Send one notice to a receiver."""
    channel = WebhookChannel(
        allow_loopback=True, total_seconds=more.get("total_seconds", PATIENCE_SECONDS)
    )
    endpoint = msgspec.structs.replace(ENDPOINT, address=receiver.url)
    (result,) = send(channel, endpoint, notice_record())
    return result


def test_a_webhook_is_signed_as_the_standard_says() -> None:
    """The reference library accepts it, and the body is the notice."""
    with receiving() as receiver:
        assert Delivered(Signal.DELIVERED, 204) == post(receiver)
    (taken,) = receiver.taken
    body = Webhook(SECRET).verify(taken.body, taken.headers)
    assert ("notice.issued", "n-1", GP) == (
        body["type"],
        body["data"]["notice_id"],
        body["data"]["organisation"],
    )
    assert ("n-1", f"127.0.0.1:{receiver.port}") == (
        taken.headers["webhook-id"],
        taken.headers["host"],
    )


@pytest.mark.parametrize(
    ("status", "reason", "retry"),
    [
        pytest.param(301, DeliveryReason.REDIRECTED, True, id="a redirect is not followed"),
        pytest.param(400, DeliveryReason.REJECTED, True, id="a refusal may be mended in days"),
        pytest.param(410, DeliveryReason.GONE, False, id="gone is for good"),
        pytest.param(429, DeliveryReason.TOO_MANY, True, id="too many"),
        pytest.param(503, DeliveryReason.THEIR_ERROR, True, id="their error"),
    ],
)
def test_what_an_answer_means(status: int, reason: DeliveryReason, *, retry: bool) -> None:
    """Each status has one reason, and only 'gone' is final."""
    with receiving() as receiver:
        receiver.answers = [(status, {"location": receiver.url})]
        result = post(receiver)
    assert isinstance(result, Failed)
    assert (reason, retry, status) == (result.reason, result.retry, result.http_status)
    assert 1 == len(receiver.taken)


def test_retry_after_is_heeded_within_reason() -> None:
    """Seconds up to an hour; a date or nonsense is passed over."""
    waits = [result_of(429, value) for value in ("7", "999999999999", "Wed, 21 Oct", "-1", None)]
    expected = [timedelta(seconds=7), timedelta(hours=1), None, None, None]
    assert expected == [each.wait for each in waits if isinstance(each, Failed)]


def test_a_slow_answer_is_cut_off() -> None:
    """The whole attempt has one time limit."""
    with receiving() as receiver:
        receiver.wait_seconds = 1.5
        with Stopwatch() as watch:
            result = post(receiver, total_seconds=0.3)
        assert watch.seconds < 1.4
    assert Failed(DeliveryReason.TIMED_OUT) == result


def test_a_large_answer_is_not_read_whole() -> None:
    """Its status counts; the rest is left unread."""
    with receiving() as receiver:
        receiver.answers, receiver.body = [(200, {})], b"x" * (ANSWER_BYTES * 64)
        assert Delivered(Signal.DELIVERED, 200) == post(receiver)


def test_without_a_secret_nothing_is_sent() -> None:
    """An unsigned notice could be anybody's."""
    with receiving() as receiver:
        unsigned = Endpoint(organisation=GP, channel="webhook", address=receiver.url)
        results = send(WebhookChannel(allow_loopback=True), unsigned, notice_record())
    assert ([Failed(DeliveryReason.NO_SECRET)], []) == (results, receiver.taken)


@pytest.mark.parametrize("held", [SECRET, NEXT_SECRET], ids=["the old", "the new"])
def test_while_a_secret_is_changed_both_are_good(held: str) -> None:
    """The recipient may change at any moment of the change, and a third secret never passes."""
    with receiving() as receiver:
        changing = msgspec.structs.replace(
            ENDPOINT, address=receiver.url, secret=NEXT_SECRET, secret_before=SECRET
        )
        send(WebhookChannel(allow_loopback=True), changing, notice_record())
    (taken,) = receiver.taken
    assert "n-1" == Webhook(held).verify(taken.body, taken.headers)["data"]["notice_id"]
    third = "whsec_" + base64.b64encode(b"nobody's").decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(third).verify(taken.body, taken.headers)


def test_after_the_change_the_old_secret_is_worth_nothing() -> None:
    """Taking away the old row is all it takes."""
    with receiving() as receiver:
        changed = msgspec.structs.replace(ENDPOINT, address=receiver.url, secret=NEXT_SECRET)
        send(WebhookChannel(allow_loopback=True), changed, notice_record())
    (taken,) = receiver.taken
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(taken.body, taken.headers)


class _Names:
    """A name server whose answer for one name changes with each question."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = list(answers)
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._ask)

    def _ask(self, host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host != "rebound.example":
            return self._real(host, port, *rest, **more)
        self.asked += 1
        answer = self._answers.pop(0)
        return [found for each in answer for found in self._real(each, port, *rest, **more)]


def test_a_name_that_flips_is_called_where_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the name is asked once; whatever it would say next, nobody asks."""
    with receiving() as receiver:
        names = _Names(monkeypatch, ["127.0.0.1"], ["10.0.0.7"])
        flipping = msgspec.structs.replace(
            ENDPOINT, address=f"http://rebound.example:{receiver.port}/hook"
        )
        (result,) = send(WebhookChannel(allow_loopback=True), flipping, notice_record())
    assert Delivered(Signal.DELIVERED, 204) == result
    assert 1 == names.asked
    assert [f"rebound.example:{receiver.port}"] == [t.headers["host"] for t in receiver.taken]


@pytest.mark.parametrize(
    "answer",
    [["10.0.0.7"], ["93.184.216.34", "127.0.0.1"], ["169.254.169.254"], ["fd00:ec2::254"]],
    ids=["private", "one of two is our own", "cloud metadata", "private in IPv6"],
)
def test_a_name_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, answer: list[str]
) -> None:
    """One address that is not public is enough; nothing is sent, and the answer names none."""
    names = _Names(monkeypatch, answer)
    inside = msgspec.structs.replace(ENDPOINT, address="https://rebound.example/hook")
    (result,) = send(WebhookChannel(), inside, notice_record())
    assert (Failed(DeliveryReason.ADDRESS_REFUSED), 1) == (result, names.asked)


def test_a_redirect_leads_nowhere() -> None:
    """To our own insides least of all: the second address is never called."""
    with receiving() as receiver, receiving() as inside:
        receiver.answers = [(307, {"location": inside.url})]
        result = post(receiver)
    assert Failed(DeliveryReason.REDIRECTED, http_status=307) == result
    assert (1, 0) == (len(receiver.taken), len(inside.taken))
