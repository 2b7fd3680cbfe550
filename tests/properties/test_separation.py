"""Two families never meet: nothing of one reaches anybody through the other.

They share whatever families may share: the practice, the teams, the postcode, a publisher's own
reference, the ids of contacts, conferences and of the baby itself, as when a child is placed with
another family.  Each goes through the identity rules and the core in one interleaved log; each must
be told exactly what it would be told if the other did not exist.
"""

import os
import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.faults import SenderFault
from hub.core.identity import identify
from hub.core.model import Event, Holder, Input, InputKind, Person, Receipt, Signal
from hub.core.outcomes import Decision, NoticeIssued
from hub.core.person import PersonState, person_key
from hub.edges.avro import encode_decision
from hub.edges.records import DecisionRecord
from tests.core.stage import TEAM, local, policy
from tests.effort import cases
from tests.properties.planting import Planter

CASES = int(os.environ.get("CASES", cases(300)))
SECRET = b"a secret of the test"
START = local("2026-03-23 10:00")
SHARED = {"baby_id": "b-1", "contact_id": "c-1", "conference_id": "k-1", "referral_id": "r-1"}
"""Ids that both families' publishers use, the baby's own among them."""
MOST_EVENTS = 6
SHARES = 4
"""The cases are tried in so many tests, side by side on a machine of several cores."""

TOLD = sorted(
    t
    for t, r in policy().events.items()
    if r.groups and r.matter is None and t not in ("event.corrected", "notice.receipt")
)
SEEN: Counter[str] = Counter()


class Household:
    """One family: who she is, what happens to her, and the words that are hers alone."""

    def __init__(self, mark: str, seed: int, number: str | None) -> None:
        """The words begin with `mark`."""
        self.mark = mark
        self.chance = random.Random(seed)  # noqa: S311  a case is repeated from its seed; nothing here is secret
        self.planter = Planter(seed, mark=mark, routing=True)
        self.mother = Person(
            reference="A-1",
            nhs_number=number,
            family_name=self.planter.word("family_name"),
            given_name=self.planter.word("given_name"),
            postcode="CB1 1AA",
        )
        self.source = "RXA:MAT_PAS" if number else f"R{mark}:EPR"

    def events(self) -> list[Event]:
        """A booking, and some of whatever may follow, each with a time of its own."""
        booking = {
            "booked_on": "2026-03-23",
            "edd": "2026-10-20",
            "provider": "RXA",
            "gp_ods": "Y1",
            "vulnerabilities": [],
        }
        found = [self._event("pregnancy.booked", booking, 0)]
        for number in range(1, self.chance.randint(1, MOST_EVENTS) + 1):
            event_type = self.chance.choice(TOLD)
            body = self.planter.body(event_type)
            body |= {name: value for name, value in SHARED.items() if body.get(name)}
            if event_type == "event.retracted":
                body["target_id"] = self.chance.choice(found).id
            found.append(self._event(event_type, body, number))
        return found

    def _event(self, event_type: str, body: dict[str, Any], number: int) -> Event:
        at = START + timedelta(hours=40 * number, minutes=self.chance.randrange(600))
        return Event(
            id=f"{self.mark}-{number}",
            type=event_type,
            source=self.source,
            occurred_at=at,
            received_at=at,
            subject=self.mother,
            body=body,
        )


class Hub:
    """The identity rules and the core, with what each keeps."""

    def __init__(self) -> None:
        """Nobody is known."""
        self.people: dict[str, PersonState] = {}
        self.episodes: dict[str, Episode] = {}
        self.decided: dict[str, list[bytes]] = {}
        self.notices: dict[str, list[NoticeIssued]] = {}

    def hear(self, event: Event) -> None:
        """Find the episode and decide; what cannot be decided changes nothing, as in quarantine."""
        key = person_key(event, SECRET)
        opens = policy().events[event.type].opens_episode
        state = self.people.get(key, PersonState())
        try:
            episode_id, after = identify(state, event, key=key, secret=SECRET, opens_episode=opens)
        except SenderFault:
            return
        self.people[key] = after
        given = Input(
            input_id=event.id,
            kind=InputKind.EVENT,
            at=event.received_at,
            episode_id=episode_id,
            event=event,
            team=(*TEAM, Holder(role="SG_MIDWIFE", organisation="RXA")),
        )
        self.decide(episode_id, given)

    def decide(self, episode_id: str, given: Input) -> None:
        """Decide one input for one episode."""
        episode = self.episodes.get(episode_id, Episode(episode_id=episode_id))
        try:
            decision = decide(episode, given, policy())
        except (SenderFault, TypeError, ValueError, KeyError, AttributeError) as error:
            # The door would have refused such a body; that it does is tested there.
            self.decided.setdefault(episode_id, []).append(type(error).__name__.encode())
            return
        self.episodes[episode_id] = decision.episode
        self.decided.setdefault(episode_id, []).append(_bytes_of(decision))
        issued = [o for o in decision.outcomes if isinstance(o, NoticeIssued)]
        self.notices.setdefault(episode_id, []).extend(issued)


def _bytes_of(decision: Decision) -> bytes:
    """All that a decision says, as it leaves the core: what is not here reaches nobody."""
    return encode_decision(
        DecisionRecord(
            episode_id=decision.episode.episode_id,
            seq=decision.seq,
            input_id=decision.input_id,
            input_partition=0,
            input_offset=0,
            at=decision.at,
            policy_version=decision.policy_version,
            outcomes=decision.outcomes,
        )
    )


def together(one: list[Event], other: list[Event], seed: int) -> list[Event]:
    """Both in one log: each in its own order, woven as chance has it."""
    chance = random.Random(seed)  # noqa: S311  a case is repeated from its seed; nothing here is secret
    left, right, log = list(one), list(other), list[Event]()
    while left or right:
        take = left if left and (not right or chance.random() < 0.5) else right
        log.append(take.pop(0))
    return log


def told(log: list[Event]) -> Hub:
    """A hub that has heard a log."""
    hub = Hub()
    for event in log:
        hub.hear(event)
    return hub


@pytest.mark.parametrize("share", range(SHARES))
@settings(
    max_examples=-(-CASES // SHARES), deadline=None, database=None, derandomize=CASES <= 300,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(drawn=st.integers(0, 2**46), numbered=st.sampled_from((True, False)))
def test_nothing_of_one_family_reaches_the_other(share: int, drawn: int, numbered: bool) -> None:
    """No word of hers in the other's decisions, and the same bytes as if she did not exist."""
    seed = drawn * SHARES + share
    mine = Household("ZQA", seed, "9990000018")
    other = Household("ZQB", seed + 1, "9990000026" if numbered else None)
    log, alone, theirs = mine.events(), told([]), other.events()
    both = told(together(log, theirs, seed))
    for event in log:
        alone.hear(event)

    for episode_id, decided in alone.decided.items():
        assert both.decided[episode_id] == decided
        assert not any(b"ZQB" in said for said in decided)
    for episode_id in both.decided.keys() - alone.decided.keys():
        assert not any(b"ZQA" in said for said in both.decided[episode_id])
        SEEN["others"] += any(b"ZQB" in said for said in both.decided[episode_id])
    _try_the_other_door(both)
    SEEN["cases"] += 1


def _try_the_other_door(hub: Hub) -> None:
    """A receipt for one family's notice says nothing about any other family's."""
    places = [e for e in hub.notices if hub.notices[e]]
    for here, there in pairwise(places):
        notice = hub.notices[there][0]
        before = hub.episodes[here]
        receipt = Receipt(
            notice_id=notice.notice_id,
            signal=Signal.ACCEPTED,
            organisation=notice.organisation,
            at=START + timedelta(days=30),
            person="pat-1",
        )
        given = Input(
            input_id="astray",
            kind=InputKind.RECEIPT,
            at=receipt.at,
            episode_id=here,
            receipt=receipt,
        )
        with pytest.raises(SenderFault):
            decide(before, given, policy())
        assert hub.episodes[here] is before
        SEEN["astray"] += 1


def test_the_other_family_did_say_something() -> None:
    """Silence would separate them as well: each family's words do stand in its own decisions."""
    for seed in range(20):
        hub = told(Household("ZQA", seed, "9990000018").events())
        SEEN["own"] += any(b"ZQA" in said for rows in hub.decided.values() for said in rows)
    assert SEEN["own"] == 20
