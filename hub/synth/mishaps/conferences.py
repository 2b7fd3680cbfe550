"""Child protection: what is not referred, not decided, not held, and who stays away."""

from datetime import timedelta

from hub.synth.calendar import close, day_of, midnight, visit, working_day, works
from hub.synth.family import Family
from hub.synth.mishaps.kinds import mishap
from hub.synth.mishaps.tools import correct, mended_at, not_done, shift, soon
from hub.synth.protection import CORE_GROUP_EVERY

GRAVE = "unborn_child_plan"


@mishap("concealed")
def part_of_the_record_is_missing(family: Family) -> None:
    """F26: one of the four parts of the joint record is not written in ten working days."""
    told, part = family.find("concealed"), family.find("section-social_care")
    if told is None or part is None:
        return
    due = close(day_of(told.at), 10)
    late = not_done(family, due, part)
    family.wrong("part-of-the-record-is-missing", "G06", "a part was not written", "CSC_FRONT_DOOR",
                 3, due=due, mended_at=late)  # fmt: skip


@mishap("social_care_referral")
def referral_is_not_decided(family: Family) -> None:
    """S40: social care does not say what it will do."""
    referral, decision = family.find("csc-substance"), family.find("decision-substance")
    if referral is None or decision is None:
        return
    due = close(day_of(referral.at), 1)
    late = not_done(family, due, decision)
    family.wrong("referral-is-not-decided", "G32", "no decision", "CSC_FRONT_DOOR", 3, due=due,
                 mended_at=late)  # fmt: skip


@mishap("social_care_referral")
def nobody_leads(family: Family) -> None:
    """F18: a referral, several agencies, and nobody who leads."""
    referral, lead = family.find("csc-substance"), family.find("lead-substance")
    if referral is None or lead is None:
        return
    due = close(day_of(referral.at), 1)
    late = not_done(family, due, lead)
    family.wrong("nobody-leads", "G31", "nobody leads", "SERVICE_MANAGER", 3, due=due,
                 mended_at=late)  # fmt: skip


@mishap("domestic_abuse", "not:first_baby")
def abuse_is_not_referred(family: Family) -> None:
    """F17: high risk where a child lives, and no referral to social care."""
    told = family.find("safety-contact-16")
    gone = [h for h in family.happenings if h.key in ("csc-abuse", "decision-abuse", "lead-abuse")]
    if told is None or not gone:
        return
    family.drop(*gone)
    told.body["children_in_home"] = "y"
    family.wrong("abuse-is-not-referred", "G33", "criteria met, no referral", "SG_MIDWIFE", 3,
                 due=close(day_of(told.at), 1))  # fmt: skip
    family.allowed |= {"G31", "G35", "G39"}


@mishap(GRAVE)
def strategy_meeting_is_not_held(family: Family) -> None:
    """F50: social care decides for a strategy discussion, and none is held in time."""
    decision, held = family.find("decision-plan"), family.find("strategy")
    if decision is None or held is None:
        return
    due = close(day_of(decision.at), 1)
    held.at = visit(family.chance, working_day(day_of(held.at), 1))
    ended = family.find("enquiries")
    if ended is not None:
        ended.at = held.at + timedelta(hours=3)
    family.wrong("strategy-meeting-is-not-held", "G34", "no strategy discussion", "CSC_FRONT_DOOR",
                 3, due=due, mended_at=held.at)  # fmt: skip


@mishap(GRAVE)
def visitor_is_not_invited(family: Family) -> None:
    """F24: the health visitor is not on the list."""
    called = family.find("called-initial")
    if called is None:
        return
    everybody = called.body["invitees"]
    called.body["invitees"] = [row for row in everybody if row["role"] != "NAMED_HV"]
    late = mended_at(family, soon(called))
    if late is not None:
        correct(family, called, late, invitees=everybody)
    family.wrong("visitor-is-not-invited", "G25", "the health visitor was not invited", "CP_CHAIR",
                 3, since=called.at, due=soon(called), mended_at=late)  # fmt: skip


@mishap(GRAVE)
def report_is_not_written(family: Family) -> None:
    """F24, F25: no report from the practice two days before the conference."""
    report, met = family.find("report-initial-GP_PRACTICE"), family.find("called-initial")
    if report is None or met is None:
        return
    due = met.body["conference_at"] - timedelta(hours=48)
    late = not_done(family, due, report)
    family.wrong("report-is-not-written", "G27", "no report", "GP_PRACTICE", 3, due=due,
                 mended_at=late)  # fmt: skip


@mishap(GRAVE)
def practice_stays_away(family: Family) -> None:
    """F24: the practice does not come to the conference; another speaks for it."""
    held, outcome = family.find("attended-initial"), family.find("outcome-initial")
    if held is None or outcome is None:
        return
    row = next(r for r in held.body["attendance"] if r["role"] == "GP_PRACTICE")
    row |= {"state": "absent_none", "knows_case": "n"}
    held.body["presented_by"] = [
        {"evidence_of": "GP_PRACTICE", "by": "NAMED_HV", "second_hand": "y"}
    ]
    due = soon(held)
    late = mended_at(family, due)
    if late is not None:
        author = {"author": f"dr-{family.place.practice}", "role": "GP_PRACTICE"}
        confirmed = outcome.body | {"author_confirmations": [author | {"state": "confirmed"}]}
        family.by_social_care("confirmed-initial", outcome.type, late, **confirmed)
    family.wrong("practice-stays-away", "G26", "the practice was absent", "GP_PRACTICE", 3,
                 since=held.at, due=due, mended_at=late)  # fmt: skip
    family.allowed |= {"G27", "G30"}


@mishap(GRAVE)
def visitor_misses_the_core_group(family: Family) -> None:
    """F24: the health visitor does not come to the core group."""
    held = family.find("core-group-1")
    if held is None:
        return
    row = next(r for r in held.body["attendance"] if r["role"] == "NAMED_HV")
    row |= {"state": "absent_none", "knows_case": "n"}
    after = family.find("core-group-2")
    family.wrong("visitor-misses-the-core-group", "G28", "away from the core group", "NAMED_HV",
                 3, since=held.at, due=soon(held),
                 mended_at=after.at if after else None)  # fmt: skip


@mishap(GRAVE)
def conference_is_late(family: Family) -> None:
    """S41: the conference is held after more than fifteen working days."""
    strategy, held = family.find("strategy"), family.find("attended-initial")
    group = family.find("core-group-1")
    if strategy is None or held is None or group is None:
        return
    due = close(day_of(strategy.at), 15)
    days, day = timedelta(days=14), timedelta(days=1)
    while not works(day_of(held.at + days)):
        days += day
    shift(family, days, named="-initial")
    # The groups keep their distance from each other, and the first stays in time.
    while not (works(day_of(group.at + days)) and group.at + days <= close(day_of(held.at), 10)):
        days -= day
    shift(family, days, named="core-group-")
    family.wrong("conference-is-late", "G29", "no conference in fifteen working days", "CP_CHAIR",
                 3, due=due, mended_at=held.at)  # fmt: skip
    family.allowed |= {"G31"}


@mishap(GRAVE)
def core_group_is_not_held(family: Family) -> None:
    """S42: no core group within ten working days of the conference."""
    held, group = family.find("attended-initial"), family.find("core-group-1")
    if held is None or group is None:
        return
    due = close(day_of(held.at), 10)
    late = visit(family.chance, working_day(day_of(due), 2))
    group.at = late
    family.wrong("core-group-is-not-held", "G29", "no core group in ten working days", "CP_CHAIR",
                 3, due=due, mended_at=late)  # fmt: skip


@mishap(GRAVE)
def core_group_does_not_meet_again(family: Family) -> None:
    """S42: the first core group meets, and nobody calls the next within four weeks."""
    groups = sorted(family.of("core-group.held"), key=lambda held: held.at)
    if len(groups) < 2:
        return
    due = midnight(day_of(groups[0].at) + CORE_GROUP_EVERY)
    late = visit(family.chance, working_day(day_of(due), 2))
    over = family.ended_at or late
    if over <= due or any(group.at <= late for group in groups[2:]):
        return
    groups[1].at = late
    family.wrong("core-group-does-not-meet-again", "G29", "no core group in four weeks",
                 "CP_CHAIR", 3, due=due, mended_at=late)  # fmt: skip


@mishap(GRAVE)
def register_is_not_told_of_the_plan(family: Family) -> None:
    """F24: the plan is decided and the register does not know."""
    outcome, told = family.find("outcome-initial"), family.find("plan-initial")
    if outcome is None or told is None:
        return
    due = close(day_of(outcome.at), 1)
    late = not_done(family, due, told)
    family.wrong("register-is-not-told-of-the-plan", "G30", "the register is not told",
                 "CP_CHAIR", 3, due=due, mended_at=late)  # fmt: skip


@mishap(GRAVE)
def nobody_supports_her_after_removal(family: Family) -> None:
    """F91: her baby is taken into care at the birth, and nobody offers her support."""
    if family.born_at is None:
        return
    taken = visit(family.chance, working_day(day_of(family.born_at), 1))
    family.by_social_care("removed", "status.changed", taken, kind="removal_at_birth",
                          baby_id=family.babies[0], **{"from": "CPP", "to": "LAC"})  # fmt: skip
    due = close(day_of(taken), 2)
    family.wrong("nobody-supports-her-after-removal", "G74", "no support after a removal",
                 "SOCIAL_WORKER", 3, due=due)  # fmt: skip
