"""Names in a scenario that nothing has: a rule, a gap, a role or a place spelled wrong.

A row with such a name could only ever be missing, and a `never` with one could never fail.
"""

from collections.abc import Iterator

from hub.core.policy import Policy
from hub.demo.rows import Row
from hub.demo.scenario import Scenario
from hub.demo.tidy import Slip, nearest


def check_names(scenario: Scenario, policy: Policy) -> None:
    """Refuse a name that policy and directory do not know.  Raises Slip with the line."""
    rules = _rules(policy)
    then = scenario.then
    for row in (*then.expected, *then.never):
        for name, word, known in _named(row, rules, policy):
            if word not in known:
                raise Slip(row.line, f"{name!r} names {word!r}; {nearest(word, tuple(known))}")
    for given in scenario.given:
        if given.rule is not None and "*" not in given.rule and given.rule not in rules:
            raise Slip(given.line, f"'rule' names {given.rule!r}; {nearest(given.rule, rules)}")
        for role in filter(None, (given.role, given.acting_as)):
            if role not in policy.roles:
                raise Slip(given.line, f"'role' names {role!r}; {nearest(role, (*policy.roles,))}")


def _rules(policy: Policy) -> tuple[str, ...]:
    """Every rule, every policy that a part of a row may name, and every rung."""
    names = {*policy.tells, *policy.requirements}
    rungs = {f"{code}.{number}" for code in policy.ladders for number in range(9)}
    heads = {name.partition(".")[0] for name in names}
    return tuple(sorted({*names, *heads, *rungs, *policy.ladders}))


def _named(
    row: Row, rules: tuple[str, ...], policy: Policy
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What a row names, by which word, and what there is."""
    for name in ("notice", "ended", "told"):
        word = getattr(row, name)
        if word is not None and "*" not in word:
            yield name, word, rules
    for name in ("gap", "escalated"):
        if getattr(row, name) is not None:
            yield name, getattr(row, name), tuple(policy.gaps)
    if row.role is not None:
        yield "role", row.role, (*policy.roles, *NEVER_TOLD)


NEVER_TOLD = (
    "SOURCE_OWNER",
    "GP_PARTNER_PRACTICE",
    "UTC",
    "AMBULANCE",
    "POLICE",
    "PROBATION",
)
"""Roles of the field that the policy never addresses; a scenario may say so."""
