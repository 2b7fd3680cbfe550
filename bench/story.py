"""An episode in trouble, as the real core makes it, and what such an episode hears next.

A concern, a discussion, a conference, a plan, and nobody who answers: thirty obligations are open
after a fortnight, half of them with gaps whose ladders climb.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from agents import step as steps
from agents.kept import close_kept, open_kept
from agents.step import Place, step
from hub.core.episode import Episode, Obligation
from hub.core.lifecycle import ENDED
from hub.core.model import Actor, Event, Input, InputKind, Person, Receipt, Signal
from hub.core.outcomes import Decision, NoticeIssued
from hub.core.policy import Policy
from hub.edges.directory import Directory
from hub.edges.surroundings import team_for

OPEN_WANTED = 30
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = b"ep-bench"
EPISODE = KEY.decode()
MATERNITY, PRACTICE, COUNCIL = "RXX", "Y99001", "L90"


def event(kind: str, at: datetime, source: str, body: dict[str, Any]) -> Event:
    """An event as its door has let it in."""
    return Event(
        id=f"{kind}@{at.isoformat()}",
        type=kind,
        source=f"{source}:BENCH",
        occurred_at=at,
        received_at=at,
        subject=Person(reference="MAT-1", nhs_number="9990000018", postcode="ZZ99 1AA"),
        actor=Actor(role="SOCIAL_WORKER" if source == COUNCIL else "COMM_MIDWIFE", org=source),
        body=body,
    )


def early_events() -> Iterable[Event]:
    """What the episode has heard before anything is measured."""
    notified = {
        "learnt_on": "2026-03-02",
        "how_known": "test",
        "gestation": {"weeks": 9, "days": 1, "basis": "LMP"},
        "booked_status": "not_booked",
        "entry_route": "GP",
    }
    yield event("pregnancy.notified", START, PRACTICE, notified)
    concern = {
        "code": "neglect",
        "severity": "medium",
        "about": "household",
        "basis_text": "invented",
        "action": "discuss",
    }
    yield event("concern.raised", START + timedelta(days=9), MATERNITY, concern)
    discussion: dict[str, Any] = {"requested_by": "SOCIAL_WORKER", "held": "y", "outcome": "s47"}
    discussion |= {"participants": [], "health_present": "y"}
    yield event("strategy.discussion", START + timedelta(days=10), COUNCIL, discussion)
    absent = {"role": "GP_PRACTICE", "org": PRACTICE, "state": "absent_none"}
    conference: dict[str, Any] = {"conference_id": "c1", "attendance": [absent], "quorate": "y"}
    conference["presented_by"] = []
    yield event("conference.attendance", START + timedelta(days=11), COUNCIL, conference)
    plan = {"kind": "CPP_unborn", "from": "", "to": ""}
    yield event("status.changed", START + timedelta(days=12), COUNCIL, plan)


def booking(at: datetime) -> Event:
    """The booking, which raises duties of its own."""
    body = {
        "booked_on": at.date().isoformat(),
        "edd": "2026-10-05",
        "edd_basis": "scan",
        "parity": 0,
        "planned_contacts": 10,
        "provider": MATERNITY,
        "named_midwife": {"id": "m", "name": None, "phone": None},
        "gp_ods": PRACTICE,
        "hv_team_hint": "",
        "vulnerabilities": [],
        "late_reason": [],
        "sharing_ref": "",
    }
    return event("pregnancy.booked", at, MATERNITY, body)


def discharge(at: datetime) -> Event:
    """The mother leaves the ward."""
    body = {"subject": "mother", "encounter_id": "e1", "kind": "discharged", "ward": "MAT"}
    return event("encounter.updated", at, MATERNITY, body | {"destination": "19"})


class Story:
    """One episode, told things one after the other through the step of the agent."""

    def __init__(self, policy: Policy, directory: Directory):
        self.policy = policy
        self.directory = directory
        self.stored: bytes | None = None
        self.offset = -1

    def hear(self, given: Input) -> Decision:
        """One record of `hub.inputs`."""
        self.offset += 1
        place = Place(KEY, 0, self.offset, self.offset)
        fresh, decision = step(self.policy, open_kept(self.stored), place, given)
        self.stored = close_kept(fresh)
        return decision

    def say(self, given: Input) -> None:
        """As `hear`; its notices go out at once."""
        for outcome in self.hear(given).outcomes:
            if isinstance(outcome, NoticeIssued):
                self.hear(receipt(outcome.notice_id, outcome.organisation, Signal.SENT, given.at))

    @property
    def episode(self) -> Episode:
        """The episode as it stands."""
        return steps.episode_of(open_kept(self.stored), KEY)

    def told(self, heard: Event) -> Input:
        """An event as the identity agent hands it on."""
        at = heard.occurred_at
        team = team_for(self.directory, at, practice=PRACTICE, provider=MATERNITY)
        return Input(
            input_id=heard.id,
            kind=InputKind.EVENT,
            at=at,
            episode_id=EPISODE,
            event=heard,
            team=team,
        )


def receipt(notice_id: str, organisation: str, signal: Signal, at: datetime) -> Input:
    """What a channel or a reader says of a notice."""
    return Input(
        input_id=f"{notice_id}:{signal}",
        kind=InputKind.RECEIPT,
        at=at,
        episode_id=EPISODE,
        receipt=Receipt(
            notice_id=notice_id, signal=signal, organisation=organisation, person="p-1", at=at
        ),
    )


def wake(at: datetime) -> Input:
    """The time."""
    return Input(
        input_id=f"wake:{EPISODE}:{at.isoformat()}", kind=InputKind.WAKE, at=at, episode_id=EPISODE
    )


def open_obligations(episode: Episode) -> list[Obligation]:
    """Duties of which something is still owed."""
    return [
        o
        for o in episode.obligations
        if o.state not in ENDED and not all(m.met_at for m in o.milestones)
    ]


def told_story(policy: Policy, directory: Directory) -> Story:
    """The episode that is measured.  Raises LookupError when the policy no longer gives one."""
    story = Story(policy, directory)
    for heard in early_events():
        story.say(story.told(heard))
    while len(open_obligations(story.episode)) < OPEN_WANTED:
        next_wake = story.episode.next_wake
        if next_wake is None:
            raise LookupError("the story comes to rest before thirty obligations are open")
        story.say(wake(next_wake))
    return story


def mix_of(story: Story) -> dict[str, list[Input]]:
    """What such an episode hears next, by kind: receipts of several notices, times, events."""
    episode = story.episode
    assert episode.at is not None
    soon = episode.at + timedelta(minutes=10)
    noticed = [o for o in open_obligations(episode) if o.told]
    signals = (Signal.DELIVERED, Signal.OPENED, Signal.ACCEPTED)
    found = {
        signal.value: [
            receipt(o.told[-1].notice_id, o.organisation, signal, soon)
            for o in noticed[number :: len(noticed) // 3][:3]
        ]
        for number, signal in enumerate(signals)
    }
    assert episode.next_wake is not None
    found["wake"] = [wake(episode.next_wake)]
    found["booking"] = [story.told(booking(soon))]
    found["discharge"] = [story.told(discharge(soon))]
    return found
