"""The bounds of documents from outside; `hub.ops.limits` lists them among the others."""

from typing import Final

from hub.ops.limit import Limit

SEGMENTS: Final = Limit(
    name="segments of an HL7 v2 message",
    value=2000,
    unit="segments",
    where="hub.edges.hl7v2_message:MOST_SEGMENTS",
    because="ordinary messages have ten",
    beyond="AR, kept in quarantine",
)
FHIR_NODES: Final = Limit(
    name="elements of a FHIR document",
    value=200_000,
    unit="elements",
    where="hub.edges.fhir.tree:MOST_NODES",
    because="a discharge summary of the size that fits a body has thirty thousand at most",
    beyond="413, kept in quarantine (`oversize`)",
)
FHIR_NESTING: Final = Limit(
    name="nesting of a FHIR document",
    value=64,
    unit="levels",
    where="hub.edges.fhir.tree:DEEPEST",
    because="a summary with narrative tables inside a document inside a message has about thirty",
    beyond="422, kept in quarantine",
)
