"""Where a rule comes from: it travels with every outcome, so that nobody need ask why."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.core.outcomes import Why


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a rule comes from and where it stands."""

    rule: str
    policy: str
    because: str
    authority: str
    where: str
    settings: tuple[str, ...] = ()
    """The settings of areas that the rule names."""
    because_here: Mapping[str, str] = field(default_factory=dict)
    """For a rule that names settings: the reason with how they are set, by area; "" as usual."""
    ladder: str = ""
    """The ladder that its gap climbs, where it is not the one of the code."""

    def why(self, *evidence: str, area: str = "") -> Why:
        """The explanation that travels with an outcome, with what the area has set."""
        here = self.because_here
        return Why(
            rule=self.rule,
            policy=self.policy,
            because=(here.get(area) or here[""]) if here else self.because,
            authority=self.authority,
            evidence=evidence,
        )

    def set_here(self, area: str) -> str:
        """How an area has set what the rule names; empty for a rule that names no setting."""
        here = self.because_here
        return (here.get(area) or here[""]).removeprefix(self.because).strip() if here else ""


def rung_basis(rule: str) -> Basis:
    """The rule behind a rung of a ladder, such as `EL-S.1`."""
    return Basis(
        rule=rule,
        policy="P49",
        because="A gap that stays open is told to the next person who can act on it.",
        authority="NSPCC briefing 2015, line 75: escalate failures in processes to managers",
        where="hub/policy/ladders.toml",
    )
