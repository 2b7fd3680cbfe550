"""ITK3 acknowledgements: what a recipient's system answers to a FHIR message, STU3 or R4.

The answer names the message by the id of its MessageHeader or Bundle, and says what became of it
with codes: 5xxxx by the system that took it in, 4xxxx by the organisation it is for.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.edges.fhir.as_json import node_from_json
from hub.edges.fhir.as_xml import node_from_xml
from hub.edges.fhir.letter import Letter, open_letter
from hub.edges.fhir.tree import Node, missing


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What was answered to which of our messages."""

    about: str
    """The id that the answer names, in lower case and without `urn:uuid:`."""
    codes: tuple[str, ...]
    said_at: datetime | None


def read_acknowledgement(body: bytes, received_at: datetime) -> Acknowledgement:
    """Read the answer to a message.  Raises SenderFault; no text of it holds a value."""
    root = node_from_xml(body) if body.lstrip()[:1] == b"<" else node_from_json(body)
    letter = open_letter(root, received_at, "")
    if letter.header is None:
        raise missing(root.path, "a message with its MessageHeader")
    about = letter.header.text("response", "identifier")
    if not about:
        raise missing(letter.header.place("response", "identifier"), "the id of our message")
    codes = _codes(letter)
    if not codes:
        raise missing(letter.header.place("response", "details"), "an OperationOutcome with a code")
    return Acknowledgement(about.lower().removeprefix("urn:uuid:"), codes, letter.said_at)


def _codes(letter: Letter) -> tuple[str, ...]:
    outcomes: list[Node] = letter.of_kind("OperationOutcome")
    found = [
        coding.text("code")
        for outcome in outcomes
        for coding in outcome.all("issue", "details", "coding")
    ]
    return tuple(code for code in found if code)
