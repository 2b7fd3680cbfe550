"""Answers in FHIR's own words: OperationOutcome, in the form that the sender speaks."""

import re
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hub.core.faults import FaultReason
from hub.edges.fhir.written import to_xml
from hub.web.problem import Problem

FHIR_PATHS: Final = "/fhir"
REASONS: Final = "urn:perinatal-hub:reason"
"""The code system of our reasons; they are those of the JSON door."""

CODES: Final = {
    FaultReason.UNPARSEABLE.value: "structure",
    FaultReason.OVERSIZE.value: "too-long",
    FaultReason.UNKNOWN_SCHEMA.value: "structure",
    FaultReason.SCHEMA_VIOLATION.value: "value",
    FaultReason.UNKNOWN_EVENT_TYPE.value: "not-supported",
    FaultReason.UNSUPPORTED_MESSAGE.value: "not-supported",
    FaultReason.MISSING_SEGMENT.value: "required",
    FaultReason.MISSING_IDENTITY.value: "required",
    FaultReason.NHS_NUMBER_INVALID.value: "value",
    FaultReason.UNKNOWN_ORGANISATION.value: "security",
    FaultReason.NOT_YOUR_ORGANISATION.value: "forbidden",
    FaultReason.DUE_DATE_OUT_OF_RANGE.value: "business-rule",
    FaultReason.FROM_THE_FUTURE.value: "business-rule",
    FaultReason.BEFORE_EPISODE.value: "business-rule",
    FaultReason.NO_EPISODE.value: "not-found",
    FaultReason.TWO_CANDIDATES.value: "multiple-matches",
    FaultReason.UNKNOWN_TARGET.value: "not-found",
    FaultReason.UNKNOWN_NOTICE.value: "not-found",
    FaultReason.DUPLICATE_CONFLICT.value: "conflict",
    FaultReason.POLICY_ERROR.value: "processing",
    "unavailable": "transient",
    "not_authenticated": "login",
    "unsupported_media_type": "not-supported",
    "no_such_address": "not-found",
    "too_slow": "timeout",
}
"""FHIR's issue type for each reason; a test counts those of the faults."""

_EXPRESSION: Final = re.compile(r"[A-Z][A-Za-z]{2,}(\.[A-Za-z]+(\[\d+\])?)*")


def issue(severity: str, code: str, reason: str, said: str, expression: str = "") -> dict[str, Any]:
    """One issue of an OperationOutcome."""
    found: dict[str, Any] = {
        "severity": severity,
        "code": code,
        "details": {"coding": [{"system": REASONS, "code": reason}]},
        "diagnostics": said,
    }
    if _EXPRESSION.fullmatch(expression):
        found["expression"] = [expression]
    return found


def outcome(issues: list[dict[str, Any]]) -> dict[str, Any]:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": issues}


def is_fhir(request: Request) -> bool:
    """Whether the sender expects FHIR's words."""
    return request.url.path.startswith(FHIR_PATHS)


def outcome_of(request: Request, problem: Problem) -> Response:
    """A problem as an OperationOutcome, with the status and the headers of the problem."""
    parts = [problem.detail, problem.remedy]
    if problem.quarantine_id:
        parts.append(f"kept in quarantine as {problem.quarantine_id}")
    if problem.field and not _EXPRESSION.fullmatch(problem.field):
        parts.insert(1, f"the place is {problem.field}")
    said = ". ".join(part.strip(" .") for part in parts if part) + "."
    code = CODES.get(problem.reason, "invalid")
    severity = "fatal" if problem.reason == FaultReason.UNPARSEABLE else "error"
    built = outcome([issue(severity, code, problem.reason, said, problem.field)])
    answer = fhir_response(request, built, problem.status)
    for name in ("www-authenticate", "retry-after", "allow"):
        value = problem.response().headers.get(name)
        if value is not None:
            answer.headers[name] = value
    return answer


def fhir_response(request: Request, resource: dict[str, Any], status: int) -> Response:
    """A resource in the form that was asked for; else in the form that was sent; else JSON."""
    asked = request.headers.get("accept", "").lower()
    sent = request.headers.get("content-type", "").lower()
    plain = "xml" not in asked and "json" not in asked
    in_xml = "xml" in (sent if plain else asked) and "json" not in asked
    if in_xml:
        text, media = to_xml(resource).encode(), "application/fhir+xml"
    else:
        text, media = msgspec.json.encode(resource), "application/fhir+json"
    return Response(text, status, media_type=f"{media}; charset=utf-8")
