"""`hub trace`: follows every finding and every clause to rules, gaps and scenarios that exist.

A finding is accounted for when everything it names is there, and a scenario opens one of its gaps
or tells its story; or when it has no gap for a reason that is on a closed list.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, to_builtins

from hub.core.policy import Policy
from hub.edges.schemas import Schemas
from hub.governance.catalogue import event_codes, policies_of
from hub.governance.clauses import Clauses
from hub.governance.stories import SCENARIOS, Story, stories_below
from hub.ops.settings import Settings
from hub.policy.clauses import HeldBy
from hub.policy.findings import FILE, Finding, read_findings
from hub.policy.loader import load_policy
from hub.policy.source import PolicyFault, Source


class Traced(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finding with everything that answers it."""

    id: str
    subject: str
    source: str
    events: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Each with its file and line."""
    gaps: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    no_gap: str | None = None
    because: str = ""


class Trace:
    """The whole account: every finding, and whatever is wrong with the table."""

    def __init__(self, folder: Path, policy: Policy, schemas: Schemas, stories: Iterable[Story]):
        """Follow every finding of a policy folder."""
        self.source, findings = read_findings(folder)
        self.stories = tuple(stories)
        self.policy = policy
        self.policies = policies_of(policy)
        self.events = event_codes(schemas)
        self.faults: list[PolicyFault] = []
        self.names = {finding.id for finding in findings}
        self.rows = tuple(self.follow(finding) for finding in findings)
        self.faults += twice(self.source, [finding.id for finding in findings])
        self.faults += self.strangers()
        self.clauses = Clauses(folder, policy)
        self.faults += self.clauses.faults

    @property
    def accounted(self) -> int:
        """How many findings nothing is wrong with."""
        at_fault = {fault.line for fault in self.faults if fault.file == FILE}
        return sum(line_of(self.source, row.id) not in at_fault for row in self.rows)

    def follow(self, finding: Finding) -> Traced:
        """One finding with what answers it; whatever leads nowhere becomes a fault."""
        named = (
            ("event", finding.events, self.events, "schemas/events"),
            ("policy", finding.policies, self.policies, "the rules of hub/policy/events"),
            ("gap", finding.gaps, self.policy.gaps, "hub/policy/gaps.toml"),
        )
        for what, codes, known, where in named:
            for code in codes:
                if code not in known:
                    words = f"{finding.id} names {what} {code}, which does not exist"
                    self.fault(finding, words, f"name one of {where}, or add it there")
        for code in finding.stories if self.stories else ():
            if not any(is_story(story, code) for story in self.stories):
                words = f"{finding.id} names story {code}, and no scenario has that id"
                self.fault(finding, words, f'write the scenario with id = "{code}"')
        shown = tuple(story.path.name for story in self.stories if shows(story, finding))
        self._judge(finding, shown)
        places = [place for code in finding.policies for place in self.policies.get(code, ())]
        return Traced(
            id=finding.id,
            subject=finding.subject,
            source=finding.source,
            events=tuple(self.events[code] for code in finding.events if code in self.events),
            rules=tuple(f"{place.rule} ({place.where})" for place in places),
            gaps=finding.gaps,
            scenarios=shown,
            no_gap=finding.no_gap,
            because=finding.because or finding.note,
        )

    def _judge(self, finding: Finding, shown: tuple[str, ...]) -> None:
        """A finding has gaps that a scenario shows, or a reason why it has none; never both."""
        if finding.no_gap is not None:
            if finding.gaps or not finding.because:
                words = f"{finding.id} says that it has no gap, and names one or does not say why"
                self.fault(finding, words, "take 'gaps' away, and say why under 'because'")
        elif not (finding.gaps and finding.policies):
            words = f"nothing answers {finding.id}"
            self.fault(finding, words, "name its policies and gaps, or a reason under 'no_gap'")
        elif self.stories and not shown:
            words = f"no scenario shows {finding.id}: none opens {' or '.join(finding.gaps)}"
            self.fault(finding, words, "add a scenario in which one of its gaps opens")

    def strangers(self) -> Iterator[PolicyFault]:
        """Findings that a scenario names and nobody knows."""
        for story in self.stories:
            for name in story.scenario.finding:
                if name not in self.names:
                    words = f"the scenario answers {name!r}, which is no finding"
                    yield PolicyFault(str(story.path), 1, words, f"name a finding of {FILE}")

    def fault(self, finding: Finding, message: str, remedy: str) -> None:
        """Note a fault at the line of a finding."""
        line = line_of(self.source, finding.id)
        self.faults.append(PolicyFault(FILE, line, message, remedy))

    def plain(self) -> dict[str, Any]:
        """The account as it is printed with `--json`."""
        return {
            "findings": len(self.rows),
            "accounted": self.accounted,
            "clauses": len(self.clauses.rows),
            "clauses_accounted": self.clauses.accounted,
            "clauses_owed": self.clauses.owed,
            "faults": [str(fault) for fault in sorted(set(self.faults))],
            "rows": to_builtins(self.rows),
            "clause_rows": to_builtins(self.clauses.rows),
        }


def line_of(source: Source, name: str) -> int:
    """The line at which a finding stands."""
    return source.line(f'id = "{name}"')


def twice(source: Source, names: list[str]) -> Iterator[PolicyFault]:
    """Findings that stand more than once."""
    for name in sorted({name for name in names if names.count(name) > 1}):
        line = line_of(source, name)
        yield PolicyFault(FILE, line, f"finding {name} stands twice", "remove all but one")


def shows(story: Story, finding: Finding) -> bool:
    """Whether a scenario opens a gap of a finding, tells its story, or says that it answers it."""
    scenario = story.scenario
    told = finding.id in scenario.finding or any(is_story(story, s) for s in finding.stories)
    return told or bool(story.opened & set(finding.gaps))


def is_story(story: Story, code: str) -> bool:
    """Whether a scenario is one of the numbered stories, or a part of it such as `SC6-twins`."""
    return story.scenario.id == code or story.scenario.id.startswith(f"{code}-")


def trace(settings: Settings, scenarios: Path = SCENARIOS) -> Trace:
    """The account of the settings' policy.  Raises PolicyFaults and CannotAnswerError."""
    policy = load_policy(settings.policy_dir, [settings.schemas_dir / "events"])
    stories = stories_below([scenarios]) if scenarios.exists() else ()
    return Trace(settings.policy_dir, policy, Schemas.load(settings.schemas_dir), stories)


def main(settings: Settings, scenarios: Path = SCENARIOS, *, as_json: bool = False) -> int:
    """Print the account; the exit code is 1 when a finding is not accounted for."""
    found = trace(settings, scenarios)
    if as_json:
        sys.stdout.write(json.dumps(found.plain()) + "\n")
        return 1 if found.faults else 0
    for row in found.rows:
        sys.stdout.write(f"{row.id:<5} {row.subject}\n")
        answered = row.gaps or (f"no gap: {row.because}",)
        sys.stdout.write(f"      {', '.join(answered)}; {len(row.rules)} rules")
        sys.stdout.write(f"; {len(row.scenarios)} scenarios\n")
    for fault in sorted(set(found.faults)):
        sys.stdout.write(f"{fault}\n")
    if not scenarios.exists():
        sys.stdout.write(f"no scenarios at {scenarios}: name their folder with --scenarios\n")
    sys.stdout.write(f"{found.accounted} of {len(found.rows)} findings accounted for\n")
    clauses = found.clauses
    sys.stdout.write(f"{clauses.accounted} of {len(clauses.rows)} clauses accounted for")
    sys.stdout.write(f", {clauses.owed} owed\n")
    for each in clauses.rows:
        if each.held_by == HeldBy.OWED:
            sys.stdout.write(f"      {each.of}: {each.says}\n")
    return 1 if found.faults else 0
