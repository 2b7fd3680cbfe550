"""Which notices a filter finds, and where each stands: what sending again looks at."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import Level, ObligationState
from hub.core.replaying import LeftOut, Stands
from hub.edges.channels.worklist import WorklistChannel
from hub.edges.choosing import traits_known
from hub.edges.directory import Directory, Endpoint
from hub.store import tables as t
from hub.store.outbox import OutboxState
from hub.store.worklist import Listed

NOT_PENDING: Final = tuple(each.value for each in OutboxState if each is not OutboxState.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A filter; what is empty narrows nothing.  The times are those at which notices were made."""

    organisation: str = ""
    channel: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None
    notice_id: str = ""
    role: str = ""
    listed: str = ""
    """Where the worklist shows them."""

    def plain(self) -> dict[str, Any]:
        """As it is kept with the preview."""
        said = {name: value for name, value in asdict(self).items() if value}
        return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in said.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A notice in the outbox, and what the read model says of it."""

    notice_id: str
    organisation: str
    role: str
    channel: str
    outbox_state: str
    attempts: int
    created_at: datetime
    issued_at: datetime
    level: int | None
    notice_state: str | None
    withdrawn: bool | None
    listed: str | None
    rule: str | None
    purpose: str | None
    traits: str | None
    attempts_then: int | None = None
    """How often it had been tried at the preview; None while there is none."""

    def road(self, directory: Directory) -> Endpoint:
        """Where it goes by today's directory."""
        traits = traits_known(self.traits, role=self.role, rule=self.rule, purpose=self.purpose)
        return directory.endpoint(self.organisation, self.role, traits)

    def stands(self, directory: Directory) -> Stands:
        """Where it stands, with today's directory."""
        return Stands(
            level=None if self.level is None else Level(self.level),
            state=None if self.notice_state is None else ObligationState(self.notice_state),
            withdrawn=bool(self.withdrawn),
            replaced=self.listed == Listed.SUPERSEDED,
            cancelled=self.outbox_state == OutboxState.CANCELLED,
            pending=self.outbox_state == OutboxState.PENDING,
            on_worklist=self.road(directory).channel == WorklistChannel.name,
            attempts=self.attempts,
        )

    def kept(self, replay_id: str) -> dict[str, Any]:
        """The row of the preview."""
        return {
            "replay_id": replay_id,
            "notice_id": self.notice_id,
            "organisation": self.organisation,
            "role": self.role,
            "channel": self.channel,
            "issued_at": self.issued_at,
            "attempts": self.attempts,
            "state_before": self.outbox_state,
            "created_before": self.created_at,
        }


def _columns() -> list[Any]:
    x, n = t.outbox.c, t.notices.c
    return [
        x.notice_id,
        x.organisation,
        x.role,
        x.channel,
        x.state.label("outbox_state"),
        x.attempts,
        x.created_at,
        sa.func.coalesce(n.issued_at, x.created_at, type_=x.created_at.type).label("issued_at"),
        n.level,
        n.state.label("notice_state"),
        n.withdrawn,
        n.listed,
        n.rule,
        n.purpose,
        x.traits,
    ]


def _joined() -> sa.Join:
    return t.outbox.outerjoin(t.notices, t.notices.c.notice_id == t.outbox.c.notice_id)


def chosen_rows(conn: Connection, chosen: Chosen, limit: int) -> list[Found]:
    """What a filter finds, oldest first."""
    x, n = t.outbox.c, t.notices.c
    wanted = {
        x.organisation: chosen.organisation,
        x.channel: chosen.channel,
        x.state: chosen.state,
        x.notice_id: chosen.notice_id,
        x.role: chosen.role,
        n.listed: chosen.listed,
    }
    where = [column == value for column, value in wanted.items() if value]
    if chosen.since is not None:
        where.append(n.issued_at >= chosen.since)
    if chosen.until is not None:
        where.append(n.issued_at < chosen.until)
    asked = sa.select(*_columns()).select_from(_joined()).where(*where)
    order = asked.order_by("issued_at", x.notice_id).limit(limit)
    return [Found(**row) for row in conn.execute(order).mappings()]


def rows_of(conn: Connection, replay_id: str, limit: int) -> list[Found]:
    """The next notices of a previewed set that the deed has not come to, oldest first."""
    m, x = t.replay_notices.c, t.outbox
    asked = (
        sa.select(*_columns(), m.attempts.label("attempts_then"))
        .select_from(_joined().join(t.replay_notices, m.notice_id == x.c.notice_id))
        .where(m.replay_id == replay_id, m.came_of.is_(None))
        .order_by(m.issued_at, m.notice_id)
        .limit(limit)
        .with_for_update(of=x)
    )
    return [Found(**row) for row in conn.execute(asked).mappings()]


def accepted_since(conn: Connection, notice_ids: Collection[str]) -> int:
    """Stop what waits to be sent again and has been accepted; it stands as it stood before."""
    if not notice_ids:
        return 0
    x, m = t.outbox, t.replay_notices
    same = sa.and_(m.c.notice_id == x.c.notice_id, m.c.replay_id == x.c.replay_id)
    asked = (
        sa.select(x.c.notice_id, x.c.replay_id, m.c.state_before)
        .select_from(x.join(m, same))
        .where(x.c.notice_id.in_(notice_ids), x.c.state == OutboxState.PENDING)
    )
    stopped = 0
    for row in conn.execute(asked).all():
        still = sa.and_(x.c.notice_id == row.notice_id, x.c.state == OutboxState.PENDING)
        change = sa.update(x).where(still).values(state=row.state_before)
        if conn.execute(change).rowcount:
            one = sa.and_(m.c.notice_id == row.notice_id, m.c.replay_id == row.replay_id)
            conn.execute(sa.update(m).where(one).values(came_of=LeftOut.ACCEPTED))
            stopped += 1
    return stopped
