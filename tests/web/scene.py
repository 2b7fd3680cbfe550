"""One invented family in the read model, and a directory of the people around it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from hub.core.episode import Baby, Milestone
from hub.core.faults import FaultReason
from hub.core.model import Level, NoticeReason, Person, Purpose, Severity
from hub.core.outcomes import (
    ContentLine,
    EpisodeChanged,
    EventRecorded,
    GapOpened,
    NoticeIssued,
    ObligationRaised,
    Why,
)
from hub.edges.directory import Directory, directory_from
from hub.edges.records import DecisionRecord, QuarantineRecord
from hub.store.projector import apply_decision
from hub.store.quarantine import apply_quarantine

NOW = datetime(2026, 3, 24, 17, 0, tzinfo=UTC)
EPISODE = "e-1f00c0ffee"
NHS_NUMBER = "9990000018"
FAMILY_NAME = "Quillfeather"
CLINICAL = "shouts at night"

PEOPLE = (
    ("hv", "hv-1", "Hana Visitor", "RYX", ("HV_TEAM", "NAMED_HV")),
    ("gp", "gp-1", "Gil Practice", "Y00001", ("GP_PRACTICE",)),
    ("gpsg", "gp-2", "Gwen Lead", "Y00001", ("GP_PRACTICE", "GP_SG_LEAD")),
    ("nurse", "ng-1", "Nora Nurse", "RYX", ("NAMED_NURSE_SG",)),
    ("ops", "op-1", "Otto Operator", "HUB", ("HUB_OPERATOR",)),
    ("ops2", "op-2", "Orla Operator", "HUB", ("HUB_OPERATOR",)),
    ("guardian", "cg-1", "Gina Guardian", "RYX", ("CALDICOTT_GUARDIAN",)),
    ("other", "ot-1", "Olga Other", "Y00002", ("GP_PRACTICE",)),
)


def directory(
    *,
    publisher_keys: tuple[tuple[str, str], ...] = (),
    senders: tuple[dict[str, object], ...] = (),
) -> Directory:
    """Five organisations and eight people without password hashes: demonstration logins."""
    return directory_from(
        {
            "organisation": [
                {"ods": ods, "name": name, "kind": kind}
                for ods, name, kind in (
                    ("RXX", "Testwick Hospital", "trust"),
                    ("RYX", "Testwick Health Visiting", "trust"),
                    ("Y00001", "Alder Surgery", "practice"),
                    ("Y00002", "Birch Surgery", "practice"),
                    ("HUB", "The hub", "hub"),
                )
            ],
            "staff": [
                {
                    "login": login,
                    "person_id": person,
                    "name": name,
                    "organisation": organisation,
                    "roles": list(roles),
                }
                for login, person, name, organisation, roles in PEOPLE
            ],
            "publisher": [{"ods": ods, "key_sha256": key} for ods, key in publisher_keys],
            "sender": list(senders),
        }
    )


def why(event_id: str) -> Why:
    """The rule behind every duty of the scene."""
    return Why(
        rule="pregnancy.booked/tell",
        policy="2026.1",
        because="A booking must reach everybody who plans her care",
        authority="NICE NG201",
        evidence=(event_id,),
    )


def duty(
    name: str,
    role: str,
    organisation: str,
    *,
    event_id: str = "booked-1",
    purpose: Purpose = Purpose.DIRECT_CARE,
    due_in: timedelta = timedelta(hours=1),
    title: str = "Pregnancy booked",
) -> tuple[ObligationRaised, NoticeIssued]:
    """An obligation of the scene and its first notice."""
    due_at = NOW + due_in
    raised = ObligationRaised(
        obligation_id=f"o-{name}",
        role=role,
        organisation=organisation,
        purpose=purpose,
        milestones=(Milestone(level=Level.ACCEPTED, due_at=due_at),),
        why=why(event_id),
    )
    issued = NoticeIssued(
        notice_id=f"n-{name}",
        obligation_id=f"o-{name}",
        reason=NoticeReason.FIRST,
        role=role,
        organisation=organisation,
        round=1,
        purpose=purpose,
        title=title,
        level_needed=Level.ACCEPTED,
        due_at=due_at,
        content=(
            ContentLine(group="concern", field="basis_text", label="What was said", value=CLINICAL),
            ContentLine(group="pregnancy", field="edd", label="Due date", value="20 October 2026"),
        ),
        why=why(event_id),
    )
    return raised, issued


def record(seq: int, *outcomes: object, at: datetime = NOW - timedelta(hours=2)) -> DecisionRecord:
    """One decision about the scene's episode."""
    return DecisionRecord(
        episode_id=EPISODE,
        seq=seq,
        input_id=f"i-{seq}",
        input_partition=0,
        input_offset=seq,
        at=at,
        policy_version="2026.1",
        outcomes=outcomes,  # type: ignore[arg-type]  # the callers pass outcomes
    )


def event(event_id: str, event_type: str, organisation: str = "RXX") -> EventRecorded:
    """An event of the scene."""
    return EventRecorded(
        event_id=event_id,
        event_type=event_type,
        occurred_at=NOW - timedelta(hours=3),
        organisation=organisation,
        how="new",
    )


def play(conn: Connection) -> None:
    """A booking told to health visitors, practice and social care; a concern told to few; a gap."""
    mother = Person(
        reference="mother-1",
        nhs_number=NHS_NUMBER,
        family_name=FAMILY_NAME,
        given_name="Ada",
        birth_date="1996-02-29",
    )
    booking = record(
        1,
        EpisodeChanged(
            mother=mother, edd="2026-10-20", provider="RXX", babies=(Baby(baby_id="b1"),)
        ),
        event("booked-1", "pregnancy.booked"),
        *duty("hv", "HV_TEAM", "RYX", due_in=timedelta(hours=-1)),
        *duty("gp", "GP_PRACTICE", "Y00001"),
        *duty("sgm", "SG_MIDWIFE", "RXX", purpose=Purpose.SAFEGUARDING),
    )
    concern = record(
        2,
        event("concern-1", "concern.raised"),
        *duty(
            "sg",
            "GP_SG_LEAD",
            "Y00001",
            event_id="concern-1",
            purpose=Purpose.SAFEGUARDING,
            title="Concern raised",
        ),
        gap(),
    )
    apply_decision(conn, booking)
    apply_decision(conn, concern)


def gap() -> GapOpened:
    """The gap of the scene: the health visitors have not accepted."""
    return GapOpened(
        gap_id="g-1",
        code="G02",
        name="Health visitors not told of the booking",
        severity=Severity.ATTENTION,
        role="HV_TEAM",
        organisation="RYX",
        opened_at=NOW - timedelta(hours=1),
        due_at=NOW - timedelta(hours=1),
        late_informed=False,
        late_detected=False,
        explanation="Nobody has accepted the booking notice",
        next_action="Accept the notice, or say that it is not yours",
        ladder="EL-R",
        duty_ids=("o-hv",),
        why=why("booked-1"),
    )


def quarantined(
    original: bytes, *, door: str = "https", reason: str = "schema_violation"
) -> QuarantineRecord:
    """An original in quarantine."""
    return QuarantineRecord(
        quarantine_id="q-abc",
        reason=FaultReason(reason),
        explanation="a field is missing",
        field="data.edd",
        remedy="send the due date",
        door=door,
        source="RXX:MAT_PAS",
        event_type="pregnancy.dated",
        family="pregnancy",
        content_type="application/json",
        original=original,
        received_at=NOW - timedelta(hours=1),
        owner="HUB_OPERATOR",
        episode_id=None,
    )


def put_in_quarantine(conn: Connection, kept: QuarantineRecord) -> None:
    """As the projector does."""
    apply_quarantine(conn, kept)
