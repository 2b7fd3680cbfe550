"""From the first word of a pregnancy to the eve of the birth.

Contacts follow NICE NG201 (ten for a first baby, seven otherwise); what is asked and given at each
follows the standards that the domain lists.
"""

from datetime import date, datetime, timedelta

from hub.synth.calendar import day_of, visit, working_day
from hub.synth.contacts import (
    ask_mood,
    ask_safety,
    assessment,
    cancelled,
    given,
    held,
    inform,
    scheduled,
)
from hub.synth.family import TROUBLED, Family

FIRST_BABY = (16, 25, 28, 31, 34, 36, 38, 40, 41)
LATER_BABY = (16, 28, 34, 36, 38, 41)
SEEN_AFTER = timedelta(days=7)
"""By when she is seen after a birth or a loss."""
SOUGHT_EVERY, SOUGHT_AFTER_DAYS = timedelta(days=26), 16
AGREEMENT_HOLDS = 84
"""Days after which she is asked again; the next trimester has begun by then."""


def antenatal(family: Family) -> None:
    """Everything before the birth that goes as it should."""
    booked_at = book(family)
    _history(family, booked_at)
    _scan(family, booked_at)
    _allocate(family)
    _contacts(family, booked_at)
    _assess(family)


def book(family: Family) -> datetime:
    """The first word of the pregnancy, and the booking in time after it."""
    chance, traits = family.chance, family.traits
    if "booked_after_twenty_weeks" in traits or "concealed" in traits:
        known = family.on(chance.randint(20, 22), chance.randrange(7))
        wait = chance.randint(4, 9)
    elif "known_after_nine_weeks" in traits:
        known = family.on(9, chance.randint(1, 13))
        wait = chance.randint(4, 9)
    else:
        known = family.on(5, chance.randint(0, 18))
        wait = chance.randint(5, 9) if "unscheduled_unbooked" in traits else 0
    known_at = visit(chance, known)
    latest = family.on(10) - timedelta(days=1)
    wanted = day_of(known_at) + timedelta(days=wait or chance.randint(4, 16))
    day = working_day(wanted if wait else min(wanted, latest), 0 if wait else -1)
    if not wait:
        day = _latest_working(min(wanted, latest))
    if day <= day_of(known_at):
        day = working_day(day_of(known_at), 1)
    booked_at = visit(chance, day)
    first_word(family, known_at)
    _referred(family, known_at + timedelta(hours=1), booked_at)
    _book(family, booked_at)
    return booked_at


def _latest_working(day: date) -> date:
    return working_day(day + timedelta(days=1), -1)


def first_word(family: Family, known_at: datetime) -> None:
    """A practice that learns of it says so; most women refer themselves."""
    if not family.has("referred_by_practice"):
        return
    family.by_practice(
        "first-word",
        "pregnancy.notified",
        known_at,
        learnt_on=day_of(known_at),
        how_known="test",
        gestation=family.gestation(day_of(known_at)),
        booked_status="not_booked",
        entry_route="GP",
        first_baby="y" if family.has("first_baby") else "n",
    )


def _referred(family: Family, at: datetime, booked_at: datetime) -> None:
    by_practice = family.has("referred_by_practice")
    family.by_midwife(
        "referral",
        "pregnancy.referral-received",
        at,
        received_on=day_of(at),
        **{"from": "GP" if by_practice else "self"},
        gp_ods=family.place.practice,
        gestation=family.gestation(day_of(at)),
    )
    scheduled(family, "booking", "booking", booked_at, at)


def _book(family: Family, at: datetime) -> None:
    late = (day_of(at) - family.lmp).days >= 20 * 7
    family.by_midwife(
        "booking",
        "pregnancy.booked",
        at,
        booked_on=day_of(at),
        edd=family.edd,
        edd_basis="LMP",
        parity=0 if family.has("first_baby") else family.chance.randint(1, 3),
        planned_contacts=10 if family.has("first_baby") else 7,
        provider=family.place.provider,
        named_midwife={"id": family.midwife, "name": None, "phone": None},
        gp_ods=family.place.practice,
        hv_team_hint=family.place.health_visiting,
        language="en",
        interpreter={"needed": "y" if family.interpreter else "n", "lang": None},
        vulnerabilities=["late_booking"] if late else [],
        late_reason=["unaware"] if late else [],
        sharing_ref="",
    )
    family.by_midwife(
        "agreement",
        "sharing.preference",
        at,
        scope="all_routine",
        agrees="y",
        review_on=day_of(at) + timedelta(days=AGREEMENT_HOLDS),
        recorded_by=family.midwife,
    )
    held(family, "booking", "booking", at, family.midwife)
    ask_mood(family, "booking", at, "booking")
    ask_safety(family, "booking", at)
    for topic in ("PMH", "pathway_card", "DA_safe"):
        inform(family, "booking", topic, at)


def _history(family: Family, booked_at: datetime) -> None:
    """The practice sends her history within ten working days of the booking, and by 16 weeks."""
    day = working_day(day_of(booked_at), family.chance.randint(2, 8))
    latest = working_day(family.on(15, 3), -1)
    if day_of(booked_at) < latest < day:
        day = latest
    at = visit(family.chance, day)
    family.by_practice(
        "history",
        "history.shared",
        at,
        to=family.place.provider,
        medical="content",
        obstetric="content",
        mental_health="none_checked",
        social="content",
        safeguarding="none_checked",
    )


def _scan(family: Family, booked_at: datetime) -> None:
    day = max(family.on(12, family.chance.randrange(7)), working_day(day_of(booked_at), 3))
    if not family.has("redated_by_scan") or day > family.on(20):
        return
    at = visit(family.chance, day)
    shift = family.chance.choice((-5, -4, -3, -2, 2, 3, 4, 5))
    edd = family.edd + timedelta(days=shift)
    family.by_midwife(
        "dated", "pregnancy.dated", at, edd=edd, basis="scan", previous_edd=family.edd
    )
    family.lmp += timedelta(days=shift)


def _allocate(family: Family) -> None:
    """The health visiting team names a health visitor before 26 weeks, and she is made known."""
    chance = family.chance
    booked = family.find("booking")
    day = family.on(chance.randint(20, 23), chance.randrange(7))
    if booked is not None:
        day = max(day, working_day(day_of(booked.at), 2))
    at = visit(chance, day)
    family.add(
        "visitor-named",
        "assignment.changed",
        at,
        family.place.health_visiting,
        "TEAM_LEAD_HV",
        role="NAMED_HV",
        organisation=family.place.health_visiting,
        practitioner=family.visitor,
        **{"from": at, "to": None},
        accepted="y",
    )
    family.by_visitor(
        "told-HV_name", "information.given", at + timedelta(hours=1), **given("HV_name", "mother")
    )


def _contacts(family: Family, booked_at: datetime) -> None:
    """The planned antenatal contacts, each made at the one before it."""
    weeks = FIRST_BABY if family.has("first_baby") else LATER_BABY
    last = booked_at
    for week in weeks:
        at = visit(family.chance, family.on(week, family.chance.randrange(5)))
        if (at - last) < timedelta(days=6):
            continue
        made = scheduled(family, f"contact-{week}", "antenatal", at, last)
        if family.born_at is not None and at >= family.born_at - timedelta(days=1):
            cancelled(family, f"contact-{week}", "antenatal", made, family.born_at)
            break
        if family.ended_at is not None and at >= family.ended_at:
            cancelled(family, f"contact-{week}", "antenatal", made, family.ended_at)
            break
        held(family, f"contact-{week}", "antenatal", at, family.midwife)
        _asked_at(family, week, at)
        last = at
    _sought_out(family)
    if family.has("visitor_sees_before_birth"):
        _visitor_before_birth(family)


def _sought_out(family: Family) -> None:
    """Who has a history of low mood, or says that she is low, is telephoned between the contacts.

    A professional seeks her out at least every four weeks (Cambridgeshire JSNA, line 66).
    """
    until = family.ended_at or family.born_at
    if until is None or not family.traits & TROUBLED:
        return
    last, number = None, 0
    for each in [
        *sorted(h.at for h in family.happenings if h.key.startswith("held-")),
        until + SEEN_AFTER,
    ]:
        while last is not None and each - last > SOUGHT_EVERY and last < until:
            last = visit(family.chance, day_of(last) + timedelta(days=SOUGHT_AFTER_DAYS))
            if last >= until:
                break
            number += 1
            held(family, f"sought-{number}", "antenatal", last, family.midwife, place="phone")
        last = each


def _asked_at(family: Family, week: int, at: datetime) -> None:
    """What is asked and given at a contact of a week."""
    setting = {16: "w16_28", 25: "w16_28", 28: "w28_36", 34: "w28_36"}.get(week)
    if week in (16, 28, 34) and setting:
        ask_mood(family, f"contact-{week}", at, setting)
    if week in (16, 28):
        ask_safety(family, f"contact-{week}", at)
    if week == 28:
        for topic in ("PMH", "AHT", "antenatal_class", "feeding", "partner_support"):
            inform(family, "contact-28", topic, at, to="mother" if topic == "PMH" else "both")
    if week == 34:
        inform(family, "contact-34", "PMH", at)


def _visitor_before_birth(family: Family) -> None:
    """The health visitor's antenatal contact, from 28+0 and before 34+0."""
    at = visit(family.chance, family.on(family.chance.randint(29, 32), family.chance.randrange(5)))
    over = family.born_at or family.ended_at
    if over is not None and at >= over - timedelta(days=1):
        return
    made_at = at - timedelta(days=family.chance.randint(7, 12))
    scheduled(family, "visitor-antenatal", "HV_antenatal", at, made_at, visiting=True)
    held(family, "visitor-antenatal", "HV_antenatal", at, family.visitor, place="home")
    inform(family, "visitor-antenatal", "PMH", at, by_visitor=True)


def _assess(family: Family) -> None:
    """The midwife's assessment of the family before 28 weeks."""
    booked = family.find("booking")
    day = family.on(24, family.chance.randrange(14))
    if booked is not None:
        day = max(day, working_day(day_of(booked.at), 1))
    at = visit(family.chance, day)
    assessment(family, "assessment-midwife", at, kind="HNA")
