"""From the first night at home to the fourth month: visits, weights, checks and screens."""

from datetime import date, datetime, timedelta

from hub.synth.birth import screen
from hub.synth.calendar import at, day_of, visit
from hub.synth.contacts import (
    ask_mood,
    ask_safety,
    assessment,
    contact_id,
    held,
    inform,
    scheduled,
)
from hub.synth.family import Family

GAIN_A_DAY = 28
"""Grams that a thriving baby gains from the second week on (UK-WHO charts)."""
MIDWIFE_DAYS = (1, 5, 10)
"""Days after going home, by NICE NG194: next day, day five for the blood spot, before handover."""


def postnatal(family: Family) -> None:
    """Everything after the ward that goes as it should."""
    home = family.find("discharged-mother")
    if home is None or family.born_at is None:
        return
    born = day_of(family.born_at)
    _midwife(family, born, day_of(home.at))
    _new_birth_visit(family, born)
    _six_to_eight_weeks(family, born)
    _later(family, born)
    for baby in family.babies:
        screen(family, baby, "hearing", visit(family.chance, born + timedelta(days=20)))


def _midwife(family: Family, born: date, home: date) -> None:
    """The community midwife visits on every day of the week; the blood spot is on day five."""
    for number, day in enumerate(sorted({max(home + timedelta(days=1), born + timedelta(days=d))
                                         for d in MIDWIFE_DAYS})):  # fmt: skip
        moment = at(day, family.chance.randint(9, 14), 5)
        key = f"midwife-{number}"
        scheduled(family, key, "MW_postnatal", moment, moment - timedelta(hours=20))
        held(family, key, "MW_postnatal", moment, family.midwife, place="home",
             baby=family.babies[0])  # fmt: skip
        if (day - born).days >= 5 and number <= 1:
            for baby in family.babies:
                weigh(family, f"{key}-{baby}", baby, moment, loss=family.chance.randint(1, 7))
                screen(family, baby, "NBS", moment + timedelta(minutes=5))
    last = at(max(home, born + timedelta(days=10)), 12)
    inform(family, "midwife-last", "AHT", last, to="both")
    inform(family, "midwife-last", "PMH", last)
    ask_mood(family, "midwife-last", last, "MW_postnatal")


def weigh(
    family: Family,
    key: str,
    baby: str,
    moment: datetime,
    *,
    loss: int | None = None,
    spaces: int = 0,
    visiting: bool = False,
) -> None:
    """A weight taken naked, plotted, by somebody who knows how."""
    born = next((h for h in family.of("birth.recorded") if h.body["baby_id"] == baby), None)
    if born is None:
        return
    first = int(born.body["weight_grams"])
    days = (day_of(moment) - day_of(born.at)).days
    grams = (
        first * (100 - loss) // 100 if loss is not None else first + max(days - 14, 0) * GAIN_A_DAY
    )
    make = family.by_visitor if visiting else family.by_midwife
    make(
        f"weight-{key}",
        "measurement.infant",
        moment + timedelta(minutes=20),
        baby_id=baby,
        grams=grams,
        clothing="naked",
        measured_by="professional",
        plotted="y",
        centile="50th",
        spaces_from_birth=spaces,
        loss_percent=loss,
        feeding="breast",
    )


def _new_birth_visit(family: Family, born: date) -> None:
    """The health visitor's first visit, by day fourteen."""
    days = [born + timedelta(days=d) for d in (11, 12, 10, 13, 14)]
    moment = next(m for d in days if day_of(m := visit(family.chance, d)) == d)
    scheduled(family, "nbv", "NBV", moment, at(born + timedelta(days=5), 10), visiting=True,
              baby=family.babies[0])  # fmt: skip
    for number, baby in enumerate(family.babies):
        key = "nbv" if number == 0 else f"nbv-{baby}"
        held(family, key, "NBV", moment, family.visitor, place="home", baby=baby)
        weigh(family, f"nbv-{baby}", baby, moment, loss=0, visiting=True)
        review(family, f"nbv-{baby}", "NBV", moment, baby=baby)
    ask_mood(family, "nbv", moment, "NBV", visiting=True)
    ask_safety(family, "nbv", moment, visiting=True)
    for topic in ("AHT", "crying", "safe_sleep", "partner_support"):
        inform(family, "nbv", topic, moment, to="both", by_visitor=True)
    for topic in ("PMH", "HV_name", "pathway_card", "feeding"):
        inform(family, "nbv", topic, moment, by_visitor=True)
    assessment(family, "assessment-visitor", moment, kind="HNA", visitor=True)
    assessment(family, "genogram", moment + timedelta(minutes=5), kind="genogram", visitor=True)
    family.happenings[-1].body["share_with"] = []


def review(
    family: Family,
    key: str,
    kind: str,
    moment: datetime,
    *,
    baby: str | None = None,
    gp: bool = False,
    unless_over: bool = True,
) -> None:
    """A review that says what was found, what it means and what is to follow."""
    make = family.by_practice if gp else family.by_visitor
    make(
        f"review-{key}",
        "review.postnatal",
        moment + timedelta(minutes=35),
        who="baby" if baby else "mother",
        baby_id=baby,
        kind=kind,
        findings=["well"],
        analysis="present",
        concerns=[],
        plan="routine",
        referred_to=[],
        unless_over=unless_over,
    )


def read_the_record(family: Family) -> None:
    """A practice reads its record before a check, and names in the review what stands there."""
    for check in family.happenings:
        if check.type == "review.postnatal" and check.body["kind"] in ("GP_mother", "GP_baby"):
            check.body["concerns"] = _on_record(family, check.at, check.body["who"])


def _on_record(family: Family, moment: datetime, who: str) -> list[str]:
    """Worries about her mind, or about a baby's growth, and the ground of a plan."""
    kinds = ("concern.raised", "status.changed")
    said = [h.body for h in family.happenings if h.type in kinds and h.at < moment]
    worry = "growth" if who == "baby" else "MH"
    worries = [worry] if any(body.get("code") == worry for body in said) else []
    under_a_plan = any(str(body.get("kind")).startswith("CPP") for body in said)
    return [*worries, *(["neglect"] if under_a_plan else [])]


def _six_to_eight_weeks(family: Family, born: date) -> None:
    """The health visitor's review and the practice's two checks, between day 42 and day 56."""
    chance = family.chance
    moment = visit(chance, born + timedelta(days=chance.randint(43, 48)))
    scheduled(family, "six-weeks", "HV_6_8", moment, moment - timedelta(days=20), visiting=True,
              baby=family.babies[0])  # fmt: skip
    for number, baby in enumerate(family.babies):
        key = "six-weeks" if number == 0 else f"six-weeks-{baby}"
        held(family, key, "HV_6_8", moment, family.visitor, place="home", baby=baby)
        weigh(family, f"six-weeks-{baby}", baby, moment, visiting=True)
        review(family, f"six-weeks-{baby}", "HV_6_8", moment, baby=baby)
    ask_mood(family, "six-weeks", moment, "w6_8", visiting=True)
    for topic in ("AHT", "crying"):
        inform(family, "six-weeks", topic, moment, to="both", by_visitor=True)
    inform(family, "six-weeks", "PMH", moment, by_visitor=True)
    practice_checks(family, born)


def practice_checks(family: Family, born: date) -> None:
    """The general practitioner's check of the mother and of each baby, told apart."""
    moment = visit(family.chance, born + timedelta(days=family.chance.randint(43, 49)))
    place, doctor = family.place, f"dr-{family.place.practice}"
    held(family, "gp-mother", "GP_mother", moment, doctor, role="GP_PRACTICE", org=place.practice,
         unless_over=False)  # fmt: skip
    review(family, "gp-mother", "GP_mother", moment, gp=True, unless_over=False)
    for baby in family.babies:
        held(family, f"gp-{baby}", "GP_baby", moment, doctor, baby=baby, role="GP_PRACTICE",
             org=place.practice)  # fmt: skip
        review(family, f"gp-{baby}", "GP_baby", moment, baby=baby, gp=True)


def _later(family: Family, born: date) -> None:
    """Between day 28 and four months: the appointments that a history or a low mood calls for."""
    chance = family.chance
    if family.has("mental_health_history") or family.has("mental_health_positive"):
        early = visit(chance, born + timedelta(days=22))
        family.by_practice(
            "made-extra",
            "contact.scheduled",
            at(born + timedelta(days=1), 10),
            contact_id=contact_id(family, "extra"),
            kind="extra_postnatal",
            contact_at=early,
            owner=f"dr-{family.place.practice}",
        )
        held(family, "extra", "extra_postnatal", early, f"dr-{family.place.practice}",
             role="GP_PRACTICE", org=family.place.practice)  # fmt: skip
    moment = visit(chance, born + timedelta(days=chance.randint(92, 104)))
    scheduled(family, "three-months", "other", moment, moment - timedelta(days=30), visiting=True,
              baby=family.babies[0])  # fmt: skip
    held(family, "three-months", "other", moment, family.visitor, baby=family.babies[0])
    ask_mood(family, "three-months", moment, "m3_4", visiting=True)
