"""Where a rule comes from, read and checked: its gap, its ladder, the settings it names."""

from typing import TYPE_CHECKING

from hub.core.basis import Basis
from hub.core.model import Severity
from hub.policy import files
from hub.policy.settings import named_in, said_here

if TYPE_CHECKING:
    from hub.policy.here import Here
    from hub.policy.rules import RuleBuilder


def read_basis(builder: "RuleBuilder", here: "Here", row: files.Sourced) -> Basis:
    """Where a rule comes from; its gap and ladder must exist and its name be its own."""
    if here.rule in builder.seen:
        builder.twice.append(here)
    builder.seen[here.rule] = here
    if row.gap not in builder.gaps:
        here.fault(f"unknown gap {row.gap!r}", "name a code of gaps.toml", row.gap)
    if row.ladder and row.ladder not in builder.ladders:
        here.fault(f"no ladder is called {row.ladder!r}", "name one of ladders.toml", row.ladder)
    settings = named_in(builder.settings, row)
    builder.settings_used |= {*settings}
    return Basis(
        rule=row.rule,
        policy=row.policy,
        because=row.because,
        authority=row.authority,
        where=f"{here.source.name}:{here.source.line(here.quoted)}",
        settings=settings,
        because_here=said_here(builder.settings, settings, row.because) if settings else {},
        ladder=row.ladder,
    )


def read_severity(here: "Here", row: files.RequirementTable) -> Severity | None:
    """How grave a gap is by its rule, where that is not what its code says."""
    if row.severity is None:
        return None
    return here.source.choose(Severity, row.severity, Severity.ATTENTION, here.quoted)
