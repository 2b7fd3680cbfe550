"""Subscriptions for operators: ask, approve, test, pause, rotate the secret, revoke."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from hub.core.subscribing import (
    MOVES,
    LawfulBasis,
    NotMoved,
    PayloadLevel,
    SubscriptionSignal,
)
from hub.edges.access import Ground, What
from hub.edges.channels.base import Failed
from hub.edges.channels.kafka_place import KAFKA, Places, commands, rules_to_take
from hub.edges.channels.made import channels_of, mailbox_of
from hub.edges.channels.trial import NEEDS, trial
from hub.policy.rule_events import events_of_rules
from hub.store import agreement_reads, agreements
from hub.store.dry_runs import dry_run
from hub.store.sealing import SealedOtherwiseError
from hub.web.asking import PAYLOADS, new_secret, wanted_of, what_of
from hub.web.audit import Shown, record_access
from hub.web.auth import Viewer
from hub.web.desk import AtDesk, Desk, Refusal, SignedForm, SignedIn, real_time
from hub.web.filters import EXAMPLES, filter_words
from hub.web.pages_deliveries import check_operates

router = APIRouter(include_in_schema=False)

MONTH: Final = timedelta(days=30)
"""What a dry run looks back over."""

SIGNED: Final = ("webhook", "fhir")
"""Channels whose posts are signed, so that the recipient must be given a secret."""

BUTTONS: Final[Mapping[SubscriptionSignal, str]] = {
    SubscriptionSignal.APPROVE: "Approve",
    SubscriptionSignal.REFUSE: "Refuse",
    SubscriptionSignal.TESTED: "Send a test notice",
    SubscriptionSignal.PAUSE: "Pause",
    SubscriptionSignal.RESUME: "Resume",
    SubscriptionSignal.ROTATE: "Make a new secret",
    SubscriptionSignal.REVOKE: "Revoke",
}

NOT_MOVED_WORDS: Final[Mapping[NotMoved, str]] = {
    NotMoved.NOT_FROM_HERE: "That is not possible as the subscription stands now.",
    NotMoved.SAME_PERSON: "Somebody else than who asked for it must approve it.",
}

BLIND: Final = "Nobody can approve a filter that this version cannot read: ask for another."


@router.get("/subscriptions")
async def list_page(desk: AtDesk, viewer: SignedIn) -> Response:
    """Every subscription, and a form to ask for one."""
    check_operates(viewer)
    return await _list_page(desk, viewer, {})


async def _list_page(desk: Desk, viewer: Viewer, said: Mapping[str, str], **more: Any) -> Response:
    """The list, and the form with what somebody has said so far."""
    return desk.page(
        "subscriptions.jinja",
        viewer,
        said=said,
        lines=await desk.read(agreements.agreements),
        expiring={
            each.agreement_id for each in await desk.read(agreement_reads.expiring, real_time())
        },
        channels=tuple(NEEDS),
        payloads=PAYLOADS,
        levels=tuple(PayloadLevel),
        bases=tuple(LawfulBasis),
        events=sorted(set(events_of_rules(desk.settings.policy_dir).values())),
        longest=agreements.LONGEST_DAYS,
        examples=EXAMPLES,
        filter_words=filter_words,
        why_unread=agreement_reads.why_unread,
        **more,
    )


@router.post("/subscriptions/foreseen")
async def foresee(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """What one would have had, before anybody asks for it; nothing is kept of the question."""
    check_operates(viewer)
    what = what_of(desk, fields)
    await _write_down(desk, viewer, f"foreseen:{what.organisation}")
    since: datetime = desk.clock.now() - MONTH
    events = events_of_rules(desk.settings.policy_dir)
    run = await desk.read(dry_run, what, since, events, desk.directory)
    words = filter_words(what.filter)
    return await _list_page(desk, viewer, fields, run=run, since=since, run_words=words)


@router.post("/subscriptions")
async def request(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Ask for a subscription; nothing goes over it before another has approved it."""
    check_operates(viewer)
    wanted = wanted_of(desk, viewer, fields)
    await desk.write(agreements.request, wanted)
    return RedirectResponse(f"/subscriptions/{wanted.agreement_id}", status_code=303)


@router.get("/subscriptions/{agreement_id}")
async def one_page(agreement_id: str, desk: AtDesk, viewer: SignedIn) -> Response:
    """One: who, what, why, until when; what it would have had; and what happened to it."""
    check_operates(viewer)
    return await _one_page(desk, viewer, agreement_id)


async def _one_page(
    desk: Desk, viewer: Viewer, agreement_id: str, status: int = 200, **more: Any
) -> Response:
    found = await _found(desk, agreement_id)
    await _write_down(desk, viewer, agreement_id)
    since: datetime = desk.clock.now() - MONTH
    events = events_of_rules(desk.settings.policy_dir)
    own = viewer.person_id == found.requested_by
    unread = agreement_reads.why_unread(found.filter)
    blind = own or unread is not None
    buttons = {
        signal: words
        for signal, words in BUTTONS.items()
        if (found.state, signal) in MOVES and not (blind and signal is SubscriptionSignal.APPROVE)
    }
    return desk.page(
        "subscription.jinja",
        viewer,
        status=status,
        it=found,
        buttons=buttons,
        own=own,
        unread=unread,
        by_hand=await _by_hand(desk, found),
        changes=await desk.read(agreements.changes, agreement_id),
        filter_words=filter_words,
        run=await desk.read(dry_run, found, since, events, desk.directory),
        since=since,
        **more,
    )


async def _found(desk: Desk, agreement_id: str) -> agreements.Agreement:
    try:
        return await desk.read(agreements.agreement, agreement_id)
    except agreements.UnknownSubscriptionError as unknown:
        raise Refusal(404, "There is no such subscription", "Open the list.") from unknown


@router.post("/subscriptions/{agreement_id}")
async def move(agreement_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Move one on; a new secret is shown once, and a test shows what was answered."""
    check_operates(viewer)
    asked = fields.get("signal", "")
    if asked not in set(BUTTONS):
        raise Refusal(422, "There is no such step", "Open the subscription and try again.")
    signal = SubscriptionSignal(asked)
    if signal is SubscriptionSignal.TESTED:
        return await _test(desk, viewer, agreement_id)
    found = await _found(desk, agreement_id)
    if signal is SubscriptionSignal.APPROVE and agreement_reads.why_unread(found.filter):
        return await _one_page(desk, viewer, agreement_id, 409, refused=BLIND)
    fresh = new_secret()
    shown = signal in (SubscriptionSignal.ROTATE, SubscriptionSignal.APPROVE)
    more = (
        {"secret": desk.vault.seal(agreement_id, fresh)}
        if shown and found.channel in SIGNED
        else {}
    )
    then = await _move(desk, viewer, agreement_id, signal, more)
    if isinstance(then, NotMoved):
        words = NOT_MOVED_WORDS[then]
        return await _one_page(desk, viewer, agreement_id, 409, refused=words)
    if found.channel == KAFKA:
        await places_of(desk).keep()
    if more:
        return await _one_page(desk, viewer, agreement_id, secret=fresh)
    return RedirectResponse(f"/subscriptions/{agreement_id}", status_code=303)


@router.post("/subscriptions/{agreement_id}/brokers")
async def try_brokers(
    agreement_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm
) -> Response:
    """Try on the brokers again what could not be done there."""
    del fields
    check_operates(viewer)
    await _found(desk, agreement_id)
    await places_of(desk).keep()
    return RedirectResponse(f"/subscriptions/{agreement_id}", status_code=303)


def places_of(desk: Desk) -> Places:
    """Subscriptions on the brokers, served at once and not only at the next look of a role."""
    return Places(desk.engine, desk.settings, desk.directory, real_time)


async def _by_hand(desk: Desk, found: agreements.Agreement) -> list[str]:
    """What a person is to run on the brokers for it."""
    if found.channel != KAFKA:
        return []
    every = await desk.read(agreements.agreements)
    taken = rules_to_take(found, every, desk.directory)
    return commands(desk.settings, found, taken)


async def _move(
    desk: Desk, viewer: Viewer, agreement_id: str, signal: SubscriptionSignal, more: dict[str, Any]
) -> Any:
    now = real_time()
    return await desk.write(agreements.move, agreement_id, signal, viewer.person_id, now, more)


async def _test(desk: Desk, viewer: Viewer, agreement_id: str) -> Response:
    """Send a test notice; the subscription carries notices once one has got through."""
    found = await _found(desk, agreement_id)
    if (found.state, SubscriptionSignal.TESTED) not in MOVES:
        words = NOT_MOVED_WORDS[NotMoved.NOT_FROM_HERE]
        return await _one_page(desk, viewer, agreement_id, 409, refused=words)
    kept = await desk.read(agreement_reads.endpoint_of, agreement_id, {})
    try:
        endpoint = desk.vault.opened(kept)
    except SealedOtherwiseError as sealed:
        return await _one_page(desk, viewer, agreement_id, 409, refused=f"{sealed}.")
    mailbox = mailbox_of(desk.settings) if endpoint.channel == "mesh" else None
    channels = channels_of(desk.settings, desk.engine, mailbox, real_time)
    result = await trial(channels, endpoint, secrets.token_hex(6), real_time())
    http = f", HTTP {result.http_status}" if result.http_status else ""
    if isinstance(result, Failed):
        said = f"{result.reason.value}{http}"
        return await _one_page(desk, viewer, agreement_id, 502, tested=said, through=False)
    said = f"{result.signal.value}{http}"
    signal = SubscriptionSignal.TESTED
    await _move(desk, viewer, agreement_id, signal, {"tested_with": said})
    return await _one_page(desk, viewer, agreement_id, tested=said, through=True)


async def _write_down(desk: Desk, viewer: Viewer, agreement_id: str) -> None:
    shown = Shown(
        what=What.SUBSCRIPTION, subject_id=agreement_id, episode_id=None, ground=Ground.OPERATOR
    )
    await record_access(desk, viewer, shown)
