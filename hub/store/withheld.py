"""What redaction kept from recipients, for whoever audits it: the fold of it, and the question.

Every suppression leaves a record with the other way in which it comes to be known (domain
section 8, must-hold rule 4).  It never stands on a page of the recipient.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.outcomes import NoticeIssued, ObligationEnded, type_of_outcome
from hub.edges.avro import DecisionRecord
from hub.store import tables as t
from hub.store.book import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldLine:
    """One group of fields that one recipient did not get in full, in the words of the core."""

    episode_id: str
    about: str
    """The notice that does not say it, or the obligation that was stopped whole."""
    role: str
    organisation: str
    rule: str
    field_group: str
    shown: str
    ground: str
    label: str
    route: str
    route_role: str
    route_organisation: str
    decided_at: datetime


def fold_withheld(book: Book, record: DecisionRecord, n: int, outcome: type_of_outcome) -> None:
    """Note what the `n`th outcome of a decision withheld; most withhold nothing."""
    match outcome:
        case NoticeIssued(withheld=withheld, notice_id=about) if withheld:
            pass
        case ObligationEnded(withheld=withheld, obligation_id=about) if withheld:
            pass
        case _:
            return
    for place, one in enumerate(withheld):
        row = {
            "episode_id": record.episode_id,
            "seq": record.seq,
            "n": n,
            "place": place,
            "about": about,
            "role": outcome.role,
            "organisation": outcome.organisation,
            "rule": outcome.why.rule,
            "field_group": one.group,
            "shown": one.shown,
            "ground": one.ground,
            "label": one.label,
            "route": one.route,
            "route_role": one.route_role,
            "route_organisation": one.route_organisation,
            "decided_at": record.at,
        }
        book.withheld.put(row)


def withheld_of(conn: Connection, episode_id: str, *, limit: int = 200) -> tuple[WithheldLine, ...]:
    """What was withheld about one episode, newest first."""
    w = t.withheld
    asked = (
        sa.select(*(w.c[name] for name in WithheldLine.__dataclass_fields__))
        .where(w.c.episode_id == episode_id)
        .order_by(w.c.seq.desc(), w.c.n, w.c.place)
        .limit(limit)
    )
    return tuple(WithheldLine(**row) for row in conn.execute(asked).mappings())
