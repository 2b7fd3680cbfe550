"""What a notice says: only the fields that its rule names and its recipient's role may have.

A group of fields is given in full, as a short flag, as a pointer ('ask before acting') or not at
all, as the redaction table of the policy says for the recipient's kind (domain section 8).  What
is withheld leaves no empty line behind.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hub.core.deadlines import LOCAL
from hub.core.draft import Draft
from hub.core.episode import Gap
from hub.core.outcomes import ContentLine
from hub.core.policy import FieldRule, Policy, Show

SHORT_WORDS = "Recorded. Ask the sender for what you need."
POINTER_WORDS = "Contact the sender before acting."


def words(value: Any) -> str:
    """A value as a person reads it: local times, codes without underscores, lists with commas."""
    match value:
        case datetime():
            local = value.astimezone(LOCAL)
            return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"
        case list() | tuple():
            return ", ".join(words(item) for item in value)
        case dict():
            return ", ".join(f"{k.replace('_', ' ')}: {words(v)}" for k, v in value.items() if v)
        case _:
            return str(value).replace("_", " ")


def _look_up(path: tuple[str, ...], draft: Draft, body: dict[str, Any]) -> Any:
    """The value at a path that starts at the event's body, the mother or the episode."""
    root, *rest = path
    found: Any = body if root == "event" else draft.mother if root == "mother" else draft
    for name in rest:
        if found is None:
            return None
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    return found


def _audience(policy: Policy, role: str) -> str:
    rule = policy.roles.get(role)
    return rule.audience if rule else "unknown"


def compose(
    draft: Draft,
    fields: Iterable[FieldRule],
    body: dict[str, Any],
    groups: tuple[str, ...],
    role: str,
) -> tuple[ContentLine, ...]:
    """The lines of a notice for one role, in the order of the rule's groups.

    `fields` are the event's own fields; a group the policy does not know is a pointer for
    professionals (must-hold rule 3).
    """
    audience = _audience(draft.policy, role)
    rows = list(fields)
    lines: list[ContentLine] = []
    for name in groups:
        group = draft.policy.groups.get(name)
        show = group.audience.get(audience, Show.POINTER) if group else Show.POINTER
        label = group.label if group else name
        found = [
            (row, value)
            for row in rows
            if row.group == name
            and (value := _look_up(row.path, draft, body)) not in (None, "", [])
        ]
        if not found or show is Show.NOTHING:
            continue
        if show is Show.FULL:
            lines += [
                ContentLine(group=label, field=".".join(r.path), label=r.label, value=words(v))
                for r, v in found
            ]
        else:
            said = SHORT_WORDS if show is Show.SHORT else POINTER_WORDS
            lines.append(ContentLine(group=label, field=name, label=label, value=said))
    return tuple(lines)


def compose_gap(policy: Policy, gap: Gap) -> tuple[ContentLine, ...]:
    """What an escalation says: code, owner and dates; the case itself is opened with a reason."""
    rule = policy.gaps[gap.code]
    rows = (
        ("code", "Gap", f"{gap.code} {rule.name}"),
        ("severity", "Severity", gap.severity.name.lower()),
        ("explanation", "What is wrong", explain(policy, gap)),
        ("owner", "Owner", f"{policy.label(gap.role)}, {gap.organisation}"),
        ("due_at", "Was due", words(gap.due_at)),
        ("next_action", "Next action", rule.next_action),
    )
    return tuple(ContentLine(group="Gap", field=f, label=label, value=v) for f, label, v in rows)


def explain(policy: Policy, gap: Gap) -> str:
    """The gap in one plain sentence."""
    about = gap.subject.rpartition("/")[2]
    return policy.gaps[gap.code].explanation.format(
        owner=policy.label(gap.role),
        organisation=gap.organisation or "no known organisation",
        about=policy.label(about) if about in policy.roles else about,
        due=words(gap.due_at),
    )
