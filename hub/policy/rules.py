"""Compiles the rules of event files: every condition checked against the event's own fields."""

from collections.abc import Container, Iterable, Mapping

from hub.core.absorb import SLOTS
from hub.core.expressions import Expression, ExpressionFault, compile_expression
from hub.core.facts import DUTY, EPISODE, FACTS, HOLDERS, INVITED
from hub.core.kinds import DATE, INSTANT, NUMBER, RECIPIENTS, TEXT, TRUTH, Kind, Record, Scope
from hub.core.model import Level, Purpose, Severity
from hub.core.policy import (
    ActedBy,
    EventRule,
    FactOf,
    Family,
    FieldRule,
    GapRule,
    MilestoneRule,
    RaiseRule,
    Requirement,
    RoleRule,
    TellRule,
    WithdrawRule,
)
from hub.core.settings import NO_SETTINGS, AnySpan, Settings
from hub.policy import files
from hub.policy.basis import read_basis, read_severity
from hub.policy.belonging import belongings, labelled
from hub.policy.counting import read_count, read_matter
from hub.policy.fields import Fields, read_field
from hub.policy.here import Here
from hub.policy.kinds import INNER_KINDS
from hub.policy.settings import kinds_in_conditions, read_local_span, read_local_wait
from hub.policy.sharing import share
from hub.policy.source import Source
from hub.policy.unreachable import never_true

ANY_KIND: Kind = ""  # Wanted where a value of any kind will do.


class RuleBuilder:
    """Turns the tables of event files into compiled rules, noting every fault."""

    def __init__(
        self,
        kinds: dict[str, Record],
        gaps: Mapping[str, GapRule],
        roles: Mapping[str, RoleRule],
        fields: Fields,
        settings: Settings = NO_SETTINGS,
        ladders: Container[str] = (),
    ):
        """Take what rules may refer to."""
        self.settings = settings
        self.ladders = ladders
        self.settings_used: set[str] = set()
        self.kinds = kinds
        self.gaps = gaps
        self.roles = roles
        self.groups = fields.groups
        self.labels = fields.labels
        self.seen: dict[str, Here] = {}
        self.twice: list[Here] = []
        self.shared: dict[str, list[TellRule | Requirement]] = {}
        """Rules that speak on other event types too, by event type."""
        self.matters: set[str] = set()
        """Inner events that are about a matter, and so can be counted."""

    def declare(self, source: Source, found: files.EventFile) -> None:
        """Make the fields of an inner event known; other events have a schema."""
        for name, kind in found.inner_fields.items():
            if kind not in INNER_KINDS:
                words = f"field {name!r} is of kind {kind!r}, which is none"
                source.fault(words, f"write one of {', '.join(INNER_KINDS)}", "inner_fields", name)
        if found.inner_fields:
            fields = {n: INNER_KINDS.get(kind, TEXT) for n, kind in found.inner_fields.items()}
            self.kinds[found.event] = Record(fields)
            if found.matter is not None:
                self.matters.add(found.event)

    def check_twice(self) -> None:
        """A rule's name is its identity: it may stand once."""
        for here in self.twice:
            here.fault(f"rule {here.rule!r} stands twice", "give each rule a name of its own")

    # --- expressions ---------------------------------------------------------------------

    def scope(self, event: str, awaited: str | None = None) -> Scope:
        """What a condition about an event (and an awaited one) may name."""
        records = {
            "event": self.kinds[event],
            "trigger": self.kinds[event],
            "episode": EPISODE,
            "duty": DUTY,
            "setting": kinds_in_conditions(self.settings),
        }
        if awaited is not None:
            records["awaited"] = self.kinds[awaited]
        return Scope(records, FACTS)

    def expression(
        self, here: Here, text: str | None, wants: Kind = TRUTH, awaited: str | None = None
    ) -> Expression | None:
        """A compiled expression, or None for an empty one or one with a fault."""
        if not text or here.event not in self.kinds:
            return None
        try:
            found = compile_expression(text, self.scope(here.event, awaited), wants=wants)
        except ExpressionFault as fault:
            here.fault(str(fault), "mend the expression", text)
            return None
        reason = never_true(text) if wants == TRUTH else None
        if reason is not None:
            here.fault(
                f"this rule can never be reached: {reason}", "mend or remove the condition", text
            )
        return found

    def answers(self, here: Here, table: Mapping[str, str]) -> dict[str, Expression | None]:
        """Conditions on awaited events, by event type."""
        found: dict[str, Expression | None] = {}
        for event_type, text in table.items():
            if event_type not in self.kinds:
                here.fault(
                    f"it waits for {event_type!r}, which no schema describes, so it never comes",
                    f"name one of {', '.join(sorted(self.kinds))}",
                    event_type,
                )
                continue
            found[event_type] = self.expression(here, text, TRUTH, event_type)
        return found

    # --- rules -----------------------------------------------------------------------------

    def event(
        self, source: Source, found: files.EventFile, common: tuple[FieldRule, ...]
    ) -> EventRule:
        """All the rules of one event file."""
        here = Here(source, found.event, found.event)
        if found.event not in self.kinds:
            here.fault(
                f"no schema describes {found.event!r}",
                f"add schemas/events/{found.event}.avsc",
            )
        for slot in (each for each in found.sets if each not in SLOTS):
            here.fault(f"unknown slot {slot!r}", f"set one of {', '.join(SLOTS)}", slot)
        sets = {s: self.expression(here, text, ANY_KIND) for s, text in found.sets.items()}
        requirements = [
            self.requirement(Here(source, found.event, row.rule), row, family)
            for family, rows in (
                (Family.EXPECT, found.expect),
                (Family.CONTENT, found.content),
                (Family.RELATIONSHIP, found.relationship),
                (Family.PATTERN, found.pattern),
            )
            for row in rows
        ]
        own = tuple(self.field(here, row) for row in found.field)
        return EventRule(
            type=found.event,
            title=found.title,
            opens_episode=found.opens_episode,
            fact_of=here.source.choose(FactOf, found.fact_of, FactOf.FAMILY, here.quoted),
            subject=self.expression(here, found.subject, ANY_KIND),
            sets={slot: e for slot, e in sets.items() if e is not None},
            tells=tuple(self.tell(Here(source, found.event, r.rule), found, r) for r in found.tell),
            requirements=tuple(requirements),
            withdraws=tuple(self.withdraw(here, row) for row in found.withdraw),
            fields=(*common, *own),
            matter=read_matter(self, here, found.matter),
            counts=tuple(read_count(self, here, row) for row in found.count),
            groups=belongings(self, here, found),
            labels=labelled(self, here, found),
        )

    def field(self, here: Here, row: files.FieldTable) -> FieldRule:
        """A field of the event; its path must lead somewhere."""
        if row.path.startswith("event."):
            self.expression(here, row.path, ANY_KIND)
        return read_field(here.source, row, self.groups)

    def tell(self, here: Here, found: files.EventFile, row: files.TellTable) -> TellRule:
        """A rule of the first family."""
        for role in row.to:
            if role not in self.roles:
                here.fault(f"unknown role {role!r}", "name a role of roles.toml", role)
        for group in row.content:
            if group not in self.groups:
                here.fault(f"unknown field group {group!r}", "name a group of fields.toml", group)
        if bool(row.to) == bool(row.each) or not row.levels:
            here.fault("a rule must tell somebody to some level", "give 'to' or 'each', and levels")
        purpose = here.source.choose(Purpose, row.purpose, Purpose.DIRECT_CARE, here.quoted)
        rule = TellRule(
            basis=read_basis(self, here, row),
            on=found.event,
            when=self.expression(here, row.when),
            to=row.to,
            each=self.expression(here, row.each, RECIPIENTS),
            subject=self.expression(here, row.subject or found.subject, ANY_KIND),
            purpose=purpose,
            title=row.title or found.title,
            groups=row.content,
            milestones=tuple(self.milestone(here, m) for m in row.levels),
            counted_from=self.counted_from(here, row),
            gap=row.gap,
            acted_by=ActedBy(where=self.answers(here, row.acted_by)) if row.acted_by else None,
            tags=frozenset(row.tags),
            raises=self.raises(here, row.raises),
            met_stays=self.stays(here, row),
            babys_practice=row.babys_practice,
            both_places=row.both_places,
            by_post=row.each.partition("(")[0] in HOLDERS,
        )
        share(self, here, row, rule, row.subject or found.subject)
        return rule

    def stays(self, here: Here, row: files.TellTable) -> bool | Expression:
        """Whether what was met at an old holder is not owed anew; the reason must be said."""
        if row.met_stays_when and not row.met_stays:
            here.fault("nothing says why it is not owed anew", "give 'met_stays'")
        return self.expression(here, row.met_stays_when) or bool(row.met_stays)

    def milestone(self, here: Here, row: files.LevelTable) -> MilestoneRule:
        """A level, and by when it is owed."""
        return MilestoneRule(
            here.source.choose(Level, row.level, Level.OPENED, here.quoted, "levels"),
            read_local_wait(self.settings, here.source, row.within, here.quoted),
            self.span(here, row.or_by),
        )

    def span(self, here: Here, text: str) -> AnySpan | None:
        """A span, or None for an empty one."""
        return read_local_span(self.settings, here.source, text, here.quoted) if text else None

    def raises(self, here: Here, rows: Iterable[files.RaiseTable]) -> tuple[RaiseRule, ...]:
        """Later times at which an open gap becomes graver."""
        return tuple(
            RaiseRule(
                read_local_span(self.settings, here.source, r.at, here.quoted, "raises"),
                here.source.choose(Severity, r.severity, Severity.ATTENTION, here.quoted, "raises"),
            )
            for r in rows
        )

    def counted_from(self, here: Here, row: files.Sourced) -> str:
        """The field from which a clock runs; it must be one of the event's."""
        record = self.kinds.get(here.event)
        kind = record.fields.get(row.counted_from) if record is not None else None
        if row.counted_from != "occurred_at" and kind not in (INSTANT, DATE):
            here.fault(
                f"the clock counts from {row.counted_from!r}, which is no time of the event",
                "name a field that holds an instant or a date, or leave it out for occurred_at",
                row.counted_from,
            )
        return row.counted_from

    def requirement(self, here: Here, row: files.RequirementTable, family: Family) -> Requirement:
        """A rule of one of the other four families."""
        if row.owner and row.owner not in self.roles:
            here.fault(f"unknown role {row.owner!r}", "name a role of roles.toml", row.owner)
        if not row.owner and not row.each:
            here.fault("nobody would own the gap", "give 'owner', or 'each' to name them")
        expected = family in (Family.EXPECT, Family.RELATIONSHIP)
        if expected and not (row.awaits or row.until or row.itself):
            here.fault("nothing could ever satisfy this", "give 'awaits' or 'until'")
        rule = Requirement(
            basis=read_basis(self, here, row),
            family=family,
            on=here.event,
            when=self.expression(here, row.when),
            each=self.expression(here, row.each, RECIPIENTS),
            subject=self.expression(here, row.subject, ANY_KIND),
            awaits=self.answers(here, row.awaits),
            until=self.expression(here, row.until),
            withdrawn_by=self.answers(here, row.withdrawn_by),
            by=self.span(here, row.by),
            counted_from=self.counted_from(here, row),
            gap=row.gap,
            owner=row.owner or None,
            raises=self.raises(here, row.raises),
            latest_only=row.latest_only,
            once=row.once,
            every=self.expression(here, row.every, NUMBER),
            times=row.times,
            days=self.expression(here, row.days, NUMBER),
            severity=read_severity(here, row),
            itself=row.itself,
            follows=not row.each or row.each.partition("(")[0] in HOLDERS | INVITED,
            tags=frozenset(row.tags),
        )
        share(self, here, row, rule, row.subject)
        return rule

    def withdraw(self, here: Here, row: files.WithdrawTable) -> WithdrawRule:
        """What an event makes pointless."""
        return WithdrawRule(
            when=self.expression(here, row.when), tags=frozenset(row.tags), because=row.because
        )
