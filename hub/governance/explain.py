"""`hub explain EVENT --at T`: who is told what, by when and why, and who is not and why not."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct, to_builtins

from hub.core.corrections import CORRECTED
from hub.core.holding import one_post
from hub.core.model import Level
from hub.core.outcomes import EventRecorded, ExpectationRaised, NoticeIssued, ObligationRaised
from hub.core.policy import Policy, TellRule
from hub.core.silences import Silence, Silent
from hub.demo.scenario import local_words
from hub.edges.directory import load_directory
from hub.edges.schemas import Schemas
from hub.governance.asking import Answer, ask, time_from
from hub.governance.catalogue import LADDERS, rung_places
from hub.governance.why_not import WORDS, NotTold
from hub.ops.settings import Settings
from hub.policy.loader import load_policy


class Due(Struct, frozen=True, kw_only=True):
    """A level and the time by which it is owed."""

    level: str
    by: str


class Said(Struct, frozen=True, kw_only=True):
    """The rule behind a line, and where it stands."""

    rule: str
    policy: str
    where: str
    because: str
    authority: str


class Recipient(Struct, frozen=True, kw_only=True):
    """A role that is told."""

    role: str
    label: str
    organisation: str
    title: str
    purpose: str
    levels: tuple[Due, ...]
    fields: tuple[str, ...]
    """Labels of what the notice carries; never the values."""
    why: Said


class Awaited(Struct, frozen=True, kw_only=True):
    """Something that must follow, and the gap that opens when it does not."""

    role: str
    label: str
    organisation: str
    by: str
    gap: str
    why: Said


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason why a role has no notice."""

    reason: str
    words: str
    rule: str = ""
    where: str = ""
    when: str = ""
    set_here: str = ""


class Untold(Struct, frozen=True, kw_only=True):
    """A role that has no notice, with every reason."""

    role: str
    label: str
    reasons: tuple[Reason, ...]


class Explanation(Struct, frozen=True, kw_only=True):
    """The whole answer to one event."""

    event: str
    at: str
    about: str
    """A pregnancy, or the kind of matter that is followed and is none: a feed, an area."""
    known_before: bool
    recorded: str
    policy_version: str
    told: tuple[Recipient, ...]
    follows: tuple[Awaited, ...]
    not_told: tuple[Untold, ...]


def explain(
    answer: Answer, policy: Policy, rungs: Mapping[str, str] = MappingProxyType({})
) -> Explanation:
    """What the core said to an event, for people to read; `rungs` says where each rung stands."""
    outcomes = answer.decision.outcomes
    event = answer.event
    recorded = next((o.how for o in outcomes if isinstance(o, EventRecorded)), "")
    told = tuple(_told(answer, policy, rungs))
    return Explanation(
        event=event.type,
        at=local_words(answer.decision.at),
        about=matter.kind if (matter := policy.events[event.type].matter) else "pregnancy",
        known_before=answer.known,
        recorded=recorded,
        policy_version=policy.version,
        told=told,
        follows=tuple(_follows(answer, policy)),
        not_told=tuple(_not_told(answer, policy, {line.role for line in told}, recorded)),
    )


def _said(policy: Policy, rule: str, words: Any, rungs: Mapping[str, str]) -> Said:
    found = policy.tells.get(rule) or policy.requirements.get(rule)
    where = found.basis.where if found is not None else rungs.get(rule, LADDERS)
    return Said(
        rule=rule,
        policy=words.policy,
        where=where,
        because=words.because,
        authority=words.authority,
    )


def _told(answer: Answer, policy: Policy, rungs: Mapping[str, str]) -> Iterator[Recipient]:
    """Everybody who has a notice, with the levels that are owed."""
    outcomes = answer.decision.outcomes
    raised = {o.obligation_id: o for o in outcomes if isinstance(o, ObligationRaised)}
    duties = {o.obligation_id: o for o in answer.decision.episode.obligations}
    for notice in outcomes:
        if not isinstance(notice, NoticeIssued):
            continue
        duty = raised.get(notice.obligation_id) or duties[notice.obligation_id]
        yield Recipient(
            role=notice.role,
            label=policy.label(notice.role),
            organisation=notice.organisation,
            title=notice.title,
            purpose=notice.purpose.value,
            levels=tuple(
                Due(level=Level(m.level).name.lower(), by=local_words(m.due_at))
                for m in duty.milestones
            ),
            fields=tuple(line.label for line in notice.content),
            why=_said(policy, notice.why.rule, notice.why, rungs),
        )


def _follows(answer: Answer, policy: Policy) -> Iterator[Awaited]:
    """Everything that must follow."""
    for raised in answer.decision.outcomes:
        if isinstance(raised, ExpectationRaised):
            yield Awaited(
                role=raised.role,
                label=policy.label(raised.role),
                organisation=raised.organisation,
                by=local_words(raised.due_at) if raised.due_at else "",
                gap=policy.requirements[raised.why.rule].gap,
                why=_said(policy, raised.why.rule, raised.why, {}),
            )


def _not_told(answer: Answer, policy: Policy, told: set[str], recorded: str) -> Iterator[Untold]:
    """Every role without a notice, and why."""
    event = answer.event
    heard = str(event.body["target_type"]) if event.type == CORRECTED else event.type
    event_rule = policy.events[heard]
    for role, rule in policy.roles.items():
        if role in told:
            continue
        reasons = tuple(_reasons(role, event_rule.tells, answer.silences, recorded))
        yield Untold(role=role, label=rule.label, reasons=reasons)


def _reasons(
    role: str, rules: Iterable[TellRule], silences: Iterable[Silent], recorded: str
) -> Iterator[Reason]:
    """Why a role has no notice: what each rule that could have told it says itself."""
    if recorded == "duplicate":
        yield _reason(NotTold.NOT_DECIDED_ANEW)
        return
    found = False
    for rule in rules:
        named = any(one_post(role, told) for told in rule.to)
        for silence in silences:
            if silence.basis is rule.basis and (
                silence.role == role or (named and not silence.role)
            ):
                found = True
                yield _reason(silence.reason, rule, silence)
        if rule.each is not None and not found:
            found = True
            own = [s for s in silences if s.basis is rule.basis and not s.role]
            reason = own[0].reason if own else NotTold.NAMES_OTHERS
            yield _reason(reason, rule, own[0] if own else None)
    if not found:
        yield _reason(NotTold.NO_RULE)


def _reason(
    reason: Silence | NotTold, rule: TellRule | None = None, said: Silent | None = None
) -> Reason:
    return Reason(
        reason=reason.value,
        words=WORDS[reason],
        rule=rule.basis.rule if rule else "",
        where=rule.basis.where if rule else "",
        when=said.when if said else "",
        set_here=said.set_here if said and said.when else "",
    )


# --- the command -----------------------------------------------------------------------------


def main(
    settings: Settings, file: Path, at: str, after: Iterable[Path] = (), *, as_json: bool = False
) -> int:
    """Print the explanation of every event in a file."""
    policy = load_policy(settings.policy_dir, [settings.schemas_dir / "events"])
    moment: datetime = time_from(at)
    answers = ask(
        file,
        moment,
        after,
        policy=policy,
        schemas=Schemas.load(settings.schemas_dir),
        directory=load_directory(settings.directory),
    )
    rungs = rung_places(policy, settings.policy_dir)
    for answer in answers:
        found = explain(answer, policy, rungs)
        if as_json:
            sys.stdout.write(json.dumps(to_builtins(found)) + "\n")
        else:
            sys.stdout.write("\n".join(lines_of(found)) + "\n")
    return 0


def lines_of(found: Explanation) -> Iterator[str]:
    """An explanation in words."""
    known = "that the hub knows" if found.known_before else "new to the hub"
    yield f"{found.event} at {found.at}, of a {found.about} {known}; policy {found.policy_version}"
    yield "" if found.told else "Nobody is told."
    for line in found.told:
        owed = ", ".join(f"{due.level} by {due.by}" for due in line.levels)
        yield f"TOLD  {line.label} at {line.organisation}: {line.title} ({owed})"
        yield f"      {line.why.because}"
        yield f"      {line.why.rule}, {line.why.where}; {line.why.authority}"
    for awaited in found.follows:
        yield f"THEN  {awaited.label}, by {awaited.by or 'a date not known yet'}, or {awaited.gap}"
        yield f"      {awaited.why.because}"
        yield f"      {awaited.why.rule}, {awaited.why.where}"
    for untold in found.not_told:
        if not untold.reasons[0].rule:
            continue
        yield f"NOT   {untold.label}"
        for reason in untold.reasons:
            when = f": {reason.when}. {reason.set_here}".rstrip(". ") if reason.when else ""
            yield f"      {reason.words}{when} ({reason.rule}, {reason.where})"
    others = [untold for untold in found.not_told if not untold.reasons[0].rule]
    if others:
        yield f"NOT   {', '.join(untold.label for untold in others)}"
        yield f"      {others[0].reasons[0].words}"
