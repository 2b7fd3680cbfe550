"""Topic-based subscriptions of FHIR R5 in R4 (Subscriptions R5 Backport): what is sent and asked.

A subscription is one endpoint of the directory.  A notification is a history bundle whose first
entry says where the subscription stands; events are numbered from 1 within a subscription, so that
a subscriber sees what it has missed and asks for it with `$events`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from hub.edges.directory import Endpoint
from hub.edges.fhir.notice import communication_of, instant, resource_id
from hub.edges.records import NoticeRecord

GUIDE: Final = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
STATUS_PROFILE: Final = GUIDE + "backport-subscription-status-r4"
BUNDLE_PROFILE: Final = GUIDE + "backport-subscription-notification-r4"
EVENT_TYPE: Final = "perinatal-notice-issued-1"
"""In the form of MNS; the national list has no type for a notice."""

CONTENT_TYPE: Final = "application/fhir+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One numbered event of a subscription; without a notice when nothing may be said of it."""

    number: int
    at: datetime
    notice: NoticeRecord | None
    whole: bool = True
    """Whether the notice itself may be given, where whole notices are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as its subscriber sees it."""

    endpoint: Endpoint
    base: str
    """Where the gateway is for subscribers, without the last slash."""
    standing: str
    """requested, active or error."""
    events: int
    """The number of the newest event."""

    @property
    def own_id(self) -> str:
        """The id of the Subscription."""
        return subscription_id(self.endpoint)

    @property
    def url(self) -> str:
        """The address of the Subscription."""
        return f"{self.base}/fhir/Subscription/{self.own_id}"

    @property
    def topic(self) -> str:
        """The canonical address of the one topic there is: notices."""
        return f"{self.base}/fhir/SubscriptionTopic/notice"


_AGREED: Final = re.compile(r"fhir:(sub-[0-9a-z-]{1,40})")


def subscription_id(endpoint: Endpoint) -> str:
    """The id of the subscription that an endpoint is, in the characters of a FHIR id.

    One that was agreed on a page has the id of its page, since there may be several for one role;
    each numbers its own events.
    """
    if (agreed := _AGREED.fullmatch(endpoint.destination_id)) is not None:
        return agreed[1]
    role = "all" if endpoint.role == "*" else endpoint.role
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{endpoint.organisation}.{role}")[:64]


def resource_of(subscription: Subscription) -> dict[str, Any]:
    """The Subscription itself, without its secret."""
    endpoint = subscription.endpoint
    return {
        "resourceType": "Subscription",
        "id": subscription.own_id,
        "meta": {"profile": [GUIDE + "backport-subscription"]},
        "status": subscription.standing,
        "reason": "Notices that this organisation must have",
        "criteria": subscription.topic,
        "channel": {
            "extension": _heartbeat(endpoint),
            "type": "rest-hook",
            "endpoint": endpoint.address,
            "payload": CONTENT_TYPE,
            "_payload": {
                "extension": [
                    {"url": GUIDE + "backport-payload-content", "valueCode": _content(endpoint)}
                ]
            },
        },
    }


def _content(endpoint: Endpoint) -> str:
    return "full-resource" if endpoint.payload == "full-resource" else "id-only"


def _heartbeat(endpoint: Endpoint) -> list[dict[str, Any]]:
    seconds = endpoint.heartbeat_minutes * 60
    url = GUIDE + "backport-heartbeat-period"
    return [{"url": url, "valueUnsignedInt": seconds}] if seconds else []


def status_of(
    subscription: Subscription, kind: str, events: Sequence[Event] = ()
) -> dict[str, Any]:
    """The status of a subscription as Parameters; `kind` is a type of notification."""
    parts: list[dict[str, Any]] = [
        {"name": "subscription", "valueReference": {"reference": subscription.url}},
        {"name": "topic", "valueCanonical": subscription.topic},
        {"name": "status", "valueCode": subscription.standing},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(subscription.events)},
    ]
    parts += [_event(subscription, each) for each in events]
    about = "/".join(str(each.number) for each in events)
    return {
        "resourceType": "Parameters",
        "id": resource_id(f"{subscription.url}/{kind}/{subscription.events}/{about}", "Status"),
        "meta": {"profile": [STATUS_PROFILE]},
        "parameter": parts,
    }


def _event(subscription: Subscription, event: Event) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"name": "event-number", "valueString": str(event.number)},
        {"name": "timestamp", "valueInstant": instant(event.at)},
    ]
    if event.notice is not None:
        focus = {"reference": _address(subscription, event.notice), "type": "Communication"}
        parts.append({"name": "focus", "valueReference": focus})
    return {"name": "notification-event", "part": parts}


def _address(subscription: Subscription, notice: NoticeRecord) -> str:
    return f"{subscription.base}/fhir/Communication/{notice.notice_id}"


def bundle_of(
    subscription: Subscription,
    kind: str,
    at: datetime,
    events: Sequence[Event] = (),
    *,
    content: str = "id-only",
) -> dict[str, Any]:
    """A notification: handshake, heartbeat, event-notification, or the answer to `$events`."""
    said = status_of(subscription, kind, events)
    entries: list[dict[str, Any]] = [_status_entry(subscription, said)]
    if content == "full-resource":
        entries += [
            _resource_entry(subscription, each.notice)
            for each in events
            if each.notice is not None and each.whole
        ]
    return {
        "resourceType": "Bundle",
        "id": resource_id(said["id"], "Bundle"),
        "meta": {"profile": [BUNDLE_PROFILE]},
        "type": "history",
        "timestamp": instant(at),
        "entry": entries,
    }


def _status_entry(subscription: Subscription, said: dict[str, Any]) -> dict[str, Any]:
    return {
        "fullUrl": f"urn:uuid:{said['id']}",
        "resource": said,
        "request": {"method": "GET", "url": f"{subscription.url}/$status"},
        "response": {"status": "200"},
    }


def _resource_entry(subscription: Subscription, notice: NoticeRecord) -> dict[str, Any]:
    return {
        "fullUrl": _address(subscription, notice),
        "resource": communication_of(notice, notice.notice_id),
        "request": {"method": "POST", "url": "Communication"},
        "response": {"status": "201"},
    }


def signal_of(subscription: Subscription, event: Event) -> dict[str, Any]:
    """One event as a signal in the form of MNS: that something is there, and where.

    The subject is left out: it would be an NHS number, and the notice behind the link has it for
    those who may see it.  MNS numbers no events; the number stands in `$events`.
    """
    assert event.notice is not None, "a signal is sent for a notice"
    said = {
        "resourceType": "Parameters",
        "id": resource_id(f"{subscription.url}/{event.number}", "Signal"),
        "meta": {"profile": [STATUS_PROFILE]},
        "parameter": _signal(subscription, event, _address(subscription, event.notice)),
    }
    asked = {"method": "GET", "url": subscription.url}
    return {
        "resourceType": "Bundle",
        "id": resource_id(event.notice.notice_id, "SignalBundle"),
        "type": "history",
        "timestamp": instant(event.at),
        "entry": [_status_entry(subscription, said) | {"request": asked}],
    }


def _signal(subscription: Subscription, event: Event, address: str) -> list[dict[str, Any]]:
    happened = [
        {"name": "event-number", "valueString": "1"},
        {"name": "timestamp", "valueInstant": instant(event.at)},
        {"name": "focus", "valueReference": {"reference": address}},
    ]
    context = [
        {"name": "event-type", "valueString": EVENT_TYPE},
        {"name": "source", "valueUri": subscription.base},
    ]
    return [
        {"name": "subscription", "valueReference": {"reference": subscription.url}},
        {"name": "status", "valueCode": "active"},
        {"name": "type", "valueCode": "event-notification"},
        {"name": "notification-event", "part": happened},
        {"name": "additional-context", "part": context},
    ]


def event_body(subscription: Subscription, event: Event) -> bytes:
    """What is posted for an event, as the endpoint wants it."""
    payload = subscription.endpoint.payload
    if payload == "mns":
        return msgspec.json.encode(signal_of(subscription, event))
    whole = bundle_of(subscription, "event-notification", event.at, [event], content=payload)
    return msgspec.json.encode(whole)
