"""What cannot be decided: its own reason at the door, and whole in quarantine with an owner."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from confluent_kafka import Producer
from msgspec.structs import replace

from hub.core.outcomes import GapOpened
from hub.demo.judge import read_decisions
from hub.demo.stage import demo_key
from hub.edges.avro import encode_event, event_from_json
from hub.ops.clock import RealClock
from hub.ops.settings import Settings
from hub.store import tables as t
from tests.acceptance.people import LONDON, booking, iso, just_now, now
from tests.acceptance.upped import Up, soon
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.stack

WRONG_NUMBER = "9990000019"
LARGE = "x" * (260 * 1024)


def days(number: int) -> str:
    """A day so far from that of a booking, which is the one in London: a UTC day ends later."""
    return (just_now().astimezone(LONDON).date() + timedelta(days=number)).isoformat()


def later(**span: float) -> str:
    """An instant so far from now."""
    return iso(now() + timedelta(**span))


OVER_HTTPS: dict[str, tuple[Callable[[int], dict[str, Any] | bytes], int, str, str | None]] = {
    "not-json": (lambda n: b'{"id": "acc-%d", ' % n, 422, "unparseable", None),
    "not-text": (lambda n: b"\xff\xfe%d" % n, 422, "unparseable", None),
    "oversize": (lambda n: booking(n, data__sharing_ref=LARGE), 413, "oversize", None),
    "wrong-nhs-number": (
        lambda n: booking(n, subject__nhs_number=WRONG_NUMBER),
        422,
        "nhs_number_invalid",
        "subject.nhs_number",
    ),
    "unknown-type": (
        lambda n: booking(n, type="pregnancy.imagined"),
        422,
        "unknown_event_type",
        "type",
    ),
    "field-missing": (lambda n: booking(n, data__edd=None), 422, "schema_violation", "data.edd"),
    "field-of-another-kind": (
        lambda n: booking(n, data__parity="none"),
        422,
        "schema_violation",
        "data.parity",
    ),
    "field-too-many": (
        lambda n: booking(n, data__colour="red"),
        422,
        "schema_violation",
        "data.colour",
    ),
    "another-organisation": (
        lambda n: booking(n, source="RYX:HV_SYSTEM"),
        403,
        "not_your_organisation",
        "source",
    ),
    "due-too-late": (
        lambda n: booking(n, data__edd=days(302)),
        422,
        "due_date_out_of_range",
        "data.edd",
    ),
    "due-long-ago": (
        lambda n: booking(n, data__edd=days(-16)),
        422,
        "due_date_out_of_range",
        "data.edd",
    ),
    "from-the-future": (
        lambda n: booking(n, time=later(minutes=10)),
        422,
        "from_the_future",
        "time",
    ),
    "before-every-episode": (
        lambda n: booking(n, time="1999-12-31T23:59:59Z"),
        422,
        "before_episode",
        "time",
    ),
}
"""How each is made, and the status, reason and field of its answer."""


@pytest.mark.parametrize("case", OVER_HTTPS)
def test_a_door_says_why_and_keeps_it_whole(up: Up, case: str) -> None:
    """Over HTTPS: status, reason, field and remedy; the bytes, the owner and the count inside."""
    make, status, reason, field = OVER_HTTPS[case]
    made = make(100 + list(OVER_HTTPS).index(case))
    sent = made if isinstance(made, bytes) else json.dumps(made).encode()
    answer = up.post(sent)
    problem = answer.json()
    assert (status, reason, field) == (answer.status_code, problem["reason"], problem["field"])
    assert problem["remedy"]
    kept = up.kept(problem["quarantine_id"])
    assert sent == kept["original"]
    assert (reason, "HUB_OPERATOR", "https") == (kept["reason"], kept["owner"], kept["door"])


def test_quarantine_is_counted_by_reason(up: Up) -> None:
    """`hub_quarantine_depth` says for each reason how many wait, and agrees with the table."""
    assert 422 == up.post(b"no event").status_code
    assert 422 == up.post(booking(98, time=later(minutes=10))).status_code

    def shown() -> bool:
        q = t.quarantine
        asked = sa.select(q.c.reason, sa.func.count()).where(q.c.state == "open").group_by("reason")
        waiting = dict(up.read(lambda conn: [(r, n) for r, n in conn.execute(asked)]))
        return {"unparseable", "from_the_future"} <= waiting.keys() and all(
            many == up.metric("project", f'hub_quarantine_depth{{reason="{reason}"}}')
            for reason, many in waiting.items()
        )

    assert soon(shown)


def test_far_more_than_an_event_is_refused_and_not_kept(up: Up) -> None:
    """A megabyte is refused while it is read, and the answer says that nothing was kept."""
    answer = up.post(b" " * 1_000_001)
    assert (413, "oversize") == (answer.status_code, answer.json()["reason"])
    assert "nothing was kept" in answer.json()["detail"]


def test_nobody_without_a_key_gets_in(up: Up) -> None:
    """No key, a key of nobody, and a demonstration's key of an unknown organisation."""
    for key in ("", "Bearer nothing", f"Bearer {demo_key('RQQ')}"):
        headers = {"authorization": key} if key else {}
        answer = httpx.post(
            f"{up.page}/events", json=booking(90), headers=headers, timeout=PATIENCE_SECONDS
        )
        assert (401, "not_authenticated") == (answer.status_code, answer.json()["reason"])


def test_what_is_older_than_its_episode_waits_for_a_person(up: Up) -> None:
    """The door cannot know; the identity agent does, and keeps it."""
    first = booking(80)
    assert 202 == up.post(first).status_code
    assert soon(lambda: up.coverage(first["id"]))
    old = booking(80, "old", time=later(days=-270))
    old["type"] = "concern.raised"
    old["purpose"] = "safeguarding"
    old["data"] = {
        "code": "neglect",
        "severity": "low",
        "about": "household",
        "basis_text": "invented",
        "action": "discuss",
    }
    assert 202 == up.post(old).status_code
    kept = soon(lambda: up.row(t.quarantine, reason="before_episode", door="worker"))
    assert ("HUB_OPERATOR", "concern.raised", "safeguarding") == (
        kept["owner"],
        kept["event_type"],
        kept["family"],
    )
    assert b"invented" in kept["original"]
    assert soon(lambda: _gap(up, kept["quarantine_id"]))


# --- over Kafka, where nobody can be answered ------------------------------------------------


def avro(n: int, **changes: Any) -> bytes:
    """A right booking on the wire, some of whose fields are then made wrong."""
    event = event_from_json(json.dumps(booking(n)).encode(), RealClock().now())
    subject, body = dict(changes.pop("subject", {})), dict(changes.pop("body", {}))
    return encode_event(
        replace(
            event,
            subject=replace(event.subject, **subject),
            body={**event.body, **body},
            **changes,
        )
    )


OVER_KAFKA: dict[str, tuple[Callable[[int], bytes], str]] = {
    "no-avro": (lambda n: b"booking %d" % n, "unparseable"),
    "nothing": (lambda _: b"", "unparseable"),
    "schema-of-nobody": (lambda n: b"\x00\x00\x00\xff\xff%d" % n, "unknown_schema"),
    "cut-short": (lambda n: avro(n)[:-5], "unparseable"),
    "more-behind": (lambda n: avro(n) + b"!", "unparseable"),
    "wrong-nhs-number": (
        lambda n: avro(n, subject={"nhs_number": WRONG_NUMBER}),
        "nhs_number_invalid",
    ),
    "unknown-organisation": (lambda n: avro(n, source="RQQ:X"), "unknown_organisation"),
    "due-too-late": (lambda n: avro(n, body={"edd": days(400)}), "due_date_out_of_range"),
    "from-the-future": (
        lambda n: avro(n, occurred_at=now() + timedelta(hours=1)),
        "from_the_future",
    ),
    "from-the-future-and-stamped-as-by-a-door": (
        lambda n: avro(
            n, occurred_at=now() + timedelta(hours=1), received_at=now() + timedelta(hours=2)
        ),
        "from_the_future",
    ),
    "oversize": (lambda n: avro(n) + LARGE.encode(), "oversize"),
}


def send(up: Up, topic: str, value: bytes) -> None:
    """Write one record as any client would, and be sure of it."""
    producer = Producer({"bootstrap.servers": up.addresses["Kafka"]})
    producer.produce(topic, value=value, key=b"k")
    assert 0 == producer.flush(PATIENCE_SECONDS)


@pytest.mark.parametrize("case", OVER_KAFKA)
def test_what_comes_over_kafka_is_kept_with_its_reason(up: Up, case: str) -> None:
    """The publisher cannot be answered, so the whole record waits with a reason and an owner."""
    make, reason = OVER_KAFKA[case]
    value = make(200 + list(OVER_KAFKA).index(case))
    send(up, "perinatal.pregnancy", value)

    def find() -> dict[str, Any] | None:
        q = t.quarantine
        asked = sa.select(q).where(q.c.door == "kafka", q.c.original == value)
        row = up.read(lambda conn: conn.execute(asked).mappings().first())
        return dict(row) if row else None

    kept = soon(find)
    assert (reason, "HUB_OPERATOR", "pregnancy") == (kept["reason"], kept["owner"], kept["family"])
    assert kept["explanation"]


def test_a_tombstone_does_no_harm(up: Up) -> None:
    """A record without a value is kept like any other, and the worker goes on."""
    producer = Producer({"bootstrap.servers": up.addresses["Kafka"]})
    producer.produce("perinatal.discharge", value=None, key=b"k")
    assert 0 == producer.flush(PATIENCE_SECONDS)
    assert soon(lambda: up.row(t.quarantine, door="kafka", family="discharge"))
    after = booking(81)
    assert 202 == up.post(after).status_code
    assert soon(lambda: up.coverage(after["id"]))


# --- safeguarding ----------------------------------------------------------------------------


def _gap(up: Up, quarantine_id: str) -> dict[str, Any] | None:
    return up.row(t.gaps, code="G62", episode_id=f"q-{quarantine_id}")


def opened_at_once(up: Up, quarantine_id: str) -> set[str]:
    """The gaps that were opened by the very decision in which the hub heard of it."""
    decisions = asyncio.run(read_decisions(up.addresses["Kafka"], Settings().partitions))
    first = decisions[f"q-{quarantine_id}"][0]
    return {each.code for each in first.outcomes if isinstance(each, GapOpened)}


def test_a_safeguarding_event_in_quarantine_is_a_gap_at_once(up: Up) -> None:
    """Over both doors: G62 opens when the event is kept, with an owner and not after a day."""
    concern = booking(82, type="concern.raised")
    concern["data"] = {"code": "neglect", "severity": "extreme"}
    refused = up.post(concern)
    assert (422, "data.severity") == (refused.status_code, refused.json()["field"])
    gap = soon(lambda: _gap(up, refused.json()["quarantine_id"]))
    kept = up.kept(refused.json()["quarantine_id"])
    assert ("open", "HUB_OPERATOR") == (gap["state"], gap["role"])
    assert timedelta() <= gap["opened_at"] - kept["received_at"]
    assert "G62" in opened_at_once(up, kept["quarantine_id"])
    with up.browser("operator") as browser:
        assert gap["gap_id"] in browser.get("/gaps").text

    send(up, "perinatal.safeguarding", b"a concern that no schema describes")
    raw = soon(lambda: up.row(t.quarantine, door="kafka", family="safeguarding"))
    assert "open" == soon(lambda: _gap(up, raw["quarantine_id"]))["state"]


def test_an_ordinary_event_in_quarantine_is_owed_and_not_yet_a_gap(up: Up) -> None:
    """One working day is given before anybody is called a day late."""
    refused = up.post(booking(83, data__edd=days(330)))
    quarantine_id = refused.json()["quarantine_id"]
    owed = soon(lambda: up.row(t.expectations, episode_id=f"q-{quarantine_id}"))
    time.sleep(0.5)
    assert ("open", None) == (owed["state"], _gap(up, quarantine_id))
