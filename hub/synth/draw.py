"""Draws a family: who she is, where she lives and what her pregnancy will bring.

Everything follows from the seed and the family's number, so that one family can be made again by
itself.
"""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from hub.synth.antenatal import antenatal
from hub.synth.birth import birth
from hub.synth.calendar import at
from hub.synth.family import Family
from hub.synth.infant import infant
from hub.synth.loss import decide_loss, loss
from hub.synth.moves import moves
from hub.synth.people import mother
from hub.synth.place import draw_place
from hub.synth.postnatal import postnatal, read_the_record
from hub.synth.protection import protection
from hub.synth.rates import rates
from hub.synth.risk import risk

FIRST_LMP = date(2025, 11, 17)
"""Bookings of the year 2026 come from last periods between mid November and mid November."""
DAYS_OF_THE_YEAR = 364
WATCHED_AFTER_BIRTH = timedelta(days=112)
"""How long after the birth a family is followed: past the questions at three to four months."""
ALWAYS = frozenset({"visitor_sees_before_birth"})

ONE_OF = (
    "miscarriage_after_booking", "stillbirth", "termination", "neonatal_death", "unborn_child_plan",
    "social_care_referral", "domestic_abuse", "mental_health_positive", "mental_health_red_flag",
    "concealed", "unscheduled_unbooked", "booked_after_twenty_weeks", "moves_practice",
    "changes_provider", "missed_appointment", "early_help_need", "injury_not_mobile",
    "early_weight_loss", "faltering_growth", "infant_not_brought",
)  # fmt: skip
"""Traits of which a family has at most one, so that what goes wrong can be told apart; each keeps
its rate.  Everything else is drawn for itself."""
FREE = (
    "first_baby", "known_after_nine_weeks", "referred_by_practice", "redated_by_scan", "preterm",
    "mental_health_history", "interpreter", "cancelled_by_service", "unscheduled_pregnant",
    "infant_attendance", "screen_refer", "neonatal_unit", "under_twenty_first_baby",
)  # fmt: skip


def draw_traits(chance: Random, needs: frozenset[str]) -> frozenset[str]:
    """The traits of a family; those that are needed whatever their rate."""
    traits = set(ALWAYS)
    shares = rates()
    traits |= {name for name in FREE if chance.random() < shares[name]}
    twins, lot = chance.random() < shares["twins"], chance.random()
    one = None
    for name in ONE_OF:
        lot -= shares[name]
        if lot < 0:
            one = name
            break
    wanted = needs & set(ONE_OF)
    if wanted or one is None:
        traits |= wanted
    else:
        traits.add(one)
    if twins:
        traits.add("twins")
    if "under_twenty_first_baby" in traits:
        traits.add("first_baby")
    excluded = {name.removeprefix("not:") for name in needs if name.startswith("not:")}
    return frozenset((traits | {n for n in needs if not n.startswith("not:")}) - excluded)


def draw_family(seed: int, number: int, needs: frozenset[str] = frozenset()) -> Family:
    """The family of a number, everything in it going as it should."""
    chance = Random(f"{seed}:{number}")  # noqa: S311  a year that can be made again, no secret
    traits = draw_traits(chance, needs)
    lmp = FIRST_LMP + timedelta(days=chance.randrange(DAYS_OF_THE_YEAR))
    place = draw_place(chance)
    age = (
        18 + chance.randrange(2) if "under_twenty_first_baby" in traits else chance.randint(21, 42)
    )
    family = Family(
        number=number,
        chance=chance,
        place=place,
        mother=mother(number, chance, age=age, born_before_year=lmp.year),
        lmp=lmp,
        traits=traits,
        until=at(lmp, 12),
        interpreter="interpreter" in traits,
    )
    family.midwife = f"mw-{place.provider}-{chance.randrange(40)}"
    family.visitor = f"hv-{place.health_visiting}-{chance.randrange(30)}"
    _decide_the_end(family)
    family.registrations = [_registered(family)]
    live(family)
    return family


def _registered(family: Family) -> dict[str, str]:
    return {
        "nhs_number": family.mother["nhs_number"],
        "practice": family.place.practice,
        "area": family.place.area,
        "since": "2020-01-01T00:00:00Z",
    }


def _decide_the_end(family: Family) -> None:
    """When, and how, the pregnancy ends."""
    chance = family.chance
    days = 266 + chance.randint(0, 23)
    if family.has("preterm"):
        days = chance.randint(32 * 7, 37 * 7 - 1)
    born = family.lmp + timedelta(days=days)
    family.born_at = at(born, chance.randrange(24), chance.randrange(60))
    if family.born_at.hour == 1 and not family.born_at.minute:
        family.born_at += timedelta(minutes=5)
    family.babies = [
        f"{family.reference()}-b{n}" for n in ((1, 2) if family.has("twins") else (1,))
    ]
    family.until = family.born_at + WATCHED_AFTER_BIRTH
    decide_loss(family)


LIFE: list[Callable[[Family], None]] = [
    antenatal, birth, postnatal, risk, protection, moves, infant, loss, read_the_record,
]  # fmt: skip
"""The parts of a life, in order; each adds what happens in it."""


def live(family: Family) -> None:
    """Let everything happen."""
    for part in LIFE:
        part(family)
