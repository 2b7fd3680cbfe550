"""Puts one event to the core and keeps the whole answer: what follows, and which rules stay silent.

There is no second reading of the rules: the event goes through the checks of the door, identity
and `decide`, as on the day, and the rules themselves say why they said nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from hub.core.deadlines import LOCAL
from hub.core.faults import HubFault, SenderFault
from hub.core.model import Event, Input
from hub.core.outcomes import Decision
from hub.core.policy import Policy
from hub.core.silences import Silent
from hub.demo.rig import CoreRig
from hub.demo.rows import Then
from hub.demo.scenario import Scenario, instant, load_scenario
from hub.edges.directory import Directory
from hub.edges.doors import event_from_json
from hub.edges.hl7v2 import events_from
from hub.edges.hl7v2_profile import load_profile
from hub.edges.intake import check_event
from hub.edges.schemas import Schemas
from hub.governance.faults import CannotAnswerError


@dataclass(frozen=True)
class Answer:
    """What the core said to one event."""

    event: Event
    known: bool
    """Whether the hub knew of the pregnancy before."""
    decision: Decision
    silences: tuple[Silent, ...]


class AskingRig(CoreRig):
    """The rig of every scenario, which keeps the last decision about each event."""

    def __init__(
        self, policy: Policy, schemas: Schemas, directory: Directory, scenario: Scenario | None
    ):
        """Set the stage: the directory that is given, or that of the scenario."""
        super().__init__(scenario or nothing(), policy, schemas)
        if scenario is None:
            self.directory = directory
        self.answers: dict[str, Decision] = {}

    def decide(self, given: Input) -> Decision:
        """Decide as ever, and keep the answer."""
        decision = super().decide(given)
        self.answers[given.input_id] = decision
        return decision

    def give_until(self, at: datetime) -> None:
        """Play what the scenario gives up to a time, and let the time come."""
        for number, given in enumerate(self.scenario.given, 1):
            if instant(given.at) < at:
                self.wake_until(instant(given.at))
                self.give(given, number)
        self.wake_until(at)

    def ask(self, event: Event, at: datetime) -> Answer:
        """Put an event to the core.  Raises CannotAnswerError where a door would refuse it."""
        try:
            check_event(event, self.directory, at)
            before = {identity: episode.seq for identity, episode in self.episodes.items()}
            found: list[Silent] = []
            self.silences = found
            self.event(event, at)
            self.silences = None
        except SenderFault as fault:
            raise CannotAnswerError(
                f"this event would go into quarantine ({fault.reason.value}): "
                f"{fault.field}: {fault.message}; {fault.remedy}"
            ) from None
        except HubFault as fault:
            raise CannotAnswerError(f"{fault}; run `hub check`") from None
        decision = self.answers[event.id]
        return Answer(event, decision.episode.episode_id in before, decision, tuple(found))


def nothing() -> Scenario:
    """A scenario in which nothing is given."""
    return Scenario(
        id="",
        title="",
        story="",
        people={},
        directory={},
        given=(),
        then=Then(until="", outcomes=()),
    )


def time_from(text: str) -> datetime:
    """An instant: ISO with an offset, or local time.  Raises CannotAnswerError for another form."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        words = f"--at {text!r} is no time; write it as '2026-03-24 17:00' (London)"
        raise CannotAnswerError(words) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=LOCAL)


def events_in(file: Path, at: datetime, schemas: Schemas) -> list[Event]:
    """The events of a file: JSON as for HTTPS, or HL7 as for MLLP.

    Raises CannotAnswerError for a file that is not there, or that a door would refuse.
    """
    try:
        sent = file.read_bytes()
    except OSError as error:
        words = f"{file} cannot be read: {error.strerror}; name a file that holds one event"
        raise CannotAnswerError(words) from None
    try:
        if file.suffix.lower() == ".hl7":
            message = sent.replace(b"\r\n", b"\r").replace(b"\n", b"\r").strip(b"\r") + b"\r"
            return list(events_from(message, load_profile(), at).events)
        return [event_from_json(sent, at, schemas)]
    except SenderFault as fault:
        words = f"{file}: {fault.field}: {fault.message}; {fault.remedy}"
        raise CannotAnswerError(words) from None


def history_in(files: Iterable[Path]) -> tuple[Scenario | None, list[Path]]:
    """What `--after` names: at most one scenario, and files of earlier events."""
    scenario: Scenario | None = None
    earlier: list[Path] = []
    for file in files:
        if file.suffix != ".toml":
            earlier.append(file)
        elif scenario is not None:
            raise CannotAnswerError("--after may name one scenario; leave the other out")
        else:
            try:
                scenario = load_scenario(file)
            except (OSError, ValueError, msgspec.MsgspecError) as error:
                raise CannotAnswerError(f"{file} is no scenario: {error}") from None
    return scenario, earlier


def ask(
    file: Path,
    at: datetime,
    after: Iterable[Path],
    *,
    policy: Policy,
    schemas: Schemas,
    directory: Directory,
) -> list[Answer]:
    """What the core says to the events of a file, after what was given before."""
    scenario, earlier = history_in(after)
    rig = AskingRig(policy, schemas, directory, scenario)
    rig.give_until(at)
    for each in earlier:
        for event in events_in(each, at, schemas):
            rig.wake_until(min(event.occurred_at, at))
            rig.ask(event, min(event.occurred_at, at))
    rig.wake_until(at)
    return [rig.ask(event, at) for event in events_in(file, at, schemas)]
