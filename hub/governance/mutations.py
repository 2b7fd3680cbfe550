"""Every row and entry of the policy files that can be taken away, and the policy without it.

A mutant is the policy as it is on disk with one thing missing.  Nothing is written: the table is
taken from the document after it was read, and the same loader judges what is left.
"""

import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from hub.core.kinds import Record
from hub.core.policy import EventRule, FieldRule, Policy
from hub.policy import files
from hub.policy.kinds import event_kinds
from hub.policy.loader import Loader
from hub.policy.rules import RuleBuilder
from hub.policy.source import PolicyFault, PolicyFaults, Source

T = TypeVar("T")

Step = str | int
"""A key of a table, or a place in a list."""

RULES = ("tell", "expect", "content", "relationship", "pattern", "withdraw", "count")
"""Tables of an event file that are rules."""
LISTS = ("levels", "raises", "to", "awaits", "acted_by", "withdrawn_by", "also_on")
"""What a rule holds several of, each of which may be taken away."""
TABLES = {"gaps.toml": "gap", "roles.toml": "role"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing taken away: from which file, where in it, and what it is called."""

    file: str
    steps: tuple[Step, ...]
    name: str
    kind: str
    rule: str = ""
    """The rule it belongs to; empty for a row of another table."""
    event: str = ""
    """The event type whose file it stands in; empty for another file."""

    @property
    def label(self) -> str:
        """What people, and the list of survivors, call it."""
        return f"{self.file}: {self.name}"


class _Changed(Source):
    """A policy file in which one thing is missing."""

    def __init__(self, source: Source, document: dict[str, Any]):
        self.path, self.root, self.faults = source.path, source.root, source.faults
        self.text = source.text
        self.document = document

    def read(self, form: type[T]) -> T | None:
        """The document in its form, without what was taken away."""
        try:
            return msgspec.convert(self.document, form)
        except msgspec.ValidationError as error:
            self.faults.append(PolicyFault(self.name, 1, str(error), "put it back"))
            return None


class _Changing(Loader):
    """Loads a policy in which one file is another, and keeps what builds the rules."""

    def __init__(self, folder: Path, kinds: dict[str, Record]):
        super().__init__(folder, kinds)
        self.documents: dict[str, dict[str, Any]] = {}
        self.builder: RuleBuilder
        self.common: tuple[FieldRule, ...] = ()

    def source(self, path: Path) -> Source:
        """One file, as it stands or as it was changed."""
        found = super().source(path)
        if found.name in self.documents:
            found = _Changed(found, self.documents[found.name])
        return found

    def events(self, builder: RuleBuilder, common: tuple[FieldRule, ...]) -> dict[str, EventRule]:
        """Every event file; what built them is kept."""
        self.builder, self.common = builder, common
        return super().events(builder, common)


class Mutations:
    """All mutants of a policy folder, and the policy without each."""

    def __init__(self, folder: Path, schemas: Path):
        """Read the policy once.  Raises PolicyFaults when it is not whole before anything goes."""
        self.folder = folder
        self.kinds = event_kinds(schemas)
        self.loader = _Changing(folder, self.kinds)
        self.policy = self.loader.load()
        self.documents = {path: _document(folder / path) for path in _files(folder)}
        self.all = tuple(self._mutants())

    def _mutants(self) -> Iterator[Mutant]:
        for file, document in self.documents.items():
            if "event" in document:
                yield from _of_event(file, document)
            elif file == "ladders.toml":
                yield from _of_ladders(file, document)
            elif file in TABLES:
                table = TABLES[file]
                for number, row in enumerate(document[table]):
                    name = str(row.get("code") or row.get("role"))
                    yield Mutant(file, (table, number), name, table)

    def without(self, mutant: Mutant) -> Policy:
        """The policy without one thing.  Raises PolicyFaults when what is left is no policy."""
        document = deepcopy(self.documents[mutant.file])
        holder: Any = document  # Tables and lists, one inside the other.
        for step in mutant.steps[:-1]:
            holder = holder[step]
        del holder[mutant.steps[-1]]
        if mutant.event and not self._is_shared(mutant, document):
            return self._with_event(mutant, document)
        loader = _Changing(self.folder, self.kinds)
        loader.documents = {mutant.file: document}
        return loader.load()

    def _is_shared(self, mutant: Mutant, document: Mapping[str, Any]) -> bool:
        """Whether rules of this file speak on other types, or rules of other files on this one."""
        rows = (row for table in RULES for row in document.get(table, ()))
        speaks_elsewhere = mutant.steps[-2] == "also_on" or any(row.get("also_on") for row in rows)
        return speaks_elsewhere or mutant.event in self.loader.builder.shared

    def _with_event(self, mutant: Mutant, document: dict[str, Any]) -> Policy:
        """The policy with one event file built anew; everything else is as it was."""
        faults: list[PolicyFault] = []
        whole = Source(self.folder / mutant.file, self.folder, faults)
        source = _Changed(whole, document)
        found = source.read(files.EventFile)
        if found is None:
            raise PolicyFaults(faults)
        rule = self.loader.builder.event(source, found, self.loader.common)
        if faults:
            raise PolicyFaults(faults)
        events = {**self.policy.events, rule.type: rule}
        return replace(
            self.policy,
            events=events,
            tells={t.basis.rule: t for e in events.values() for t in e.tells},
            requirements={r.basis.rule: r for e in events.values() for r in e.requirements},
        )


def _files(folder: Path) -> Iterator[str]:
    """The files of which something is taken away, from the policy folder."""
    for path in sorted((folder / "events").glob("*.toml")) + sorted(
        (folder / "inner").glob("*.toml")
    ):
        yield str(path.relative_to(folder))
    yield from ("gaps.toml", "ladders.toml", "roles.toml")


def _document(path: Path) -> dict[str, Any]:
    """A policy file as tables, before it is put into its form."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _of_event(file: str, document: Mapping[str, Any]) -> Iterator[Mutant]:
    """The rules of an event file, and what stands inside them."""
    event = str(document["event"])
    for slot in document.get("sets", {}):
        yield Mutant(file, ("sets", slot), f"sets {slot}", "sets", event=event)
    for table in RULES:
        for number, row in enumerate(document.get(table, ())):
            rule = str(row.get("rule", ""))
            name = rule or f"{table} {number + 1}"
            yield Mutant(file, (table, number), name, table, rule, event)
            yield from _inside(Mutant(file, (table, number), name, table, rule, event), row)


def _inside(whole: Mutant, row: Mapping[str, Any]) -> Iterator[Mutant]:
    """The entries of a rule of which it has several; without its only one it would be no rule."""
    for word in LISTS:
        entries = row.get(word, ())
        keys: list[Step] = list(entries) if isinstance(entries, dict) else [*range(len(entries))]
        for key in keys:
            called = _called(entries, key)
            steps = (*whole.steps, word, key)
            yield replace(whole, steps=steps, name=f"{whole.name} {word} {called}", kind=word)


def _called(entries: Any, key: Step) -> str:
    """What people call an entry: its key, its level, its time, or its role."""
    if isinstance(entries, dict):
        return str(key)
    entry = entries[key]
    return str(entry.get("level") or entry.get("at")) if isinstance(entry, dict) else str(entry)


def _of_ladders(file: str, document: Mapping[str, Any]) -> Iterator[Mutant]:
    """Every rung, and every role that a rung tells beside others."""
    for number, ladder in enumerate(document["ladder"]):
        for step, rung in enumerate(ladder["rung"]):
            name = f"{ladder['ladder']}.{step}"
            whole = Mutant(file, ("ladder", number, "rung", step), name, "rung", rule=name)
            yield whole
            if len(rung["to"]) > 1:
                for place, role in enumerate(rung["to"]):
                    steps = (*whole.steps, "to", place)
                    yield replace(whole, steps=steps, name=f"{name} to {role}", kind="to")
