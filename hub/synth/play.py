"""Plays one family of the year through the pure core, as a scenario is played, and notes its gaps.

Every letter is answered as `readers` says; time passes by wakes, as in the hub itself.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from msgspec.structs import replace

from hub.core.faults import SenderFault
from hub.core.model import Holder, Input, InputKind, Receipt, Signal
from hub.core.outcomes import Decision, GapClosed, GapOpened, GapRaised, NoticeIssued
from hub.core.policy import Policy
from hub.demo.rig import CoreRig
from hub.demo.rows import Then
from hub.demo.scenario import Scenario, local_words
from hub.edges.doors import event_from_json
from hub.edges.intake import check_event
from hub.edges.schemas import Schemas
from hub.synth.account import Account
from hub.synth.place import directory
from hub.synth.readers import answers

type_of_answer = tuple[str, NoticeIssued, str, str | None]
"""Episode, notice, what was done with it, and by whom."""


@dataclass
class Gap:
    """A gap as the hub opened it, with what became of it."""

    code: str
    severity: int
    rule: str
    role: str
    organisation: str
    subject: str
    opened_at: datetime
    late_informed: bool
    state: str = "open"
    closed_at: datetime | None = None


class FamilyRig(CoreRig):
    """The hub for one family of the year."""

    def __init__(self, account: Account, policy: Policy, schemas: Schemas):
        """Take the family's account; `run` plays it."""
        until = local_words(account.until)
        tables = directory(_areas(account)) | {"registration": account.registrations}
        story = Scenario(
            id=f"SYNTH-{account.family}",
            title="A family of the synthetic year",
            story="",
            people={},
            directory=tables,
            given=(),
            then=Then(until=until, outcomes=()),
        )
        super().__init__(story, policy, schemas)
        self.account = account
        self.gaps: dict[str, Gap] = {}
        self.inputs = 0
        self.answered: list[tuple[datetime, str, NoticeIssued, str | None]] = []
        self._teams: dict[tuple[Any, ...], tuple[tuple[Holder, ...], str]] = {}
        self._turn = count()
        self._coming: list[tuple[datetime, int, Any]] = []

    def run_through(self) -> list[Gap]:
        """Play everything, up to the end of the family's account; gives its gaps in order."""
        known = set(self.schemas.event_types())
        for event in self.account.events:
            if event["type"] in known:
                self._later(datetime.fromisoformat(event["recordedat"]), event)
        for at, thing in self._in_turn():
            if thing is None:
                self._wake(at)
            elif isinstance(thing, dict):
                self._report(thing, at)
            else:
                self._answer(thing, at)
        return list(self.gaps.values())

    def _later(self, at: datetime, thing: Any) -> None:
        heapq.heappush(self._coming, (at, next(self._turn), thing))

    def _in_turn(self) -> Iterator[tuple[datetime, Any]]:
        """Whatever comes next: a report, an answer, or (None) a time that an episode waits for."""
        until = self.account.until
        while True:
            wake = min((e.next_wake for e in self.episodes.values() if e.next_wake), default=None)
            coming = self._coming[0][0] if self._coming else None
            if wake is not None and wake <= until and (coming is None or wake <= coming):
                yield wake, None
            elif coming is not None and coming <= until:
                at, _, thing = heapq.heappop(self._coming)
                yield at, thing
            else:
                return

    def around(self, episode_id: str, at: datetime) -> tuple[tuple[Holder, ...], str]:
        """As in the hub; asked of the directory once for every state of what is known of her."""
        state = self.people.of(episode_id)
        registered = self.directory.registration(state.nhs_number, at)
        key = (registered, replace(state, episodes=()))
        if key not in self._teams:
            self._teams[key] = super().around(episode_id, at)
        return self._teams[key]

    def _wake(self, at: datetime) -> None:
        episode = next(e for e in self.episodes.values() if e.next_wake == at)
        self.decide(Input(input_id="", kind=InputKind.WAKE, at=at, episode_id=episode.episode_id))

    def _report(self, sent: dict[str, Any], at: datetime) -> None:
        event = event_from_json(sent, received_at=at, schemas=self.schemas)
        try:
            check_event(event, self.directory, at)
            self.event(event, at)
        except SenderFault as fault:
            self.quarantine(event, fault, at)

    def note(self, episode_id: str, decision: Decision) -> None:
        """Keep the gaps of a decision, and let every letter find its reader."""
        self.inputs += 1
        super().note(episode_id, decision)
        for outcome in decision.outcomes:
            match outcome:
                case GapOpened():
                    self.gaps[outcome.gap_id] = Gap(
                        code=outcome.code,
                        severity=int(outcome.severity),
                        rule=outcome.why.rule,
                        role=outcome.role,
                        organisation=outcome.organisation,
                        subject=outcome.subject,
                        opened_at=outcome.opened_at,
                        late_informed=outcome.late_informed,
                    )
                case GapRaised():
                    self.gaps[outcome.gap_id].severity = int(outcome.severity)
                    if outcome.organisation:
                        self.gaps[outcome.gap_id].organisation = outcome.organisation
                case GapClosed():
                    self.gaps[outcome.gap_id].state = outcome.state.value
                    self.gaps[outcome.gap_id].closed_at = outcome.closed_at
                case NoticeIssued():
                    self._find_reader(episode_id, outcome, decision.at)

    def _find_reader(self, episode_id: str, notice: NoticeIssued, at: datetime) -> None:
        about = notice.why.evidence[0] if notice.why.evidence else ""
        for answer in answers(
            self.account.lost,
            notice.role,
            notice.organisation,
            about,
            at,
            int(notice.notice_id[-6:], 16),
            of_a_gap=about in self.gaps,
        ):
            self._later(answer.at, (episode_id, notice, answer.signal, answer.person))

    def _answer(self, answer: type_of_answer, at: datetime) -> None:
        episode_id, notice, signal, person = answer
        self.answered.append((at, signal, notice, person))
        self.decide(
            Input(
                input_id=f"{notice.notice_id}:{signal}",
                kind=InputKind.RECEIPT,
                at=at,
                episode_id=episode_id,
                team=self.around(episode_id, at)[0] if self.people.knows(episode_id) else (),
                receipt=Receipt(
                    notice_id=notice.notice_id,
                    signal=Signal(signal),
                    organisation=notice.organisation,
                    role=notice.role,
                    person=person,
                    at=at,
                ),
            )
        )


def _areas(account: Account) -> tuple[int, ...]:
    """The numbers of the areas that a family has to do with."""
    names = {e["source"] for e in account.events} | {r["practice"] for r in account.registrations}
    return tuple(sorted({int(name[3]) for name in names if name.startswith("ZS")}))
