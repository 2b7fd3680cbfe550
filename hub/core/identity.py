"""Which pregnancy is this about?  Purely, from what is known of one person.

An episode is one pregnancy and the babies it produces.  An event belongs to the episode whose due
date lies within 21 days of its own (the rule of the leading maternity record), or, where it has
none, to the pregnancy that was going on when it happened.  A woman without an NHS number gets an
episode too, under her publisher's own reference.
"""

from datetime import date, timedelta
from hashlib import blake2b

from msgspec.structs import replace

from hub.core.babies import baby_named
from hub.core.caring import cared_for, target_of, told_by
from hub.core.dates import dates_told, due_date
from hub.core.deadlines import TERM_DAYS, local_date
from hub.core.draft import HISTORY_LIMIT
from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import ID_BYTES, fingerprint
from hub.core.infants import is_babys_own
from hub.core.minds import tells_of_need
from hub.core.model import Event, Person
from hub.core.person import BY_A_LINK, KnownEpisode, PersonState

DUE_DATE_WINDOW = timedelta(days=21)
BEFORE_CONCEPTION = timedelta(days=14)
"""An event this long before conception by the due date is not about this pregnancy."""
OPEN_WITHOUT_DUE_DATE = timedelta(days=TERM_DAYS)
LIFE_AFTER_DUE_DATE = timedelta(days=365)
"""An episode lives until the infant is one year old."""
LIFE_OF_MINDS = timedelta(days=2 * 365)
"""Two years where perinatal mental health is of concern: its services go on that long (S60)."""
OVERDUE_AT_MOST = timedelta(days=21)
"""A pregnancy lasts no longer past its due date: a re-dating after that is of another one."""
NEXT_BIRTH = timedelta(days=120)
"""A birth so long after a birth or a loss is another pregnancy's; twins are weeks apart at most."""
SURELY_ANOTHER = timedelta(days=28)
"""Nobody is pregnant again and seen to be so sooner than this after a birth or a loss."""
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


def _episode_id(key: str, event: Event, secret: bytes) -> str:
    known = f"{key}:{event.id}".encode()
    return "ep-" + blake2b(known, key=secret, digest_size=ID_BYTES).hexdigest()


def _heard_in(state: PersonState, known: int | None) -> KnownEpisode | None:
    """The pregnancy in one of whose episodes an event was heard before, where it was."""
    for one in state.episodes:
        if any(known in each.heard for each in (one, *one.also)):
            return one
    return None


def _where_heard(state: PersonState, known: int) -> str | None:
    """The episode in which an event was heard before: a copy of it goes nowhere else.

    The other episodes of the pregnancy are told of what that one heard, but may not have been yet.
    """
    files = (each for one in state.episodes for each in (one, *one.also))
    return next((each.episode_id for each in files if known in each.heard), None)


def _left_with(state: PersonState, event: Event) -> str | None:
    """The episode of another person in which an event, or what it takes back, was heard before."""
    about = {fingerprint(event.id), target_of(event)}
    if _heard_in(state, target_of(event)) is not None:
        return None
    return next((one.episode_id for one in state.left if about & set(one.heard)), None)


def _belongs(known: KnownEpisode, event: Event, due: str | None) -> bool:
    """Whether an event is about a known episode.

    Whoever is said to be pregnant after a birth or a loss is pregnant again.
    """
    if event.type in SAYS_PREGNANT and _over(known, event):
        # A whole record sent again after the birth still states the due date it had.
        return event.type == "pregnancy.dated" and _within_window(due, known.edd)
    if _seen_pregnant_again(known, event):
        return False
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
        return local_date(event.occurred_at) <= edd + life_after(known)
    return event.occurred_at <= known.opened_at + OPEN_WITHOUT_DUE_DATE + life_after(known)


def life_after(known: KnownEpisode) -> timedelta:
    """How long an episode lives after the due date."""
    return LIFE_OF_MINDS if known.of_minds else LIFE_AFTER_DUE_DATE


def _seen_pregnant_again(known: KnownEpisode, event: Event) -> bool:
    """Whether somebody saw that she is pregnant so long after a birth or a loss that it is another.

    In an emergency department nobody may know how far she is, and it is the first that is heard.
    """
    if event.body.get("pregnant") != "y" or known.ended_at is None:
        return False
    return event.occurred_at > known.ended_at + SURELY_ANOTHER


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
    state: PersonState,
    event: Event,
    *,
    key: str,
    secret: bytes,
    opens_episode: bool,
    replacement: Event | None = None,
) -> tuple[str, PersonState]:
    """The episode an event belongs to, found or newly opened, and what is known afterwards.

    A correction comes with the whole event that it holds.  Raises SenderFault NO_EPISODE when the
    event may not open one, and BEFORE_EPISODE when it is older than all it could be about.
    """
    before = _heard_in(state, fingerprint(event.id))
    if before is not None:
        where = _where_heard(state, fingerprint(event.id)) if replacement is None else None
        return where or before.episode_id, state
    elsewhere = _left_with(state, event)
    if elsewhere is not None:
        return elsewhere, state
    told = told_by(state, event, replacement)
    learnt = _learn(state, event, told)
    # What is corrected or taken back may be of a pregnancy that is over, and she pregnant again.
    surely = _heard_in(state, target_of(event)) or _episode_of_baby(state, told or event)
    if surely is not None:
        return surely.episode_id, _update(learnt, surely, event, told)
    known = _found(state, event, due_date(event))
    if known is not None:
        return known.episode_id, _update(learnt, known, event, told)
    if not opens_episode:
        raise SenderFault(
            FaultReason.NO_EPISODE,
            "no pregnancy of this person is known to which this could belong",
            field="subject",
            remedy="send the booking or another event that names the pregnancy, then redrive this",
        )
    opened = _opened(_episode_id(key, event, secret), event, told)
    episodes = (*learnt.episodes, opened)[-EPISODES_LIMIT:]
    return opened.episode_id, replace(learnt, episodes=episodes)


def identify_named(
    state: PersonState, event: Event, *, key: str, secret: bytes
) -> tuple[str | None, PersonState]:
    """The episode of a family that an event about a matter names; None where none is known.

    Nothing is wrong with a reference that nobody else uses: it is the sender's own.
    """
    try:
        return identify(state, event, key=key, secret=secret, opens_episode=False)
    except SenderFault:
        return None, state


def _found(state: PersonState, event: Event, due: str | None) -> KnownEpisode | None:
    """The pregnancy that an event fits.  Raises SenderFault where it is older than all it fits."""
    too_old = False
    for known in reversed(state.episodes):
        if _belongs(known, event, due):
            # An event older than this pregnancy may be about the one before it.
            if not _too_old(known, event):
                return known
            too_old = True
    if too_old:
        raise SenderFault(
            FaultReason.BEFORE_EPISODE,
            "this happened before the pregnancy it would belong to",
            field="time",
            remedy="check the time and the person; send it again corrected",
        )
    return None


def _episode_of_baby(state: PersonState, event: Event) -> KnownEpisode | None:
    """The pregnancy of the baby that an event names: it may be over, and she pregnant again."""
    baby = baby_named(event)
    if baby is None:
        return None
    return next((e for e in reversed(state.episodes) if baby in e.babies), None)


def _opened(episode_id: str, event: Event, told: Event | None) -> KnownEpisode:
    """A pregnancy as the first event of it tells it."""
    fresh = KnownEpisode(
        episode_id=episode_id,
        opened_at=event.occurred_at,
        heard=(fingerprint(event.id),),
        of_infant=is_babys_own(event),
        of_minds=tells_of_need(event.type, event.body),
    )
    return replace(fresh, **dates_told(fresh, event, told))


def _update(
    state: PersonState, known: KnownEpisode, event: Event, told: Event | None
) -> PersonState:
    """Keep the due date in force, so that the next event is matched against it."""
    fresh = replace(
        known,
        heard=(*known.heard, fingerprint(event.id))[-HEARD_LIMIT:],
        of_minds=known.of_minds or tells_of_need(event.type, event.body),
        **dates_told(known, event, told),
    )
    return replace(state, episodes=tuple(fresh if e is known else e for e in state.episodes))


def _number(state: PersonState, subject: Person) -> str | None:
    """Her NHS number; what came by another key of hers may carry a number she had before."""
    if subject.reference.startswith(BY_A_LINK):
        return state.nhs_number or subject.nhs_number
    return subject.nhs_number or state.nhs_number


def _learn(state: PersonState, event: Event, told: Event | None) -> PersonState:
    """What an event says of the person beyond the one pregnancy."""
    return replace(
        cared_for(state, event, told),
        nhs_number=_number(state, event.subject),
        reported_by=state.reported_by or event.organisation,
    )
