"""Which pregnancy is this about?  Purely, from what is known of one person.

An episode is one pregnancy and the babies it produces.  An event belongs to the episode whose due
date lies within 21 days of its own (the rule of the leading maternity record), or, where it has
none, to the pregnancy that was going on when it happened.  A woman without an NHS number gets an
episode too, under her publisher's own reference.
"""

from datetime import date, datetime, timedelta
from hashlib import blake2b

from msgspec import Struct
from msgspec.structs import replace

from hub.core.deadlines import TERM_DAYS, estimated_due_date, local_date
from hub.core.draft import HISTORY_LIMIT
from hub.core.facts.people import CLOSES
from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import ID_BYTES
from hub.core.model import Event

DUE_DATE_WINDOW = timedelta(days=21)
BEFORE_CONCEPTION = timedelta(days=14)
"""An event this long before conception by the due date is not about this pregnancy."""
OPEN_WITHOUT_DUE_DATE = timedelta(days=TERM_DAYS)
LIFE_AFTER_DUE_DATE = timedelta(days=365)
"""An episode lives until the infant is one year old."""
OVERDUE_AT_MOST = timedelta(days=21)
"""A pregnancy lasts no longer past its due date: a re-dating after that is of another one."""
NEXT_BIRTH = timedelta(days=120)
"""A birth so long after a birth or a loss is another pregnancy's; twins are weeks apart at most."""
SAYS_PREGNANT = (
    "pregnancy.notified",
    "pregnancy.referral-received",
    "pregnancy.booked",
    "pregnancy.dated",
)
"""Events that say that a woman is pregnant now."""
EPISODES_LIMIT = 24
"""Pregnancies kept for one person; the oldest goes first."""
HEARD_LIMIT = HISTORY_LIMIT
"""Events whose copies are recognised, for each pregnancy: as many as an episode remembers."""


class KnownEpisode(Struct, frozen=True, kw_only=True):
    """One pregnancy of a person, as far as telling it from another needs."""

    episode_id: str
    opened_at: datetime
    edd: str | None = None
    ended_at: datetime | None = None
    heard: tuple[int, ...] = ()
    """Fingerprints of its latest events: a late copy of one goes where the first one went, even
    when by now another pregnancy would fit it better."""


class PersonState(Struct, frozen=True, kw_only=True):
    """What is known of one person across her pregnancies."""

    episodes: tuple[KnownEpisode, ...] = ()
    practice: str | None = None
    practice_since: datetime | None = None
    provider: str | None = None
    area: str | None = None
    nhs_number: str | None = None
    area_since: datetime | None = None
    reported_by: str | None = None
    """The organisation that first told of her: where nothing else says, she lives in its area."""


def person_key(event: Event, secret: bytes) -> str:
    """A key for a person that cannot be turned back into an identity.

    The NHS number where there is one, else the publisher's own reference, hashed with a secret of
    the hub's.
    """
    number = event.subject.nhs_number
    known = f"nhs:{number}" if number else f"{event.source}:{event.subject.reference}"
    return "p-" + blake2b(known.encode(), key=secret, digest_size=ID_BYTES).hexdigest()


def _episode_id(key: str, event: Event, secret: bytes) -> str:
    known = f"{key}:{event.id}".encode()
    return "ep-" + blake2b(known, key=secret, digest_size=ID_BYTES).hexdigest()


def _fingerprint(event: Event) -> int:
    """Eight bytes that stand for an event's id."""
    return int.from_bytes(blake2b(event.id.encode(), digest_size=8).digest())


def _heard_in(state: PersonState, event: Event) -> str | None:
    """The episode in which this very event was heard before, where it was."""
    fingerprint = _fingerprint(event)
    return next((e.episode_id for e in state.episodes if fingerprint in e.heard), None)


def _due_date(event: Event) -> str | None:
    """The due date that an event states, or that follows from its gestation."""
    stated = event.body.get("edd")
    if isinstance(stated, str):
        return stated
    gestation = event.body.get("gestation")
    return estimated_due_date(gestation, event.occurred_at) if isinstance(gestation, dict) else None


def _belongs(known: KnownEpisode, event: Event, due: str | None) -> bool:
    """Whether an event is about a known episode.

    Whoever is said to be pregnant after a birth or a loss is pregnant again.
    """
    if event.type in SAYS_PREGNANT and _over(known, event):
        # A whole record sent again after the birth still states the due date it had.
        return event.type == "pregnancy.dated" and _within_window(due, known.edd)
    if (
        event.type == "birth.recorded"
        and known.ended_at is not None
        and event.occurred_at > known.ended_at + NEXT_BIRTH
    ):
        return False
    if known.edd is not None:
        edd = date.fromisoformat(known.edd)
        if due is not None and event.type != "birth.recorded":
            return _within_window(due, known.edd) or _redated(known, event, edd)
        return local_date(event.occurred_at) <= edd + LIFE_AFTER_DUE_DATE
    return event.occurred_at <= known.opened_at + OPEN_WITHOUT_DUE_DATE + LIFE_AFTER_DUE_DATE


def _within_window(due: str | None, edd: str | None) -> bool:
    """Whether two due dates may be of one pregnancy."""
    if due is None or edd is None:
        return False
    return abs(date.fromisoformat(due) - date.fromisoformat(edd)) <= DUE_DATE_WINDOW


def _redated(known: KnownEpisode, event: Event, edd: date) -> bool:
    """A re-dating or a loss names its pregnancy by having happened during it."""
    if event.type not in ("pregnancy.dated", "pregnancy.ended"):
        return False
    if _over(known, event):
        return event.body.get("outcome") == "neonatal_death"
    return local_date(event.occurred_at) <= edd + OVERDUE_AT_MOST


def _over(known: KnownEpisode, event: Event) -> bool:
    """Whether the pregnancy itself had ended, in a birth or a loss, when an event happened."""
    return known.ended_at is not None and event.occurred_at > known.ended_at


def _too_old(known: KnownEpisode, event: Event) -> bool:
    """Whether an event happened before the episode can have begun."""
    if known.edd is not None:
        conceived = date.fromisoformat(known.edd) - timedelta(days=TERM_DAYS)
        return local_date(event.occurred_at) < conceived - BEFORE_CONCEPTION
    return event.occurred_at < known.opened_at - OPEN_WITHOUT_DUE_DATE


def identify(
    state: PersonState, event: Event, *, key: str, secret: bytes, opens_episode: bool
) -> tuple[str, PersonState]:
    """The episode an event belongs to, found or newly opened, and what is known afterwards.

    Raises SenderFault NO_EPISODE when the event may not open one, and BEFORE_EPISODE when it is
    older than the only pregnancy it could be about.
    """
    heard_in = _heard_in(state, event)
    if heard_in is not None:
        return heard_in, state
    due = _due_date(event)
    learnt = _learn(state, event)
    too_old = False
    for known in reversed(state.episodes):
        if _belongs(known, event, due):
            # An event older than this pregnancy may be about the one before it.
            if not _too_old(known, event):
                return known.episode_id, _update(learnt, known, event, due)
            too_old = True
    if too_old:
        raise SenderFault(
            FaultReason.BEFORE_EPISODE,
            "this happened before the pregnancy it would belong to",
            field="time",
            remedy="check the time and the person; send it again corrected",
        )
    if not opens_episode:
        raise SenderFault(
            FaultReason.NO_EPISODE,
            "no pregnancy of this person is known to which this could belong",
            field="subject",
            remedy="send the booking or another event that names the pregnancy, then redrive this",
        )
    opened = _opened(_episode_id(key, event, secret), event, due)
    episodes = (*learnt.episodes, opened)[-EPISODES_LIMIT:]
    return opened.episode_id, replace(learnt, episodes=episodes)


def _opened(episode_id: str, event: Event, due: str | None) -> KnownEpisode:
    """A pregnancy as the first event of it tells it."""
    return KnownEpisode(
        episode_id=episode_id,
        opened_at=event.occurred_at,
        edd=due,
        ended_at=_ended_at(event),
        heard=(_fingerprint(event),),
    )


def _update(state: PersonState, known: KnownEpisode, event: Event, due: str | None) -> PersonState:
    """Keep the due date in force, so that the next event is matched against it."""
    stated = isinstance(event.body.get("edd"), str)
    fresh = replace(
        known,
        edd=due if stated or known.edd is None else known.edd,
        ended_at=known.ended_at or _ended_at(event),
        heard=(*known.heard, _fingerprint(event))[-HEARD_LIMIT:],
    )
    return replace(state, episodes=tuple(fresh if e is known else e for e in state.episodes))


def _ended_at(event: Event) -> datetime | None:
    """When the pregnancy was over, if this event says so; one baby of several lost does not."""
    if event.type == "birth.recorded":
        born_at = event.body.get("born_at")
        return born_at if isinstance(born_at, datetime) else event.occurred_at
    whole = event.type == "pregnancy.ended" and not event.body.get("baby_id")
    return event.occurred_at if whole else None


def _provider(event: Event) -> str | None:
    """Who cares for the pregnancy from this event on, where it says so."""
    moves = event.type == "pregnancy.transferred"
    return event.body.get("to_org" if moves else "provider")


def _learn(state: PersonState, event: Event) -> PersonState:
    """What an event says of the person beyond the one pregnancy."""
    body = event.body
    fresh = replace(
        state,
        nhs_number=event.subject.nhs_number or state.nhs_number,
        provider=_provider(event) or state.provider,
        reported_by=state.reported_by or event.organisation,
    )
    if fresh.practice is None and body.get("gp_ods"):
        fresh = replace(fresh, practice=body["gp_ods"])
    if event.type == "organisation.changed" and body.get("kind") in CLOSES:
        if fresh.practice not in (None, body.get("ods")):
            return fresh
        successor = body.get("successor_ods")
        return replace(fresh, practice=successor, practice_since=event.occurred_at)
    if event.type == "demographics.changed" and body.get("to"):
        newest = state.practice_since is None or event.occurred_at >= state.practice_since
        if body.get("kind") == "gp" and newest:
            return replace(fresh, practice=body["to"], practice_since=event.occurred_at)
        if body.get("kind") == "address":
            area = str(body["to"]).partition("|")[2]
            later = state.area_since is None or event.occurred_at >= state.area_since
            if area and later:
                return replace(fresh, area=area, area_since=event.occurred_at)
    return fresh
