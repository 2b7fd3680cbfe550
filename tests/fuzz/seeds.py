"""The messages that are damaged: those of the tests, of the documentation, and the golden bytes."""

from functools import cache
from typing import Final

from hub.edges.schemas import default_schemas
from tests.edges.hl7_messages import message, names
from tests.house.tree import ROOT

EXAMPLES: Final = ROOT / "docs" / "publish" / "examples"
GOLDEN: Final = ROOT / "tests" / "schemas" / "golden"


@cache
def hl7_seeds() -> list[bytes]:
    """The HL7 messages of tests and documentation, and a batch."""
    found = [message(name) for name in names()]
    found += [file.read_bytes().replace(b"\n", b"\r") for file in sorted(EXAMPLES.glob("*.hl7"))]
    return found


@cache
def fhir_examples() -> list[bytes]:
    """The FHIR examples in JSON."""
    return [file.read_bytes() for file in sorted(EXAMPLES.glob("fhir-*.json"))]


@cache
def golden() -> list[bytes]:
    """Every record that is held as golden bytes."""
    files = sorted(GOLDEN.glob("*.hex"))
    return [bytes.fromhex(each) for file in files for each in file.read_text("ascii").split()]


@cache
def golden_events() -> list[bytes]:
    """Those of them that are events."""
    schemas = default_schemas()
    return [
        each
        for each in golden()
        if (found := schemas.by_id(int.from_bytes(each[1:5], "big"))) and found.event
    ]
