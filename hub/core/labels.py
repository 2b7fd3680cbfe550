"""Labels: what restricts an event beyond the groups that its fields belong to."""

from dataclasses import dataclass

from hub.core.expressions import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRule:
    """A label on an event: which group decides who may have it, and which groups it lowers."""

    label: str
    group: str
    covers: frozenset[str]
    exposes: bool = False
    """Whether a notice that carries it may not go where whoever harms her could read it (G40)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelWhen:
    """A label that an event carries because of what it says."""

    label: str
    when: Expression
