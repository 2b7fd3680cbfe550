"""A duty keeps its road: what corrects or takes back a notice goes where that one went.

A woman's weeks, flags and gaps change while a duty runs.  If a filter were asked anew each time,
the system that was told of a pregnancy might never hear that it has ended, and congratulate her.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine

from hub.core.filter_terms import Traits
from hub.core.outcomes import NoticeIssued
from hub.edges.choosing import read_kept, traits_of
from hub.edges.records import DecisionRecord
from hub.store.engine import reading
from hub.store.outbox import Earlier, earlier


class RoadsTaken:
    """The circumstances in which the earlier notices of a batch's duties went out."""

    def __init__(self, engine: Engine, decisions: Sequence[DecisionRecord]) -> None:
        issued = [o for d in decisions for o in d.outcomes if isinstance(o, NoticeIssued)]
        here = {each.notice_id for each in issued}
        answered = {each.in_reply_to for each in issued if each.in_reply_to} - here
        self._known: dict[str, Earlier] = {}
        if answered:
            with reading(engine) as conn:
                self._known = {each.notice_id: each for each in earlier(conn, answered)}
        self._new: dict[str, tuple[str, Traits]] = {}

    def traits_of(self, issued: NoticeIssued) -> Traits:
        """The traits of a notice, in the circumstances of the one that it answers to.

        Only of one to the same recipient: another had ties, flags and gaps of its own.
        """
        traits = traits_of(issued)
        before = self._before(issued)
        if before is not None and before.circumstances is not None:
            traits = replace(traits, circumstances=before.circumstances)
        self._new[issued.notice_id] = (issued.organisation, traits)
        return traits

    def _before(self, issued: NoticeIssued) -> Traits | None:
        if issued.in_reply_to is None:
            return None
        if (new := self._new.get(issued.in_reply_to)) is not None:
            organisation, traits = new
        elif (old := self._known.get(issued.in_reply_to)) is not None and old.traits:
            organisation, traits = old.organisation, read_kept(old.traits)
        else:
            return None
        same = (organisation, traits.role) == (issued.organisation, issued.role)
        return traits if same else None
