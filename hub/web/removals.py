"""Which events came of which resource, so that deleting the resource takes them back.

Kept by the gateway for each organisation: names of resources and ids of events, no person.  Whom
an event is about is asked of the read model, so that a deletion is answered once the event is
decided; before, its sender is told to send it again in a moment.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.core.model import Event, Person
from hub.edges.mapped import Origin
from hub.store import tables as t
from hub.store.columns import Instant
from hub.store.upsert import put_once
from hub.web.accepted import metadata

resource_events = sa.Table(
    "resource_events",
    metadata,
    sa.Column("organisation", sa.Text, primary_key=True),
    sa.Column("resource", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("removed_at", Instant, nullable=True),
)

_Row = sa.Row[Any, Any, Any, Any]


def remember(
    conn: Connection, organisation: str, events: Iterable[Event], origins: Iterable[Origin]
) -> None:
    """Note which event came of which resource; one without an id cannot be deleted by its id."""
    for event, origin in zip(events, origins, strict=False):
        if origin.resource:
            row = {
                "organisation": organisation,
                "resource": origin.resource,
                "event_id": event.id,
                "event_type": event.type,
                "source": event.source,
                "removed_at": None,
            }
            put_once(conn, resource_events, row)


def retractions(
    conn: Connection, organisation: str, removed: Iterable[str], received_at: datetime
) -> tuple[Event, ...]:
    """The retractions of all that came of these resources.  Raises SenderFault UNKNOWN_TARGET."""
    return tuple(
        _retraction(conn, organisation, resource, row, received_at)
        for resource in removed
        for row in _came_of(conn, organisation, resource)
    )


def note_removed(
    conn: Connection, organisation: str, removed: Iterable[str], received_at: datetime
) -> None:
    """The resources are deleted: the same deletion sent again is the same retraction."""
    r = resource_events
    for resource in removed:
        conn.execute(
            sa.update(r)
            .where(
                r.c.organisation == organisation,
                r.c.resource == resource,
                r.c.removed_at.is_(None),
            )
            .values(removed_at=received_at)
        )


def _came_of(conn: Connection, organisation: str, resource: str) -> list[_Row]:
    r = resource_events
    rows = conn.execute(
        sa.select(r.c.event_id, r.c.event_type, r.c.source, r.c.removed_at)
        .where(r.c.organisation == organisation, r.c.resource == resource)
        .order_by(r.c.event_id)
    ).all()
    if not rows:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "this deletes a resource of which no event came that was taken from your organisation",
            field="Bundle.entry.request.url",
            remedy="send event.retracted with the id of the event, if there is one",
        )
    return list(rows)


def _retraction(
    conn: Connection,
    organisation: str,
    resource: str,
    row: _Row,
    received_at: datetime,
) -> Event:
    at = row.removed_at or received_at
    return Event(
        id=f"fhir:{derive('removed', organisation, resource, row.event_id)}",
        type="event.retracted",
        source=row.source,
        occurred_at=at,
        received_at=received_at,
        subject=_whose(conn, row.event_id),
        body={
            "target_id": row.event_id,
            "target_type": row.event_type,
            "reason": "entered_in_error",
        },
    )


def _whose(conn: Connection, event_id: str) -> Person:
    """The mother whom an event is about, as the read model knows her."""
    e, p = t.events, t.episodes
    found = conn.execute(
        sa.select(p.c.reference, p.c.nhs_number)
        .select_from(e.join(p, p.c.episode_id == e.c.episode_id))
        .where(e.c.event_id == event_id)
        .order_by(e.c.decided_at.desc(), e.c.seq.desc())
        .limit(1)
    ).one_or_none()
    if found is None or not (found.reference or found.nhs_number):
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "the event that came of the deleted resource is not decided yet",
            field="Bundle.entry.request.url",
            remedy="send the same again in a moment",
        )
    return Person(reference=found.reference or "", nhs_number=found.nhs_number)
