"""Matters: feeds, practices, teams and areas, decided as episodes are, under keys of their own."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from msgspec.structs import replace

from hub.core.decide import decide
from hub.core.draft import unpack_fields
from hub.core.episode import Episode
from hub.core.faults import SenderFault
from hub.core.matters import ENDED_KEPT, Counted, is_matter, matter_id, matter_of
from hub.core.model import Event, Input, InputKind, Person
from hub.core.outcomes import Decision, GapClosed, GapOpened
from hub.core.policy import Policy
from tests.core import stage

START = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
FEED = "RXA:MAT_PAS"
ID = matter_id("feed", FEED, b"secret")


@cache
def policy() -> Policy:
    """The packaged policy."""
    return stage.policy()


def beat(number: int, at: datetime, **body: object) -> Event:
    """A heartbeat."""
    return Event(
        id=f"beat-{number}",
        type="feed.heartbeat",
        source=FEED,
        occurred_at=at,
        received_at=at,
        subject=Person(reference=FEED),
        body={"source": FEED, "seq": number, "expected_every": 60, "backlog": 0, "final": "n"}
        | body,
    )


def heard(before: Episode, event: Event, at: datetime) -> Decision:
    """What follows from an event about a matter."""
    given = Input(
        input_id=event.id, kind=InputKind.EVENT, at=at, episode_id=before.episode_id, event=event
    )
    return decide(before, given, policy())


def woken(before: Episode, at: datetime) -> Decision:
    """What follows when a matter is told the time."""
    given = Input(input_id="", kind=InputKind.WAKE, at=at, episode_id=before.episode_id)
    return decide(before, given, policy())


def counted_input(counted: Counted, at: datetime) -> Input:
    """The input that a counted note becomes."""
    identity = matter_id(counted.kind, counted.of, b"secret")
    return Input(
        input_id=counted.note.event_id,
        kind=InputKind.COUNTED,
        at=at,
        episode_id=identity,
        counted=counted.note,
    )


def test_a_key_says_nothing_and_follows_from_what_it_is() -> None:
    """The same matter has the same id; another kind, code or secret another; none can be read."""
    assert ID == matter_id("feed", FEED, b"secret")
    others = {
        matter_id("team", FEED, b"secret"),
        matter_id("feed", "RXB:MAT_PAS", b"secret"),
        matter_id("feed", FEED, b"other"),
    }
    assert ID not in others
    assert 3 == len(others)
    assert is_matter(ID)
    assert not is_matter("ep-00000000000000000000")
    assert "RXA" not in ID


def test_an_event_names_its_matter_and_a_pregnancy_is_none() -> None:
    """A heartbeat is about its feed, a retraction about what its reference names."""
    given = beat(1, START)
    assert ("feed", FEED) == matter_of(policy(), given)
    back = replace(
        given,
        type="event.retracted",
        body={"target_id": "beat-1", "target_type": "feed.heartbeat", "reason": "duplicate"},
    )
    assert ("feed", FEED) == matter_of(policy(), back)
    assert ("", "") == matter_of(policy(), replace(given, type="pregnancy.booked", body={}))
    corrected = replace(given, type="event.corrected", body={"target_id": "beat-1"})
    assert ("feed", FEED) == matter_of(policy(), corrected, replacement=given)


def test_a_matter_without_a_code_is_refused() -> None:
    """What nobody can file is kept back, and never filed under nothing."""
    nameless = beat(1, START, source="")
    with pytest.raises(SenderFault, match="does not say what it is about"):
        matter_of(policy(), nameless)


def test_silence_opens_the_gap_at_twice_the_interval_and_not_before() -> None:
    """A heartbeat an hour: nothing at two hours less a second, a gap at two hours."""
    alive = heard(Episode(episode_id=ID), beat(1, START), START).episode
    due = START + timedelta(hours=2)
    assert due == alive.next_wake
    early = woken(alive, due - timedelta(seconds=1))
    assert not [o for o in early.outcomes if isinstance(o, GapOpened)]
    opened = [o for o in woken(early.episode, due).outcomes if isinstance(o, GapOpened)]
    assert [("G61", due)] == [(o.code, o.opened_at) for o in opened]


def test_a_matter_holds_nobody() -> None:
    """Whatever a sender writes into the subject of such an event is not kept."""
    named = replace(beat(1, START), subject=Person(reference="x", family_name="Finch"))
    decision = heard(Episode(episode_id=ID), named, START)
    assert decision.episode.mother is None
    assert "Finch" not in repr(decision)


def test_a_year_of_heartbeats_does_not_grow_the_matter() -> None:
    """What has ended long ago is let go, and the last cycle of a gap keeps its number."""
    feed = Episode(episode_id=ID)
    at = START
    closed = []
    for number in range(200):
        silent = timedelta(hours=3 if number % 60 == 59 else 1)
        at += silent
        decision = heard(feed, beat(number, at), at)
        feed = decision.episode
        closed += [o.gap_id for o in decision.outcomes if isinstance(o, GapClosed)]
    assert ENDED_KEPT + 1 >= len(feed.expectations)
    assert 3 == len(closed) == len(set(closed))
    assert [3] == [gap.cycle for gap in feed.gaps]
    assert [beat(199, at).id] == [e.trigger for e in feed.expectations if e.met_at is None]


def volume(number: int, day: int, events: int) -> Event:
    """A heartbeat that tells of a Monday's events."""
    at = START + timedelta(days=7 * day)
    return beat(number, at, counted_on=at.date().isoformat(), events_counted=events)


def test_what_is_counted_holds_the_fields_of_its_rule_and_an_id_that_repeats() -> None:
    """The same event counts alike each time, so that its copy can be told."""
    event = volume(1, 0, 70)
    first = heard(Episode(episode_id=ID), event, START).counted
    again = heard(Episode(episode_id=ID), event, START).counted
    assert first == again
    [one] = first
    assert ("feed-volume", FEED) == (one.kind, one.of)
    assert {"source": FEED, "day": "2026-10-05", "events": 70} == unpack_fields(one.note.fields)


def test_a_copy_of_what_was_counted_changes_nothing() -> None:
    """A counted note that comes twice is heard once."""
    [one] = heard(Episode(episode_id=ID), volume(1, 0, 70), START).counted
    given = counted_input(one, START)
    once = decide(Episode(episode_id=given.episode_id), given, policy())
    twice = decide(once.episode, given, policy())
    assert once.outcomes
    assert () == twice.outcomes
    assert once.episode.history == twice.episode.history


def test_a_correction_takes_back_what_was_counted_wrongly() -> None:
    """The wrong figure is taken back and the right one counted; a like one stays as it is."""
    told = heard(Episode(episode_id=ID), volume(1, 0, 7), START)
    for figure, expected in ((70, [(7, True), (70, False)]), (7, [])):
        correction = replace(
            beat(9, START), id=f"fix-{figure}", type="event.corrected", body={"target_id": "beat-1"}
        )
        given = Input(
            input_id=correction.id,
            kind=InputKind.EVENT,
            at=START,
            episode_id=ID,
            event=correction,
            replacement=volume(1, 0, figure),
        )
        notes = [c.note for c in decide(told.episode, given, policy()).counted]
        found = [(unpack_fields(n.fields)["events"], n.taken_back) for n in notes]
        assert expected == found


def test_a_retraction_takes_back_what_was_counted() -> None:
    """A matter treats what was taken back as never said."""
    told = heard(Episode(episode_id=ID), volume(1, 0, 7), START)
    back = replace(
        beat(9, START),
        id="back",
        type="event.retracted",
        body={"target_id": "beat-1", "target_type": "feed.heartbeat", "reason": "duplicate"},
    )
    [one] = told.counted
    [taken] = heard(told.episode, back, START).counted
    assert (True, one.note.event_id) == (taken.note.taken_back, taken.note.event_id)
    identity = matter_id(one.kind, one.of, b"secret")
    after = decide(Episode(episode_id=identity), counted_input(one, START), policy())
    gone = decide(after.episode, counted_input(taken, START), policy())
    assert [True] == [r.retracted for r in gone.episode.history]


def test_an_open_gap_of_a_matter_is_looked_at_each_day() -> None:
    """A condition over days may come true with time alone: the matter asks to be woken for it."""
    identity = matter_id("feed-volume", FEED, b"secret")
    thin = Episode(episode_id=identity)
    for number, events in enumerate((100, 100, 100, 9)):
        at = START + timedelta(days=7 * number)
        [one] = heard(Episode(episode_id=ID), volume(number, number, events), at).counted
        thin = decide(thin, counted_input(one, at), policy()).episode
    [gap] = thin.gaps
    assert "G61" == gap.code
    for day in range(1, 60):
        wake = thin.next_wake
        assert wake is not None
        assert wake <= gap.opened_at + timedelta(days=day)
        thin = woken(thin, gap.opened_at + timedelta(days=day)).episode
