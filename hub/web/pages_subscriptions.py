"""Subscriptions for operators: ask, approve, test, pause, rotate the secret, revoke."""

import base64
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
from hub.edges.channels.trial import TRIED, trial
from hub.policy.rule_events import events_of_rules
from hub.store import agreement_reads, agreements
from hub.store.dry_runs import dry_run
from hub.store.sealing import SealedOtherwiseError
from hub.web.audit import Shown, record_access
from hub.web.auth import Viewer
from hub.web.desk import AtDesk, Desk, Refusal, SignedForm, SignedIn, real_time
from hub.web.filters import EXAMPLES, filter_in, filter_words
from hub.web.pages_deliveries import check_operates
from hub.web.words import role_labels

router = APIRouter(include_in_schema=False)

MONTH: Final = timedelta(days=30)
"""What a dry run looks back over."""

SECRET_BYTES: Final = 24

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
    return desk.page(
        "subscriptions.jinja",
        viewer,
        lines=await desk.read(agreements.agreements),
        expiring={
            each.agreement_id for each in await desk.read(agreement_reads.expiring, real_time())
        },
        channels=TRIED,
        levels=tuple(PayloadLevel),
        bases=tuple(LawfulBasis),
        events=sorted(set(events_of_rules(desk.settings.policy_dir).values())),
        longest=agreements.LONGEST_DAYS,
        examples=EXAMPLES,
        filter_words=filter_words,
        why_unread=agreement_reads.why_unread,
    )


@router.post("/subscriptions")
async def request(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Ask for a subscription; nothing goes over it before another has approved it."""
    check_operates(viewer)
    wanted = wanted_of(desk, viewer, fields)
    await desk.write(agreements.request, wanted)
    return RedirectResponse(f"/subscriptions/{wanted.agreement_id}", status_code=303)


def wanted_of(desk: Desk, viewer: Viewer, fields: Mapping[str, str]) -> agreements.Wanted:
    """What a form asks for.  Raises Refusal with the first thing that is wrong."""
    said = {name: text.strip()[:500] for name, text in fields.items()}
    events = tuple(dict.fromkeys(said.get("events", "").replace(",", " ").split()))
    known = set(events_of_rules(desk.settings.policy_dir).values())
    days = said.get("days", "")
    faults = {
        "The recipient is not in the directory": not desk.directory.knows(
            said.get("organisation", "")
        ),
        "There is no such role": said.get("role", "*") not in {"*", *role_labels()},
        "There is no such channel": said.get("channel", "") not in TRIED,
        "There is no such level": said.get("level", "") not in set(PayloadLevel),
        "There is no such lawful basis": said.get("basis", "") not in set(LawfulBasis),
        "There is no such event type": not known.issuperset(events),
        "A webhook needs an https address": said.get("channel") == "webhook"
        and not said.get("address", "").startswith(("https://", "http://127.0.0.1")),
        f"It lasts for 1 to {agreements.LONGEST_DAYS} days": not days.isdecimal()
        or not 1 <= int(days) <= agreements.LONGEST_DAYS,
    }
    if found := next((words for words, wrong in faults.items() if wrong), None):
        raise Refusal(422, found, "Go back, correct it and ask again.")
    kept_filter = filter_in(desk, fields.get("filter", ""))
    agreement_id = f"sub-{secrets.token_hex(6)}"
    return agreements.Wanted(
        agreement_id=agreement_id,
        organisation=said["organisation"],
        role=said.get("role", "*"),
        channel=said["channel"],
        address=said.get("address", ""),
        level=said["level"],
        events=events,
        filter=kept_filter,
        basis=said["basis"],
        secret=desk.vault.seal(agreement_id, new_secret()),
        expires_at=real_time() + timedelta(days=int(days)),
        requested_by=viewer.person_id,
        requested_at=real_time(),
    )


def new_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


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
        changes=await desk.read(agreements.changes, agreement_id),
        filter_words=filter_words,
        run=await desk.read(dry_run, found, since, events),
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
        if shown and found.channel == "webhook"
        else {}
    )
    then = await _move(desk, viewer, agreement_id, signal, more)
    if isinstance(then, NotMoved):
        words = NOT_MOVED_WORDS[then]
        return await _one_page(desk, viewer, agreement_id, 409, refused=words)
    if more:
        return await _one_page(desk, viewer, agreement_id, secret=fresh)
    return RedirectResponse(f"/subscriptions/{agreement_id}", status_code=303)


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
    result = await trial(desk.settings, endpoint, secrets.token_hex(6), real_time())
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
