"""Facts about the diary: what was arranged for somebody who has died or was lost (G49)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.living import has_living
from hub.core.facts.register import Recipient, fact, moment, of_type
from hub.core.kinds import RECIPIENTS, TEXT, TRUTH

FOR_THE_BABY = frozenset(("NBV", "HV_antenatal", "HV_6_8", "GP_baby", "weigh_in"))
"""Kinds of contact that are for a baby, also where the diary does not say for which."""
FOR_THE_MOTHER = frozenset(
    ("antenatal", "booking", "HV_antenatal", "GP_mother", "PMH", "extra_postnatal")
)
"""Kinds of contact that are for the mother alone; what sees both is for a baby who lives."""


def _still_to_come(draft: Draft, at: datetime) -> Iterator[tuple[Remembered, dict[str, Any]]]:
    """What stood in the diary at a time and was still to come: not kept, missed or cancelled."""
    over = {unpack_body(r).get("contact_id") for r in of_type(draft, "contact.missed")}
    over |= {unpack_body(r).get("contact_id") for r in of_type(draft, "contact.completed")}
    for made in of_type(draft, "contact.scheduled"):
        body = unpack_body(made)
        past = made.occurred_at > at or body["contact_at"] < at
        if not past and body.get("contact_id") not in over:
            yield made, body


def _keeper(draft: Draft, made: Remembered, body: dict[str, Any]) -> Recipient:
    """Who keeps an appointment: the role that it names, at the organisation that told of it."""
    named = str(body.get("owner"))
    role = named if named in draft.policy.roles else made.actor_role or "COMM_MIDWIFE"
    return Recipient(role, made.organisation, part=made.organisation)


def _is_for(draft: Draft, body: dict[str, Any], baby: str | None) -> bool:
    """Whether an appointment was for a baby, or with none for the mother alone."""
    if baby is None:
        return not body.get("baby_id") and body.get("kind") in FOR_THE_MOTHER
    if body.get("baby_id"):
        return bool(body["baby_id"] == baby)
    return body.get("kind") in FOR_THE_BABY and not has_living(draft)


@fact(RECIPIENTS)
def with_open_appointments(c: Context) -> tuple[Recipient, ...]:
    """Whoever had an appointment in the diary that was still to come, each once (P12).

    One that was made after the loss was made knowing of it.
    """
    found = _still_to_come(c.episode, moment(c))
    return tuple(dict.fromkeys(_keeper(c.episode, made, body) for made, body in found))


@fact(TRUTH)
def diary_cleared(c: Context) -> bool:
    """Whether nothing that was to come is left in the diary of whoever owes the duty (G49)."""
    left = {(r.role, r.organisation) for r in with_open_appointments(c)}
    return (c.duty.role, c.duty.organisation) not in left


@fact(RECIPIENTS, baby=TEXT)
def with_appointments_of(c: Context, baby: str | None) -> tuple[Recipient, ...]:
    """Whoever had an appointment still to come for a baby, or with none for the mother (G49)."""
    found = _still_to_come(c.episode, moment(c))
    keepers = (_keeper(c.episode, m, body) for m, body in found if _is_for(c.episode, body, baby))
    return tuple(dict.fromkeys(keepers))


@fact(TRUTH, baby=TEXT)
def cleared_of(c: Context, baby: str | None) -> bool:
    """Whether whoever owes the duty has nothing left in the diary for a baby, or for the mother."""
    left = {(r.role, r.organisation) for r in with_appointments_of(c, baby)}
    return (c.duty.role, c.duty.organisation) not in left


@fact(RECIPIENTS)
def appointment_keeper(c: Context) -> tuple[Recipient, ...]:
    """Whoever keeps the appointment that the event arranges, while it is still to come (G49)."""
    now = max(moment(c), c.episode.at)
    keepers = (
        _keeper(c.episode, made, body)
        for made, body in _still_to_come(c.episode, now)
        if c.event is not None and made.id == c.event.id
    )
    return tuple(keepers)


@fact(TRUTH)
def for_baby_lost(c: Context) -> bool:
    """Whether an appointment is for a baby known to have died, or for none that lives (G49).

    What was arranged before a death may be heard of only after it.
    """
    baby, draft = c.body.get("baby_id"), c.episode
    if baby:
        return any(b.baby_id == baby and b.ended_at for b in draft.babies)
    before = draft.ended_at is not None and moment(c) < draft.ended_at
    return before or (c.body.get("kind") in FOR_THE_BABY and not has_living(draft))
