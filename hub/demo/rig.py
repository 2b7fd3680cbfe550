"""The hub without its machinery: identity, decide, and channels that answer at once.

What a scenario says of the core it says of the whole hub: the same identity, the same policy, the
same checks at the door and the same pure function stand behind both.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from msgspec import structs

from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.faults import HubFault, SenderFault
from hub.core.lifecycle import ENDED
from hub.core.matters import Counted, matter_of
from hub.core.model import Event, Holder, Input, InputKind, QuarantineNote, Receipt
from hub.core.outcomes import Decision, NoticeIssued, ObligationRaised
from hub.core.policy import Policy
from hub.core.silences import Silent
from hub.demo.answers import Answers, carried, find_notices, receipt_of, several
from hub.demo.compare import Seen, row_of
from hub.demo.faults import CannotPlayError
from hub.demo.feeds import Feeds
from hub.demo.people import People
from hub.demo.rows import Row
from hub.demo.scenario import Given, Scenario, event_of, instant, local_words
from hub.edges.doors import event_from_json, event_to_json
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import load_profile
from hub.edges.intake import check_event
from hub.edges.matters import around_matter, input_of_counted, input_of_event, input_of_reopened
from hub.edges.schemas import Schemas, default_schemas
from hub.edges.surroundings import surroundings_of

SECRET = b"a scenario keeps no secrets"


class CoreRig:
    """The hub without its machinery: identity, decide, and a worklist that always answers."""

    def __init__(
        self,
        scenario: Scenario,
        policy: Policy,
        schemas: Schemas | None = None,
        *,
        secret: bytes = SECRET,
    ):
        """Set the stage; `schemas` are the packaged ones unless an event type is being tried."""
        self.secret = secret
        self.schemas = schemas or default_schemas()
        self.scenario = scenario
        self.policy = policy
        self.directory = scenario.who_is_who()
        self.people = People(policy, secret, self.around)
        self.episodes: dict[str, Episode] = {}
        self.notices: list[tuple[str, NoticeIssued]] = []
        self.subjects: dict[str, str] = {}
        self.rows: list[Row] = []
        self.notes: list[str] = []  # For the author of the scenario.
        self.seen = Seen(gaps={})
        self.held: dict[str, tuple[Event, datetime]] = {}
        self.silences: list[Silent] | None = None
        self.standing = Answers(scenario.answer)
        self.feeds = Feeds(policy)

    def run(self) -> list[Row]:
        """Play the whole story and give everything that followed, in order."""
        for number, given in enumerate(self.scenario.given, 1):
            try:
                self.pass_until(instant(given.at))
                self.give(given, number)
            except (ValueError, LookupError, SenderFault, HubFault) as fault:
                raise CannotPlayError(given, fault) from fault
        self.pass_until(instant(self.scenario.then.until))
        return self.rows

    def pass_until(self, until: datetime) -> None:
        """Let time pass: each deadline falls, and each standing answer comes, in its turn."""
        while True:
            wakes = [e.next_wake for e in self.episodes.values() if e.next_wake]
            look = self.feeds.next_look()
            wake = min([*wakes, *([look] if look else [])], default=until)
            answer = self.standing.next_at()
            if wake >= until and (answer is None or answer > until):
                break
            if answer is None or wake <= answer:
                self.wake_until(wake)
            else:
                self.answer()
        self.wake_until(until)

    def answer(self) -> None:
        """The next standing answer, unless its duty ended or it is known already."""
        at, notice_id, signal, person = self.standing.take()
        episode_id, notice = next(n for n in self.notices if n[1].notice_id == notice_id)
        duties = {d.obligation_id: d for d in self.episodes[episode_id].obligations}
        duty = duties.get(notice.obligation_id)
        if duty is not None and duty.state not in ENDED:
            given = Given(at="", receipt=signal, organisation=notice.organisation, person=person)
            self.witness(episode_id, notice, given, at)

    def wake_until(self, until: datetime) -> None:
        """Wake every episode that wants it, in the order in which they want it."""
        while True:
            wakes = [(e.next_wake, e.episode_id) for e in self.episodes.values() if e.next_wake]
            due = [each for each in wakes if each[0] <= until]
            look = self.feeds.next_look()
            if look is not None and look <= min([until, *(each[0] for each in due)]):
                self.count(self.feeds.look(look), look)
                continue
            if not due:
                return
            at, episode_id = min(due)
            self.decide(Input(input_id="", kind=InputKind.WAKE, at=at, episode_id=episode_id))

    def give(self, given: Given, number: int) -> None:
        """Let one given thing happen, through the same mapping as its real door."""
        at = instant(given.at)
        if given.receipt is not None:
            self.receipt(given, at)
        elif given.redrive is not None:
            self.redrive(given.redrive, at)
        else:
            self.publish(given, number, at)

    def publish(self, given: Given, number: int, at: datetime) -> None:
        """Let its door check each event, take it or keep it in quarantine."""
        for event in self.events(given, number, at):
            try:
                check_event(event, self.directory, at)
                self.event(event, at)
            except SenderFault as fault:
                self.quarantine(event, fault, at)
            for waited in self.people.let_go():
                self.go_through(waited, at)
            area = around_matter(self.directory, at, "feed", event.source, event.organisation)[1]
            self.count(self.feeds.hear(event, given.sequence, at, area), at)

    def events(self, given: Given, number: int, at: datetime) -> Iterable[Event]:
        """The events of a given row, through the pure mapping of its door."""
        if given.hl7 is not None:
            return events_from(given.hl7.encode(), load_profile(), at).events
        event = event_of(self.scenario, given, number)
        return [
            event_from_json(
                json.dumps(event_to_json(event)).encode(), received_at=at, schemas=self.schemas
            )
        ]

    def event(self, event: Event, at: datetime) -> None:
        """Find the episode of an event and decide it."""
        replacement = None
        if event.type == "event.corrected":
            replacement = event_from_json(
                event.body["replacement"].encode(), received_at=at, schemas=self.schemas
            )
        matter = matter_of(self.policy, event, replacement)
        if matter[0]:
            given = input_of_event(self.directory, event, matter, at, self.secret)
            self.decide(structs.replace(given, replacement=replacement))
            return
        for heard in self.people.hear(event, replacement, at):
            self.decide(heard)

    def around(self, episode_id: str, at: datetime) -> tuple[tuple[Holder, ...], str]:
        """Who holds which role now, and the area whose settings hold."""
        return surroundings_of(self.directory, self.people.of(episode_id), at)

    def quarantine(self, event: Event, fault: SenderFault, at: datetime) -> None:
        """Keep what could not be decided, and let its own episode watch over it."""
        self.rows.append(Row(at=local_words(at), quarantined=fault.reason.value))
        self.held[event.id] = event, at
        self.watch(event, at, InputKind.QUARANTINED, fault.reason.value, at)

    def redrive(self, event_id: str, at: datetime) -> None:
        """Send a kept event through again.  Raises SenderFault when it still cannot be decided."""
        if event_id not in self.held:
            raise LookupError(f"'redrive' names {event_id!r}, which is not in quarantine")
        event, refused_at = self.held.pop(event_id)
        check_event(event, self.directory, at)
        self.event(event, at)
        self.watch(event, refused_at, InputKind.REDRIVEN, "", at)

    def go_through(self, event_id: str, at: datetime) -> None:
        """Let what waited go through by itself, unless somebody has sent it through already."""
        event = self.held[event_id][0] if event_id in self.held else None
        if event is None:
            return
        try:
            self.redrive(event_id, at)
        except SenderFault as fault:
            self.quarantine(event, fault, at)

    def watch(
        self, event: Event, refused_at: datetime, kind: InputKind, reason: str, at: datetime
    ) -> None:
        """Tell the quarantine's own episode what became of an event."""
        note = QuarantineNote(
            quarantine_id=event.id,
            reason=reason,
            family=self.schemas.topic_of(event.type).removeprefix("perinatal."),
            source=event.source,
            event_type=event.type,
            refused_at=refused_at,
        )
        episode_id, input_id = f"q-{event.id}", f"{event.id}:{kind}"
        self.decide(
            Input(input_id=input_id, kind=kind, at=at, episode_id=episode_id, quarantine=note)
        )

    def receipt(self, given: Given, at: datetime) -> None:
        """Somebody does something with the latest notice of a rule."""
        found = find_notices(self.notices, given, self.subjects)
        self.notes += several(given, found, self.episodes)
        self.witness(*found[0], given, at)

    def witness(self, episode_id: str, notice: NoticeIssued, given: Given, at: datetime) -> None:
        """What somebody did with a notice, as an input."""
        receipt = receipt_of(notice, given, at)
        team = self.around(episode_id, at)[0] if self.people.knows(episode_id) else ()
        self.hear_of(episode_id, receipt, str(given.receipt), team)

    def hear_of(
        self, episode_id: str, receipt: Receipt, name: str, team: tuple[Holder, ...] = ()
    ) -> None:
        """A receipt, as an input of its episode."""
        self.decide(
            Input(
                input_id=f"{receipt.notice_id}:{name}",
                kind=InputKind.RECEIPT,
                at=receipt.at,
                episode_id=episode_id,
                team=team,
                receipt=receipt,
            )
        )

    def decide(self, given: Input) -> Decision:
        """Decide one input, note what followed, and deliver the notices at once."""
        before = self.episodes.get(given.episode_id, Episode(episode_id=given.episode_id))
        decision = decide(before, given, self.policy, self.silences)
        self.episodes[given.episode_id] = decision.episode
        self.note(given.episode_id, decision)
        for outcome in decision.outcomes:
            if isinstance(outcome, NoticeIssued):
                self.deliver(given.episode_id, outcome, decision.at)
        self.count(decision.counted, decision.at)
        for heard in (*self.people.shared(decision), *self.people.named(decision)):
            self.decide(heard)
        for reopened in decision.reopened:
            self.decide(input_of_reopened(reopened, decision.at))
        return decision

    def count(self, counted: Iterable[Counted], at: datetime) -> None:
        """Let matters hear of what they count."""
        for one in counted:
            self.decide(input_of_counted(self.directory, one, at, self.secret))

    def note(self, episode_id: str, decision: Decision) -> None:
        """Keep what a decision says, before anything that follows from it."""
        for outcome in decision.outcomes:
            row = row_of(outcome, decision.at, self.seen)
            if row is not None:
                self.rows.append(row)
            if isinstance(outcome, ObligationRaised):
                self.subjects[outcome.obligation_id] = outcome.subject
            if isinstance(outcome, NoticeIssued):
                self.notices.append((episode_id, outcome))
                self.standing.note(
                    outcome.notice_id,
                    outcome.why.rule,
                    outcome.role,
                    outcome.organisation,
                    decision.at,
                )

    def deliver(self, episode_id: str, notice: NoticeIssued, at: datetime) -> None:
        """Hand a notice to its channel: a webhook proves delivery, the worklist only sending."""
        channel = self.directory.endpoint(notice.organisation, notice.role).channel
        receipt = carried(notice, channel, at)
        self.hear_of(episode_id, receipt, "sent")
