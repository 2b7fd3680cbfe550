"""Changes on the way: another practice, another provider, a missed visit, an unplanned one."""

from datetime import timedelta

from hub.synth.calendar import at, day_of, visit, working_day
from hub.synth.contacts import assessment, contact_id, held, inform, scheduled
from hub.synth.family import TROUBLED, Family, iso
from hub.synth.place import other_practice
from hub.synth.risk import to_social_care


def moves(family: Family) -> None:
    """Whatever of this the family was drawn with."""
    if family.has("moves_practice"):
        _practice(family)
    if family.has("changes_provider"):
        _provider(family)
    if family.has("missed_appointment"):
        missed(family)
    if family.has("cancelled_by_service"):
        _cancelled(family)
    if family.has("unscheduled_pregnant"):
        _attends(family)
    if family.has("unscheduled_unbooked"):
        attends_unbooked(family)
    if family.has("concealed"):
        _concealed(family)


def _practice(family: Family) -> None:
    """She registers with another practice of the same area; the register says so the next day."""
    moment = visit(family.chance, family.on(18, family.chance.randrange(14)))
    old, new = family.place.practice, other_practice(family.chance, family.place)
    family.add(
        "practice-changed", "demographics.changed", moment, family.place.body("C"), "CHIS",
        kind="gp", to=new, effective=day_of(moment), **{"from": old},
    )  # fmt: skip
    family.registrations.append(
        family.registrations[0] | {"practice": new, "since": iso(moment - timedelta(hours=3))}
    )
    for happening in family.happenings:
        if happening.at > moment and happening.org == old:
            happening.org = new
        _readdress(happening.body, old, new, later=happening.at > moment)


def _readdress(body: dict[str, object], old: str, new: str, *, later: bool) -> None:
    rows = body.get("copied_to")
    if later and isinstance(rows, list):
        for row in rows:
            row["ods"] = new if row["ods"] == old else row["ods"]


def _provider(family: Family) -> None:
    """Care goes over to the other hospital's community team, which takes her the same day."""
    moment = visit(family.chance, family.on(26, family.chance.randrange(14)))
    old = family.place.provider
    new = "ZSH1" if old == "ZSH0" else "ZSH0"
    family.by_midwife(
        "transferred", "pregnancy.transferred", moment,
        from_org=old, to_org=new, effective_on=day_of(moment), reason="moved", records_sent="y",
    )  # fmt: skip
    for happening in family.happenings:
        if happening.at > moment and happening.org == old:
            happening.org = new
            rows = happening.body.get("copied_to")
            for row in rows if isinstance(rows, list) else []:
                row["ods"] = new if row["ods"] == old else row["ods"]
    later = visit(family.chance, day_of(moment) + timedelta(days=14))
    assessment(family, "genogram-moved", later, kind="genogram", visitor=True)
    family.happenings[-1].body["share_with"] = []


def missed(family: Family) -> None:
    """She does not come at 28 weeks; she is telephoned that day and seen within the week."""
    old = family.find("held-contact-28")
    if old is None:
        return
    moment = old.at
    family.drop(*[h for h in family.happenings if h is old])
    family.by_midwife(
        "missed-28", "contact.missed", moment,
        contact_id=contact_id(family, "contact-28"), kind="antenatal", outcome="DNA",
        series_count=1, follow_up="date",
    )  # fmt: skip
    if family.traits & TROUBLED:
        called_at = moment + timedelta(minutes=30)
        held(family, "called-28", "antenatal", called_at, family.midwife, place="phone")
    again = visit(family.chance, working_day(day_of(moment), 2))
    scheduled(family, "contact-28b", "antenatal", again, moment + timedelta(hours=1),
              replaces=contact_id(family, "contact-28"))  # fmt: skip
    held(family, "contact-28b", "antenatal", again, family.midwife)
    for happening in family.happenings:
        if happening.key.endswith("contact-28") and not happening.key.startswith("made"):
            happening.at = again + timedelta(minutes=20)


def _cancelled(family: Family) -> None:
    """The clinic cancels a contact at 36 weeks and makes another one for the same week."""
    old = family.find("held-contact-36")
    made = family.find("made-contact-36")
    if old is None or made is None:
        return
    moment = at(working_day(day_of(old.at), -2), 9)
    if moment <= made.at:
        return
    family.by_midwife(
        "cancelled-36", "contact.missed", moment,
        contact_id=contact_id(family, "contact-36"), kind="antenatal",
        outcome="cancelled_by_service", series_count=0, follow_up="date",
    )  # fmt: skip
    scheduled(family, "contact-36b", "antenatal", old.at, moment,
              replaces=contact_id(family, "contact-36"))  # fmt: skip
    old.body["contact_id"] = contact_id(family, "contact-36b")


def _attends(family: Family) -> None:
    """A visit to the emergency department while booked; maternity is asked, and she goes home."""
    moment = at(family.on(22, family.chance.randrange(7)), family.chance.randrange(24), 7)
    last = family.find("booking")
    if last is None or moment < last.at + timedelta(days=1):
        return
    family.add(
        "attended-booked", "unscheduled.attendance", moment, family.place.provider, "ED",
        site="emergency department", pregnant="y", gestation=family.gestation(day_of(moment)),
        booked_status="booked", last_antenatal=day_of(last.at), cpis_checked="y", cpis_hit="n",
        next_step="none", follow_up_owner=None,
    )  # fmt: skip


def attends_unbooked(family: Family) -> None:
    """She is first seen at an emergency department; the booking office has her within the week."""
    referral = family.find("referral")
    if referral is None:
        return
    first = family.find("first-word")
    if first is not None:
        family.drop(first)
    moment = referral.at - timedelta(hours=family.chance.randint(18, 22))
    family.add(
        "attended-unbooked", "unscheduled.attendance", moment, family.place.provider, "ED",
        site="walk-in centre", pregnant="y", gestation=family.gestation(day_of(moment)),
        booked_status="not_booked", last_antenatal=None, cpis_checked="y", cpis_hit="n",
        next_step="referred_maternity", follow_up_owner="booking office",
    )  # fmt: skip


SECTIONS = (
    ("midwifery", "provider", "SG_MIDWIFE"), ("health_visiting", "health_visiting", "NAMED_HV"),
    ("general_practice", "practice", "GP_SG_LEAD"), ("social_care", "social_care", "SOCIAL_WORKER"),
)  # fmt: skip


def _concealed(family: Family) -> None:
    """She had told nobody until twenty weeks; all four services write their part in time."""
    booking = family.find("booking")
    if booking is None:
        return
    told_at = booking.at + timedelta(minutes=5)
    concealed = family.by_midwife(
        "concealed", "pregnancy.concealment", told_at,
        kind="concealed", disclosed_at="antenatal", gestation=family.gestation(day_of(told_at)),
        who_knew=[], immediate_risk="n", previous_concealment="n",
    )  # fmt: skip
    concealed.event_id = f"{family.reference()}-concealed"
    booking.body["late_reason"] = ["unaware"]
    to_social_care(family, "concealed", told_at + timedelta(minutes=20), "s17", ["other"])
    for number, (section, place, role) in enumerate(SECTIONS):
        written = at(working_day(day_of(told_at), 4 + number % 3), 11, 5 * number)
        family.add(
            f"section-{section}", "concealment.section-written", written,
            str(getattr(family.place, place)), role,
            concealment_ref=concealed.event_id, section=section,
            written_by=f"{role.lower()}-1",
        )  # fmt: skip
    inform(family, "concealed", "PMH", told_at)
