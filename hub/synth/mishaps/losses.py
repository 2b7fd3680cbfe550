"""After a loss: nobody offers support, the partner is forgotten, a cheerful letter goes out."""

from datetime import timedelta

from hub.synth.calendar import close, day_of, visit, working_day
from hub.synth.family import Family, Happening
from hub.synth.mishaps.kinds import mishap
from hub.synth.mishaps.tools import not_done, soon


@mishap("stillbirth")
def no_support_after_the_loss(family: Family) -> None:
    """F68: nobody offers the mother support."""
    loss, support = family.find("loss"), family.find("support-mother")
    if loss is None or support is None:
        return
    due = close(day_of(loss.at), 5)
    late = not_done(family, due, support)
    family.wrong("no-support-after-the-loss", "G50", "no support was offered", "BEREAVEMENT_MW", 2,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G52")


@mishap("stillbirth")
def partner_is_forgotten(family: Family) -> None:
    """F73: nobody offers the partner anything."""
    loss, support = family.find("loss"), family.find("support-partner")
    if loss is None or support is None:
        return
    family.drop(*[h for h in family.happenings if h.key.endswith("-loss") and
                  h.body.get("to") in ("both", "partner")])  # fmt: skip
    due = close(day_of(loss.at), 10)
    late = not_done(family, due, support)
    family.wrong("partner-is-forgotten", "G51", "the partner was not asked", "BEREAVEMENT_MW", 1,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G52")


@mishap("stillbirth")
def scan_letter_after_the_loss(family: Family) -> None:
    """F90: the loss is entered three days late; meanwhile a changed due date is sent round."""
    loss = family.find("loss")
    if loss is None or family.ended_at is None:
        return
    sent = visit(family.chance, working_day(day_of(loss.at), 1))
    loss.told_after = timedelta(days=5)
    made: Happening = family.by_midwife(
        "dated-after", "pregnancy.dated", sent, edd=family.edd + timedelta(days=3), basis="scan",
        previous_edd=family.edd, unless_over=False,
    )  # fmt: skip
    name = "scan-letter-after-the-loss"
    for role in ("GP_PRACTICE", "HV_TEAM"):
        family.wrong(name, "G49", "a routine letter went out after the loss", role, 3,
                     since=made.at, due=soon(loss))  # fmt: skip
    family.allowed |= {"G48", "G50", "G51", "G49", "G08", "G10"}
