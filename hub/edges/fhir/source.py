"""Whose event is it: of whoever is responsible for a document, or of whoever brings it?

A document that names its organisation is that organisation's, and a door refuses it from anybody
else.  Two cases are let through as the bringer's own, with the organisation named as actor: a site
of the trust whose key it is, and a national body whose messages (NEMS, MNS) a trust, a practice or
a council passes on from its own mailbox.
"""

from typing import Final

from hub.edges.fhir.codes import meaning

STAND_IN: Final = "SENDER"
"""Stands for the sender's own ODS code where neither the document nor a key says it."""

_TRUST_LENGTH: Final = 3


def source_of(declared: str, sender: str) -> str:
    """The ODS code that stands in the event's source."""
    if not sender:
        return declared or STAND_IN
    if not declared or declared in meaning("national")["organisations"]:
        return sender
    site = len(sender) == _TRUST_LENGTH and declared.startswith(sender)
    return sender if site else declared


def national_source(sender: str) -> str:
    """The ODS code in the source of what only a national body can have said."""
    return sender or str(meaning("national")["stand_in"])
