"""What one viewer may see of one family, arranged as lanes: the mother's and each baby's.

Who sees what: safeguarding roles see all of it.  A receiver sees the events that were published by
her organisation or told to one of her roles; who else was told of such an event, except that
safeguarding duties show only to those who have one from the same event; and the gaps that she
could do something about.  An operator sees that something came and when, but not what.  What is
left out leaves no trace, because an empty place is a message too.
"""

from datetime import datetime

from msgspec import Struct

from hub.core.episode import Baby
from hub.core.model import Purpose
from hub.store.read_lines import EpisodeTimeline, GapView, ObligationLine, TimelineEntry
from hub.web.auth import Viewer
from hub.web.gap_queries import may_see_gap
from hub.web.queries import Duty


class Happening(Struct, frozen=True, kw_only=True):
    """One entry of a lane: an event with those who were told, or a gap."""

    at: datetime
    title: str
    organisation: str = ""
    how: str = "new"
    told: tuple[ObligationLine, ...] = ()
    gap: GapView | None = None


class Lane(Struct, frozen=True, kw_only=True):
    """The mother, or one baby."""

    name: str
    born_at: datetime | None = None
    ended_at: datetime | None = None
    entries: tuple[Happening, ...] = ()


def lanes(timeline: EpisodeTimeline, duties: tuple[Duty, ...], viewer: Viewer) -> tuple[Lane, ...]:
    """The lanes of one family as this viewer may see them."""
    seen = _seen_duties(duties, viewer)
    by_event: dict[str, list[ObligationLine]] = {}
    subject_of: dict[str, str] = {}
    lines = {line.obligation_id: line for line in timeline.obligations}
    babies = {baby.baby_id for baby in timeline.episode.babies}
    for duty in duties:
        line = lines.get(duty.obligation_id)
        if line is None:
            continue
        if line.subject in babies:
            subject_of[duty.event_id] = line.subject
        if duty.obligation_id in seen:
            by_event.setdefault(duty.event_id, []).append(line)
    placed: list[tuple[str, Happening]] = [
        (subject_of.get(entry.ref, ""), _event(entry, by_event.get(entry.ref, []), viewer))
        for entry in timeline.entries
        if entry.kind == "event" and _sees_event(entry, by_event, viewer)
    ]
    placed += [
        (gap.subject if gap.subject in babies else "", _gap(gap))
        for gap in timeline.gaps
        if may_see_gap(viewer, gap.role, gap.organisation)
    ]
    placed.sort(key=lambda pair: pair[1].at)
    everyone = [("", "Mother", None), *_numbered(timeline.episode.babies)]
    return tuple(_lane(subject, name, baby, placed) for subject, name, baby in everyone)


def _numbered(babies: tuple[Baby, ...]) -> list[tuple[str, str, Baby | None]]:
    alone = len(babies) == 1
    return [
        (baby.baby_id, "Baby" if alone else f"Baby {number}", baby)
        for number, baby in enumerate(babies, start=1)
    ]


def _lane(subject: str, name: str, baby: Baby | None, placed: list[tuple[str, Happening]]) -> Lane:
    return Lane(
        name=name,
        born_at=baby.born_at if baby else None,
        ended_at=baby.ended_at if baby else None,
        entries=tuple(happening for where, happening in placed if where == subject),
    )


def _seen_duties(duties: tuple[Duty, ...], viewer: Viewer) -> frozenset[str]:
    """Obligations that the viewer may know of: her own, and those beside her own."""
    if viewer.safeguards:
        return frozenset(duty.obligation_id for duty in duties)
    told = {duty.event_id for duty in duties if duty.ours}
    guarded = {d.event_id for d in duties if d.ours and d.purpose == Purpose.SAFEGUARDING}
    return frozenset(
        duty.obligation_id
        for duty in duties
        if duty.ours
        or (duty.event_id in (guarded if duty.purpose == Purpose.SAFEGUARDING else told))
    )


def _sees_event(
    entry: TimelineEntry, by_event: dict[str, list[ObligationLine]], viewer: Viewer
) -> bool:
    if viewer.safeguards or viewer.operates:
        return True
    return entry.organisation == viewer.organisation or entry.ref in by_event


def _event(entry: TimelineEntry, told: list[ObligationLine], viewer: Viewer) -> Happening:
    sees_what = viewer.safeguards or bool(told) or entry.organisation == viewer.organisation
    return Happening(
        at=entry.at,
        title=entry.title if sees_what else "",
        organisation=entry.organisation or "",
        how=entry.detail or "new",
        told=tuple(sorted(told, key=lambda line: (line.role, line.organisation))),
    )


def _gap(gap: GapView) -> Happening:
    return Happening(at=gap.opened_at, title=gap.name, organisation=gap.organisation, gap=gap)
