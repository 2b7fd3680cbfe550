"""What may befall a baby in its first months, taken up as it should be."""

from datetime import timedelta

from hub.synth.calendar import at, day_of, visit, working_day
from hub.synth.contacts import contact_id, held, scheduled
from hub.synth.family import Family, Happening
from hub.synth.postnatal import weigh
from hub.synth.risk import lead, refer


def infant(family: Family) -> None:
    """Whatever of this the family was drawn with."""
    if family.born_at is None or family.has("neonatal_death"):
        return
    if family.has("early_weight_loss"):
        _loses_weight(family)
    if family.has("faltering_growth"):
        _falters(family)
    if family.has("infant_attendance"):
        _attends(family)
    if family.has("infant_not_brought"):
        not_brought(family)
    if family.has("injury_not_mobile"):
        _injured(family)
    if family.has("screen_refer"):
        _screen_refers(family)


def _loses_weight(family: Family) -> None:
    """More than a tenth lost by day five; seen again the next day, with a plan, and weighed."""
    baby = family.babies[0]
    first = next((h for h in family.of("measurement.infant") if h.body["baby_id"] == baby), None)
    if first is None:
        return
    first.body |= {"loss_percent": 11, "grams": int(first.body["grams"]) * 92 // 100}
    _fed(family, first, baby)


def _fed(family: Family, after: Happening, baby: str) -> None:
    again = at(day_of(after.at) + timedelta(days=1), 10)
    held(family, "fed", "MW_postnatal", again, family.midwife, place="home", baby=baby)
    weigh(family, f"fed-{baby}", baby, again, loss=7)
    family.add(
        "told-feeding-fed", "information.given", again + timedelta(minutes=25),
        family.place.provider, "COMM_MIDWIFE",
        topic="feeding", to="mother", format="spoken", language="en",
    )  # fmt: skip
    refer(family, "feeding", again + timedelta(minutes=40), "INFANT_FEEDING")


def _falters(family: Family) -> None:
    """Two centile spaces lost at six weeks; seen again within days, and weighed."""
    baby = family.babies[0]
    weight = family.find(f"weight-six-weeks-{baby}")
    if weight is None:
        return
    weight.body |= {"spaces_from_birth": 2, "centile": "2nd-9th"}
    review = family.find(f"review-six-weeks-{baby}")
    if review is not None:
        review.body |= {"concerns": ["growth"], "plan": "weigh again in a week",
                        "referred_to": ["HV_follow_up"]}  # fmt: skip
    check = family.find(f"review-gp-{baby}")
    if check is not None:
        check.body |= {"plan": "growth: health visitor sees the baby weekly",
                       "concerns": ["growth"], "referred_to": ["HV_follow_up"]}  # fmt: skip
    again = visit(family.chance, working_day(day_of(weight.at), 3))
    held(family, "growth", "weigh_in", again, family.visitor, place="home", baby=baby)
    weigh(family, f"growth-{baby}", baby, again, spaces=1, visiting=True)


def _attends(family: Family) -> None:
    """A visit to the emergency department; practice and health visitor hear of it."""
    assert family.born_at is not None, "an infant has been born"
    moment = family.born_at + timedelta(days=family.chance.randint(25, 38), hours=3)
    family.add(
        "infant-attended", "unscheduled.attendance", moment, family.place.provider, "ED",
        site="emergency department", pregnant="n", baby_id=family.babies[0],
        booked_status="unknown", cpis_checked="y", cpis_hit="n", next_step="none",
    )  # fmt: skip


def not_brought(family: Family) -> None:
    """The baby is not brought to the six-week review, and is seen two days later."""
    old = family.find("held-six-weeks")
    if old is None:
        return
    moment = old.at
    family.drop(old)
    baby = family.babies[0]
    identity = contact_id(family, "six-weeks")
    family.by_visitor(
        "not-brought", "contact.missed", moment - timedelta(minutes=10),
        contact_id=identity, kind="HV_6_8", outcome="WNB", baby_id=baby, series_count=1,
        follow_up="date",
    )  # fmt: skip
    again = visit(family.chance, working_day(day_of(moment), 2))
    scheduled(family, "six-weeks-b", "HV_6_8", again, moment + timedelta(hours=1), visiting=True,
              baby=baby, replaces=identity)  # fmt: skip
    held(family, "six-weeks-b", "HV_6_8", again, family.visitor, place="home", baby=baby)
    for happening in family.happenings:
        late = "six-weeks" in happening.key and not happening.key.startswith(("made", "held"))
        if late and "-six-weeks-b/" not in happening.key:
            happening.at = again + timedelta(minutes=20)


def _injured(family: Family) -> None:
    """A bruise on a baby who cannot move: referred within minutes and seen by a paediatrician."""
    assert family.born_at is not None, "an infant has been born"
    baby = family.babies[0]
    moment = visit(family.chance, day_of(family.born_at) + timedelta(days=30))
    family.by_visitor(
        "injury", "injury.non-mobile", moment,
        baby_id=baby, site="cheek", explanation_given="n", referred="y",
    )  # fmt: skip
    identity = f"{family.reference()}/csc-injury"
    family.by_visitor(
        "csc-injury", "csc.referral-made", moment + timedelta(minutes=20),
        referral_id=identity, for_whom="baby", baby_id=baby, threshold="s47", urgent="y",
        reason_codes=["physical"], consent="not_sought_safe",
    )  # fmt: skip
    family.add(
        "injury-seen", "contact.completed", moment + timedelta(hours=3), family.place.provider,
        "PAEDIATRICIAN", contact_id=contact_id(family, "injury"), kind="other", baby_id=baby,
        initiated_by="service", practitioner="paed-1", place="clinic", seen=["mother", "baby"],
        seen_alone="y", da_asked="asked", mh_asked="asked", infant_section="complete",
        interpreter="not_needed",
    )  # fmt: skip
    decided = at(working_day(day_of(moment), 1), 10)
    family.add(
        "decision-injury", "csc.decision", decided, family.place.social_care, "CSC_FRONT_DOOR",
        referral_id=identity, outcome="strategy", threshold_view="s47",
        feedback_sent_to=["NAMED_HV"], reason="strategy discussion",
    )  # fmt: skip
    held_at = at(working_day(day_of(decided), 1), 10)
    family.by_social_care(
        "strategy-injury", "strategy.discussion", held_at,
        requested_by="CSC_FRONT_DOOR", held="y", outcome="s17",
        participants=[{"role": "NAMED_HV", "org": family.place.health_visiting}],
        health_present="y",
    )  # fmt: skip
    lead(family, "lead-injury", moment + timedelta(hours=1), scope="CIN")


def _screen_refers(family: Family) -> None:
    """The hearing screen is unclear; the baby goes on for assessment."""
    test = family.find(f"hearing-{family.babies[0]}")
    if test is not None:
        test.body["outcome"] = "refer"
