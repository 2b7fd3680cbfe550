"""Two kinds of error, never mixed: the sender's and ours.

A `SenderFault` is answered to whoever sent the input, and the original is kept whole in
quarantine.  A `HubFault` stops the decision and pages us.  Neither text may carry an identity.
"""

from enum import StrEnum


class FaultReason(StrEnum):
    """Why an input could not be decided: quarantine reasons and metric labels, a closed list."""

    UNPARSEABLE = "unparseable"
    OVERSIZE = "oversize"
    UNKNOWN_SCHEMA = "unknown_schema"
    SCHEMA_VIOLATION = "schema_violation"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    UNSUPPORTED_MESSAGE = "unsupported_message"
    MISSING_SEGMENT = "missing_segment"
    MISSING_IDENTITY = "missing_identity"
    NHS_NUMBER_INVALID = "nhs_number_invalid"
    UNKNOWN_ORGANISATION = "unknown_organisation"
    NOT_YOUR_ORGANISATION = "not_your_organisation"
    DUE_DATE_OUT_OF_RANGE = "due_date_out_of_range"
    FROM_THE_FUTURE = "from_the_future"
    BEFORE_EPISODE = "before_episode"
    NO_EPISODE = "no_episode"
    TWO_CANDIDATES = "two_candidates"
    UNKNOWN_TARGET = "unknown_target"
    UNKNOWN_NOTICE = "unknown_notice"
    DUPLICATE_CONFLICT = "duplicate_conflict"
    POLICY_ERROR = "policy_error"


class SenderFault(Exception):  # noqa: N818  the word of the house is fault: it says whose it is
    """They sent something we cannot decide.

    `reason` is a closed code, `field` the path of the offending field (never its value) and
    `remedy` says what the sender can do next.

    Operator action: none at once; the original is in quarantine and can be redriven after a fix.
    """

    def __init__(self, reason: FaultReason, message: str, *, field: str = "", remedy: str = ""):
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.remedy = remedy


class HubFault(Exception):  # noqa: N818  as above
    """We are wrong: a broken invariant, policy or store.

    Operator action: the input is in quarantine with this reason; read the message, mend the
    policy or the code, then redrive it.
    """

    def __init__(self, reason: FaultReason, message: str):
        super().__init__(message)
        self.reason = reason
        self.message = message
