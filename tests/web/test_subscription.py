"""FHIR subscriptions as their subscribers ask: the resource, `$status`, `$events`, the notices."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.edges.directory import Directory, Endpoint
from hub.store import outbox, subscriptions
from hub.store import tables as t
from hub.store.engine import reading, writing
from tests.store.records import notice_record
from tests.web import scene
from tests.web.conftest import Gateway, key

PRACTICE, OWN_ID, ADDRESS = "Y00001", "Y00001.GP-PRACTICE", "https://gp.example/hook"
HOOK = Endpoint(
    organisation=PRACTICE,
    role="GP_PRACTICE",
    channel="fhir",
    address=ADDRESS,
    secret="whsec_c2VjcmV0LWNhbmFyeQ==",
    heartbeat_minutes=5,
)


@pytest.fixture
def people() -> Directory:
    """The scene's people; the practice has a FHIR subscription."""
    made = scene.directory()
    made.endpoints[PRACTICE, "GP_PRACTICE"] = HOOK
    return made


@pytest.fixture
def sent(gateway: Gateway) -> Gateway:
    """Three events: one of the read model, one that was taken back, one more."""
    with writing(gateway.engine) as conn:
        for notice_id in ("n-gp", "n-back", "n-last"):
            record = notice_record(notice_id, organisation=PRACTICE)
            outbox.queue_notice(conn, record, HOOK, scene.NOW)
            subscriptions.number_of(conn, OWN_ID, ADDRESS, notice_id, scene.NOW)
        subscriptions.heard(conn, OWN_ID, ADDRESS, scene.NOW)
        back = sa.update(t.outbox).where(t.outbox.c.notice_id == "n-back")
        conn.execute(back.values(state=outbox.OutboxState.CANCELLED))
    return gateway


def ask(gateway: Gateway, path: str, ods: str = PRACTICE) -> Any:
    """What the gateway answers."""
    return gateway.browse().get(f"/fhir/{path}", headers=key(ods))


def events_in(bundle: dict[str, Any]) -> dict[str, str | None]:
    """Number and focus of each event in a bundle."""
    parameters = bundle["entry"][0]["resource"]["parameter"]
    found = {}
    for each in parameters:
        if each["name"] == "notification-event":
            parts = {part["name"]: part for part in each["part"]}
            focus = parts.get("focus", {}).get("valueReference", {}).get("reference")
            found[parts["event-number"]["valueString"]] = focus
    return found


def test_the_subscription_says_how_it_is_set_and_not_its_secret(sent: Gateway) -> None:
    """Topic, address, payload and heartbeat."""
    answer = ask(sent, f"Subscription/{OWN_ID}")
    found = answer.json()
    assert (200, "Subscription", "active") == (
        answer.status_code,
        found["resourceType"],
        found["status"],
    )
    assert 300 == found["channel"]["extension"][0]["valueUnsignedInt"]
    assert "whsec" not in answer.text


def test_status_says_where_it_stands(sent: Gateway) -> None:
    """A searchset with the status, and the number of the newest event."""
    bundle = ask(sent, f"Subscription/{OWN_ID}/$status").json()
    parts = {each["name"]: each for each in bundle["entry"][0]["resource"]["parameter"]}
    assert ("searchset", "query-status", "active", "3") == (
        bundle["type"],
        parts["type"]["valueCode"],
        parts["status"]["valueCode"],
        parts["events-since-subscription-start"]["valueString"],
    )


def test_a_subscription_that_never_shook_hands_is_requested(gateway: Gateway) -> None:
    """It is in the directory, and nothing was sent."""
    bundle = ask(gateway, f"Subscription/{OWN_ID}/$status").json()
    parts = {each["name"]: each for each in bundle["entry"][0]["resource"]["parameter"]}
    assert "requested" == parts["status"]["valueCode"]
    assert {} == events_in(ask(gateway, f"Subscription/{OWN_ID}/$events").json())


def test_events_are_given_again_by_their_numbers(sent: Gateway) -> None:
    """Both ends included; what was taken back keeps its number and points nowhere."""
    whole = events_in(ask(sent, f"Subscription/{OWN_ID}/$events").json())
    assert ["1", "2", "3"] == list(whole)
    assert whole["2"] is None
    assert str(whole["1"]).endswith("/fhir/Communication/n-gp")
    some = ask(sent, f"Subscription/{OWN_ID}/$events?eventsSinceNumber=2&eventsUntilNumber=2")
    assert {"2": None} == events_in(some.json())
    empty = ask(sent, f"Subscription/{OWN_ID}/$events?content=empty").json()
    assert {None} == set(events_in(empty).values())


def test_events_with_their_notices_are_looks_at_them(sent: Gateway) -> None:
    """What was taken back is not among them, nor what the read model has not got yet."""
    before = looks(sent.engine)
    path = f"Subscription/{OWN_ID}/$events?content=full-resource"
    bundle = ask(sent, path).json()
    assert ["n-gp"] == [each["resource"]["id"] for each in bundle["entry"][1:]]
    assert ["1", "2", "3"] == list(events_in(bundle))
    assert before + 1 == looks(sent.engine)


def test_a_notice_is_read_where_its_notification_points(sent: Gateway) -> None:
    """As a Communication, with its look written down; one that was taken back is gone."""
    before = looks(sent.engine)
    answer = ask(sent, "Communication/n-gp")
    assert (200, "n-gp") == (answer.status_code, answer.json()["id"])
    assert before + 1 == looks(sent.engine)


@pytest.mark.parametrize(
    "path",
    [
        f"Subscription/{OWN_ID}",
        f"Subscription/{OWN_ID}/$status",
        f"Subscription/{OWN_ID}/$events",
        "Communication/n-gp",
    ],
)
def test_another_organisation_learns_nothing(sent: Gateway, path: str) -> None:
    """Not even that there is one; and nobody without a key."""
    assert 404 == ask(sent, path, "RYX").status_code
    assert 401 == sent.browse().get(f"/fhir/{path}").status_code


def looks(engine: Engine) -> int:
    """How many accesses are written down."""
    with reading(engine) as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(t.accesses)) or 0
