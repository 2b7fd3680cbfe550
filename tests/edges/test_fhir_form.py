"""The form of FHIR documents: what is refused unread, what is bounded, what is tolerated."""

import json
import time
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


@pytest.mark.parametrize(
    "body",
    [
        b"<Basic %s><text><div>" % FHIR + b"<b>" * 60 + b"x" * 900_000,
        b'{"resourceType": "Basic", "div": "' + b"<" * 900_000 + b'"}',
        b'{"resourceType": "Basic", "div": "' + b"&amp" * 200_000 + b'"}',
        b'{"resourceType": "Basic", "identifier": [' + b"{}," * 60_000 + b"{}]}",
        b"<" * 900_000,
        b"MSH|^~\\&|" + b"\rMSH|^~\\&|" * 80_000,
        b"{" * 900_000,
        b"\x0b" * 900_000,
        b"\x0bMSH\x1c\r" * 100_000,
    ],
    ids=["div", "tags", "entities", "lists", "angles", "headers", "braces", "starts", "frames"],
)
def test_a_megabyte_of_nothing_is_read_quickly(body: bytes) -> None:
    """No document may hold up the others; fifteen seconds is for a busy machine."""
    began = time.monotonic()
    assert read_anything(body, reader())
    assert time.monotonic() - began < 15


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
