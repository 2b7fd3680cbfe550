"""What is special about webhooks: the signature, what answers mean, and the limits."""

import time
from datetime import timedelta

import msgspec
import pytest
from standardwebhooks import Webhook

from hub.core.model import Signal
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.channels.webhook import ANSWER_BYTES, WebhookChannel, result_of
from hub.edges.directory import Endpoint
from tests.servers.webhooks import Receiver, receiving
from tests.store.records import GP, notice_record
from tests.store.test_channels import ENDPOINT, SECRET, send


def post(receiver: Receiver, **more: float) -> type_of_result:
    """Send one notice to a receiver."""
    channel = WebhookChannel(allow_loopback=True, total_seconds=more.get("total_seconds", 5.0))
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
        began = time.monotonic()
        result = post(receiver, total_seconds=0.3)
        assert time.monotonic() - began < 1.4
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
