"""How the hub says things to people: times, ages, numbers and the honest words for a level.

Rules: local time exists only here; a level's colour is green only when the level that counts was
reached and somebody at the other end is behind it, so *sent* is never shown as *told*; every
status is a word, a colour and a sign, so that none of the three is needed to read it.
"""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from hub.core.acceptance import NotAccepted
from hub.core.model import GapState, Level, NoticeReason, ObligationState, Severity, Signal
from hub.policy.loader import HERE

LONDON = ZoneInfo("Europe/London")

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class Tag(NamedTuple):
    """A status as a person sees it: word, colour class of the design system, and sign."""

    word: str
    colour: str
    sign: str


def when(instant: datetime | None) -> str:
    """An instant in local time: `Tuesday 24 March 2026, 17:00`; a dash for none."""
    if instant is None:
        return "–"
    local = instant.astimezone(LONDON)
    return f"{day(local.date())}, {local:%H:%M}"


def day(value: date | str | None) -> str:
    """A date: `Tuesday 24 March 2026`.  Accepts an ISO string, as the core keeps dates."""
    if not value:
        return "–"
    found = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{DAYS[found.weekday()]} {found.day} {MONTHS[found.month - 1]} {found.year}"


def machine_time(instant: datetime | None) -> str:
    """The same instant for the `datetime` attribute of a `<time>` element."""
    return "" if instant is None else instant.astimezone(UTC).isoformat()


def age(since: datetime | None, now: datetime) -> str:
    """How long ago, in the two largest units: `3 days 4 hours`."""
    if since is None:
        return "–"
    return span(now - since)


def span(length: timedelta) -> str:
    """A length of time in at most two units; never negative."""
    minutes = max(0, int(length.total_seconds() // 60))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    if days:
        return _units(days, "day") + (f" {_units(hours, 'hour')}" if hours else "")
    if hours:
        return _units(hours, "hour") + (f" {_units(minutes, 'minute')}" if minutes else "")
    return _units(minutes, "minute")


def _units(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def nhs_number(value: str | None) -> str:
    """An NHS number as people read it, 3-3-4; the words say when there is none."""
    if not value:
        return "no NHS number"
    return f"{value[:3]} {value[3:6]} {value[6:]}"


class Named(Protocol):
    """Somebody with a name, as far as it is known."""

    @property
    def family_name(self) -> str | None:
        """The family name, or None."""
        ...

    @property
    def given_name(self) -> str | None:
        """The given name, or None."""
        ...


def full_name(person: Named) -> str:
    """`FAMILY, Given` as records show it; a plain word when nobody gave a name."""
    family = (person.family_name or "").upper()
    given = person.given_name or ""
    return ", ".join(part for part in (family, given) if part) or "Name not known"


@cache
def role_labels() -> dict[str, str]:
    """What the policy calls each role: one name for it in notices, gaps and pages."""
    rows = tomllib.loads((HERE / "roles.toml").read_text(encoding="utf-8"))["role"]
    return {row["role"]: row["label"] for row in rows}


def in_words(code: str) -> str:
    """A code as words: `not_ours` -> `Not ours`; a role by the name that the policy gives it."""
    if not code:
        return "–"
    if code.isupper():
        label = role_labels().get(code, code.replace("_", " ").lower())
        return label[:1].upper() + label[1:]
    plain = code.replace("_", " ").replace("-", " ")
    return plain[:1].upper() + plain[1:]


def choice(first: str, words: Mapping[Any, str]) -> list[dict[str, str]]:
    """The items of a select: an empty one that asks, then each value with its words."""
    items = ({"value": str(value), "text": word} for value, word in words.items())
    return [{"value": "", "text": first}, *items]


LEVEL_WORDS: dict[Level, tuple[str, str]] = {
    Level.OWED: ("Not sent yet", "○"),
    Level.SENT: ("Sent, nothing heard", "→"),
    Level.DELIVERED: ("In their system", "□"),
    Level.OPENED: ("Opened", "◐"),
    Level.ACCEPTED: ("Accepted", "✓"),
    Level.ACTED: ("Acted on", "✔"),
}

SIDE_STATES: dict[str, Tag] = {
    ObligationState.BOUNCED: Tag("Did not arrive", "red", "✕"),
    ObligationState.NOT_OURS: Tag("Not ours", "orange", "↩"),
    ObligationState.REFUSED: Tag("Returned", "orange", "↩"),
    ObligationState.SUPPRESSED: Tag("Held back", "grey", "–"),
    ObligationState.DECLINED: Tag("Declined", "grey", "–"),
    ObligationState.WITHDRAWN: Tag("Withdrawn", "grey", "–"),
    ObligationState.WAIVED: Tag("Waived", "grey", "–"),
    ObligationState.RETRACTED: Tag("Retracted", "grey", "–"),
}

SEVERITY_TAGS: dict[Severity, Tag] = {
    Severity.IMMEDIATE: Tag("Immediate", "red", "!!"),
    Severity.SAFEGUARDING: Tag("Safeguarding", "orange", "!"),
    Severity.ATTENTION: Tag("Attention", "yellow", "▲"),
    Severity.INFORMATION: Tag("Information", "blue", "i"),
}

GAP_TAGS: dict[str, Tag] = {
    GapState.OPEN: Tag("Open", "red", "!"),
    GapState.CLEARED: Tag("Cleared", "green", "✓"),
    GapState.CLEARED_LATE: Tag("Cleared late", "yellow", "✓"),
    GapState.WITHDRAWN: Tag("Withdrawn", "grey", "–"),
    GapState.WAIVED: Tag("Waived", "grey", "–"),
}

REASON_WORDS: dict[str, str] = {
    NoticeReason.FIRST: "First time you are told",
    NoticeReason.CORRECTED: "Corrects what you were told before",
    NoticeReason.REMINDER: "Reminder: nobody has taken this yet",
    NoticeReason.REROUTED: "Sent on to you, because another recipient could not take it",
    NoticeReason.ESCALATED: "Escalated to you, because the duty was not met in time",
    NoticeReason.WITHDRAWN: "Withdrawn: do not act on the earlier notice",
    NoticeReason.RETRACTED: "Retracted: the earlier notice was wrong",
}

SIGNAL_WORDS: dict[str, str] = {
    Signal.SENT: "Handed to the channel; nobody has confirmed it yet",
    Signal.DELIVERED: "Reached the recipient's system",
    Signal.OPENED: "Opened by a person",
    Signal.ACCEPTED: "Accepted",
    Signal.ACTED: "Acted on",
    Signal.BOUNCED: "Did not arrive",
    Signal.NOT_OURS: "Sent back: not theirs",
    Signal.REFUSED: "Returned with a reason",
    Signal.STALE_RECIPIENT: "The person no longer holds this role",
    Signal.REISSUE: "Owed again: what had proved it counts no more",
}

NOT_ACCEPTED_WORDS: dict[str, str] = {
    NotAccepted.NO_NAMED_PERSON: "nobody gave a name, and safeguarding is accepted by name",
    NotAccepted.WRONG_ROLE: (
        "it was said in a role that the notice is not for, so it has arrived and no more"
    ),
    NotAccepted.FASTER_THAN_READ: "it came faster than anybody reads",
    NotAccepted.IN_BULK: (
        "one person accepted more at once than anybody reads, and what follows at once "
        "counts with it"
    ),
}
"""Why an acceptance was none, or an opening, for whoever gave it."""


def evidence_note(detail: str | None, *, counts: bool) -> str:
    """What is to be said of a piece of evidence beside its kind; nothing where it simply counts."""
    if detail == NotAccepted.ONE_SIDE_ONLY:
        return "said aloud, which counts once the other side has recorded it too"
    if detail in NOT_ACCEPTED_WORDS:
        why = NOT_ACCEPTED_WORDS[detail]
        if detail == NotAccepted.WRONG_ROLE:
            return (
                f"opened or accepted, which does not count: {why}. Whoever holds its role reads it"
            )
        return f"accepted, which does not count: {why}. Read the notice and accept it again"
    said = in_words(detail).lower() if detail else ""
    if counts:
        return said
    why = "the witness no longer held the role" if detail == "assignment_ended" else said
    return "noted, but it does not count" + (f": {why}" if why else "")


def level_tag(level: int, needed: int, state: str = "") -> Tag:
    """The honest word for how far a notice got.

    Green needs two things: the level that this rule asks for, and a confirmation from the other
    end.  A notice that was only sent is therefore never green, whatever the rule says.
    """
    side = SIDE_STATES.get(state)
    if side is not None:
        return side
    word, sign = LEVEL_WORDS[Level(level)]
    if level >= max(needed, Level.DELIVERED):
        return Tag(word, "green", sign)
    if level <= Level.SENT:
        return Tag(word, "grey" if level == Level.OWED else "white", sign)
    return Tag(word, "blue", sign)


def due_tag(due_at: datetime, now: datetime, *, met: bool) -> Tag:
    """Whether a due time presses: overdue, due today (local day), or later."""
    if met:
        return Tag("Done", "green", "✓")
    if due_at <= now:
        return Tag("Overdue", "red", "!")
    if due_at.astimezone(LONDON).date() == now.astimezone(LONDON).date():
        return Tag("Due today", "orange", "▲")
    return Tag("Due later", "blue", "○")


def severity_tag(severity: int) -> Tag:
    """How grave a gap is."""
    return SEVERITY_TAGS[Severity(severity)]


def gap_tag(state: str) -> Tag:
    """Where a gap stands."""
    return GAP_TAGS[state]


def level_words(level: int) -> str:
    """The word of a level, without any judgement."""
    return LEVEL_WORDS[Level(level)][0]


def event_words(event_type: str) -> str:
    """An event type as words: `pregnancy.referral-received` -> `Pregnancy referral received`."""
    return in_words(event_type.replace(".", " "))


FOR_PAGES: dict[str, object] = {
    "when": when,
    "day": day,
    "machine_time": machine_time,
    "age": age,
    "nhs_number": nhs_number,
    "full_name": full_name,
    "in_words": in_words,
    "level_tag": level_tag,
    "level_words": level_words,
    "due_tag": due_tag,
    "severity_tag": severity_tag,
    "gap_tag": gap_tag,
    "event_words": event_words,
    "reason_words": REASON_WORDS,
    "signal_words": SIGNAL_WORDS,
    "evidence_note": evidence_note,
}
"""What every template may call."""
