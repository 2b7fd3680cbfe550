"""Quarantine, continued: an original goes back to its sender, and what becomes of it there."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from hub.store import returns
from hub.store.quarantine import QuarantineState
from hub.store.returns import BY_A_PERSON, Ended
from hub.web import returning
from hub.web.desk import AtDesk, Refusal, SignedForm, SignedIn
from hub.web.pages_quarantine import check_sees, unknown

router = APIRouter(include_in_schema=False)


@router.post("/quarantine/{quarantine_id}/return")
async def give_back(
    quarantine_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm
) -> Response:
    """Give an original back, with a reason of the list and a sentence without identities."""
    check_sees(viewer)
    reason, sentence = fields.get("reason", ""), fields.get("sentence", "")
    try:
        await returning.give_back(desk, quarantine_id, reason, sentence, viewer.person_id)
    except LookupError as missing:
        raise unknown() from missing
    return RedirectResponse(f"/quarantine/{quarantine_id}", status_code=303)


@router.post("/quarantine/{quarantine_id}/end")
async def end(quarantine_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Say that the sender has it, as its contact confirmed; or give it up, with a reason."""
    check_sees(viewer)
    how = fields.get("how", "")
    if how not in set(BY_A_PERSON):
        raise Refusal(422, "There is no such reason", "Choose one of the list.")
    line = await desk.read(returns.return_of, quarantine_id)
    if line is None or line.state != QuarantineState.RETURNED:
        raise Refusal(409, "It is not on its way back any more", "Open the list of quarantine.")
    await returning.end(desk, line, Ended(how), viewer.person_id)
    return RedirectResponse(f"/quarantine/{quarantine_id}", status_code=303)
