"""Standing answers of a scenario: who answers which notices without being told each time."""

import heapq
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from hub.core.episode import Episode
from hub.core.holding import TEAM_OF
from hub.core.lifecycle import ENDED
from hub.core.model import Level, Receipt, Signal
from hub.core.outcomes import NoticeIssued
from hub.demo.scenario import NOBODY, Answer, Given

_SPAN = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")


def span(written: str) -> timedelta:
    """Elapsed time such as `30m`, `2h`, `1d 4h`.  Raises ValueError for anything else."""
    found = _SPAN.fullmatch(written.strip())
    if found is None or not any(found.groups()):
        raise ValueError(f"'after' is a span such as '30m', '2h' or '1d', not {written!r}")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def fits_rule(pattern: str | None, rule: str) -> bool:
    """Whether a rule is meant: by its name, its policy (`P02`), or a pattern (`EL-*`)."""
    return pattern is None or fnmatchcase(rule, pattern) or rule.startswith(f"{pattern}.")


def _fits_role(pattern: str, role: str) -> bool:
    """Whether whoever answers for a role has this notice: a team has those of whom it has named,
    and stands for her until it has named her.
    """
    return fnmatchcase(role, pattern) or pattern in (TEAM_OF.get(role), _named_of(role))


def _named_of(team: str) -> str | None:
    return next((named for named, other in TEAM_OF.items() if other == team), None)


class Answers:
    """What is still to be answered, and when."""

    def __init__(self, standing: Iterable[Answer]):
        """Take the answers in the order of the file: the first that fits a notice is its answer."""
        self._standing = tuple(standing)
        self._due: list[tuple[datetime, str, Signal, str | None]] = []
        self._seen: set[str] = set()

    def __bool__(self) -> bool:
        """Whether anybody answers at all."""
        return bool(self._standing)

    def note(self, notice_id: str, rule: str, role: str, organisation: str, at: datetime) -> None:
        """A notice went out."""
        if notice_id in self._seen:
            return
        self._seen.add(notice_id)
        for answer in self._standing:
            if (
                fits_rule(answer.rule, rule)
                and (answer.role is None or _fits_role(answer.role, role))
                and answer.organisation in (None, organisation)
            ):
                if answer.receipt != NOBODY:
                    signal = Signal(answer.receipt)
                    when = at + span(answer.after)
                    person = answer.person or f"{organisation.lower()}-somebody"
                    heapq.heappush(self._due, (when, notice_id, signal, person))
                return

    def next_at(self) -> datetime | None:
        """When the next answer comes."""
        return self._due[0][0] if self._due else None

    def take(self) -> tuple[datetime, str, Signal, str | None]:
        """The next answer: when, to which notice, what, and who gives it."""
        return heapq.heappop(self._due)


def find_notices(
    notices: Iterable[tuple[str, NoticeIssued]], given: Given, subjects: dict[str, str]
) -> list[tuple[str, NoticeIssued]]:
    """The notices that a given receipt may speak of, the latest of each duty, the newest first.

    Raises LookupError with what it asked and what there has been.
    """
    found: dict[str, tuple[str, NoticeIssued]] = {}
    for episode_id, notice in reversed(list(notices)):
        if (
            fits_rule(given.rule, notice.why.rule)
            and (given.role is None or _fits_role(given.role, notice.role))
            and (given.organisation is None or notice.organisation == given.organisation)
            and (given.about is None or subjects[notice.obligation_id] == given.about)
        ):
            found.setdefault(notice.obligation_id, (episode_id, notice))
    if not found:
        raise LookupError(_nothing_fits([notice for _, notice in notices], given))
    return list(found.values())


def _nothing_fits(notices: list[NoticeIssued], given: Given) -> str:
    """What was asked and what there has been; escalations only where one was asked for."""
    rungs = (given.rule or "").startswith("EL-")
    known = sorted(
        {
            f"{n.why.rule} to {n.role} at {n.organisation}"
            for n in notices
            if rungs or not n.why.rule.startswith("EL-")
        }
    )
    role, place = given.role or "any role", given.organisation or "any organisation"
    return (
        f"at {given.at} no notice of {given.rule or 'any rule'} for {role} at {place}; "
        f"there have been: {', '.join(known) or 'none'}"
    )


def several(
    given: Given, found: Iterable[tuple[str, NoticeIssued]], episodes: Mapping[str, Episode]
) -> list[str]:
    """What to say where a receipt might speak of more than one open duty: its author meant one."""
    still = [
        notice
        for episode_id, notice in found
        for duty in episodes[episode_id].obligations
        if duty.obligation_id == notice.obligation_id
        and duty.level < Level.ACCEPTED
        and duty.state not in ENDED
    ]
    if len(still) < 2:
        return []
    one = f"{still[0].why.rule} to {still[0].role} at {still[0].organisation}"
    words = f"fits {len(still)} open notices and was taken for the latest, {one}"
    return [f"{given.line}: this receipt {words}; say more (rule, role, organisation, about)"]


def receipt_of(notice: NoticeIssued, given: Given, at: datetime) -> Receipt:
    """What somebody did with a notice, as a given row tells it."""
    unnamed = given.role == _named_of(notice.role)  # The team stands for her until she is named.
    return Receipt(
        notice_id=notice.notice_id,
        signal=given.receipt or Signal.SENT,
        organisation=given.by or given.organisation or notice.organisation,
        role=given.acting_as or (None if unnamed else given.role) or notice.role,
        person=given.person,
        at=at,
        channel=given.channel or "worklist",
    )


def carried(notice: NoticeIssued, channel: str, at: datetime) -> Receipt:
    """What its channel proves of a notice: a webhook that it was delivered, others that it went."""
    return Receipt(
        notice_id=notice.notice_id,
        signal=Signal.DELIVERED if channel == "webhook" else Signal.SENT,
        organisation=notice.organisation,
        role=notice.role,
        at=at,
        channel=channel,
    )
