"""Sending again: the preview, which is one exact set, and the deed, which acts on that set only.

The deed goes on in pieces, each of one transaction that looks again at where its notices stand; one
that was killed goes on where it stopped, and one that is asked for twice does nothing twice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from hub.core.replaying import Actor, Refused, Replay, ReplayState, go_on, left_out
from hub.edges.directory import Directory
from hub.ops import limits_replay as limits
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.outbox import OutboxState
from hub.store.replay_rows import Chosen, Found, chosen_rows, rows_of

ALONE: Final = limits.REPLAY_ALONE.value
MOST: Final = limits.REPLAY_MOST.value
VALID_HOURS: Final = limits.REPLAY_HOURS.value

PIECE: Final = 100
"""Notices of one transaction: the database's one writer is held for a moment only."""

SENT_AGAIN: Final = "sent_again"

EVERYTHING: Final = 1_000_000
"""More open notices than one subscriber can have."""


class TooManyError(Exception):
    """A preview would hold more than is sent again at once.

    Operator action: narrow the filter by recipient or time.
    """


class UnknownReplayError(Exception):
    """There is no replay of this id.

    Operator action: make the preview again.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """What one organisation would get, or has got."""

    organisation: str
    notices: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A replay as its preview shows it, and what came of it."""

    replay_id: str
    token: str
    chosen: dict[str, Any]
    reason: str
    state: ReplayState
    notices: int
    recipients: tuple[Recipient, ...]
    oldest: datetime | None
    newest: datetime | None
    left_out: dict[str, int]
    """What the filter found and the preview left out, by reason."""
    came_of: dict[str, int]
    """What the deed made of the previewed set: sent again, or left out since, by reason."""
    results: dict[str, int]
    """What the attempts have come to so far."""
    previewed_by: str
    previewed_at: datetime
    asked_by: str | None
    acted_by: str | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks for a preview, why, and under which id."""

    replay_id: str
    reason: str
    person_id: str
    now: datetime
    only_to: str = ""
    """A destination: nothing but what goes there by today's directory."""


def preview(
    conn: Connection, directory: Directory, chosen: Chosen, asked: Asked, most: int = 0
) -> Seen:
    """Keep the exact set that a filter finds now, and show it.  Raises TooManyError."""
    most = most or MOST
    rows = chosen_rows(conn, chosen, most + 1)
    if len(rows) > most:
        raise TooManyError(f"more than {most} notices fit; narrow the filter by recipient or time")
    if asked.only_to:
        rows = [row for row in rows if row.road(directory).destination_id == asked.only_to]
    out = {row.notice_id: left_out(row.stands(directory)) for row in rows}
    going = [row for row in rows if out[row.notice_id] is None]
    counted = Counter(str(reason) for reason in out.values() if reason is not None)
    conn.execute(
        sa.insert(t.replays).values(
            replay_id=asked.replay_id,
            token=_token(asked.replay_id, [(row.notice_id, row.attempts) for row in going]),
            chosen=chosen.plain(),
            left_out=dict(counted),
            reason=asked.reason,
            notices=len(going),
            oldest=min((row.issued_at for row in going), default=None),
            newest=max((row.issued_at for row in going), default=None),
            state=ReplayState.PREVIEWED,
            previewed_by=asked.person_id,
            previewed_at=asked.now,
        )
    )
    if going:
        kept = [row.kept(asked.replay_id) for row in going]
        conn.execute(sa.insert(t.replay_notices), kept)
    return seen(conn, asked.replay_id)


def _token(replay_id: str, notices: Sequence[tuple[str, int]]) -> str:
    """Names one set: every notice of it, and how often each had been tried."""
    said = "\n".join(f"{notice_id} {attempts}" for notice_id, attempts in sorted(notices))
    return sha256(f"{replay_id}\n{said}".encode()).hexdigest()[:32]


def seen(conn: Connection, replay_id: str) -> Seen:
    """A replay as it stands.  Raises UnknownReplayError."""
    r, m = t.replays, t.replay_notices.c
    row = conn.execute(sa.select(r).where(r.c.replay_id == replay_id)).mappings().one_or_none()
    if row is None:
        raise UnknownReplayError(replay_id)
    mine = m.replay_id == replay_id
    per = conn.execute(
        sa.select(
            m.organisation, sa.func.count(), sa.func.min(m.issued_at), sa.func.max(m.issued_at)
        )
        .where(mine)
        .group_by(m.organisation)
        .order_by(sa.func.count().desc(), m.organisation)
    )
    came = sa.select(m.came_of, sa.func.count()).where(mine, m.came_of.is_not(None))
    results = (
        sa.select(t.attempts.c.result, sa.func.count())
        .where(t.attempts.c.replay_id == replay_id, t.attempts.c.notice_id == m.notice_id, mine)
        .group_by(t.attempts.c.result)
    )
    names = Seen.__dataclass_fields__.keys() & row.keys()
    return Seen(
        **{name: row[name] for name in names} | {"state": ReplayState(row["state"])},
        recipients=tuple(
            Recipient(organisation=ods, notices=many, oldest=oldest, newest=newest)
            for ods, many, oldest, newest in per
        ),
        came_of=_counted(conn, came.group_by(m.came_of)),
        results=_counted(conn, results),
    )


def _counted(conn: Connection, asked: Any) -> dict[str, int]:
    return {str(name): int(many) for name, many in conn.execute(asked)}


def latest(conn: Connection, limit: int) -> list[Seen]:
    """The newest replays, newest first."""
    r = t.replays.c
    ids = conn.scalars(sa.select(r.replay_id).order_by(r.previewed_at.desc()).limit(limit))
    return [seen(conn, replay_id) for replay_id in ids]


# --- the deed -------------------------------------------------------------------------------


def act(
    engine: Engine,
    directory: Directory,
    replay_id: str,
    token: str,
    actor: Actor,
    now: datetime,
) -> ReplayState | Refused:
    """Go on with a replay as far as it may.  `now` is real time.  Raises UnknownReplayError."""
    with writing(engine) as conn:
        stands = _begin(conn, replay_id, token, actor, now)
    if stands is not ReplayState.ACTING:
        return stands
    _send_all(engine, directory, replay_id, now)
    with reading(engine) as conn:
        return seen(conn, replay_id).state


def _send_all(engine: Engine, directory: Directory, replay_id: str, now: datetime) -> None:
    while True:
        with writing(engine) as conn:
            if not _send_piece(conn, directory, replay_id, now):
                return


def catch_up(engine: Engine, directory: Directory, chosen: Chosen, asked: Asked) -> None:
    """Send at once what stands open: a subscriber who joins gets what is true now.

    It is a replay as any other, on the word of whoever approved the subscription.
    """
    with writing(engine) as conn:
        preview(conn, directory, chosen, asked, most=EVERYTHING)
        begun = {"state": ReplayState.ACTING, "acted_by": asked.person_id, "acted_at": asked.now}
        one = t.replays.c.replay_id == asked.replay_id
        conn.execute(sa.update(t.replays).where(one).values(**begun))
    _send_all(engine, directory, asked.replay_id, asked.now)


def _begin(
    conn: Connection, replay_id: str, token: str, actor: Actor, now: datetime
) -> ReplayState | Refused:
    row = conn.execute(
        sa.select(t.replays).where(t.replays.c.replay_id == replay_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise UnknownReplayError(replay_id)
    m = t.replay_notices.c
    kept = conn.execute(sa.select(m.notice_id, m.attempts).where(m.replay_id == replay_id)).all()
    of_set = _token(replay_id, [(each.notice_id, each.attempts) for each in kept])
    if not (compare_digest(of_set, row.token) and compare_digest(of_set.encode(), token.encode())):
        return Refused.OTHER_SET
    replay = Replay(
        state=ReplayState(row.state),
        count=row.notices,
        previewed_by=row.previewed_by,
        previewed_at=row.previewed_at,
        asked_by=row.asked_by,
    )
    next_state = go_on(replay, actor, now, alone=ALONE, valid=timedelta(hours=VALID_HOURS))
    if isinstance(next_state, Refused) or next_state is replay.state:
        return next_state
    change: dict[str, Any] = {"state": next_state}
    who = "asked" if next_state is ReplayState.ASKED else "acted"
    change |= {f"{who}_by": actor.person_id, f"{who}_at": now}
    conn.execute(sa.update(t.replays).where(t.replays.c.replay_id == replay_id).values(**change))
    return next_state


def _send_piece(conn: Connection, directory: Directory, replay_id: str, now: datetime) -> int:
    """Come to the next notices of the set; how many they were, 0 when the replay is done."""
    r = t.replays
    one = r.c.replay_id == replay_id
    # Whoever acts at the same time waits here, and finds the piece done.
    conn.execute(sa.select(r.c.state).where(one).with_for_update())
    rows = rows_of(conn, replay_id, PIECE)
    for row in rows:
        _send_one(conn, directory, replay_id, row, now)
    if not rows:
        change = sa.update(r).where(one, r.c.state == ReplayState.ACTING)
        conn.execute(change.values(state=ReplayState.DONE, done_at=now))
    return len(rows)


def _send_one(
    conn: Connection, directory: Directory, replay_id: str, row: Found, now: datetime
) -> None:
    why = left_out(row.stands(directory), attempts_then=row.attempts_then)
    if why is None:
        endpoint = row.road(directory)
        x = t.outbox
        # The time of giving up runs anew; when it first came stays with the replay.
        conn.execute(
            sa.update(x)
            .where(x.c.notice_id == row.notice_id)
            .values(
                state=OutboxState.PENDING,
                next_try_at=now,
                created_at=now,
                channel=endpoint.channel,
                destination_id=endpoint.destination_id,
                replay_id=replay_id,
            )
        )
    _note(conn, replay_id, row.notice_id, SENT_AGAIN if why is None else why)


def _note(conn: Connection, replay_id: str, notice_id: str, came_of: str) -> None:
    m = t.replay_notices
    one = sa.and_(m.c.replay_id == replay_id, m.c.notice_id == notice_id)
    conn.execute(sa.update(m).where(one).values(came_of=came_of))
