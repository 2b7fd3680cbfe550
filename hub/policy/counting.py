"""What is about no pregnancy: which matter an event is about, and what matters count of others."""

from typing import TYPE_CHECKING

from hub.core.kinds import LIST
from hub.core.policy import CountRule, MatterRule
from hub.policy import files

if TYPE_CHECKING:
    from hub.policy.here import Here
    from hub.policy.rules import RuleBuilder


def read_matter(
    builder: "RuleBuilder", here: "Here", row: files.MatterTable | None
) -> MatterRule | None:
    """Which matter an event is about, where it is about no pregnancy."""
    of = builder.expression(here, row.of, "") if row is not None else None
    if row is not None and "setting." in row.of:
        words = "what an event is about is asked before its area is known"
        here.fault(words, "name it without a setting", row.of)
    if row is None or of is None:
        return None
    named = builder.expression(here, f"event.{row.families}", "") if row.families else None
    if named is not None and named.gives != LIST:
        here.fault(f"{row.families!r} is no list", "name a list of references", row.families)
    return MatterRule(kind=row.kind, of=of, families=row.families)


def read_count(builder: "RuleBuilder", here: "Here", row: files.CountTable) -> CountRule:
    """What a matter counts of an event: an inner event that is about a matter."""
    if row.event not in builder.matters:
        words = f"it counts {row.event!r}, which is no inner event about a matter"
        here.fault(words, "give that event a file in inner/ with a [matter] table", row.event)
    else:
        for name in row.fields:
            if name not in builder.kinds[row.event].fields:
                words = f"{row.event!r} has no field {name!r}"
                here.fault(words, "name one of its inner_fields", row.event)
    if row.spread and row.spread not in row.fields:
        here.fault(f"there is no field {row.spread!r} to spread", "name one of 'fields'")
    fields = {name: builder.expression(here, text, "") for name, text in row.fields.items()}
    return CountRule(
        event=row.event,
        when=builder.expression(here, row.when),
        fields={name: field for name, field in fields.items() if field is not None},
        spread=row.spread,
    )
