"""Follows every clause of the domain's two tables to the rules that hold it.

A clause is accounted for when every rule it names is there, reaches every role it names, and, for
a clause of a gap, opens that gap; or when no rule holds it, for a reason on a closed list.  What is
still owed is counted apart.  No row is left out: every policy and every gap has its clauses, and
every rule its clause.
"""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from hub.core.policy import Policy, Requirement, TellRule
from hub.governance.catalogue import policies_of
from hub.policy.clauses import FOLDER, Clause, HeldBy, Part, read_clauses
from hub.policy.source import PolicyFault, Source


class HeldClause(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A clause with what holds it."""

    of: str
    says: str
    part: str = ""
    rules: tuple[str, ...] = ()
    """Each with its file and line."""
    held_by: str = ""
    because: str = ""


class Clauses:
    """The whole account: every clause, and whatever is wrong with the tables."""

    def __init__(self, folder: Path, policy: Policy):
        """Follow every clause of a policy folder.  Raises PolicyFaults for files not in form."""
        self.policy = policy
        self.rules: dict[str, TellRule | Requirement] = {**policy.tells, **policy.requirements}
        self.policies = set(policies_of(policy))
        self.faults: list[PolicyFault] = []
        self.at_fault = 0
        self.rows: list[HeldClause] = []
        self.named: set[tuple[str, str]] = set()
        self.parts: set[tuple[str, Part | None]] = set()
        for source, clauses in read_clauses(folder):
            for clause in clauses:
                self._follow(source, clause)
        self.faults += self._left_out()

    @property
    def accounted(self) -> int:
        """How many clauses are held, with nothing wrong about them."""
        return len(self.rows) - self.at_fault - self.owed

    @property
    def owed(self) -> int:
        """How many clauses nothing holds yet."""
        return sum(row.held_by == HeldBy.OWED for row in self.rows)

    def _follow(self, source: Source, clause: Clause) -> None:
        """One clause with the rules that hold it; whatever leads nowhere becomes a fault."""
        self.parts.add((clause.of, clause.part))
        self.named |= {(clause.of, rule) for rule in clause.rules}
        wrongs = list(self._wrongs(clause))
        for message, remedy in wrongs:
            line = source.line(f'of = "{clause.of}"', f'says = "{clause.says}"')
            words = f"{clause.of}: {message}, for {clause.says!r}"
            self.faults.append(PolicyFault(source.name, line, words, remedy))
        self.at_fault += bool(wrongs)
        rules = [self.rules[name] for name in clause.rules if name in self.rules]
        self.rows.append(
            HeldClause(
                of=clause.of,
                says=clause.says,
                part=clause.part or "",
                rules=tuple(f"{rule.basis.rule} ({rule.basis.where})" for rule in rules),
                held_by=clause.held_by or "",
                because=clause.because,
            )
        )

    def _wrongs(self, clause: Clause) -> Iterator[tuple[str, str]]:
        """What is wrong with a clause, and the remedy."""
        is_gap = clause.of in self.policy.gaps
        if not is_gap and clause.of not in self.policies:
            yield "there is no such policy or gap", "name one of the tables"
        if is_gap != (clause.part is not None):
            yield "a gap's clause has a part and a policy's has none", "mend 'part'"
        if clause.held_by is not None and (clause.rules or not clause.because):
            yield (
                "it says that no rule holds it, and names one or does not say why",
                "take 'rules' away, and say why under 'because'",
            )
        if clause.held_by is None and not clause.rules:
            yield "no rule holds it", "name its rules, or a reason under 'held_by'"
        unknown = [name for name in clause.rules if name not in self.rules]
        if unknown:
            yield f"no rule is called {unknown[0]}", "name rules of hub/policy/events or inner"
            return
        rules = [self.rules[name] for name in clause.rules]
        missed = set(clause.to) - {role for rule in rules for role in reached(rule)}
        if rules and missed:
            yield f"none of its rules reaches {min(missed)}", "add the rule that does"
        if is_gap and clause.part is Part.OPENS and any(clause.of != rule.gap for rule in rules):
            yield "one of its rules opens another gap", "name only rules that open this one"

    def _left_out(self) -> Iterator[PolicyFault]:
        """Policies, parts of gaps and rules that no clause speaks of."""
        remedy = "write the clause, in words that a midwife reads"
        told = {of for of, _ in self.parts}
        for code in sorted(self.policies - told):
            yield PolicyFault(FOLDER, 1, f"policy {code} has no clause", remedy)
        for code in sorted(self.policy.gaps):
            for part in (Part.OPENS, Part.CLEARS):
                if (code, part) not in self.parts:
                    words = f"no clause says when {code} {part.value}"
                    yield PolicyFault(FOLDER, 1, words, remedy)
        for name, rule in sorted(self.rules.items()):
            if (rule.basis.policy, name) not in self.named:
                words = f"rule {name} is held by no clause of {rule.basis.policy}"
                yield PolicyFault(FOLDER, 1, words, remedy)


def reached(rule: TellRule | Requirement) -> tuple[str, ...]:
    """The roles that a rule tells, or the one that answers for it."""
    if isinstance(rule, TellRule):
        return rule.to
    return () if rule.owner is None else (rule.owner,)
