"""What happens to the notices of the read model: listed, ranked, superseded, withdrawn, done."""

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.episode import Milestone
from hub.core.model import GapState, Level, NoticeReason, ObligationState, Purpose, Severity, Signal
from hub.core.outcomes import LevelReached, NoticeIssued, ObligationEnded, ObligationMet
from hub.edges.avro import DecisionRecord
from hub.store import tables as t
from hub.store.upsert import put
from hub.store.worklist import Listed

TAKES_BACK = (NoticeReason.WITHDRAWN, NoticeReason.RETRACTED)
"""Notices that take an earlier one back; they outlive the obligation they end."""

NEW_ROUND = (NoticeReason.FIRST, NoticeReason.CORRECTED, NoticeReason.REROUTED)
"""Notices that begin a round; reminders and escalations repeat one."""

NOT_HERE = (ObligationState.NOT_OURS, ObligationState.REFUSED)
"""The recipient has said that it is not theirs: it leaves their worklist."""

NEVER_SO = (ObligationState.WITHDRAWN, ObligationState.RETRACTED, ObligationState.SUPPRESSED)
"""Ends after which a notice must not be acted on any more."""

AGAINST = (Signal.BOUNCED, Signal.NOT_OURS, Signal.REFUSED)
"""Signals that change where a notice stands even when the witness does not count."""

_RANK_OF_PURPOSE = {
    Purpose.SAFEGUARDING: 2,
    Purpose.STATUTORY: 4,
    Purpose.DIRECT_CARE: 5,
    Purpose.SERVICE_MANAGEMENT: 6,
}
_RANK_OF_SEVERITY = {
    Severity.IMMEDIATE: 0,
    Severity.SAFEGUARDING: 1,
    Severity.ATTENTION: 3,
    Severity.INFORMATION: 5,
}


def rank_of(purpose: Purpose, severity: Severity | None) -> int:
    """The place on a worklist, 0 first: an open gap about the duty weighs more than its purpose."""
    ranks = [_RANK_OF_PURPOSE[purpose]]
    if severity is not None:
        ranks.append(_RANK_OF_SEVERITY[severity])
    return min(ranks)


def listed_after(listed: Listed, level: Level, needed: Level, state: ObligationState) -> Listed:
    """Where the worklist shows a notice that now stands at `level` and `state`.

    A notice that needs only delivery stays open until somebody has opened it: the pages report
    delivery by listing it, and listing alone must not make it vanish.
    """
    if listed is not Listed.OPEN:
        return listed
    if state in NOT_HERE or level >= max(needed, Level.OPENED):
        return Listed.DONE
    return Listed.OPEN


def fold_notice(conn: Connection, record: DecisionRecord, issued: NoticeIssued) -> None:
    """A new notice; it takes the place of those it reminds of, corrects or takes back."""
    severity = gravest_gap(conn, issued.obligation_id)
    row = {
        "notice_id": issued.notice_id,
        "obligation_id": issued.obligation_id,
        "episode_id": record.episode_id,
        "seq": record.seq,
        "reason": issued.reason,
        "role": issued.role,
        "organisation": issued.organisation,
        "person": issued.person,
        "round": issued.round,
        "purpose": issued.purpose,
        "title": issued.title,
        "level_needed": issued.level_needed,
        "due_at": issued.due_at,
        "content": msgspec.to_builtins(issued.content),
        "in_reply_to": issued.in_reply_to,
        "rule": issued.why.rule,
        "policy": issued.why.policy,
        "because": issued.why.because,
        "authority": issued.why.authority,
        "issued_at": record.at,
        "level": Level.OWED,
        "state": ObligationState.OWED,
        "withdrawn": False,
        "listed": Listed.OPEN,
        "severity": severity or 0,
        "rank": rank_of(issued.purpose, severity),
    }
    put(conn, t.notices, row)
    _aim_obligation(conn, issued)
    _supersede(conn, issued)


def _aim_obligation(conn: Connection, issued: NoticeIssued) -> None:
    """A notice of a new round may be aimed at somebody else: what went before counts no longer.

    A correction goes to the same holder and leaves a duty met that was met.
    """
    if issued.reason not in NEW_ROUND:
        return
    o = t.obligations
    change: dict[str, object] = {
        "organisation": issued.organisation,
        "person": issued.person,
        "state": ObligationState.OWED,
        "level": Level.OWED,
    }
    if issued.reason is not NoticeReason.CORRECTED:
        change |= {"met_at": None, "late": False}
    one = o.c.obligation_id == issued.obligation_id
    conn.execute(sa.update(o).where(one).values(**change))
    earlier = sa.and_(one, o.c.due_at < issued.due_at)
    conn.execute(sa.update(o).where(earlier).values(due_at=issued.due_at))


def _supersede(conn: Connection, issued: NoticeIssued) -> None:
    """Take older notices of the same duty off the worklist.

    A reminder replaces what is still open; a correction also what was done, for it was done on
    wrong grounds; a rerouted one leaves nothing at the old place.
    """
    n = t.notices
    # Found by the obligation alone, and chosen here: with more terms SQLite takes the worklist's
    # index instead, and reads every open notice of the role to find these few.
    asked = sa.select(n.c.notice_id, n.c.round, n.c.reason, n.c.organisation, n.c.role).where(
        n.c.obligation_id == issued.obligation_id
    )
    here = (issued.organisation, issued.role)
    chosen = {
        row.notice_id
        for row in conn.execute(asked)
        if row.notice_id != issued.notice_id
        and row.round < issued.round
        and row.reason not in TAKES_BACK
        and (issued.reason is NoticeReason.REROUTED or (row.organisation, row.role) == here)
    }
    if issued.in_reply_to is not None:
        chosen.add(issued.in_reply_to)
    if not chosen:
        return
    older = sa.update(n).where(n.c.notice_id.in_(chosen))
    if issued.reason in TAKES_BACK:
        conn.execute(older.values(listed=Listed.WITHDRAWN, withdrawn=True))
        return
    places = [Listed.OPEN]
    if issued.reason is NoticeReason.CORRECTED:
        places.append(Listed.DONE)
    conn.execute(older.where(n.c.listed.in_(places)).values(listed=Listed.SUPERSEDED))


def fold_level(conn: Connection, record: DecisionRecord, n: int, reached: LevelReached) -> None:
    """Evidence about a notice, for the trail; what counts raises the notice and its obligation."""
    row = {
        "episode_id": record.episode_id,
        "seq": record.seq,
        "n": n,
        "obligation_id": reached.obligation_id,
        "notice_id": reached.notice_id,
        "signal": reached.signal,
        "level": reached.level,
        "state": reached.state,
        "counts": reached.counts,
        "organisation": reached.organisation,
        "person": reached.person,
        "channel": reached.channel,
        "reached_at": reached.reached_at,
        "detail": reached.detail,
    }
    put(conn, t.levels, row)
    if not reached.counts and reached.signal not in AGAINST:
        return
    _raise_notice(conn, reached)
    _raise_obligation(conn, reached)


def _raise_notice(conn: Connection, reached: LevelReached) -> None:
    n = t.notices
    one = n.c.notice_id == reached.notice_id
    asked = sa.select(n.c.level, n.c.level_needed, n.c.listed, n.c.due_at).where(one)
    row = conn.execute(asked).first()
    if row is None:
        return
    level = Level(max(row.level, reached.level)) if reached.counts else Level(row.level)
    listed = listed_after(Listed(row.listed), level, Level(row.level_needed), reached.state)
    change: dict[str, object] = {
        "level": level,
        "state": reached.state,
        "last_signal_at": reached.reached_at,
        "listed": listed,
        "due_at": _next_due(conn, reached.obligation_id, level, row.due_at),
    }
    if reached.signal is Signal.ACCEPTED:
        change["accepted_by"] = reached.person or reached.organisation
    conn.execute(sa.update(n).where(one).values(**change))


def _next_due(conn: Connection, obligation_id: str, level: Level, due_at: datetime) -> datetime:
    """What a notice at `level` is due for next: once delivered in time, it is due for acceptance.

    Never earlier than before: a rerouted duty's times move later, and only its notice says so.
    """
    o = t.obligations
    stored = conn.scalar(sa.select(o.c.milestones).where(o.c.obligation_id == obligation_id))
    milestones = msgspec.convert(stored or [], tuple[Milestone, ...])
    waiting = [milestone.due_at for milestone in milestones if milestone.level > level]
    return max(due_at, min(waiting)) if waiting else due_at


def _raise_obligation(conn: Connection, reached: LevelReached) -> None:
    o = t.obligations
    one = o.c.obligation_id == reached.obligation_id
    conn.execute(sa.update(o).where(one).values(state=reached.state))
    if reached.counts:
        lower = sa.and_(one, o.c.level < reached.level)
        conn.execute(sa.update(o).where(lower).values(level=reached.level))


def meet_notices(conn: Connection, met: ObligationMet) -> None:
    """A duty that people have met takes its other notices (a later reminder) off the worklist."""
    if met.level < Level.OPENED:
        return
    n = t.notices
    known = _notices_of(conn, met.obligation_id)
    if known:
        still_open = sa.and_(n.c.notice_id.in_(known), n.c.listed == Listed.OPEN)
        conn.execute(sa.update(n).where(still_open).values(listed=Listed.DONE))


def _notices_of(conn: Connection, obligation_id: str) -> set[str]:
    """Ids of an obligation's notices, found by the obligation alone (see `_supersede`)."""
    n = t.notices
    return set(conn.scalars(sa.select(n.c.notice_id).where(n.c.obligation_id == obligation_id)))


def end_notices(conn: Connection, ended: ObligationEnded) -> None:
    """Take the notices of an ended duty off the worklist, but not the one that says so."""
    n = t.notices
    known = _notices_of(conn, ended.obligation_id) | set(ended.notice_ids)
    ours = sa.and_(n.c.notice_id.in_(known), n.c.reason.not_in(TAKES_BACK))
    if ended.state in NEVER_SO:
        change: dict[str, object] = {"listed": Listed.WITHDRAWN, "withdrawn": True}
    else:
        ours = sa.and_(ours, n.c.listed == Listed.OPEN)
        change = {"listed": Listed.DONE}
    conn.execute(sa.update(n).where(ours).values(state=ended.state, **change))


def gravest_gap(conn: Connection, obligation_id: str) -> Severity | None:
    """The severity of the gravest open gap about an obligation, or None."""
    g, d = t.gaps, t.gap_duties
    worst = conn.scalar(
        sa.select(sa.func.max(g.c.severity))
        .select_from(d.join(g, g.c.gap_id == d.c.gap_id))
        .where(d.c.obligation_id == obligation_id, g.c.state == GapState.OPEN)
    )
    return Severity(worst) if worst else None


def rank_notices(conn: Connection, obligation_id: str) -> None:
    """Set the place of an obligation's notices anew: a gap about it opened, rose or closed."""
    n = t.notices
    severity = gravest_gap(conn, obligation_id)
    ranks = {purpose.value: rank_of(purpose, severity) for purpose in Purpose}
    conn.execute(
        sa.update(n)
        .where(n.c.obligation_id == obligation_id)
        .values(severity=severity or 0, rank=sa.case(ranks, value=n.c.purpose))
    )
