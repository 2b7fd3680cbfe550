"""Asks the core what would come of an event, as `hub explain` does, for the gateway's sandbox.

The woman is taken for unknown, and registrations are not asked: what a publisher learns here must
not depend on what the hub knows of anybody.
"""

import copy
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

from hub.core.model import Event
from hub.core.outcomes import ExpectationRaised, NoticeIssued, ObligationRaised
from hub.core.policy import Policy
from hub.edges.directory import Directory, load_directory
from hub.edges.schemas import Schemas
from hub.governance.asking import Answer, AskingRig
from hub.governance.faults import CannotAnswerError
from hub.ops.settings import Settings
from hub.policy.loader import load_policy
from hub.web.foretold import Foretold, LevelWouldBe, WouldBeTold, WouldFollow


class Foretelling:
    """Answers for one set of rules and one directory, which it reads when it is first asked."""

    def __init__(self, settings: Settings):
        """Take the settings of the gateway."""
        self._settings = settings

    def __call__(self, event: Event, at: datetime) -> Foretold:
        """What would come of an event that the door would take."""
        settings = self._settings
        policy, schemas, directory = _read(
            settings.policy_dir, settings.schemas_dir, settings.directory
        )
        return foretell(event, at, policy, schemas, directory)


@cache
def _read(
    policy_dir: Path, schemas_dir: Path, directory: Path
) -> tuple[Policy, Schemas, Directory]:
    policy = load_policy(policy_dir, [schemas_dir / "events"])
    return policy, Schemas.load(schemas_dir), load_directory(directory)


def foretell(
    event: Event, at: datetime, policy: Policy, schemas: Schemas, directory: Directory
) -> Foretold:
    """Who would be told by when, and what would have to follow; nothing stays of it."""
    blind = copy.copy(directory)
    blind.registrations = ()
    rig = AskingRig(policy, schemas, blind, None)
    rig.give_until(at)
    try:
        answer = rig.ask(event, at)
    except CannotAnswerError as error:
        return Foretold(told=[], follows=[], because=str(error))
    return Foretold(told=list(_told(answer, policy)), follows=list(_follows(answer, policy)))


def _told(answer: Answer, policy: Policy) -> Iterator[WouldBeTold]:
    outcomes = answer.decision.outcomes
    titles = {o.obligation_id: o.title for o in outcomes if isinstance(o, NoticeIssued)}
    for raised in outcomes:
        if not isinstance(raised, ObligationRaised):
            continue
        yield WouldBeTold(
            role=raised.role,
            role_in_words=policy.label(raised.role),
            organisation=raised.organisation,
            title=titles.get(raised.obligation_id, ""),
            owed=[
                LevelWouldBe(level=each.level.name.lower(), by=each.due_at)
                for each in raised.milestones
            ],
            because=raised.why.because,
            authority=raised.why.authority,
        )


def _follows(answer: Answer, policy: Policy) -> Iterator[WouldFollow]:
    for raised in answer.decision.outcomes:
        if isinstance(raised, ExpectationRaised):
            yield WouldFollow(
                role=raised.role,
                role_in_words=policy.label(raised.role),
                organisation=raised.organisation,
                by=raised.due_at,
                because=raised.why.because,
                authority=raised.why.authority,
            )
