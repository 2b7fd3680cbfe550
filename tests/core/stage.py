"""One family on the pure core: what it hears, what is answered, and what followed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

from hub.core.deadlines import LOCAL
from hub.core.decide import decide
from hub.core.episode import Episode, Expectation, Gap, Obligation
from hub.core.lifecycle import ENDED
from hub.core.model import (
    Actor,
    Event,
    GapState,
    Holder,
    Input,
    InputKind,
    Level,
    Person,
    QuarantineNote,
    Receipt,
    Signal,
)
from hub.core.outcomes import Decision, NoticeIssued, Outcome
from hub.core.policy import Policy
from hub.policy.loader import load_policy

AnyOutcome = TypeVar("AnyOutcome", bound=Outcome)

MOTHER = Person(reference="MAT-1", nhs_number="9990000018")
TEAM = tuple(
    Holder(role=role, organisation=ods)
    for role, ods in (
        ("GP_PRACTICE", "Y1"),
        ("GP_SG_LEAD", "Y1"),
        ("COMM_MIDWIFE", "RXA"),
        ("BEREAVEMENT_MW", "RXA"),
        ("POSTNATAL_WARD", "RXA"),
        ("HV_TEAM", "RYV"),
        ("TEAM_LEAD_HV", "RYV"),
        ("CHIS", "RCH"),
        ("CP_CHAIR", "L97"),
        ("SOCIAL_WORKER", "L97"),
    )
)
EDD = "2026-10-20"
ASKED_FIRST = (
    ("screening.mental-health", {"tool": "Whooley", "setting": "booking", "result": "negative"}),
    ("enquiry.domestic-abuse", {"alone": "y", "asked": "y", "answer": "no"}),
    ("information.given", {"topic": "PMH", "to": "mother", "id": "told-PMH"}),
    ("information.given", {"topic": "pathway_card", "to": "mother", "id": "told-card"}),
)
BOOKING = {
    "booked_on": "2026-03-23",
    "edd": EDD,
    "provider": "RXA",
    "gp_ods": "Y1",
    "vulnerabilities": [],
}


def local(words: str) -> datetime:
    """The instant of a local time such as `2026-03-23 10:00`."""
    return datetime.fromisoformat(words).replace(tzinfo=LOCAL).astimezone(UTC)


@cache
def policy() -> Policy:
    """The policy in force, read once."""
    return load_policy()


def team(**places: str | None) -> tuple[Holder, ...]:
    """The usual team, with roles held elsewhere; None leaves a role with nobody."""
    changed = [h for h in TEAM if h.role not in places]
    return tuple(changed) + tuple(
        Holder(role=role, organisation=ods) for role, ods in places.items() if ods
    )


class Family:
    """An episode that is told things one after the other."""

    def __init__(self, rules: Policy | None = None) -> None:
        """Nothing is known yet."""
        self.rules = rules or policy()
        self.episode = Episode(episode_id="ep-1")
        self.outcomes: list[Outcome] = []
        self.last: tuple[Outcome, ...] = ()

    def decide(self, given: Input) -> Decision:
        """Decide one input and keep what followed."""
        decision = decide(self.episode, given, self.rules)
        self.episode = decision.episode
        self.last = decision.outcomes
        self.outcomes += decision.outcomes
        return decision

    def hear(
        self,
        event_type: str,
        at: str,
        *,
        id: str | None = None,  # noqa: A002  the word of the envelope
        occurred: str | None = None,
        source: str = "RXA:MAT_PAS",
        reporter: str | None = None,
        holders: tuple[Holder, ...] = TEAM,
        replacement: Event | None = None,
        labels: tuple[str, ...] = (),
        area: str = "",
        kind_of_input: InputKind = InputKind.EVENT,
        **body: Any,
    ) -> Decision:
        """Hear an event that happened at `occurred`, or at once."""
        event = Event(
            id=id or f"{event_type}@{at}",
            type=event_type,
            source=source,
            occurred_at=local(occurred or at),
            received_at=local(at),
            subject=MOTHER,
            actor=Actor(role=reporter) if reporter else None,
            labels=labels,
            body=body,
        )
        return self.decide(
            Input(
                input_id=event.id,
                kind=kind_of_input,
                at=local(at),
                episode_id="ep-1",
                event=event,
                team=holders,
                area=area,
                replacement=replacement,
            )
        )

    def book(self, at: str = "2026-03-23 10:00", **changes: Any) -> Decision:
        """Hear the booking, of a woman who was asked what is asked and told what is told."""
        team = {name: changes[name] for name in ("holders",) if name in changes}
        for kind, body in () if self.episode.seq else ASKED_FIRST:
            self.hear(kind, at, **({"id": kind} | body), **team)
        return self.hear("pregnancy.booked", at, **(BOOKING | {"id": "booking"} | changes))

    def correct(self, target: str, event_type: str, at: str, *, occurred: str, **body: Any) -> None:
        """Hear that an event was really otherwise; the whole event keeps its own time."""
        whole = Event(
            id=f"{target}-whole",
            type=event_type,
            source=body.pop("source", "RXA:MAT_PAS"),
            occurred_at=local(occurred),
            received_at=local(at),
            subject=MOTHER,
            body=body,
        )
        self.hear("event.corrected", at, replacement=whole, target_id=target)

    def retract(self, target: str, at: str, reason: str = "entered_in_error") -> None:
        """Hear that an event is taken back."""
        self.hear("event.retracted", at, target_id=target, reason=reason)

    def answer(
        self,
        notice: NoticeIssued,
        signal: Signal | str,
        at: str,
        *,
        organisation: str | None = None,
        person: str | None = "dr-elm",
        happened: str | None = None,
        role: str | None = None,
        channel: str = "worklist",
        holders: tuple[Holder, ...] = (),
    ) -> Decision:
        """Somebody does something with a notice."""
        return self.decide(
            Input(
                input_id=f"{notice.notice_id}:{signal}:{at}:{organisation}:{person}",
                kind=InputKind.RECEIPT,
                at=local(at),
                episode_id="ep-1",
                team=holders,
                receipt=Receipt(
                    notice_id=notice.notice_id,
                    signal=Signal(signal),
                    organisation=organisation or notice.organisation,
                    at=local(happened or at),
                    role=role or notice.role,
                    person=person,
                    channel=channel,
                ),
            )
        )

    def wake(self, at: str) -> Decision:
        """It is now `at`."""
        return self.decide(
            Input(input_id=f"wake:{at}", kind=InputKind.WAKE, at=local(at), episode_id="ep-1")
        )

    def quarantined(
        self, at: str, family: str, kind: InputKind = InputKind.QUARANTINED, refused: str = ""
    ) -> None:
        """An input waits in quarantine, or has come out of it; `refused` at another time."""
        note = QuarantineNote(
            quarantine_id="q-1",
            reason="unparseable",
            family=family,
            source="RXA:MAT_PAS",
            refused_at=local(refused or at),
        )
        self.decide(
            Input(input_id=f"q:{kind}", kind=kind, at=local(at), episode_id="ep-1", quarantine=note)
        )

    # --- looking ---------------------------------------------------------------------------

    def said(self, kind: type[AnyOutcome], **wanted: Any) -> list[AnyOutcome]:
        """Every outcome of one kind so far with the values wanted; `rule` looks into why."""
        return [o for o in self.outcomes if isinstance(o, kind) and _fits(o, wanted)]

    def just_said(self, kind: type[AnyOutcome], **wanted: Any) -> list[AnyOutcome]:
        """As `said`, of the last decision alone."""
        return [o for o in self.last if isinstance(o, kind) and _fits(o, wanted)]

    def notice(self, rule: str, role: str | None = None) -> NoticeIssued:
        """The latest notice of a rule."""
        wanted = {"rule": rule} | ({"role": role} if role else {})
        return self.said(NoticeIssued, **wanted)[-1]

    def obligation(self, rule: str, role: str | None = None) -> Obligation:
        """The latest obligation of a rule."""
        found = [
            o for o in self.episode.obligations if o.rule == rule and (not role or o.role == role)
        ]
        return found[-1]

    def expectation(self, rule: str) -> Expectation:
        """The latest expectation of a rule."""
        return [e for e in self.episode.expectations if e.rule == rule][-1]

    def gaps(self, code: str | None = None) -> list[Gap]:
        """Every gap there ever was, or those of one code."""
        return [g for g in self.episode.gaps if code in (None, g.code)]

    def open_about(self, *codes: str) -> list[str]:
        """What the open gaps of some codes are about."""
        return sorted(g.subject for c in codes for g in self.gaps(c) if g.state is GapState.OPEN)

    def open_gaps(self) -> list[str]:
        """Codes of the gaps that are open now."""
        return sorted(g.code for g in self.episode.gaps if g.state is GapState.OPEN)


def looked_at(episode: Episode) -> Iterator[datetime]:
    """When an unread notice, or a holder who comes or goes, will next be looked at."""
    for duty in episode.obligations:
        if duty.state not in ENDED and duty.level < Level.OPENED:
            yield from duty.unread[:1]
    for holder in episode.team:
        times = (holder.since, holder.until)
        yield from (t for t in times if t is not None and episode.at and t > episode.at)


def _fits(outcome: Any, wanted: dict[str, Any]) -> bool:
    asked = ((outcome.why.rule if n == "rule" else getattr(outcome, n), wanted[n]) for n in wanted)
    return all(found == value for found, value in asked)


def sections(state: str) -> dict[str, object]:
    """The parts of a summary that must be filled."""
    part = {"state": state, "text": None, "checked_by": None}
    names = ("safeguarding_concerns", "social_circumstances", "mental_health_history")
    return dict.fromkeys(names, part) | {"mental_health_info_given": "y"}


def summary(state: str = "content", **changes: object) -> dict[str, object]:
    """The body of a mother's discharge summary."""
    usual = {
        "subject": "mother",
        "baby_id": None,
        "discharged_at": local("2026-10-22 12:00"),
        "sections": sections(state),
    }
    return usual | changes


def discharge(family: Family, at: str = "2026-10-22 12:00") -> None:
    """The mother leaves hospital: a summary is owed within 24 hours."""
    family.hear(
        "encounter.updated", at, id="discharge", kind="discharged", subject="mother",
        baby_id=None, encounter_id="e1", destination=None,
    )  # fmt: skip
