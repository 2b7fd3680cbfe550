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

import sqlalchemy as sa
from sqlalchemy import Engine

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
            self.clock.move(at)
            await self.watcher.rest(at, self.sent)
            while cues and cues[0].at == at:
                await asyncio.sleep(self.pause_seconds)
                await self._give(heapq.heappop(cues))
                await self.watcher.rest(at, self.sent)
            if at >= until and not cues:
                return

    async def _next_wake(self, until: datetime) -> datetime:
        wake = await asyncio.to_thread(self._read_wake)
        return min(wake, until) if wake is not None else until

    def _read_wake(self) -> datetime | None:
        with reading(self.engine) as conn:
            return min_next_wake(conn)

    async def _give(self, cue: Cue) -> None:
        """Let one given thing happen, through its door."""
        scenario = self.stories[cue.story]
        given = scenario.given[cue.number]
        self.say(f"{given.at}  {scenario.id}  {_words(given)}")
        if given.receipt is not None:
            await self._receipt(given)
        elif given.hl7 is not None:
            for event in events_from(given.hl7.encode(), load_profile(), cue.at).events:
                self.sent[event.id] = scenario.id
            await self.doors.mllp(given.hl7)
        else:
            event = event_of(scenario, given, cue.number + 1)
            self.sent[event.id] = scenario.id
            await (self.doors.kafka(event) if given.door == "kafka" else self.doors.https(event))

    async def _receipt(self, given: Given) -> None:
        """Somebody answers the latest notice of a rule, with the key of the organisation."""
        notice_id, organisation = await asyncio.to_thread(self._find, given)
        body = {
            "notice_id": notice_id,
            "signal": str(given.receipt),
            "role": given.role,
            "person": given.person,
        }
        await self.doors.post(
            "/receipts", organisation, {k: v for k, v in body.items() if v is not None}
        )

    def _find(self, given: Given) -> tuple[str, str]:
        n, o = t.notices, t.obligations
        query = (
            sa.select(n.c.notice_id, n.c.organisation)
            .join(o, o.c.obligation_id == n.c.obligation_id)
            .where(n.c.rule == given.rule, n.c.role == given.role)
            .order_by(n.c.issued_at.desc(), n.c.round.desc())
            .limit(1)
        )
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
