"""The birth, the stay in hospital and the going home."""

from datetime import datetime, timedelta

from hub.synth.calendar import at, day_of
from hub.synth.contacts import ask_mood, inform
from hub.synth.family import Family, Happening
from hub.synth.people import baby_number

WEIGHT_AT_TERM = 3400
GRAMS_A_WEEK = 200
"""What a week of pregnancy near its end adds, roughly (UK-WHO charts)."""


def birth(family: Family) -> None:
    """The birth itself, its statutory notification, and going home with everything said."""
    born_at = family.born_at
    if born_at is None:
        return
    _admitted(family, born_at)
    for order, baby in enumerate(family.babies, 1):
        _born(family, baby, order, born_at + timedelta(minutes=12 * (order - 1)))
    stay = timedelta(hours=family.chance.randint(26, 50))
    home = going_home(born_at + stay)
    _ward(family, born_at, home)
    _home(family, home)


def going_home(earliest: datetime) -> datetime:
    """Nobody is sent home at night."""
    day = day_of(earliest)
    return min((at(day + timedelta(days=d), 11) for d in (0, 1, 2) if
                at(day + timedelta(days=d), 11) >= earliest), default=earliest)  # fmt: skip


def _admitted(family: Family, born_at: datetime) -> None:
    _encounter(
        family, "admitted", "mother", born_at - timedelta(hours=family.chance.randint(2, 14))
    )


def _encounter(
    family: Family, kind: str, subject: str, moment: datetime, *, destination: str | None = None
) -> Happening:
    baby = None if subject == "mother" else subject
    return family.by_midwife(
        f"{kind}-{subject}",
        "encounter.updated",
        moment,
        subject="baby" if baby else "mother",
        baby_id=baby,
        encounter_id=f"{family.reference()}/stay-{subject}",
        kind=kind,
        ward="maternity",
        destination=destination,
    )


def _born(family: Family, baby: str, order: int, born_at: datetime) -> None:
    days = (day_of(born_at) - family.lmp).days
    weight = WEIGHT_AT_TERM + (days - 280) * GRAMS_A_WEEK // 7 - 500 * (len(family.babies) - 1)
    family.by_midwife(
        f"born-{baby}",
        "birth.recorded",
        born_at,
        baby_id=baby,
        born_at=born_at,
        place="hospital",
        gestation=family.gestation(day_of(born_at)),
        weight_grams=max(weight + family.chance.randint(-250, 250), 1400),
        sex=family.chance.choice(("female", "male")),
        plurality={"n": len(family.babies), "order": order},
        alive="y",
        feeding=family.chance.choice(("breast", "breast", "mixed", "formula")),
        neonatal_unit="y" if family.has("neonatal_unit") else "n",
        trauma="n",
    )
    notified = born_at + timedelta(hours=family.chance.randint(3, 20))
    family.add(
        f"notified-{baby}",
        "birth.notified",
        notified,
        family.place.body("C"),
        "CHIS",
        baby_id=baby,
        baby_nhs=baby_number(family.number, order),
        mother_nhs=family.mother.get("nhs_number"),
        notified_at=notified,
        child_health_org=family.place.body("C"),
    )


def _ward(family: Family, born_at: datetime, home: datetime) -> None:
    """What is done and asked on the ward."""
    for baby in family.babies:
        screen(family, baby, "NIPE", born_at + timedelta(hours=family.chance.randint(8, 24)))
    talk = home - timedelta(hours=2)
    ask_mood(family, "ward", talk, "ward")
    for topic in ("PMH", "pathway_card", "feeding"):
        inform(family, "ward", topic, talk)
    for topic in ("AHT", "crying", "safe_sleep", "partner_support"):
        inform(family, "ward", topic, talk, to="both")


def screen(family: Family, baby: str, test: str, moment: datetime) -> None:
    """A newborn test with an outcome."""
    org, role = family.place.provider, "COMM_MIDWIFE"
    if test == "hearing":
        role = "NEWBORN_HEARING"
    family.add(
        f"{test}-{baby}", "screening.newborn", moment, org, role,
        baby_id=baby, test=test, outcome="done",
    )  # fmt: skip


def _home(family: Family, home: datetime) -> None:
    for subject in ("mother", *family.babies):
        _encounter(family, "discharged", subject, home, destination="19")
        summary(family, subject, home, home + timedelta(minutes=40))
    hand_over(family, home)


def summary(family: Family, subject: str, home: datetime, issued: datetime) -> Happening:
    """A discharge summary with every section, copied to everybody."""
    history = "content" if family.has("mental_health_history") else "none_checked"
    section = {"state": "none_checked", "checked_by": family.midwife}
    flagged = {"state": "content", "checked_by": family.midwife, "text": "see plan"}
    told = flagged if family.traits & FLAGS else section
    return family.add(
        f"summary-{subject}",
        "discharge.summary",
        issued,
        family.place.provider,
        "POSTNATAL_WARD",
        subject="mother" if subject == "mother" else "baby",
        baby_id=None if subject == "mother" else subject,
        discharged_at=home,
        issued_at=issued,
        sections={
            "clinical": "well",
            "medication": "none",
            "feeding": "established",
            "follow_up": "community midwife tomorrow",
            "safeguarding_concerns": told,
            "social_circumstances": told,
            "mental_health_info_given": "y",
            "mental_health_history": {
                "state": history,
                "checked_by": family.midwife,
                "text": "history known, plan in place" if history == "content" else None,
            },
            "discharge_address": "home",
            "household_at_address": "partner",
            "safe_contact": "own telephone",
        },
        copied_to=copies(family),
        cpp="y" if "unborn_child_plan" in family.traits else "n",
    )


def copies(family: Family) -> list[dict[str, str]]:
    """Everybody who is to have a copy of a summary."""
    place = family.place
    readers = {
        "GP_PRACTICE": place.practice,
        "COMM_MIDWIFE": place.provider,
        "HV_TEAM": place.health_visiting,
        "NAMED_HV": place.health_visiting,
        "GP_PRACTICE_BABY": place.practice,
        "CHIS": place.body("C"),
        "SOCIAL_WORKER": place.social_care,
    }
    return [{"role": role, "ods": ods} for role, ods in readers.items()]


FLAGS = frozenset(
    {
        "unborn_child_plan", "social_care_referral", "domestic_abuse", "concealed",
        "removal_at_birth", "early_help_need", "injury_not_mobile", "mental_health_positive",
        "mental_health_red_flag",
    }
)  # fmt: skip
"""Traits of which a discharge summary must speak."""


def hand_over(family: Family, home: datetime) -> None:
    """Midwifery hands over to health visiting, and health visiting takes it."""
    from_day = day_of(home) + timedelta(days=8)
    proposed = at(from_day, 10)
    for stage, moment in (("proposed", proposed), ("accepted", proposed + timedelta(hours=2))):
        make = family.by_midwife if stage == "proposed" else family.by_visitor
        make(
            f"handover-{stage}",
            "care.handover",
            moment,
            handover_id=f"{family.reference()}/handover",
            from_role="COMM_MIDWIFE",
            to_role="HV_TEAM",
            to_org=family.place.health_visiting,
            stage=stage,
            open_concerns=0,
        )
