"""`GET /events/{id}/coverage`: every recipient, how far, when, why not; and who sees which rows."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from hub.core.model import GapState, Level, ObligationState, Signal
from hub.core.outcomes import GapClosed, LevelReached, ObligationEnded
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.read_model import event_coverage
from hub.web.coverage import EXAMPLE, Coverage, may_know
from tests.core import stage
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway, key
from tests.web.test_api import EVENT

SENT_AT = scene.NOW - timedelta(minutes=50)


def proved(signal: Signal, level: Level, state: ObligationState, minutes: int) -> LevelReached:
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
        reached_at=SENT_AT + timedelta(minutes=minutes),
    )


def ask(gateway: Gateway, event_id: str = "booked-1", ods: str = "RXX") -> dict[str, Any]:
    """The answer, by the role that is told."""
    answer = gateway.browse().get(f"/events/{event_id}/coverage", headers=key(ods))
    assert 200 == answer.status_code, answer.text
    Coverage.model_validate(answer.json())
    assert [] == find_identities(answer.text, [scene.NHS_NUMBER, scene.FAMILY_NAME, scene.CLINICAL])
    return {line["role"]: line for line in answer.json()["recipients"]}


def test_each_level_has_its_time(gateway: Gateway) -> None:
    """Sent, delivered and opened are three facts, each with the time at which it was proved."""
    with writing(gateway.engine) as conn:
        steps = (
            proved(Signal.SENT, Level.SENT, ObligationState.SENT, 0),
            proved(Signal.DELIVERED, Level.DELIVERED, ObligationState.DELIVERED, 1),
            proved(Signal.OPENED, Level.OPENED, ObligationState.OPENED, 30),
        )
        apply_decision(conn, scene.record(3, *steps))
    line = ask(gateway)["GP_PRACTICE"]
    at = {one["level"]: one["at"] for one in line["proved"]}
    assert ["sent", "delivered", "opened"] == list(at)
    assert ["2026-03-24T16:10:00Z", "2026-03-24T16:11:00Z", "2026-03-24T16:40:00Z"] == list(
        at.values()
    )
    assert [{"level": "accepted", "by": "2026-03-24T18:00:00Z"}] == line["owed"]
    assert ("opened", False, "opened, not yet accepted", "Alder Surgery") == tuple(
        line[name] for name in ("level", "told", "why_not", "organisation_name")
    )


def test_an_open_gap_stands_in_the_answer_and_a_closed_one_does_not(gateway: Gateway) -> None:
    """With its owner, its due time and what it says."""
    (gap,) = ask(gateway)["HV_TEAM"]["gaps"]
    assert ("G02", "attention", "HV_TEAM", "RYX") == tuple(
        gap[name] for name in ("code", "severity", "owner_role", "owner_organisation")
    )
    closed = GapClosed(
        gap_id="g-1",
        code="G02",
        role="HV_TEAM",
        state=GapState.CLEARED_LATE,
        closed_at=scene.NOW,
        reason="done",
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, closed))
    assert [] == ask(gateway)["HV_TEAM"]["gaps"]


def test_a_duty_that_ended_says_how_and_why(gateway: Gateway) -> None:
    """Her objection is a reason, not a silence."""
    ended = ObligationEnded(
        obligation_id="o-gp",
        state=ObligationState.DECLINED,
        role="GP_PRACTICE",
        organisation="Y00001",
        reason="objection",
        why=scene.why("booked-1"),
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, ended))
    line = ask(gateway)["GP_PRACTICE"]
    assert ("declined", "objection") == (line["ended"]["how"], line["ended"]["reason"])
    assert ("objection", False) == (line["why_not"], line["told"])


def test_what_was_handed_back_comes_with_its_code(gateway: Gateway) -> None:
    """The publisher learns that a practice refused it, and why: nobody else can put that right."""
    assert ask(gateway)["GP_PRACTICE"]["handed_back"] is None
    refused = structs.replace(
        proved(Signal.REFUSED, Level.OWED, ObligationState.REFUSED, 5),
        counts=False,
        detail="unsafe_content",
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, refused))
    line = ask(gateway)["GP_PRACTICE"]
    assert {
        "how": "refused",
        "reason": "unsafe_content",
        "at": "2026-03-24T16:15:00Z",
    } == line["handed_back"]
    assert line["told"] is False


def test_the_counts_add_up(gateway: Gateway) -> None:
    """Told and not told make up the recipients."""
    said = gateway.browse().get("/events/booked-1/coverage", headers=key("RXX")).json()
    assert (0, 3, 3) == (said["told"], said["not_told"], len(said["recipients"]))


def test_what_a_publisher_is_answered_leads_to_the_coverage(gateway: Gateway) -> None:
    """An id with a slash and a space still makes an address."""
    client = gateway.browse()
    odd = client.post("/events", json={**EVENT, "id": "ward 7/12"}, headers=key("RXX")).json()
    assert "/events/ward%207%2F12/coverage" == odd["coverage"]
    assert "unknown_event" == client.get(odd["coverage"], headers=key("RXX")).json()["reason"]
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, scene.event("ward 7/12", "pregnancy.dated")))
    assert {} == ask(gateway, "ward%207%2F12")


def seen(gateway: Gateway, kind: str, ods: str, event_type: str) -> set[str]:
    """The roles that a publisher of a kind sees of the scene's booking."""
    with reading(gateway.engine) as conn:
        lines = event_coverage(conn, "booked-1")
    return {line.role for line in may_know(stage.policy(), kind, ods, event_type, lines)}


@pytest.mark.parametrize(
    ("kind", "ods", "event_type", "shown"),
    [
        ("maternity", "RXZ", "pregnancy.booked", True),
        ("practice", "Y1", "pregnancy.booked", True),
        ("voluntary", "V1", "pregnancy.booked", False),
        ("voluntary", "V1", "concern.raised", True),
        ("voluntary", "RXX", "pregnancy.booked", True),
        ("a kind unheard of", "V1", "pregnancy.booked", False),
    ],
    ids=["midwives", "practice", "voluntary", "its own concern", "its own role", "unknown"],
)
def test_a_role_that_reveals_something_is_shown_to_who_may_know(
    gateway: Gateway, kind: str, ods: str, event_type: str, shown: bool
) -> None:
    """That a safeguarding midwife was told says that there is a concern (domain section 8)."""
    expected = {"HV_TEAM", "GP_PRACTICE"} | ({"SG_MIDWIFE"} if shown else set())
    assert expected == seen(gateway, kind, ods, event_type)


@pytest.mark.parametrize(
    ("kind", "ods", "shown"),
    [("maternity", "RXX", True), ("voluntary", "V1", False), ("practice", "Y00001", False)],
)
def test_what_is_kept_back_at_a_linked_place_is_not_told_there(
    gateway: Gateway, kind: str, ods: str, shown: bool
) -> None:
    """Who is held back because it would expose her (G40) is never learnt where she is exposed."""
    unsafe = scene.gap()
    changed = type(unsafe)(
        **{
            **{name: getattr(unsafe, name) for name in unsafe.__struct_fields__},
            "gap_id": "g-40",
            "code": "G40",
            "duty_ids": ("o-gp",),
            "why": scene.why("enquiry-1"),
        }
    )
    with writing(gateway.engine) as conn:
        conn.exec_driver_sql(
            "UPDATE obligations SET rule = 'P01.early' WHERE obligation_id = 'o-gp'"
        )
        apply_decision(conn, scene.record(3, changed))
    roles = seen(gateway, kind, ods, "pregnancy.booked")
    assert shown == ("GP_PRACTICE" in roles)
    assert "HV_TEAM" in roles


def test_every_role_that_reveals_something_names_a_group() -> None:
    """And every kind reads as an audience that the table of groups has."""
    policy = stage.policy()
    assert {rule.reveals for rule in policy.roles.values() if rule.reveals} <= set(policy.groups)
    assert {"SOCIAL_WORKER", "PMH_TEAM", "DA_SERVICE", "SUBSTANCE_SVC"} <= {
        role for role, rule in policy.roles.items() if rule.reveals
    }


def test_the_example_is_an_answer() -> None:
    """What the OpenAPI shows is valid."""
    Coverage.model_validate(EXAMPLE)
