"""What may be sent again, and who may say so: every state by everybody who may come."""

from datetime import timedelta

import pytest

from hub.core.model import Level, ObligationState
from hub.core.replaying import (
    Actor,
    LeftOut,
    Refused,
    Replay,
    ReplayState,
    Stands,
    go_on,
    left_out,
)
from tests.store.records import HOUR, T0

PREVIEWED, ASKED, ACTING, DONE = ReplayState
ADA, BEA, SHELL = (Actor(*who) for who in (("ada", True), ("bea", True), ("bea", False)))
ALONE = 20


def stands(**more: object) -> Stands:
    """A notice that was sent and may be sent again."""
    values: dict[str, object] = {
        "level": Level.SENT,
        "state": ObligationState.SENT,
        "withdrawn": False,
        "replaced": False,
        "cancelled": False,
        "pending": False,
        "on_worklist": False,
        "attempts": 1,
    }
    return Stands(**(values | more))  # type: ignore[arg-type]  # the callers pass fitting values


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, None),
        ({"level": Level.OPENED}, None),
        ({"level": Level.OWED, "state": ObligationState.BOUNCED}, None),
        ({"level": None}, LeftOut.UNKNOWN),
        ({"level": Level.ACCEPTED}, LeftOut.ACCEPTED),
        ({"level": Level.ACTED, "withdrawn": True}, LeftOut.ACCEPTED),
        ({"withdrawn": True}, LeftOut.TAKEN_BACK),
        ({"cancelled": True}, LeftOut.TAKEN_BACK),
        ({"state": ObligationState.SUPPRESSED}, LeftOut.TAKEN_BACK),
        ({"state": ObligationState.NOT_OURS}, LeftOut.HANDED_BACK),
        ({"state": ObligationState.REFUSED}, LeftOut.HANDED_BACK),
        ({"replaced": True}, LeftOut.REPLACED),
        ({"pending": True}, LeftOut.UNDER_WAY),
        ({"attempts": 2}, LeftOut.TRIED_SINCE),
        ({"on_worklist": True}, LeftOut.ON_WORKLIST),
    ],
)
def test_what_is_left_out(more: dict[str, object], why: LeftOut | None) -> None:
    """Accepted is never sent again, whatever else holds."""
    assert why is left_out(stands(**more), attempts_then=1)


@pytest.mark.parametrize(
    ("state", "count", "actor", "asked_by", "then"),
    [
        (PREVIEWED, 0, ADA, None, Refused.NOTHING),
        (PREVIEWED, ALONE, ADA, None, ACTING),
        (PREVIEWED, ALONE, SHELL, None, ACTING),
        (PREVIEWED, ALONE + 1, ADA, None, ASKED),
        (PREVIEWED, ALONE + 1, BEA, None, ASKED),
        (PREVIEWED, ALONE + 1, SHELL, None, Refused.NOT_SIGNED_IN),
        (ASKED, ALONE + 1, ADA, "ada", Refused.SECOND_PERSON),
        (ASKED, ALONE + 1, ADA, "bea", Refused.SECOND_PERSON),
        (ASKED, ALONE + 1, BEA, "bea", Refused.SECOND_PERSON),
        (ASKED, ALONE + 1, BEA, "ada", ACTING),
        (ASKED, ALONE + 1, SHELL, "ada", Refused.NOT_SIGNED_IN),
        (ACTING, ALONE + 1, SHELL, "ada", ACTING),
        (DONE, ALONE + 1, SHELL, "ada", DONE),
        (DONE, 1, ADA, None, DONE),
    ],
)
def test_who_goes_on(
    state: ReplayState,
    count: int,
    actor: Actor,
    asked_by: str | None,
    then: ReplayState | Refused,
) -> None:
    """Ada looked; beyond the limit somebody else than who looked or asked must agree."""
    replay = Replay(
        state=state, count=count, previewed_by="ada", previewed_at=T0, asked_by=asked_by
    )
    assert then is go_on(replay, actor, T0 + HOUR, alone=ALONE, valid=12 * HOUR)
    late = go_on(replay, actor, T0 + 13 * HOUR, alone=ALONE, valid=timedelta(hours=12))
    if state in (PREVIEWED, ASKED) and count:
        assert Refused.TOO_OLD is late
    else:
        assert then is late
