"""A case of the redaction properties: one event full of planted words, and one who reads it."""

from dataclasses import replace
from functools import cache
from typing import Any

from hub.core.deadlines import Span, Unit
from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.faults import SenderFault
from hub.core.holding import TEAM_OF
from hub.core.model import Actor, Event, Holder, Input, InputKind, Level, Person
from hub.core.outcomes import Decision
from hub.core.policy import FieldRule, MilestoneRule, Policy
from tests.core.stage import local, policy
from tests.properties import table
from tests.properties.planting import Planter

NOT_TOLD = {"event.corrected", "event.retracted", "notice.receipt", "sharing.preference"}
"""The first two speak of another event, and are tried with each; the others are told to nobody."""
EVENTS = sorted(t for t, r in policy().events.items() if r.groups and t not in NOT_TOLD)
EVENTS = [t for t in EVENTS if policy().events[t].matter is None]
ROLES = sorted(table.audience_of())
LABELS = (*table.LABELS, "NOVEL")
AGREED: dict[str, frozenset[str]] = {
    "": frozenset(),
    "all_routine": frozenset(table.COLUMNS) - {"partner"},
    "GP": frozenset({"gp"}),
    "partner": frozenset({"partner"}),
}
"""Who may know by what she agreed to."""

MOTHER = Person(
    reference="ZQREFERENCEZ",
    nhs_number="9990000018",
    family_name="ZQFAMILYNAMEZ",
    given_name="ZQGIVENNAMEZ",
    birth_date="1996-02-03",
    postcode="ZQPOSTCODEZ",
)
AT = "2026-06-01 10:00"


@cache
def telling(event_type: str, role: str) -> Policy:
    """The harshest policy there could be: every field of an event, in every group, to one role."""
    rules = policy()
    shipped = rules.events[event_type]
    pattern = next(iter(rules.tells.values()))
    tell = replace(
        pattern,
        basis=replace(pattern.basis, rule="T.everything"),
        on=event_type,
        when=None,
        to=(role,),
        each=None,
        subject=shipped.subject,
        groups=tuple(table.TABLE),
        milestones=(MilestoneRule(Level.OPENED, Span(Unit.DAYS, 1)),),
        acted_by=None,
        tags=frozenset(),
        counted_from="occurred_at",
    )
    places = [("mother.postcode", "address")]
    places += [(f"event.{p}", g) for p, g in table.group_of(event_type).items()]
    common = tuple(f for f in shipped.fields if f.path[0] != "event")
    rows = tuple(FieldRule(group=g, path=tuple(p.split(".")), label=p) for p, g in places)
    alone = replace(shipped, tells=(tell,), requirements=(), fields=(*common, *rows))
    # What a correction makes known lets other events speak too; here the one rule speaks alone.
    others = {name: replace(row, tells=(), requirements=()) for name, row in rules.events.items()}
    return replace(rules, events={**others, event_type: alone}, tells={"T.everything": tell})


def heard(event: Event, replacement: Event | None = None) -> Input:
    """An event as an input, with every role held somewhere, and by name where it is a person's."""
    team = tuple(
        Holder(role=role, organisation=f"O{n}", person="somebody" if role in TEAM_OF else None)
        for n, role in enumerate(ROLES)
    )
    return Input(
        input_id=event.id,
        kind=InputKind.EVENT,
        at=event.received_at,
        episode_id="ep-1",
        event=event,
        team=team,
        replacement=replacement,
    )


def event(event_type: str, body: dict[str, Any], at: str = AT, **more: Any) -> Event:
    """An event about her."""
    return Event(
        id=more.pop("id", f"{event_type}@{at}"),
        type=event_type,
        source="RXA:MAT_PAS",
        occurred_at=local(at),
        received_at=local(at),
        subject=MOTHER,
        actor=Actor(id="ZQACTORZ"),
        correlation_id="ZQCORRELATIONZ",
        causation_id="ZQCAUSATIONZ",
        body=body,
        **more,
    )


@cache
def quiet() -> Policy:
    """The policy without a rule, and with sharing preferences, to bring her up to the case."""
    rules = policy()
    bare = replace(
        rules.events["contact.scheduled"],
        type="sharing.preference", sets={}, subject=None, tells=(), requirements=(), labels=(),
    )  # fmt: skip
    booked = replace(rules.events["pregnancy.booked"], tells=(), requirements=())
    return replace(
        rules,
        events=rules.events | {"sharing.preference": bare, "pregnancy.booked": booked},
        tells={},
        requirements={},
    )


@cache
def before(agreed: str) -> Episode:
    """Her episode as it was: booked, and what she agreed to."""
    booking = {"edd": "2026-10-20", "provider": "RXA", "gp_ods": "Y1", "booked_on": "2026-03-23"}
    episode = Episode(episode_id="ep-1")
    given = heard(event("pregnancy.booked", booking, "2026-03-23 10:00", id="booking"))
    episode = decide(episode, given, quiet()).episode
    if agreed:
        said = event("sharing.preference", {"scope": agreed, "agrees": "y"}, "2026-03-24 10:00")
        episode = decide(episode, heard(said), quiet()).episode
    return episode


class Case:
    """One event with its words, and who reads it."""

    def __init__(
        self, seed: int, event_type: str, role: str, labels: tuple[str, ...], agreed: str
    ) -> None:
        """Make the event."""
        self.type, self.role, self.agreed = event_type, role, agreed
        self.given = labels
        self.audience = table.audience_of()[role]
        self.planter = Planter(seed)
        self.body = self.planter.body(event_type)
        self.labels = table.labels_of(event_type, self.body, labels)
        self.rules = telling(event_type, role)

    def share(self, path: str) -> str:
        """How much of a field its reader may have, by the table."""
        group = table.group_at(self.type, path)
        return table.share(self.audience, group, self.labels, AGREED[self.agreed])

    def silent(self) -> bool:
        """Whether its reader must not learn of it at all."""
        groups = {table.group_at(self.type, path) for path in self.filled()}
        return table.hears_nothing(self.audience, groups, self.labels, AGREED[self.agreed])

    def filled(self) -> list[str]:
        """The fields of its body that hold something."""
        return [
            path for path in table.group_of(self.type) if value_at(self.body, path) not in EMPTY
        ]

    def of_the_episode(self) -> set[str]:
        """Fields that become the due date or the provider, which have a group of their own."""
        sets = self.rules.events[self.type].sets
        said = " ".join(sets[slot].text for slot in ("edd", "provider") if slot in sets)
        return {name for name in self.body if f"event.{name}" in said}

    def decide(self, body: dict[str, Any], corrected: bool) -> Decision:
        """What follows from the event, at once or as the correction of another."""
        whole = event(self.type, body, labels=self.given, id="the-event")
        if not corrected:
            return decide(before(self.agreed), heard(whole), self.rules)
        plain = event(self.type, dict.fromkeys(body), labels=(), id="the-event")
        try:
            first = decide(before(self.agreed), heard(plain), self.rules).episode
        except (SenderFault, TypeError, ValueError, KeyError, AttributeError):
            return decide(before(self.agreed), heard(whole), self.rules)
        correction = event("event.corrected", {"target_id": "the-event"}, "2026-06-02 10:00")
        return decide(first, heard(correction, whole), self.rules)


EMPTY: tuple[Any, ...] = (None, "", [], {})


def value_at(body: dict[str, Any], path: str) -> Any:
    """What stands at a path of a body; None where nothing does."""
    found: Any = body
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found
