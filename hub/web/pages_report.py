"""Reporting without a system: choose what happened, answer in plain English, check, send.

Nothing is sent before its answers were read again.  Until then they are a draft of the writer's,
which she may leave and come back to for a week.
"""

import secrets
from collections.abc import Mapping
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.core.faults import SenderFault
from hub.core.model import Event
from hub.web import drafts, forms
from hub.web.api import coverage_for
from hub.web.api_events import take
from hub.web.auth import Viewer
from hub.web.desk import AtDesk, Desk, Refusal, SignedForm, SignedIn
from hub.web.drafts import Draft
from hub.web.forms import Form, Reporter
from hub.web.pages_upload import actor_of, check_reports
from hub.web.problem import Problem

router = APIRouter(include_in_schema=False)


@router.get("/report")
async def choose_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """What may be reported here, and what the viewer has begun."""
    check_reports(viewer)
    return await _choose(desk, viewer, note=request.query_params.get("note", ""))


async def _choose(desk: Desk, viewer: Viewer, *, note: str = "", fault: str = "") -> Response:
    begun = await desk.read(
        drafts.of_person, viewer.person_id, viewer.organisation, desk.clock.now()
    )
    return desk.page(
        "report.jinja",
        viewer,
        422 if fault else 200,
        forms=forms.forms_of(desk.schemas),
        begun=begun,
        note=note,
        fault=fault,
        kept_days=drafts.KEPT_DAYS,
    )


@router.post("/report")
async def begin(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Begin a draft of what was chosen."""
    check_reports(viewer)
    form = forms.forms_of(desk.schemas).get(fields.get("event", ""))
    if form is None:
        return await _choose(desk, viewer, fault="Select what happened")
    now = desk.clock.now()
    draft = Draft(
        draft_id=secrets.token_urlsafe(16),
        person_id=viewer.person_id,
        organisation=viewer.organisation,
        event_type=form.event_type,
        answers={},
        begun_at=now,
        saved_at=now,
        expires_at=now,
    )
    await desk.write(drafts.save, draft, now)
    return _to(draft)


def _to(draft: Draft, step: str = "") -> Response:
    return RedirectResponse(f"/report/d/{draft.draft_id}{step}", status_code=303)


async def _draft(desk: Desk, viewer: Viewer, draft_id: str) -> tuple[Draft, Form]:
    """The viewer's own draft and its form.  Raises Refusal."""
    check_reports(viewer)
    found = await desk.read(
        drafts.find, draft_id, viewer.person_id, viewer.organisation, desk.clock.now()
    )
    form = forms.forms_of(desk.schemas).get(found.event_type) if found else None
    if found is None or form is None:
        raise Refusal(
            404,
            "There is no such draft",
            f"It was sent, discarded, or not saved for {drafts.KEPT_DAYS} days. "
            "Begin again from 'Report'.",
        )
    return found, form


@router.get("/report/d/{draft_id}")
async def form_page(draft_id: str, desk: AtDesk, viewer: SignedIn) -> Response:
    """The questions, with what was answered so far."""
    draft, form = await _draft(desk, viewer, draft_id)
    return _form_page(desk, viewer, draft, form, draft.answers, {})


def _form_page(
    desk: Desk,
    viewer: Viewer,
    draft: Draft,
    form: Form,
    answers: Mapping[str, str],
    errors: forms.type_of_errors,
) -> Response:
    return desk.page(
        "report_form.jinja",
        viewer,
        422 if errors else 200,
        draft=draft,
        form=form,
        answers=answers,
        errors=errors,
        problems=[(each, errors[each.path]) for each in form.asked if each.path in errors],
    )


@router.post("/report/d/{draft_id}")
async def save(draft_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Keep the answers; then go on to check them, or leave them for later."""
    draft, form = await _draft(desk, viewer, draft_id)
    answers = form.kept(fields)
    now = desk.clock.now()
    kept = Draft(**{**{n: getattr(draft, n) for n in draft.__struct_fields__}, "answers": answers})
    await desk.write(drafts.save, kept, now)
    if fields.get("go") == "later":
        return RedirectResponse("/report?note=saved", status_code=303)
    errors = forms.errors_in(form, answers)
    if not errors:
        try:
            _event(desk, viewer, kept, form)
        except SenderFault as fault:
            errors = forms.error_of(form, fault)
    if errors:
        return _form_page(desk, viewer, kept, form, answers, errors)
    return _to(draft, "/check")


def _event(desk: Desk, viewer: Viewer, draft: Draft, form: Form) -> Event:
    """The event that a draft says.  Raises SenderFault."""
    reporter = Reporter(
        draft_id=draft.draft_id, actor=actor_of(viewer), organisation=viewer.organisation
    )
    return forms.event_of(
        form,
        draft.answers,
        reporter,
        schemas=desk.schemas,
        directory=desk.directory,
        now=desk.clock.now(),
    )


@router.get("/report/d/{draft_id}/check")
async def check_page(draft_id: str, desk: AtDesk, viewer: SignedIn) -> Response:
    """Every answer once more, each with the way back to its question."""
    draft, form = await _draft(desk, viewer, draft_id)
    if forms.errors_in(form, draft.answers):
        return _to(draft)
    return desk.page("report_check.jinja", viewer, draft=draft, form=form)


@router.post("/report/d/{draft_id}/send")
async def send(draft_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Publish what was checked; the draft goes when Kafka has confirmed, and not before."""
    del fields
    draft, form = await _draft(desk, viewer, draft_id)
    errors = forms.errors_in(form, draft.answers)
    try:
        if errors:
            return _form_page(desk, viewer, draft, form, draft.answers, errors)
        event = _event(desk, viewer, draft, form)
        await take(desk, event, desk.clock.now())
    except SenderFault as fault:
        wrong = forms.error_of(form, fault)
        return _form_page(desk, viewer, draft, form, draft.answers, wrong)
    await desk.write(drafts.discard, draft.draft_id, viewer.person_id)
    return RedirectResponse(f"/report/told?sent=1&id={quote(event.id, safe='')}", status_code=303)


@router.post("/report/d/{draft_id}/discard")
async def discard(draft_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Forget a draft."""
    del fields
    draft, _ = await _draft(desk, viewer, draft_id)
    await desk.write(drafts.discard, draft.draft_id, viewer.person_id)
    return RedirectResponse("/report?note=discarded", status_code=303)


@router.get("/report/told")
async def told_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Who has been told of an event of the viewer's organisation."""
    check_reports(viewer)
    event_id = request.query_params.get("id", "")[:200]
    try:
        said = await coverage_for(desk, event_id, viewer.organisation, viewer)
    except Problem:
        said = None
    return desk.page(
        "report_told.jinja",
        viewer,
        said=said,
        event_id=event_id,
        sent=request.query_params.get("sent") == "1",
    )
