"""Rules that turn on the mother's age speak as soon as any event brings her date of birth."""

from typing import Any

from msgspec.structs import replace

from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.model import Event, Input, InputKind, Person
from hub.core.outcomes import NoticeIssued
from tests.core.stage import BOOKING, local, policy, team

WHEN = "2026-03-23 10:00"
FAMILY_NURSE = "P04.family-nurse"


def told(birth_date: str | None) -> list[str]:
    """The rules of the notices after a booking without a date of birth and a contact with one."""
    woman = Person(reference="MAT-1", nhs_number="9990000018")
    bodies: list[tuple[str, Person, dict[str, Any]]] = [
        ("pregnancy.booked", woman, BOOKING | {"parity": 0}),
        ("contact.scheduled", replace(woman, birth_date=birth_date), {"contact_id": "c-1"}),
    ]
    episode, rules = Episode(episode_id="e1"), []
    for number, (event_type, subject, body) in enumerate(bodies):
        event = Event(
            id=f"ev-{number}",
            type=event_type,
            source="RXA:MAT_PAS",
            occurred_at=local(WHEN),
            received_at=local(WHEN),
            subject=subject,
            body=body,
        )
        given = Input(
            input_id=f"i-{number}",
            kind=InputKind.EVENT,
            at=local(WHEN),
            episode_id="e1",
            event=event,
            team=team(FNP="RYV"),
        )
        decision = decide(episode, given, policy())
        episode = decision.episode
        rules += [o.why.rule for o in decision.outcomes if isinstance(o, NoticeIssued)]
    return rules


def test_a_date_of_birth_that_comes_later_lets_the_rule_speak() -> None:
    """Booked without it at eighteen: the family nurses are told when it comes (ruling 29)."""
    assert 1 == told("2007-06-01").count(FAMILY_NURSE)


def test_without_it_and_for_a_grown_woman_nobody_is_told() -> None:
    """What is not known is no reason, and twenty is too old."""
    assert FAMILY_NURSE not in told(None)
    assert FAMILY_NURSE not in told("2000-01-01")
