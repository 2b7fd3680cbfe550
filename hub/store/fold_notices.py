"""What happens to the notices of the read model: listed, ranked, superseded, withdrawn, done."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.core.episode import Milestone
from hub.core.lifecycle import RETURNED
from hub.core.model import GapState, Level, NoticeReason, ObligationState, Purpose, Severity, Signal
from hub.core.outcomes import LevelReached, NoticeIssued, ObligationEnded, ObligationMet
from hub.edges.avro import DecisionRecord
from hub.store.book import Book
from hub.store.rows import type_of_row
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


def fold_notice(book: Book, record: DecisionRecord, issued: NoticeIssued) -> None:
    """A new notice; it takes the place of those it reminds of, corrects or takes back."""
    severity = gravest_gap(book, issued.obligation_id)
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
    book.put_notice(row)
    _aim_obligation(book, issued)
    _supersede(book, issued)


def _aim_obligation(book: Book, issued: NoticeIssued) -> None:
    """A notice of a new round may be aimed at somebody else: what went before counts no longer.

    A correction goes to the same holder and leaves a duty met that was met.
    """
    if issued.reason not in NEW_ROUND:
        return
    change: dict[str, object] = {
        "role": issued.role,
        "organisation": issued.organisation,
        "person": issued.person,
        "state": ObligationState.OWED,
        "level": Level.OWED,
    }
    if issued.reason is not NoticeReason.CORRECTED:
        change |= {"met_at": None, "late": False}
    obligation = book.obligations.get(issued.obligation_id)
    due_at = obligation["due_at"] if obligation is not None else None
    if due_at is not None and due_at < issued.due_at:
        change["due_at"] = issued.due_at
    if obligation is not None and issued.reason is not NoticeReason.CORRECTED:
        change["milestones"] = _moved(obligation["milestones"], issued.due_at)
    book.obligations.change(issued.obligation_id, change)


def _moved(stored: Any, due_at: datetime) -> Any:
    """The levels of a duty turned to another holder: nothing is owed before its notice is due."""
    known = msgspec.convert(stored, tuple[Milestone, ...])
    return msgspec.to_builtins([replace(m, due_at=max(m.due_at, due_at)) for m in known])


def _supersede(book: Book, issued: NoticeIssued) -> None:
    """Take older notices of the same duty off the worklist.

    A reminder replaces what is still open; a correction also what was done, for it was done on
    wrong grounds; a rerouted one leaves nothing at the old place.
    """
    chosen = {
        older["notice_id"]
        for older in book.notices_of(issued.obligation_id)
        if older["notice_id"] != issued.notice_id and _is_replaced(older, issued)
    }
    if issued.in_reply_to is not None:
        chosen.add(issued.in_reply_to)
    places = {Listed.OPEN}
    if issued.reason is NoticeReason.CORRECTED:
        places.add(Listed.DONE)
    for notice_id in chosen:
        if issued.reason in TAKES_BACK:
            book.notices.change(notice_id, {"listed": Listed.WITHDRAWN, "withdrawn": True})
            continue
        older = book.notices.get(notice_id)
        if older is not None and older["listed"] in places:
            book.notices.change(notice_id, {"listed": Listed.SUPERSEDED})


def _is_replaced(older: type_of_row, issued: NoticeIssued) -> bool:
    """Whether a notice of the same duty is an older one that a new notice takes the place of."""
    if older["round"] >= issued.round or older["reason"] in TAKES_BACK:
        return False
    here = (issued.organisation, issued.role)
    return issued.reason is NoticeReason.REROUTED or (older["organisation"], older["role"]) == here


def fold_level(book: Book, record: DecisionRecord, n: int, reached: LevelReached) -> None:
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
    book.levels.put(row)
    if reached.signal is Signal.REISSUE:
        _stands_again(book, reached)
        return
    if not reached.counts and reached.signal not in AGAINST:
        return
    _raise_notice(book, reached)
    _raise_obligation(book, reached)


def _stands_again(book: Book, reached: LevelReached) -> None:
    """The event that proved an action was taken back, or an acceptance was none: duty and notice
    are open once more.

    What the recipient herself said of the notice still stands, and may be enough.
    """
    stands = {"level": reached.level, "state": reached.state}
    obligation = book.obligations.get(reached.obligation_id)
    if obligation is not None:
        owed = reached.level < obligation["level_needed"]
        met = {"met_at": None, "late": False} if owed else {}
        book.obligations.change(reached.obligation_id, stands | met)
    notice = book.notices.get(reached.notice_id)
    if notice is not None:
        back = reached.level < notice["level_needed"] and notice["listed"] == Listed.DONE
        place = {"listed": Listed.OPEN} if back else {}
        by = {"accepted_by": None} if reached.level < Level.ACCEPTED else {}
        book.notices.change(reached.notice_id, stands | place | by)


def _raise_notice(book: Book, reached: LevelReached) -> None:
    row = book.notices.get(reached.notice_id)
    if row is None:
        return
    level = Level(max(row["level"], reached.level)) if reached.counts else Level(row["level"])
    needed = Level(row["level_needed"])
    change: dict[str, object] = {
        "level": level,
        "state": reached.state,
        "last_signal_at": reached.reached_at,
        "listed": listed_after(Listed(row["listed"]), level, needed, reached.state),
        "due_at": _next_due(book, reached.obligation_id, level, row["due_at"]),
    }
    if reached.signal is Signal.ACCEPTED and reached.counts:
        change["accepted_by"] = reached.person or reached.organisation
    book.notices.change(reached.notice_id, change)


def _next_due(book: Book, obligation_id: str, level: Level, due_at: datetime) -> datetime:
    """What a notice at `level` is due for next: once delivered in time, it is due for acceptance.

    Never earlier than before: a rerouted duty's times move later, and only its notice says so.
    """
    obligation = book.obligations.get(obligation_id)
    stored = obligation["milestones"] if obligation is not None else []
    milestones = msgspec.convert(stored, tuple[Milestone, ...])
    waiting = [milestone.due_at for milestone in milestones if milestone.level > level]
    return max(due_at, min(waiting)) if waiting else due_at


def _raise_obligation(book: Book, reached: LevelReached) -> None:
    obligation = book.obligations.get(reached.obligation_id)
    if obligation is None:
        return
    change: dict[str, object] = {"state": reached.state}
    if reached.counts and obligation["level"] < reached.level:
        change["level"] = reached.level
    if reached.state in RETURNED:
        # What was proven of a round that came back counts for nothing: somebody must be told yet.
        change |= {"level": Level.OWED, "met_at": None, "late": False}
    book.obligations.change(reached.obligation_id, change)


def meet_notices(book: Book, met: ObligationMet) -> None:
    """A duty that people have met takes its other notices (a later reminder) off the worklist."""
    if met.level < Level.OPENED:
        return
    for notice in book.notices_of(met.obligation_id):
        if notice["listed"] == Listed.OPEN:
            book.notices.change(notice["notice_id"], {"listed": Listed.DONE})


def end_notices(book: Book, ended: ObligationEnded) -> None:
    """Take the notices of an ended duty off the worklist, but not the one that says so."""
    known = {notice["notice_id"] for notice in book.notices_of(ended.obligation_id)}
    for notice_id in known | set(ended.notice_ids):
        notice = book.notices.get(notice_id)
        if notice is None or notice["reason"] in TAKES_BACK:
            continue
        if ended.state in NEVER_SO:
            change = {"state": ended.state, "listed": Listed.WITHDRAWN, "withdrawn": True}
            book.notices.change(notice_id, change)
        elif notice["listed"] == Listed.OPEN:
            book.notices.change(notice_id, {"state": ended.state, "listed": Listed.DONE})


def gravest_gap(book: Book, obligation_id: str) -> Severity | None:
    """The severity of the gravest open gap about an obligation, or None."""
    open_gaps = (gap for gap in book.gaps_of(obligation_id) if gap["state"] == GapState.OPEN)
    worst = max((gap["severity"] for gap in open_gaps), default=None)
    return Severity(worst) if worst else None


def rank_notices(book: Book, obligation_id: str) -> None:
    """Set the place of an obligation's notices anew: a gap about it opened, rose or closed."""
    severity = gravest_gap(book, obligation_id)
    for notice in book.notices_of(obligation_id):
        purpose = Purpose(notice["purpose"])
        change = {"severity": severity or 0, "rank": rank_of(purpose, severity)}
        book.notices.change(notice["notice_id"], change)
