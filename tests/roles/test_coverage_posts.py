"""What a publisher is told when the coverage of its events changes: no more than is proved."""

import json
from datetime import timedelta

import sqlalchemy as sa
from msgspec.structs import replace

from hub.core.model import GapState, Level, ObligationState, Signal
from hub.core.outcomes import GapClosed, ObligationMet
from hub.store import tables as t
from hub.store.coverage import event_coverage
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from tests.channels.tools import SECRET
from tests.house.identities import find_identities
from tests.roles.sender_rig import ACCEPTED, SENT, Rig, line_of, reached
from tests.roles.sender_rig import rig as rig  # noqa: PLC0414  a fixture of another file
from tests.web import scene

# --- coverage -------------------------------------------------------------------------------


def test_each_step_is_told_once_and_sent_is_not_told(rig: Rig) -> None:
    """Sent, then accepted: two posts, and only the second one says *told*."""
    rig.decide(SENT, seq=3)
    rig.round()
    rig.round()
    met = ObligationMet(obligation_id="o-gp", level=Level.ACCEPTED, met_at=scene.NOW, late=False)
    rig.decide(ACCEPTED, met, seq=4)
    rig.round()
    first, second = rig.told()
    assert ["coverage.changed"] * 2 == [first["type"], second["type"]]
    line = line_of(first, "GP_PRACTICE")
    assert ("sent", False, "sent, not yet accepted") == tuple(
        line[name] for name in ("level", "told", "why_not")
    )
    (line,) = second["data"]["changed"]
    assert ("accepted", True, None) == (line["level"], line["told"], line["why_not"])
    assert ("booked-1", 1) == (second["data"]["event_id"], second["data"]["told"])
    assert [] == find_identities(json.dumps([first, second]), [scene.NHS_NUMBER, scene.FAMILY_NAME])


def test_what_the_read_model_does_not_know_yet_waits(rig: Rig) -> None:
    """The delivery role may be ahead of the projector; nothing is lost by it."""
    record = rig.decide(SENT, seq=3, folded=False)
    rig.round()
    assert [] == rig.told()
    with writing(rig.engine) as conn:
        apply_decision(conn, record)
    rig.round()
    assert 1 == len(rig.told())


def test_a_gap_that_opens_is_told_as_why_not(rig: Rig) -> None:
    """With its owner, as the answer to a question would have it."""
    rig.decide(scene.gap(), seq=3)
    rig.round()
    line = line_of(rig.told()[0], "HV_TEAM")
    assert (["G02"], False) == (
        [gap["code"] for gap in line["gaps"]],
        line["told"],
    )


def test_each_post_is_in_the_log_of_accesses_before_it_goes(rig: Rig) -> None:
    """Even when nobody could be reached."""
    rig.receiver.answers = [(503, {})]
    rig.decide(SENT, seq=3)
    rig.round()
    with reading(rig.engine) as conn:
        rows = conn.execute(sa.select(t.accesses.c.organisation, t.accesses.c.subject_id)).all()
    assert [("RXX", "booked-1")] == [tuple(row) for row in rows]


def test_who_did_not_ask_is_told_nothing(rig: Rig) -> None:
    """Registered for returns alone."""
    sender = {"organisation": "RXX", "webhook": rig.receiver.url, "secret": SECRET}
    rig.directory = scene.directory(senders=(sender,))
    rig.decide(SENT, seq=3)
    rig.round()
    assert [] == rig.told()
    with reading(rig.engine) as conn:
        assert 0 == conn.scalar(sa.select(sa.func.count()).select_from(t.coverage_due))


def test_a_row_that_a_publisher_may_not_know_is_not_in_a_post(rig: Rig) -> None:
    """That a safeguarding midwife was told says something, which a charity may not know."""
    charity = replace(rig.directory.organisations["RXX"], kind="voluntary")
    rig.directory.organisations["RXX"] = charity
    team = scene.duty("mh", "SG_MIDWIFE", "RYX")
    told = replace(SENT, obligation_id="o-mh", notice_id="n-mh")
    rig.decide(*team, told, SENT, seq=3)
    rig.round()
    (post,) = rig.told()
    assert {"GP_PRACTICE", "HV_TEAM"} == {line["role"] for line in post["data"]["changed"]}
    with reading(rig.engine) as conn:
        known = {line.role for line in event_coverage(conn, "booked-1")}
    assert "SG_MIDWIFE" in known


def test_a_change_back_is_told_again(rig: Rig) -> None:
    """The same state as before is a change when another was told between."""
    rig.decide(scene.gap(), seq=3)
    rig.round()
    closed = GapClosed(
        gap_id="g-1",
        code="G02",
        role="HV_TEAM",
        state=GapState.CLEARED_LATE,
        closed_at=scene.NOW,
        reason="done",
    )
    sent = reached(Level.SENT, Signal.SENT, ObligationState.SENT)
    rig.decide(closed, seq=4)
    rig.decide(sent, seq=5)
    rig.now += timedelta(seconds=1)
    rig.round()
    assert 2 == len(rig.told())
