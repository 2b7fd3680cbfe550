"""What tells of a need in mental health: facts ask it, and how long an infant is followed."""

from collections.abc import Mapping
from typing import Any

TELLING = ("mh.red-flag", "concern.raised", "screening.mental-health")
"""The events that may tell of one."""


def tells_of_need(event_type: str, body: Mapping[str, Any]) -> bool:
    """Whether an event tells of a history, a positive answer, a concern or a red flag."""
    match event_type:
        case "mh.red-flag":
            return True
        case "concern.raised":
            return body.get("code") == "MH"
        case "screening.mental-health":
            said = ("history_self_reported", "family_history_severe")
            return body.get("result") == "positive" or any(body.get(name) == "y" for name in said)
        case _:
            return False
