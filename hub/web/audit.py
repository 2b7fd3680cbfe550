"""Whoever is shown something about a family leaves a record of it, before it is shown.

The record is committed within the request: when it cannot be written, what was asked for is not
shown either.  It is written before a notice counts as opened, so that a page that failed is no
evidence of reading.
"""

import secrets

from msgspec import Struct

from hub.edges.access import AccessRecord, Ground, What, access_codec
from hub.store.access import add_access
from hub.store.read_lines import NoticeView
from hub.web.auth import OPERATOR_ROLE, SAFEGUARDING_ROLES, Viewer
from hub.web.desk import Desk

SPECIAL_ROLES: dict[Ground, frozenset[str]] = {
    Ground.SAFEGUARDING: SAFEGUARDING_ROLES,
    Ground.OPERATOR: frozenset({OPERATOR_ROLE}),
}
"""The roles by which somebody is shown what was not addressed to her."""


class Shown(Struct, frozen=True, kw_only=True):
    """What is about to be shown, and why it may be.  Ids only."""

    what: What
    subject_id: str
    episode_id: str | None
    ground: Ground
    role: str | None = None
    """The one role for which it is shown; None when it is shown for several."""
    purpose: str | None = None


async def record_access(desk: Desk, viewer: Viewer, shown: Shown) -> None:
    """Record that a person is shown something.  Whatever it raises ends the request."""
    if shown.role is not None:
        roles: tuple[str, ...] = (shown.role,)
    else:
        special = SPECIAL_ROLES.get(shown.ground, frozenset(viewer.roles))
        roles = tuple(sorted(special.intersection(viewer.roles)))
    await _record(desk, shown, viewer.organisation, viewer.person_id, roles)


async def record_system_access(desk: Desk, organisation: str, shown: Shown) -> None:
    """Record that an organisation's own system, known by its key, is shown something."""
    roles = () if shown.role is None else (shown.role,)
    await _record(desk, shown, organisation, None, roles)


async def _record(
    desk: Desk, shown: Shown, organisation: str, person_id: str | None, roles: tuple[str, ...]
) -> None:
    access = AccessRecord(
        access_id=f"a-{secrets.token_hex(12)}",
        at=desk.clock.now(),
        person_id=person_id,
        organisation=organisation,
        roles=roles,
        what=shown.what,
        subject_id=shown.subject_id,
        episode_id=shown.episode_id,
        ground=shown.ground,
        purpose=shown.purpose,
    )
    await desk.write(add_access, access_codec(desk.schemas), access)


def shown_notice(notice: NoticeView) -> Shown:
    """A notice, which is shown to the role that it was addressed to and to nobody else."""
    return Shown(
        what=What.NOTICE,
        subject_id=notice.notice_id,
        episode_id=notice.episode_id,
        ground=Ground.ADDRESSED,
        role=notice.role,
        purpose=str(notice.purpose),
    )


def wider_ground(viewer: Viewer) -> Ground:
    """Why somebody may see what was not addressed to her."""
    return Ground.SAFEGUARDING if viewer.safeguards else Ground.OPERATOR
