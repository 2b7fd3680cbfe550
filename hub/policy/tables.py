"""Roles, ladders and gaps: the tables that rules refer to."""

from collections import Counter
from collections.abc import Iterable, Mapping

from hub.core.deadlines import Span, Unit, parse_span
from hub.core.model import GapReason, Severity
from hub.core.policy import (
    Family,
    GapRule,
    RoleRule,
    Rung,
    RungTarget,
)
from hub.policy import files
from hub.policy.source import Source

OWNER = "owner"


def read_span(source: Source, text: str, *needles: str) -> Span:
    """A span, or a fault and no time at all."""
    try:
        return parse_span(text)
    except ValueError as error:
        source.fault(str(error), "write the span in one of these forms", *needles, text)
        return Span(Unit.HOURS, 0)


def read_wait(source: Source, text: str, *needles: str) -> Span:
    """A span that runs for everybody alike: hours, days or working days."""
    span = read_span(source, text, *needles)
    if span.unit in (Unit.GESTATION, Unit.INFANT_AGE):
        source.fault(
            f"{text!r} is counted on a pregnancy or a baby, and there may be none to count on",
            "write it in hours, days, working days or months",
            *needles,
            text,
        )
    return span


def check_once(source: Source, what: str, names: Iterable[str], quoted: str = '"{}"') -> None:
    """A name may stand once: a second one would silently take the place of the first."""
    for name, count in Counter(names).items():
        if count > 1:
            needle = quoted.format(name)
            words = f"{what} {name} stands {count} times"
            source.fault(words, "remove all but one", needle, *[needle] * (count - 1))


def read_roles(source: Source) -> dict[str, RoleRule]:
    """Every role, by its code."""
    found = source.read(files.RolesFile)
    roles: dict[str, RoleRule] = {}
    check_once(source, "role", (row.role for row in found.role) if found else ())
    for row in found.role if found else ():
        if row.hours not in ("24h", "office"):
            source.fault(
                f"hours {row.hours!r} of {row.role}", "write '24h' or 'office'", f'"{row.role}"'
            )
        roles[row.role] = RoleRule(
            role=row.role,
            label=row.label,
            audience=row.audience,
            office=row.hours == "office",
            objection=row.objection,
            accepted_by=frozenset(row.accepted_by),
            reveals=row.reveals,
        )
    for row in found.role if found else ():
        for other in set(row.accepted_by) - roles.keys():
            words = f"{row.role} may be accepted by {other!r}, which is no role"
            source.fault(words, "name a role of this file", f'"{row.role}"', other)
    return roles


def read_ladders(source: Source, roles: Mapping[str, RoleRule]) -> dict[str, tuple[Rung, ...]]:
    """Every ladder; one without a rung, or with a rung that tells nobody, ends nowhere."""
    found = source.read(files.LaddersFile)
    ladders: dict[str, tuple[Rung, ...]] = {}
    check_once(source, "ladder", (row.ladder for row in found.ladder) if found else ())
    for table in found.ladder if found else ():
        here = f'"{table.ladder}"'
        if not table.rung:
            source.fault(
                f"ladder {table.ladder} ends nowhere: it has no rung",
                "add a [[ladder.rung]] that tells somebody who can act",
                here,
            )
        rungs: list[Rung] = []
        for number, row in enumerate(table.rung, 1):
            rung = read_rung(source, roles, row, (here, *["[[ladder.rung]]"] * number))
            if rungs and _length(rung.after) <= _length(rungs[-1].after):
                source.fault(
                    f"rung {row.after!r} of {table.ladder} is no later than the one below it",
                    "put the rungs in the order of their waits",
                    *(here, *["[[ladder.rung]]"] * number),
                    row.after,
                )
            rungs.append(rung)
        ladders[table.ladder] = tuple(rungs)
    return ladders


def read_rung(
    source: Source, roles: Mapping[str, RoleRule], row: files.RungTable, here: tuple[str, ...]
) -> Rung:
    """One rung of a ladder."""
    targets = tuple(_target(source, roles, here, word) for word in row.to)
    if not targets:
        source.fault(
            "the ladder ends nowhere: a rung tells nobody",
            "name at least one role under 'to'",
            *here,
        )
    after = read_wait(source, row.after, *here)
    within = read_wait(source, row.acknowledge_within, *here)
    return Rung(after, targets, within, row.reminder)


def _length(span: Span) -> int:
    """A rough length in hours, good enough to see that rungs go up."""
    return span.amount * {Unit.HOURS: 1, Unit.DAYS: 24, Unit.WORKING_DAYS: 24}.get(span.unit, 720)


def _target(
    source: Source, roles: Mapping[str, RoleRule], here: tuple[str, ...], word: str
) -> RungTarget:
    role, _, at = word.partition("@")
    if role != OWNER and role not in roles:
        source.fault(f"unknown role {role!r} on a rung", "name a role of roles.toml", *here, word)
    return RungTarget(role=role, at=at or OWNER)


def read_gaps(
    source: Source, ladders: Mapping[str, tuple[Rung, ...]], roles: Mapping[str, RoleRule]
) -> dict[str, GapRule]:
    """Every gap code."""
    found = source.read(files.GapsFile)
    rows = found.gap if found else ()
    check_once(source, "gap", [row.code for row in rows], 'code = "{}"')
    gaps: dict[str, GapRule] = {}
    for row in rows:
        here = f'code = "{row.code}"'
        _check_gap(source, row, ladders, roles)
        flagged = row.severity_flagged and source.choose(
            Severity, row.severity_flagged, Severity.ATTENTION, here
        )
        gaps[row.code] = GapRule(
            code=row.code,
            name=row.name,
            family=source.choose(Family, row.family, Family.TELL, here),
            severity=source.choose(Severity, row.severity, Severity.ATTENTION, here),
            severity_flagged=flagged or None,
            ground=row.ground,
            owner=row.owner or None,
            owner_at=row.owner_at or None,
            owner_at_recipient=row.owner_at_recipient,
            owner_reported=row.owner_reported,
            ladder=row.ladder,
            ladder_flagged=row.ladder_flagged or None,
            explanation=row.explanation,
            next_action=row.next_action,
            clears=row.clears,
            reasons=row.reasons,
            holder_of=row.holder_of or None,
            unread=tuple(read_wait(source, text, here) for text in row.unread),
        )
    return gaps


def _check_gap(
    source: Source,
    row: files.GapTable,
    ladders: Mapping[str, tuple[Rung, ...]],
    roles: Mapping[str, RoleRule],
) -> None:
    """Whatever a gap refers to must be there."""
    here = f'code = "{row.code}"'
    for ladder in filter(None, (row.ladder, row.ladder_flagged)):
        if ladder not in ladders:
            source.fault(
                f"{row.code} escalates to {ladder!r}, which is no ladder",
                f"name one of {', '.join(sorted(ladders))}",
                here,
                ladder,
            )
    for role in filter(None, (row.owner, row.holder_of)):
        if role not in roles:
            source.fault(f"unknown owner {role!r}", "name a role of roles.toml", here, role)
    for reason in row.reasons:
        source.choose(GapReason, reason, GapReason.NO_HOLDER, here, reason)
    for words in (row.explanation, *row.reasons.values()):
        try:
            words.format(owner="", organisation="", about="", due="")
        except (KeyError, IndexError, ValueError) as error:
            source.fault(
                f"the explanation of {row.code} names {error}",
                "use only {owner}, {organisation}, {about} and {due}",
                here,
            )
