"""What a contact is made of: the diary, the visit, what is asked and what is given."""

from datetime import datetime, timedelta
from typing import Any

from hub.synth.calendar import day_of
from hub.synth.family import Family

HEADINGS = (
    "own_history", "family_background", "current_circumstances", "support", "males_in_household",
    "main_carers", "birth_father", "housing", "money", "community", "culture", "history", "infant",
)  # fmt: skip


def assessment(family: Family, key: str, at: datetime, *, kind: str, visitor: bool = False) -> None:
    """A family assessment with every heading answered and every member seen."""
    make = family.by_visitor if visitor else family.by_midwife
    make(
        key,
        "assessment.family",
        at,
        kind=kind,
        completed_on=day_of(at),
        headings=[{"heading": name, "state": "answered"} for name in HEADINGS],
        members=[{"relation": "partner", "assessed": "y"}],
        risks=[],
        share_with=["GP_PRACTICE"] if visitor else ["HV_TEAM"],
    )


def scheduled(
    family: Family,
    contact: str,
    kind: str,
    at: datetime,
    made_at: datetime,
    *,
    visiting: bool = False,
    baby: str | None = None,
    replaces: str | None = None,
) -> datetime:
    """A contact put into the diary; gives when it was."""
    make = family.by_visitor if visiting else family.by_midwife
    body: dict[str, Any] = {"contact_id": contact_id(family, contact), "kind": kind}
    body |= {"contact_at": at, "owner": family.visitor if visiting else family.midwife}
    body |= {"baby_id": baby, "replaces": replaces}
    make(f"made-{contact}", "contact.scheduled", made_at + timedelta(minutes=10), **body)
    return made_at


def cancelled(
    family: Family, contact: str, kind: str, made_at: datetime, over_at: datetime
) -> None:
    """An appointment that the unit itself takes out of the diary when there is no more need."""
    if made_at >= over_at or family.find(f"made-{contact}") is None:
        return
    family.by_midwife(
        f"cancelled-{contact}",
        "contact.missed",
        over_at + timedelta(hours=1),
        contact_id=contact_id(family, contact),
        kind=kind,
        outcome="cancelled_by_service",
        series_count=0,
        follow_up="none",
        unless_over=False,
    )


def held(
    family: Family,
    contact: str,
    kind: str,
    at: datetime,
    practitioner: str,
    *,
    place: str = "clinic",
    baby: str | None = None,
    role: str | None = None,
    org: str | None = None,
    unless_over: bool = True,
) -> None:
    """A contact that took place, with everything asked that is to be asked."""
    visiting = practitioner == family.visitor
    seen = ["mother"] if baby is None else ["mother", "baby"]
    family.add(
        f"held-{contact}",
        "contact.completed",
        at + timedelta(minutes=30),
        org or (family.place.health_visiting if visiting else family.place.provider),
        role or ("NAMED_HV" if visiting else "COMM_MIDWIFE"),
        contact_id=contact_id(family, contact),
        kind=kind,
        baby_id=baby,
        initiated_by="service",
        practitioner=practitioner,
        place=place,
        seen=seen,
        seen_alone="y",
        da_asked="asked",
        mh_asked="asked",
        hostility="n",
        infant_section="complete" if baby else None,
        interpreter="professional" if family.interpreter else "not_needed",
        unless_over=unless_over,
    )


def contact_id(family: Family, contact: str) -> str:
    """The id of a contact in its system's diary."""
    return f"{family.reference()}/{contact}"


def ask_mood(
    family: Family,
    contact: str,
    at: datetime,
    setting: str,
    *,
    visiting: bool = False,
    gp: bool = False,
    unless_over: bool = True,
) -> None:
    """The two questions on mood, and the two on worry, with their answers."""
    make = family.by_visitor if visiting else family.by_midwife
    make = family.by_practice if gp else make
    history = family.has("mental_health_history") and setting == "booking"
    for tool in ("Whooley", "GAD_2"):
        make(
            f"{tool}-{contact}",
            "screening.mental-health",
            at + timedelta(minutes=15 if tool == "Whooley" else 16),
            tool=tool,
            version="1",
            setting=setting,
            result="negative",
            history_self_reported="y" if history and tool == "Whooley" else "n",
            family_history_severe="n",
            self_harm_item="n",
            unless_over=unless_over,
        )


def ask_safety(family: Family, contact: str, at: datetime, *, visiting: bool = False) -> None:
    """The question about safety at home, asked while she is alone."""
    make = family.by_visitor if visiting else family.by_midwife
    make(
        f"safety-{contact}",
        "enquiry.domestic-abuse",
        at + timedelta(minutes=17),
        alone="y",
        asked="y",
        answer="no",
        coercive_control="n",
    )


def inform(
    family: Family,
    contact: str,
    topic: str,
    at: datetime,
    *,
    to: str = "mother",
    by_visitor: bool = False,
) -> None:
    """Information given at a contact."""
    make = family.by_visitor if by_visitor else family.by_midwife
    key = f"told-{topic}-{contact}"
    make(key, "information.given", at + timedelta(minutes=25), **given(topic, to))


def given(topic: str, to: str) -> dict[str, Any]:
    """The body of information given, in English, on paper."""
    return {"topic": topic, "to": to, "format": "leaflet", "language": "en"}
