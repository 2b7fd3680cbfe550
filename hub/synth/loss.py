"""Losses: miscarriage, termination, stillbirth and neonatal death, and what is owed after each."""

from datetime import date, datetime, timedelta

from hub.synth.calendar import at, day_of, visit, working_day
from hub.synth.contacts import ask_mood
from hub.synth.family import Family, Happening
from hub.synth.people import baby_number
from hub.synth.postnatal import practice_checks

ENDINGS = {
    "miscarriage_after_booking": ("miscarriage", 14, 20),
    "termination": ("TOPFA", 14, 21),
    "stillbirth": ("stillbirth", 25, 38),
}
"""Outcome, and the weeks between which it happens."""


def decide_loss(family: Family) -> None:
    """A pregnancy that is to end in a loss has no birth; what comes after the loss is left out."""
    for trait, (_, earliest, latest) in ENDINGS.items():
        if family.has(trait):
            day = family.on(family.chance.randint(earliest, latest), family.chance.randrange(7))
            family.ended_at = at(day, family.chance.randint(9, 20), family.chance.randrange(60))
            family.born_at = None
            family.babies = []
            family.until = family.ended_at + timedelta(days=90)


def loss(family: Family) -> None:
    """The loss, the telling of it, support for both, and her own check with the practice."""
    ended_at = family.ended_at
    for trait, (outcome, _, _) in ENDINGS.items():
        if family.has(trait) and ended_at is not None:
            _ended(family, ended_at, outcome)
            if outcome == "stillbirth":
                _notified(family, ended_at)
            _supported(family, ended_at)
            practice_checks(family, day_of(ended_at))
            if outcome == "stillbirth":
                _asked_how_she_is(family, day_of(ended_at))
            _history_kept(family, ended_at)
    if family.has("neonatal_death"):
        _lost_after_birth(family)


def _ended(family: Family, ended_at: datetime, outcome: str, baby: str | None = None) -> None:
    family.by_midwife(
        "loss",
        "pregnancy.ended",
        ended_at,
        baby_id=baby,
        ended_on=day_of(ended_at),
        outcome=outcome,
        gestation=family.gestation(day_of(ended_at)),
        contact_wishes="contact",
        partner_involved="y",
    )


def _notified(family: Family, ended_at: datetime) -> None:
    """A stillborn child is notified as any other."""
    moment = ended_at + timedelta(hours=family.chance.randint(3, 20))
    register = family.place.body("C")
    family.add(
        "notified-stillborn",
        "birth.notified",
        moment,
        register,
        "CHIS",
        baby_nhs=baby_number(family.number, 0),
        mother_nhs=family.mother.get("nhs_number"),
        notified_at=moment,
        child_health_org=register,
        unless_over=False,
    )


def _supported(family: Family, ended_at: datetime) -> None:
    """Support is offered to both within days, and taken."""
    moment = visit(family.chance, working_day(day_of(ended_at), family.chance.randint(1, 3)))
    for whom in ("mother", "partner"):
        family.add(
            f"support-{whom}",
            "bereavement.support",
            moment,
            family.place.provider,
            "BEREAVEMENT_MW",
            for_whom=whom,
            offer="accepted",
            service="MMHS",
            follow_up_on=day_of(moment) + timedelta(days=14),
            unless_over=False,
        )
    for topic, to in (("bereavement", "both"), ("PMH", "mother"), ("partner_support", "partner")):
        family.by_midwife(
            f"told-{topic}-loss",
            "information.given",
            moment + timedelta(minutes=20),
            topic=topic,
            to=to,
            format="leaflet",
            language="en",
            unless_over=False,
        )


def _history_kept(family: Family, ended_at: datetime) -> None:
    """Where there is a history of low mood, somebody sees her soon, loss or no loss."""
    if not family.has("mental_health_history"):
        return
    doctor = family.place.practice
    for number, days in enumerate((3, 24)):
        moment = visit(family.chance, day_of(ended_at) + timedelta(days=days))
        for key, event_type, when in (
            (f"made-after-loss-{number}", "contact.scheduled", ended_at + timedelta(hours=20)),
            (f"held-after-loss-{number}", "contact.completed", moment),
        ):
            body: dict[str, object] = {
                "contact_id": f"{family.reference()}/after-loss-{number}",
                "kind": "extra_postnatal",
            }
            if event_type == "contact.scheduled":
                body |= {"contact_at": moment, "owner": f"dr-{doctor}"}
            else:
                body |= _seen(f"dr-{doctor}")
            family.by_practice(key, event_type, when, **body, unless_over=False)


def _asked_how_she_is(family: Family, ended_on: date) -> None:
    """Six weeks after a stillbirth the practice asks about her mood, as after any other birth."""
    moment = visit(family.chance, ended_on + timedelta(days=family.chance.randint(43, 49)))
    ask_mood(family, "after-loss", moment, "w6_8", gp=True, unless_over=False)


def _seen(practitioner: str) -> dict[str, object]:
    return {
        "initiated_by": "service", "practitioner": practitioner, "place": "clinic",
        "seen": ["mother"], "seen_alone": "y", "da_asked": "asked", "mh_asked": "asked",
        "interpreter": "not_needed",
    }  # fmt: skip


def _lost_after_birth(family: Family) -> None:
    """A baby dies in the first days: both lives stay on the record, and routine stops."""
    if family.born_at is None:
        return
    died_at = family.born_at + timedelta(hours=family.chance.randint(20, 24))
    baby = family.babies[0]
    single = len(family.babies) == 1
    gone = [h for h in family.happenings if h.at > died_at and _about(h, baby, single=single)]
    family.drop(*gone)
    _ended(family, died_at, "neonatal_death", baby)
    _supported(family, died_at)
    _history_kept(family, died_at)


def _about(happening: Happening, baby: str, *, single: bool) -> bool:
    """Whether something would not happen any more; she still goes home, with a summary."""
    if happening.key.startswith(("discharged", "summary")):
        return False
    about = happening.body.get("baby_id") == baby
    return about or (single and _routine(happening.type, happening.body))


def _routine(event_type: str, body: dict[str, object]) -> bool:
    """What nobody does for a family whose only baby has died."""
    if event_type == "information.given":
        return body.get("topic") in ("AHT", "crying", "safe_sleep", "feeding", "partner_support")
    if event_type in ("assessment.family", "care.handover"):
        return True
    visits = ("MW_postnatal", "NBV", "HV_6_8", "other", "GP_baby")
    return event_type.startswith("contact.") and body.get("kind") in visits
