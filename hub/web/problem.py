"""Errors as people and machines can both use them: `application/problem+json` (RFC 9457).

Every problem says what happened, which field, and what to do next.  It never repeats a value that
was sent, because values may identify somebody.
"""

from collections.abc import Mapping

from fastapi.responses import JSONResponse
from msgspec import Struct

from hub.core.faults import FaultReason, SenderFault

PROBLEM_TYPE = "application/problem+json"

STATUS_OF: dict[FaultReason, int] = {
    FaultReason.OVERSIZE: 413,
    FaultReason.NOT_YOUR_ORGANISATION: 403,
    FaultReason.DUPLICATE_CONFLICT: 409,
    FaultReason.UNKNOWN_NOTICE: 404,
}
"""Reasons whose HTTP status says more than 422, 'understood, but the content cannot be used'."""

TITLES: dict[FaultReason, str] = {
    FaultReason.UNPARSEABLE: "The content is not valid JSON",
    FaultReason.OVERSIZE: "The event is too large",
    FaultReason.UNKNOWN_SCHEMA: "The schema is not known here",
    FaultReason.SCHEMA_VIOLATION: "The event does not fit its schema",
    FaultReason.UNKNOWN_EVENT_TYPE: "The event type is not known",
    FaultReason.UNSUPPORTED_MESSAGE: "The message is of a kind that the hub does not take",
    FaultReason.MISSING_SEGMENT: "A part of the message is missing",
    FaultReason.MISSING_IDENTITY: "The event does not say who it is about",
    FaultReason.NHS_NUMBER_INVALID: "The NHS number fails its check digit",
    FaultReason.UNKNOWN_ORGANISATION: "The organisation is not in the directory",
    FaultReason.NOT_YOUR_ORGANISATION: "The event names another organisation as its source",
    FaultReason.DUE_DATE_OUT_OF_RANGE: "The due date is out of range",
    FaultReason.FROM_THE_FUTURE: "The event lies in the future",
    FaultReason.BEFORE_EPISODE: "The event lies before the episode",
    FaultReason.NO_EPISODE: "No episode fits the event",
    FaultReason.TWO_CANDIDATES: "Two people could be meant",
    FaultReason.UNKNOWN_TARGET: "The event it refers to is not known",
    FaultReason.UNKNOWN_NOTICE: "The notice is not known",
    FaultReason.DUPLICATE_CONFLICT: "This id was used before with different content",
    FaultReason.POLICY_ERROR: "A rule of the hub could not be applied",
}


class Problem(Exception):  # noqa: N818  the word of RFC 9457
    """An answer that is not the one hoped for.  Turned into a response by one handler.

    Operator action: none; the sender reads `remedy`.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        title: str,
        detail: str,
        *,
        field: str = "",
        remedy: str = "",
        quarantine_id: str | None = None,
        retry_after_seconds: int | None = None,
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(title)
        self.status = status
        self.reason = reason
        self.title = title
        self.detail = detail
        self.field = field
        self.remedy = remedy
        self.quarantine_id = quarantine_id
        self.retry_after_seconds = retry_after_seconds
        self.headers = headers or {}

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        document = ProblemDocument(
            type=f"urn:perinatal-hub:problem:{self.reason}",
            title=self.title,
            status=self.status,
            detail=self.detail,
            field=self.field or None,
            reason=self.reason,
            remedy=self.remedy or None,
            quarantine_id=self.quarantine_id,
        )
        headers = dict(self.headers)
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="perinatal hub"'
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        content = {name: getattr(document, name) for name in document.__struct_fields__}
        return JSONResponse(
            content, status_code=self.status, headers=headers, media_type=PROBLEM_TYPE
        )


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """The members of a problem document, all of them always present."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None
    reason: str
    remedy: str | None
    quarantine_id: str | None


def problem_from(fault: SenderFault, quarantine_id: str | None) -> Problem:
    """A sender's fault as the answer to that sender; without an id where nothing was kept."""
    return Problem(
        STATUS_OF.get(fault.reason, 422),
        fault.reason.value,
        TITLES[fault.reason],
        fault.message,
        field=fault.field,
        remedy=fault.remedy,
        quarantine_id=quarantine_id or None,
    )
