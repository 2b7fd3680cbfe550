"""Where a rule comes from: it travels with every outcome, so that nobody need ask why."""

from dataclasses import dataclass

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
    ladder: str = ""
    """The ladder that its gap climbs, where it is not the one of the code."""

    def why(self, *evidence: str, here: str = "") -> Why:
        """The explanation that travels with an outcome; `here` says how the area has set it."""
        return Why(
            rule=self.rule,
            policy=self.policy,
            because=f"{self.because} {here}" if here else self.because,
            authority=self.authority,
            evidence=tuple(evidence),
        )


def rung_basis(rule: str) -> Basis:
    """The rule behind a rung of a ladder, such as `EL-S.1`."""
    return Basis(
        rule=rule,
        policy="P49",
        because="A gap that stays open is told to the next person who can act on it.",
        authority="NSPCC briefing 2015, line 75: escalate failures in processes to managers",
        where="hub/policy/ladders.toml",
    )
