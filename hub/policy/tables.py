"""Roles, ladders, gaps and field groups: the tables that rules refer to."""

from collections.abc import Mapping

from hub.core.deadlines import Span, Unit, parse_span
from hub.core.model import Severity
from hub.core.policy import (
    Family,
    FieldRule,
    GapRule,
    GroupRule,
    RoleRule,
    Rung,
    RungTarget,
    Show,
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


def read_roles(source: Source) -> dict[str, RoleRule]:
    """Every role, by its code."""
    found = source.read(files.RolesFile)
    roles: dict[str, RoleRule] = {}
    for row in found.role if found else ():
        if row.hours not in ("24h", "office"):
            source.fault(
                f"hours {row.hours!r} of {row.role}", "write '24h' or 'office'", f'"{row.role}"'
            )
        roles[row.role] = RoleRule(
            role=row.role, label=row.label, audience=row.audience, office=row.hours == "office"
        )
    return roles


def read_ladders(source: Source, roles: Mapping[str, RoleRule]) -> dict[str, tuple[Rung, ...]]:
    """Every ladder; one without a rung, or with a rung that tells nobody, ends nowhere."""
    found = source.read(files.LaddersFile)
    ladders: dict[str, tuple[Rung, ...]] = {}
    for table in found.ladder if found else ():
        here = f'"{table.ladder}"'
        if not table.rung:
            source.fault(
                f"ladder {table.ladder} ends nowhere: it has no rung",
                "add a [[ladder.rung]] that tells somebody who can act",
                here,
            )
        rungs: list[Rung] = []
        for row in table.rung:
            targets = tuple(_target(source, roles, here, word) for word in row.to)
            if not targets:
                source.fault(
                    f"ladder {table.ladder} ends nowhere: a rung tells nobody",
                    "name at least one role under 'to'",
                    here,
                )
            after = read_span(source, row.after, here)
            if rungs and _length(after) <= _length(rungs[-1].after):
                source.fault(
                    f"rung {row.after!r} of {table.ladder} is no later than the one below it",
                    "put the rungs in the order of their waits",
                    here,
                    row.after,
                )
            within = read_span(source, row.acknowledge_within, here)
            rungs.append(Rung(after, targets, within, row.reminder))
        ladders[table.ladder] = tuple(rungs)
    return ladders


def _length(span: Span) -> int:
    """A rough length in hours, good enough to see that rungs go up."""
    return span.amount * {Unit.HOURS: 1, Unit.DAYS: 24, Unit.WORKING_DAYS: 24}.get(span.unit, 720)


def _target(source: Source, roles: Mapping[str, RoleRule], here: str, word: str) -> RungTarget:
    role, _, at = word.partition("@")
    if role != OWNER and role not in roles:
        source.fault(f"unknown role {role!r} on a rung", "name a role of roles.toml", here, word)
    return RungTarget(role=role, at=at or OWNER)


def read_gaps(
    source: Source, ladders: Mapping[str, tuple[Rung, ...]], roles: Mapping[str, RoleRule]
) -> dict[str, GapRule]:
    """Every gap code."""
    found = source.read(files.GapsFile)
    gaps: dict[str, GapRule] = {}
    for row in found.gap if found else ():
        here = f'code = "{row.code}"'
        for ladder in filter(None, (row.ladder, row.ladder_flagged)):
            if ladder not in ladders:
                source.fault(
                    f"{row.code} escalates to {ladder!r}, which is no ladder",
                    f"name one of {', '.join(sorted(ladders))}",
                    here,
                    ladder,
                )
        if row.owner and row.owner not in roles:
            source.fault(f"unknown owner {row.owner!r}", "name a role of roles.toml", here, row.owner)
        try:
            row.explanation.format(owner="", organisation="", about="", due="")
        except (KeyError, IndexError, ValueError) as error:
            source.fault(
                f"the explanation of {row.code} names {error}",
                "use only {owner}, {organisation}, {about} and {due}",
                here,
            )
        gaps[row.code] = GapRule(
            code=row.code,
            name=row.name,
            family=Family(row.family),
            severity=Severity(row.severity),
            severity_flagged=Severity(row.severity_flagged) if row.severity_flagged else None,
            owner=row.owner or None,
            owner_at_recipient=row.owner_at_recipient,
            ladder=row.ladder,
            ladder_flagged=row.ladder_flagged or None,
            explanation=row.explanation,
            next_action=row.next_action,
            clears=row.clears,
        )
    return gaps


def read_groups(
    source: Source, roles: Mapping[str, RoleRule]
) -> tuple[dict[str, GroupRule], tuple[FieldRule, ...]]:
    """Every field group with its audiences, and the fields that every notice may draw on."""
    found = source.read(files.GroupsFile)
    if found is None:
        return {}, ()
    groups: dict[str, GroupRule] = {}
    for row in found.group:
        here = f'"{row.group}"'
        for audience in (*row.audience, *found.audiences):
            if audience not in found.audiences or audience not in row.audience:
                source.fault(
                    f"group {row.group} and audience {audience!r} do not fit",
                    f"say F, S, P or N for each of {', '.join(found.audiences)}",
                    here,
                )
        shows = {a: Show(v) for a, v in row.audience.items() if v in set(Show)}
        groups[row.group] = GroupRule(name=row.group, label=row.label, audience=shows)
    for role in roles.values():
        if role.audience not in found.audiences:
            source.fault(
                f"role {role.role} reads as {role.audience!r}, which is no audience",
                "add it to audiences, or mend roles.toml",
                "audiences",
            )
    return groups, tuple(read_field(source, row, groups) for row in found.field)


def read_field(
    source: Source, row: files.FieldTable, groups: Mapping[str, GroupRule]
) -> FieldRule:
    """One field of a notice."""
    if row.group not in groups:
        source.fault(
            f"unknown field group {row.group!r}", f"name one of {', '.join(groups)}", row.path
        )
    return FieldRule(group=row.group, path=tuple(row.path.split(".")), label=row.label)
