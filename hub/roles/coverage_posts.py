"""What publishers who asked for it are told when the coverage of one of their events changes.

Exactly what `GET /events/{id}/coverage` would show them, cut down to what has changed, under the
same table of what a publisher may know.  Each is a disclosure, and is in the log of accesses before
it goes out.  Nothing here says *told* of a duty whose level is not proved.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine

from hub.core.ids import derive
from hub.core.policy import Policy
from hub.edges.access import AccessCodec, AccessRecord, Ground, What
from hub.edges.directory import Directory
from hub.ops import limits_carriers as limits
from hub.store import coverage_due
from hub.store.access import add_access
from hub.store.coverage import event_coverage
from hub.store.engine import writing
from hub.store.episode_lines import CoverageLine
from hub.store.sender_posts import PostKind, newest_number, queue_post
from hub.web import queries
from hub.web.coverage import coverage, coverage_address, may_know

DUTIES_AT_ONCE: Final = limits.COVERAGE_DUTIES.value


@dataclass(frozen=True, slots=True)
class Moment:
    """One round of telling."""

    now: datetime
    """Real time, for the attempts."""
    clock_at: datetime
    """The hub's time, for what is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Turns changes of coverage into posts."""

    engine: Engine
    directory: Directory
    policy: Policy
    codec: AccessCodec

    def tell(self, now: datetime, clock_at: datetime) -> int:
        """Queue what has changed and the read model knows; returns how many duties were looked at.

        The posts, what was told, the accesses and the end of the work share one transaction.
        """
        with writing(self.engine) as conn:
            duties = coverage_due.due_duties(conn, DUTIES_AT_ONCE)
            for event_id in coverage_due.events_behind(conn, duties):
                published = queries.published(conn, event_id)
                organisations = {organisation for organisation, _ in published}
                # Where two organisations used one id the question is not answered either.
                if len(organisations) == 1:
                    event_type = max(kind for _, kind in published)
                    self._tell_of(
                        conn, event_id, event_type, organisations.pop(), Moment(now, clock_at)
                    )
            coverage_due.done(conn, duties)
        return len(duties)

    def _tell_of(
        self, conn: Connection, event_id: str, event_type: str, organisation: str, moment: Moment
    ) -> None:
        if not self.directory.sender(organisation).coverage:
            return
        known = self.directory.organisations
        kind = known[organisation].kind if organisation in known else ""
        lines = event_coverage(conn, event_id)
        seen = may_know(self.policy, kind, organisation, event_type, lines)
        digests = {line.obligation_id: digest_of(line) for line in seen}
        changed = coverage_due.changed_since_said(
            conn, organisation, event_id, seen, digests, moment.clock_at
        )
        if not changed:
            return
        # The number makes it new, also where a duty comes back to where it was told before.
        post_id = derive("p", organisation, event_id, newest_number(conn) + 1)
        body = self._body(event_id, seen, changed, moment.clock_at)
        queue_post(conn, post_id, organisation, PostKind.COVERAGE, event_id, body, moment.now)
        self._note_access(conn, organisation, event_id, post_id, moment.clock_at)

    def _body(
        self,
        event_id: str,
        seen: tuple[CoverageLine, ...],
        changed: Iterable[CoverageLine],
        at: datetime,
    ) -> bytes:
        names = {ods: each.name for ods, each in self.directory.organisations.items()}
        whole = coverage(event_id, at, seen, names)
        told = coverage(event_id, at, tuple(changed), names)
        said = {
            "event_id": event_id,
            "at": at,
            "told": whole.told,
            "not_told": whole.not_told,
            "changed": [each.model_dump(mode="json") for each in told.recipients],
            "coverage": coverage_address(event_id),
        }
        return msgspec.json.encode({"type": PostKind.COVERAGE, "timestamp": at, "data": said})

    def _note_access(
        self, conn: Connection, organisation: str, event_id: str, post_id: str, at: datetime
    ) -> None:
        access = AccessRecord(
            access_id=derive("a", post_id),
            at=at,
            organisation=organisation,
            roles=(),
            what=What.COVERAGE,
            subject_id=event_id,
            episode_id=queries.episode_of(conn, event_id),
            ground=Ground.PUBLISHER,
        )
        add_access(conn, self.codec, access)


def digest_of(line: CoverageLine) -> str:
    """What a publisher would notice of a duty: where it stands, and why it stands no further."""
    codes = ",".join(sorted(gap.code for gap in line.gaps))
    stands = (line.state.value, line.level.name, str(line.met), str(line.late))
    back = line.handed_back
    again = () if back is None else (back.signal.value, back.reason or "", back.at.isoformat())
    return derive("c", line.obligation_id, *stands, line.ended_reason or "", codes, *again)
