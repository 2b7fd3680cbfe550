"""Plays stories on the whole stack: through the real doors, on a clock that waits for the hub.

The clock stands still while anything is under way.  It then moves to whatever comes next: the next
thing given by a story, or the next deadline of any family.  So eleven weeks pass in a minute, and
every gap still opens at its exact time.
"""

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.holding import TEAM_OF
from hub.core.lifecycle import ENDED
from hub.demo.answers import Answers
from hub.demo.doors import Doors
from hub.demo.quiet import Watcher
from hub.demo.scenario import Given, Scenario, event_of, instant
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import load_profile
from hub.ops.clock import HeldClock
from hub.store import tables as t
from hub.store.engine import reading
from hub.store.read_model import min_next_wake


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """One given thing of one story, in its turn."""

    at: datetime
    story: int
    number: int


class Player:
    """Moves the clock and plays what is given."""

    def __init__(
        self,
        stories: list[Scenario],
        clock: HeldClock,
        doors: Doors,
        watcher: Watcher,
        engine: Engine,
        *,
        say: Callable[[str], None],
        pause_seconds: float = 0.0,
    ):
        """Take the stories and the hub they play on.

        `pause_seconds` is real time before each given thing, for whoever wants to watch or to
        disturb.
        """
        self.pause_seconds = pause_seconds
        self.stories = stories
        self.clock = clock
        self.doors = doors
        self.watcher = watcher
        self.engine = engine
        self.say = say
        self.sent: dict[str, str] = {}
        """Story by event id, for everything that was sent."""
        self.answers = [Answers(story.answer) for story in stories]

    async def play(self) -> None:
        """Play every story to its end."""
        cues = [
            Cue(instant(given.at), story, number)
            for story, scenario in enumerate(self.stories)
            for number, given in enumerate(scenario.given)
        ]
        heapq.heapify(cues)
        until = max(instant(s.then.until) for s in self.stories)
        while True:
            at = min(await self._next_wake(until), cues[0].at if cues else until)
            at = min([at, *(a for a in (one.next_at() for one in self.answers) if a is not None)])
            self.clock.move(at)
            await self.watcher.rest(at, self.sent)
            while await self._answer(at):
                await self.watcher.rest(at, self.sent)
            while cues and cues[0].at == at:
                await asyncio.sleep(self.pause_seconds)
                await self._give(heapq.heappop(cues))
                await self.watcher.rest(at, self.sent)
            await asyncio.to_thread(self._note_notices)
            if at >= until and not cues:
                return

    async def _next_wake(self, until: datetime) -> datetime:
        wake = await asyncio.to_thread(self._read_wake)
        return min(wake, until) if wake is not None else until

    def _read_wake(self) -> datetime | None:
        with reading(self.engine) as conn:
            return min_next_wake(conn)

    async def _answer(self, at: datetime) -> bool:
        """Give one standing answer that is due; False when none is."""
        await asyncio.to_thread(self._note_notices)
        for story, answers in enumerate(self.answers):
            due = answers.next_at()
            if due is None or due > at:
                continue
            _, notice_id, signal, person = answers.take()
            if due > instant(self.stories[story].then.until):
                return True  # Nobody watches this story any more; the others go on.
            found = await asyncio.to_thread(self._open_notice, notice_id)
            if found is not None:
                body = {"notice_id": notice_id, "signal": str(signal), "person": person}
                await self.doors.post("/receipts", found.organisation, body | {"role": found.role})
            return True
        return False

    def _note_notices(self) -> None:
        """Show whoever answers by herself what has gone out."""
        n, e = t.notices, t.events
        query = (
            sa.select(n.c.notice_id, n.c.rule, n.c.role, n.c.organisation, n.c.issued_at)
            .add_columns(sa.func.min(e.c.event_id))
            .join(e, e.c.episode_id == n.c.episode_id)
            .group_by(n.c.notice_id, n.c.rule, n.c.role, n.c.organisation, n.c.issued_at)
            .order_by(n.c.issued_at, n.c.notice_id)
        )
        numbers = {scenario.id: number for number, scenario in enumerate(self.stories)}
        with reading(self.engine) as conn:
            rows = conn.execute(query).all() if any(self.answers) else []
        for notice_id, rule, role, organisation, issued_at, event in rows:
            story = self.sent.get(event)
            if story is not None:
                answers = self.answers[numbers[story]]
                answers.note(notice_id, rule, role, organisation, issued_at)

    def _open_notice(self, notice_id: str) -> Any:
        """The organisation and role that have a notice, while its duty has not ended."""
        n, o = t.notices, t.obligations
        query = (
            sa.select(n.c.organisation, n.c.role)
            .join(o, o.c.obligation_id == n.c.obligation_id)
            .where(n.c.notice_id == notice_id, o.c.state.not_in([s.value for s in ENDED]))
        )
        with reading(self.engine) as conn:
            return conn.execute(query).first()

    async def _give(self, cue: Cue) -> None:
        """Let one given thing happen, through its door."""
        scenario = self.stories[cue.story]
        given = scenario.given[cue.number]
        self.say(f"{given.at}  {scenario.id}  {_words(given)}")
        if given.receipt is not None:
            await self._receipt(given, scenario.id)
        elif given.hl7 is not None:
            for event in events_from(given.hl7.encode(), load_profile(), cue.at).events:
                self.sent[event.id] = scenario.id
            await self.doors.mllp(given.hl7)
        else:
            event = event_of(scenario, given, cue.number + 1)
            self.sent[event.id] = scenario.id
            await (self.doors.kafka(event) if given.door == "kafka" else self.doors.https(event))

    async def _receipt(self, given: Given, story: str) -> None:
        """Somebody answers the latest notice of a rule, with the key of the organisation."""
        notice_id, organisation = await asyncio.to_thread(self._find, given, story)
        body = {
            "notice_id": notice_id,
            "signal": str(given.receipt),
            "role": given.acting_as or given.role,
            "person": given.person,
            "channel": given.channel,
        }
        await self.doors.post(
            "/receipts", given.by or organisation, {k: v for k, v in body.items() if v is not None}
        )

    def _episodes(self, story: str) -> sa.Select[tuple[str]]:
        """The pregnancies that a story is about."""
        events = [event for event, of in self.sent.items() if of == story]
        return sa.select(t.events.c.episode_id).where(t.events.c.event_id.in_(events))

    def _find(self, given: Given, story: str) -> tuple[str, str]:
        n, o = t.notices, t.obligations
        query = (
            sa.select(n.c.notice_id, n.c.organisation)
            .join(o, o.c.obligation_id == n.c.obligation_id)
            .where(n.c.episode_id.in_(self._episodes(story)))
            .order_by(n.c.issued_at.desc(), n.c.round.desc())
            .limit(1)
        )
        if given.rule is not None:
            query = query.where(
                sa.or_(n.c.rule == given.rule, n.c.rule.startswith(f"{given.rule}."))
            )
        if given.role is not None:
            # A team answers for whom it has named, as in `find_notice`.
            named = (role for role, team in TEAM_OF.items() if team == given.role)
            query = query.where(n.c.role.in_((given.role, *named)))
        if given.organisation is not None:
            query = query.where(n.c.organisation == given.organisation)
        if given.about is not None:
            query = query.where(o.c.subject == given.about)
        with reading(self.engine) as conn:
            found = conn.execute(query).first()
        if found is None:
            raise LookupError(f"at {given.at} no notice of {given.rule} for {given.role}")
        return found.notice_id, found.organisation


def _words(given: Given) -> str:
    """What happens, in a few words without anybody's name."""
    if given.receipt is not None:
        return f"{given.role} {given.receipt} the notice of {given.rule}"
    return f"HL7 v2 over {given.door}" if given.hl7 else f"{given.event} over {given.door}"


BEFORE = timedelta(minutes=1)
"""The clock starts a moment before the first story does."""
