"""The words of redaction: what was kept from a recipient, why, and where it can be had instead.

A record of these travels with the decision for those who audit it, and never with the notice: the
recipient must not learn that something was withheld (domain section 8, must-hold rule 4).
"""

from enum import StrEnum

from msgspec import Struct


class WithheldGround(StrEnum):
    """Why a recipient did not get a group of fields in full."""

    AUDIENCE = "audience"
    """The table of field groups gives this kind of reader no more."""
    LABEL = "label"
    """The publisher, or the event's own content, put a label on it."""
    UNKNOWN_LABEL = "unknown_label"
    """It carries a label that the policy does not know (must-hold rule 3)."""
    NO_CONSENT = "no_consent"
    """It needs her agreement or a recorded safeguarding decision, and there is neither."""
    UNKNOWN_READER = "unknown_reader"
    """The policy does not know the role, or the group, and so nobody's right to it."""


class Route(StrEnum):
    """The other way in which the recipient, or somebody who can act, comes to know."""

    ASK_SENDER = "ask_sender"
    """The notice itself says so: contact the sender."""
    TOLD_THERE = "told_there"
    """Another role is owed the same thing by the same rule, and gets more of it."""
    ASK_LEAD = "ask_lead"
    """A safeguarding lead holds it and decides whom to tell, by telephone or in person."""
    IN_PERSON = "in_person"
    """A professional says it to her, alone and in person, and never in writing."""
    NONE = "none"
    """Nobody may tell this reader."""


class Withheld(Struct, frozen=True, kw_only=True):
    """One group of fields that a recipient did not get in full."""

    group: str
    shown: str
    """What was given instead: `S` a short flag, `P` a pointer, `N` nothing at all."""
    ground: WithheldGround
    label: str = ""
    """The label that lowered it, where one did."""
    route: Route
    route_role: str = ""
    route_organisation: str = ""
