"""Inputs of matters: what is followed and is no pregnancy, with who answers for it at the moment.

As for an episode, the directory is asked once, when the input is made, and its answer travels with
it: a replay of the log never needs the directory of that day.
"""

from datetime import datetime
from hashlib import blake2b

from hub.core.feeds import ARRIVALS, Arrivals, arrivals_note
from hub.core.matters import Counted, matter_id
from hub.core.model import Event, Holder, Input, InputKind
from hub.core.outcomes import Reopened
from hub.edges.directory import Directory
from hub.edges.surroundings import surroundings

PRACTICE, AREA = "practice", "area"
"""Kinds of matter whose code is one by which the directory finds holders."""


def around_matter(
    directory: Directory, at: datetime, kind: str, of: str, organisation: str
) -> tuple[tuple[Holder, ...], str]:
    """Who holds which role around a matter (by its practice or area, else by who reports of it),
    and the area whose settings hold for it.
    """
    return surroundings(
        directory,
        at,
        practice=of if kind == PRACTICE else None,
        provider=organisation,
        area=of if kind == AREA else None,
        reported_by=organisation,
    )


def input_of_event(
    directory: Directory, event: Event, matter: tuple[str, str], at: datetime, secret: bytes
) -> Input:
    """An event about a matter, as the core is told it."""
    kind, of = matter
    team, area = around_matter(directory, at, kind, of, event.organisation)
    return Input(
        input_id=event.id,
        kind=InputKind.EVENT,
        at=at,
        episode_id=matter_id(kind, of, secret),
        event=event,
        team=team,
        area=area,
    )


def input_of_arrivals(
    given: Arrivals, at: datetime, secret: bytes, directory: Directory | None = None
) -> Input:
    """What has come from a feed, as the feeds agent is told it.

    A door that knows no areas leaves its out: the agent keeps the one that it was told last.
    """
    organisation = given.source.partition(":")[0]
    area = ""
    if directory is not None:
        area = around_matter(directory, at, ARRIVALS, given.source, organisation)[1]
    note = arrivals_note(given, at)
    return Input(
        input_id=note.event_id,
        kind=InputKind.COUNTED,
        at=at,
        episode_id=matter_id(ARRIVALS, given.source, secret),
        counted=note,
        area=area,
    )


def secret_of_keys(secret: bytes) -> bytes:
    """The key of person keys, of episode and matter ids: apart from every other use of the hub's
    secret.
    """
    return blake2b(secret, digest_size=32, person=b"hub-person").digest()


def input_of_reopened(reopened: Reopened, at: datetime) -> Input:
    """What a matter found out at `at` about acceptances in a family, as that is told it."""
    return Input(
        input_id=f"{reopened.note.event_id}:reopened",
        kind=InputKind.COUNTED,
        at=at,
        episode_id=reopened.episode_id,
        counted=reopened.note,
    )


def input_of_counted(directory: Directory, counted: Counted, at: datetime, secret: bytes) -> Input:
    """Something counted of a decision made at `at`, as the core is told it."""
    team, area = around_matter(directory, at, counted.kind, counted.of, counted.organisation)
    word = "taken-back" if counted.note.taken_back else "counted"
    return Input(
        input_id=f"{counted.note.event_id}:{word}",
        kind=InputKind.COUNTED,
        at=at,
        episode_id=matter_id(counted.kind, counted.of, secret),
        counted=counted.note,
        team=team,
        area=area,
    )
