"""Facts about staff, teams and areas: caseload, supervision, training and the service directory."""

from datetime import timedelta
from typing import Any

from hub.core.draft import Context, unpack_body
from hub.core.facts.matters import bodies
from hub.core.facts.people import held
from hub.core.facts.register import Recipient, fact, of_type
from hub.core.kinds import NUMBER, RECIPIENTS, TEXT, TRUTH
from hub.core.model import Level

RISING_MONTHS = 3
"""Two rises in a row are three figures."""


def _newest(c: Context, event_type: str) -> dict[str, Any]:
    found = bodies(c, event_type)
    return found[-1] if found else {}


# --- practices and teams -------------------------------------------------------------------


@fact(TRUTH)
def link_acknowledged(c: Context) -> bool:
    """Whether a link health visitor is named, and practice and team each acknowledged the name."""
    newest: dict[str, int] = {}
    for obligation in c.episode.obligations.values():
        if obligation.rule == "P44.link":
            newest[obligation.role] = obligation.level
    both = len(newest) > 1 and min(newest.values()) >= Level.ACCEPTED
    return bool(held(c, "LINK_HV")) and both


@fact(NUMBER)
def children_per_wte(c: Context) -> int | None:
    """Children for each whole-time equivalent by the newest count, whole ones (G54)."""
    count = _newest(c, "caseload.snapshot")
    if not count or count["wte_hundredths"] <= 0:
        return None
    return int(count["children"] * 100 / count["wte_hundredths"])


@fact(TRUTH)
def late_visits_rising(c: Context) -> bool:
    """Whether late visits rose in each of the last two counts (G54)."""
    last = [b["visits_late"] for b in bodies(c, "caseload.snapshot")][-RISING_MONTHS:]
    return len(last) == RISING_MONTHS and last[0] < last[1] < last[2]


@fact(NUMBER, days=NUMBER)
def unstaffed(c: Context, days: int) -> int:
    """Weighings at a session without a professional in the days up to now (G67)."""
    since = c.episode.moment - timedelta(days=days)
    return sum(r.occurred_at > since for r in of_type(c.episode, "weigh-in.unstaffed"))


# --- supervision and training --------------------------------------------------------------


@fact(NUMBER)
def complex_held(c: Context) -> int:
    """Complex cases that a member of staff holds, as the event says."""
    return len(c.body.get("complex_refs") or ())


@fact(NUMBER)
def undiscussed(c: Context) -> int:
    """Complex cases held by the newest session that no session has discussed (F51)."""
    sessions = bodies(c, "supervision.held")
    discussed = {ref for session in sessions for ref in session.get("case_refs") or ()}
    return len(set(sessions[-1].get("complex_refs") or ()) - discussed) if sessions else 0


@fact(NUMBER)
def learning_left(c: Context) -> int:
    """What the session in question taught and no session since has held against other cases."""
    tags = set(c.trigger_body.get("learning_tags") or ())
    start = c.event.occurred_at if c.event is not None else c.episode.at
    later = [r for r in of_type(c.episode, "supervision.held") if r.occurred_at > start]
    considered = {tag for r in later for tag in unpack_body(r).get("considered_tags") or ()}
    return len(tags - considered)


@fact(NUMBER, sessions=NUMBER)
def reflective_percent(c: Context, sessions: int) -> int | None:
    """Reflective and restorative minutes in percent of the last sessions'; none before so many."""
    last = [b["minutes"] for b in bodies(c, "supervision.held")][-sessions:]
    whole = sum(sum(minutes.values()) for minutes in last)
    if len(last) < sessions or whole == 0:
        return None
    return int(sum(m["reflective"] + m["restorative"] for m in last) * 100 / whole)


@fact(TEXT)
def staff_course(c: Context) -> str:
    """A member of staff and a course as one thing, so that each course has its own gap."""
    return f"{c.body.get('staff_ref')}/{c.body.get('course')}"


@fact(NUMBER)
def courses_missing(c: Context) -> int:
    """Courses that the newest record requires of the post and that nobody has recorded."""
    records = bodies(c, "training.recorded")
    done = {record["course"] for record in records}
    return len(set(records[-1].get("required") or ()) - done) if records else 0


# --- the directory of an area --------------------------------------------------------------


def _entries(c: Context) -> list[dict[str, Any]]:
    """The newest entry of each service in the area."""
    return list({entry["service"]: entry for entry in bodies(c, "entry.listed")}.values())


@fact(NUMBER)
def needs_with_two_first_steps(c: Context) -> int:
    """Needs for which more than one service says that everybody starts there (G59)."""
    firsts = [
        need
        for entry in _entries(c)
        if entry["capacity"] != "removed"
        for need in entry.get("first_for") or ()
    ]
    return len({need for need in firsts if firsts.count(need) > 1})


def _met_needs(c: Context) -> set[str]:
    return {
        need
        for entry in _entries(c)
        if entry["capacity"] in ("open", "waiting")
        for need in entry["needs"]
    }


@fact(RECIPIENTS)
def unmet_needs(c: Context) -> tuple[Recipient, ...]:
    """The pathway lead, once for each need of the area for which no service takes people (G58)."""
    wanted = _newest(c, "pathway.assessment").get("needs") or ()
    met = _met_needs(c)
    return tuple(Recipient("PATHWAY_LEAD", part=need) for need in wanted if need not in met)


@fact(TRUTH)
def need_met(c: Context) -> bool:
    """Whether a service takes people for the need of the duty, or nobody asks for it any more."""
    need = c.duty.subject
    wanted = _newest(c, "pathway.assessment").get("needs") or ()
    return need in _met_needs(c) or need not in wanted


@fact(TRUTH)
def partners_served(c: Context) -> bool:
    """Whether a service takes partners outside working hours; so too where no area was assessed."""
    offers = (e for e in _entries(c) if e["capacity"] in ("open", "waiting"))
    served = any(entry.get("partners_late") == "y" for entry in offers)
    return served or not _newest(c, "pathway.assessment")


@fact(NUMBER)
def standards_superseded(c: Context) -> int:
    """Standards of an assessment that have been replaced since."""
    return len(c.body.get("superseded") or ())
