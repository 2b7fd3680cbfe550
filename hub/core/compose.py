"""What a notice says: only the fields that its rule names and its recipient's role may have.

A group of fields is given in full, as a short flag, as a pointer ('ask before acting') or not at
all, as the redaction table of the policy says for the recipient's kind (domain section 8).  What
is withheld leaves no empty line behind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.core.basis import Basis, rung_basis
from hub.core.deadlines import LOCAL
from hub.core.draft import Draft, unpack_body
from hub.core.episode import Gap, Obligation, Remembered
from hub.core.model import Purpose
from hub.core.outcomes import ContentLine
from hub.core.policy import FieldRule, GroupRule, Policy, Show, TellRule
from hub.core.redaction import FULL, Reader, Share, withheld
from hub.core.withholding import Withheld

type_of_found = tuple[tuple[FieldRule, Any], ...]

LEFT_OUT = "-"
"""Instead of words for the family: a field that is not for it."""
SHORT_WORDS = "Recorded. Ask the sender for what you need."
POINTER_WORDS = "Contact the sender before acting."
OFFLINE_WORDS = "Keep it out of the online record; contact the sender before acting."


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


def look_up(path: tuple[str, ...], draft: Draft, body: dict[str, Any]) -> Any:
    """The value at a path that starts at the event's body, the mother or the episode."""
    root, *rest = path
    found: Any = body if root == "event" else draft.mother if root == "mother" else draft
    for name in rest:
        if found is None:
            return None
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """What a notice says to one reader, and what it does not say."""

    lines: tuple[ContentLine, ...]
    withheld: tuple[Withheld, ...] = ()
    stopped: bool = False
    """Nothing of it may reach this reader: not even that there was something."""


class Composer:
    """Writes the lines of one notice for one role, in the order of the rule's groups."""

    def __init__(
        self,
        draft: Draft,
        rule: TellRule,
        trigger: Remembered | None,
        role: str,
        *,
        agreed: bool | None = None,
    ):
        """Take the rule, the event behind it (None when it is long forgotten) and the reader.

        Her agreement is as it stands, unless one is supposed.
        """
        self._draft = draft
        self._rule = rule
        self._trigger = trigger
        self._role = role
        self._on = trigger.type if trigger else rule.on
        self._body = unpack_body(trigger) if trigger else {}
        self._reader = Reader(draft, role, trigger.labels if trigger else (), agreed=agreed)
        self._lines: list[ContentLine] = []
        self._withheld: list[Withheld] = []

    def compose(self) -> Said:
        """The lines, and a record of every group that was not given in full.

        A reader in the family gets nothing unless something of the event itself is hers.
        """
        stopper = self._reader.stopped_by_label()
        reached = stopper is None and [self._group(name) for name in self._rule.groups]
        if self._reader.family and not (reached and any(reached)):
            for name in self._rule.groups if stopper is not None else ():
                self._note(name, stopper or FULL)
            return Said((), tuple(self._withheld), stopped=True)
        return Said(tuple(self._lines), tuple(self._withheld))

    def _group(self, name: str) -> bool:
        """Write one group.  Whether something of the event itself got through."""
        known, told = self._found(name)
        group = self._draft.policy.groups.get(name)
        base = self._reader.share(group)
        share = self._reader.share_of_event(name, base)
        if share == base:
            known, told = (), (*known, *told)
        self._write(name, group, known, base)
        self._write(name, group, told, share)
        of_event = any(row.path[0] == "event" for row, _ in told)
        return of_event and share.show is not Show.NOTHING

    def _found(self, name: str) -> tuple[type_of_found, type_of_found]:
        """The fields of a group that have a value: those of the episode, and those of the event."""
        known: list[tuple[FieldRule, Any]] = []
        told: list[tuple[FieldRule, Any]] = []
        for row in self._draft.policy.events[self._on].fields:
            if row.group == name and not (self._reader.family and row.family == LEFT_OUT):
                value = look_up(row.path, self._draft, self._body)
                if value not in (None, "", []):
                    (told if row.path[0] == "event" else known).append((row, value))
        return tuple(known), tuple(told)

    def _write(self, name: str, group: GroupRule | None, rows: type_of_found, share: Share) -> None:
        if not rows:
            return
        label = group.label if group else name
        if share.show is Show.FULL:
            self._lines += [
                ContentLine(
                    group=label,
                    field=".".join(r.path),
                    label=self._label(r),
                    value=self._value(r, v),
                )
                for r, v in rows
            ]
            return
        self._note(name, share)
        if share.show is not Show.NOTHING:
            said = self._said_instead(group, share.show)
            self._lines.append(ContentLine(group=label, field=name, label=label, value=said))

    def _label(self, row: FieldRule) -> str:
        """What a field is called: the family has words of its own."""
        return row.family if self._reader.family and row.family else row.label

    def _value(self, row: FieldRule, value: Any) -> str:
        """A value as this reader reads it: the family does not know our codes."""
        plain = row.says.get(str(value)) if self._reader.family else None
        return plain or words(value)

    def _said_instead(self, group: GroupRule | None, show: Show) -> str:
        """A flag or a pointer; a practice is told too to keep it out of what is read online."""
        said = SHORT_WORDS if show is Show.SHORT else POINTER_WORDS
        if group is not None and group.hidden_online and self._reader.audience == "gp":
            return f"{said} {OFFLINE_WORDS}"
        return said

    def _note(self, name: str, share: Share) -> None:
        sender = self._trigger.organisation if self._trigger else ""
        self._withheld.append(withheld(self._draft, self._rule, self._role, name, share, sender))


def content_of(draft: Draft, obligation: Obligation) -> tuple[Basis, Purpose, str, Said]:
    """Rule, purpose, title and content of a notice, from the event that raised its obligation."""
    rule = draft.policy.tells.get(obligation.rule)
    if rule is None:
        gap = draft.gaps[obligation.trigger]
        title = f"Gap {gap.code}: {draft.policy.gaps[gap.code].name}"
        said = Said(compose_gap(draft.policy, gap))
        return rung_basis(obligation.rule), Purpose.SERVICE_MANAGEMENT, title, said
    trigger = draft.remembered(obligation.trigger)
    said = Composer(draft, rule, trigger, obligation.role).compose()
    return rule.basis, rule.purpose, rule.title, said


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
    rule = policy.gaps[gap.code]
    return rule.reasons.get(gap.reason, rule.explanation).format(
        owner=policy.label(gap.role),
        organisation=gap.organisation or "no known organisation",
        about=policy.label(about) if about in policy.roles else about,
        due=words(gap.due_at),
    )
