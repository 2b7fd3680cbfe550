"""Which group each field of an event belongs to, and which labels the event gives itself."""

from typing import TYPE_CHECKING

from hub.core.labels import LabelWhen
from hub.core.redaction import groups_of
from hub.policy import files

if TYPE_CHECKING:
    from hub.policy.here import Here
    from hub.policy.rules import RuleBuilder


def belongings(builder: "RuleBuilder", here: "Here", found: files.EventFile) -> dict[str, str]:
    """The group of every field of the event, those that a notice shows among them."""
    shown = {f.path.partition(".")[2]: f.group for f in found.field if f.path[:6] == "event."}
    unshown = groups_of(found.groups)
    for path in unshown:
        builder.expression(here, f"event.{path}", "")
        if path in shown:
            here.fault(f"field {path!r} stands in two groups", "name it once", path)
    for group in found.groups:
        if group not in builder.groups:
            here.fault(f"unknown field group {group!r}", "name a group of fields.toml", group)
    return unshown | shown


def labelled(builder: "RuleBuilder", here: "Here", found: files.EventFile) -> tuple[LabelWhen, ...]:
    """The labels that an event carries by what it says."""
    rows: list[LabelWhen] = []
    for row in found.labelled:
        if row.label not in builder.labels:
            here.fault(f"unknown label {row.label!r}", "name a label of fields.toml", row.label)
        when = builder.expression(here, row.when)
        if when is not None:
            rows.append(LabelWhen(label=row.label, when=when))
    return tuple(rows)
