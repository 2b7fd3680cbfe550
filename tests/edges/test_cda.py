"""CDA discharge summaries: who, by whom, which sections say what, and what is kept instead."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.edges.anything import LARGEST, Outcome, Part, read_anything
from hub.edges.fhir.tree import DEEPEST, MOST_NODES
from hub.edges.formats import Format
from hub.edges.mapped import HUBS_OWN_FAULT
from tests.edges.fhir_documents import reader
from tests.house.tree import ROOT

LATER = datetime(2026, 12, 1, tzinfo=UTC)
V3 = b'xmlns="urn:hl7-org:v3"'
EXAMPLE = (ROOT / "docs/publish/examples/cda-discharge.xml").read_bytes()
NHS, ODS = "2.16.840.1.113883.2.1.4.1", "1.2.826.0.1285.0.1.10"


def section(code: str, text: str, title: str = "", entry: str = "") -> str:
    """One section; without a code by its title."""
    coded = f'<code code="{code}" codeSystem="s"/>' if code else ""
    titled = f"<title>{title}</title>" if title else ""
    return f"<component><section>{coded}{titled}<text>{text}</text>{entry}</section></component>"


def cda(
    *sections: str,
    template: str = "POCD_MT150001UK06",
    code: str = "163391000000107",
    born: str = "19960229",
    ids: str = f'<id root="{NHS}" extension="9990000018"/>',
    around: str = "",
    body: str | None = None,
    head: str = '<effectiveTime value="20260310161000+0000"/>',
) -> bytes:
    """A discharge summary of our own."""
    told = body or f"<structuredBody>{''.join(sections)}</structuredBody>"
    message = f'<messageType extension="{template}"/>' if template else ""
    return f"""<ClinicalDocument xmlns="urn:hl7-org:v3">{message}
      <id root="AAAA-1"/><code code="{code}" displayName="A letter"/><title>Letter</title>{head}
      <recordTarget><patientRole>{ids}<patient>
        <name><given>Ada</given><family>Quillfeather</family></name>
        <administrativeGenderCode code="2"/><birthTime value="{born}"/>
      </patient></patientRole></recordTarget>{around}
      <author><assignedAuthor><assignedPerson><name>Jo Heron</name></assignedPerson>
      </assignedAuthor></author>
      <custodian><assignedCustodian><representedCustodianOrganization>
        <id root="{ODS}" extension="RXX"/></representedCustodianOrganization></assignedCustodian>
      </custodian>
      <component>{told}</component></ClinicalDocument>""".encode()


def only(body: bytes) -> Part:
    """The one outcome of some bytes, which is never a defect of ours."""
    (found,) = read_anything(body, reader())
    assert not found.explanation.startswith(HUBS_OWN_FAULT), found
    return found


def told(body: bytes) -> Any:
    """The body of the one event of a document."""
    found = only(body)
    assert (Outcome.EVENTS, Format.CDA) == (found.outcome, found.format), found
    (event,) = found.events
    return event.body


def state_of(body: bytes, name: str = "safeguarding_concerns") -> str:
    """What one section came to."""
    return str(told(body)["sections"][name]["state"])


def test_the_example_says_who_when_and_what() -> None:
    """As the FHIR form of the same document would."""
    (event,) = read_anything(EXAMPLE, replace(reader(), received_at=LATER))[0].events
    who = event.subject
    assert ("RXX/MAT48213", "9990000018", "Quillfeather", "Ada", "1996-02-29", "ZZ99 3CZ") == (
        who.reference,
        who.nhs_number,
        who.family_name,
        who.given_name,
        who.birth_date,
        who.postcode,
    )
    assert ("RXX:CDA", "cda:5E0DCDA0-0000-4000-8000-000000000001") == (event.source, event.id)
    body = event.body
    assert ("mother", "2026-10-20T14:00:00+00:00", "2026-10-20T15:10:00+00:00") == (
        body["subject"],
        body["discharged_at"].isoformat(),
        body["issued_at"].isoformat(),
    )
    sections = body["sections"]
    assert "Spontaneous birth at term. Both well." == sections["clinical"]
    assert "Health visitor:\nNew birth visit on day 10 to 14" == sections["follow_up"]
    concern = sections["safeguarding_concerns"]
    assert ("content", "Ms Jo Heron") == (concern["state"], concern["checked_by"])
    assert "Her former partner has come to the ward twice" in concern["text"]
    assert "content" == sections["social_circumstances"]["state"]


CODED_NONE = '<entry><observation><code code="861931000000100"/></observation></entry>'
DENIED = CODED_NONE.replace("<observation>", '<observation negationInd="true">')


@pytest.mark.parametrize(
    ("sections", "state"),
    [
        ((section("886961000000102", "<paragraph>None</paragraph>"),), "none_checked"),
        ((section("886931000000107", "x", entry=CODED_NONE),), "content"),
        ((section("886931000000107", "<paragraph/>", entry=CODED_NONE),), "none_checked"),
        ((section("886931000000107", "<paragraph/>", entry=DENIED),), "not_completed"),
        ((section("886931000000107", "None"),), "not_completed"),
        ((section("886931000000107", ""),), "not_completed"),
        ((section("", "No safeguarding concerns", title="Safeguarding"),), "none_checked"),
        ((section("", "A plan is being made", title="Safeguarding concerns"),), "content"),
        ((section("999", "A plan is being made", title="Safeguarding concerns"),), "not_completed"),
        ((), "not_completed"),
    ],
    ids=["none", "said", "coded", "denied", "risks", "empty", "title", "words", "code", "absent"],
)
def test_content_none_and_absent_are_told_apart(sections: tuple[str, ...], state: str) -> None:
    """The same rules as for FHIR."""
    assert state == state_of(cda(*sections))


def test_a_document_that_nobody_can_see_into_is_not_completed() -> None:
    """A scan or a PDF inside: a summary was issued, and what it says cannot be relied on."""
    body = "<nonXMLBody><text mediaType='application/pdf'>JVBERi0=</text></nonXMLBody>"
    assert "not_completed" == state_of(cda(body=body))


def test_a_protection_plan_in_an_entry_is_heard() -> None:
    """Coded, wherever it stands."""
    entry = '<entry><act><code code="342191000000101"/></act></entry>'
    assert "y" == told(cda(section("886961000000102", "See entry", entry=entry)))["cpp"]
    denied = entry.replace("<act>", '<act negationInd="true">')
    assert None is told(cda(section("886961000000102", "See entry", entry=denied)))["cpp"]


def test_an_envelope_is_passed_over() -> None:
    """As ITK2 sends it."""
    wrapped = b"<e:DistributionEnvelope xmlns:e='urn:nhs-itk:ns:201005'><e:payloads><e:payload>"
    wrapped += cda() + b"</e:payload></e:payloads></e:DistributionEnvelope>"
    assert "mother" == told(wrapped)["subject"]
    two = wrapped.replace(b"</e:payload>", cda() + b"</e:payload>")
    assert ("unparseable", True) == (only(two).reason, "more than one" in only(two).explanation)


# --- whom it is about -------------------------------------------------------------------------

BABY = '<id root="2.16.840.1.113883.2.1.3.2.4.18.24" extension="B-1"/>'
MOTHER = (
    '<participant typeCode="IND"><associatedEntity classCode="PRS">{ids}<code code="{code}"/>'
    "<associatedPerson><name><given>Ada</given><family>Quillfeather</family></name>"
    "</associatedPerson></associatedEntity></participant>"
)
HERS = f'<id root="{NHS}" extension="9990000018"/>'


def test_a_summary_of_a_baby_is_its_mothers() -> None:
    """Where the document says who she is."""
    body = cda(born="20260301", ids=BABY, around=MOTHER.format(ids=HERS, code="MTH"))
    (event,) = only(body).events
    assert ("baby", "RXX/B-1", "9990000018") == (
        event.body["subject"],
        event.body["baby_id"],
        event.subject.nhs_number,
    )


def test_nobody_else_is_taken_for_the_mother() -> None:
    """A foster carer may stand beside the baby."""
    found = only(cda(born="20260301", ids=BABY, around=MOTHER.format(ids=HERS, code="FOSTER")))
    assert (Outcome.QUARANTINED, "missing_identity") == (found.outcome, found.reason)


# --- what is kept instead ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (
            cda(template="POCD_MT200001GB02"),
            "unsupported_message",
            "ClinicalDocument.messageType",
        ),
        (cda(code="123"), "unsupported_message", "ClinicalDocument.code"),
        (cda(ids=""), "missing_identity", "ClinicalDocument.recordTarget.patientRole.identifier"),
        (
            cda(ids=f'<id root="{NHS}" extension="9990000019"/>'),
            "nhs_number_invalid",
            "ClinicalDocument.recordTarget.patientRole.id",
        ),
        (cda(head=""), "schema_violation", "ClinicalDocument.effectiveTime"),
        (
            cda(head='<effectiveTime value="lately"/>'),
            "schema_violation",
            "ClinicalDocument.effectiveTime",
        ),
        (
            cda(around="<recordTarget><patientRole/></recordTarget>"),
            "schema_violation",
            "ClinicalDocument.recordTarget[0]",
        ),
    ],
    ids=["template", "kind", "nobody", "number", "no time", "bad time", "two patients"],
)
def test_what_cannot_be_read_is_kept_with_its_place(body: bytes, reason: str, field: str) -> None:
    """In the words of the document that was sent."""
    found = only(body)
    assert (Outcome.QUARANTINED, reason, field) == (found.outcome, found.reason, found.field)
    assert "9990000019" not in f"{found.explanation} {found.remedy}"


def test_no_template_at_all_is_judged_by_its_kind() -> None:
    """Only one that names others is of another kind."""
    assert "mother" == told(cda(template=""))["subject"]


BOMBS = [
    b"<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;&b;&b;'>]>"
    b"<ClinicalDocument %s>&c;</ClinicalDocument>" % V3,
    b"<!DOCTYPE a SYSTEM 'http://evil.example/x.dtd'><ClinicalDocument %s/>" % V3,
]


@pytest.mark.parametrize("body", BOMBS, ids=["laughs", "outside"])
def test_no_entity_is_ever_read(body: bytes) -> None:
    """Refused at the declaration."""
    found = only(body)
    assert ("unparseable", True) == (found.reason, "document type" in found.explanation)


def test_depth_and_number_are_bounded() -> None:
    """As for FHIR, narratives, attributes and envelopes included."""
    start, end = b"<ClinicalDocument %s>" % V3, b"</ClinicalDocument>"
    levels = DEEPEST + 1
    deep = start + b"<a>" * levels + b"</a>" * levels + end
    inside = start + b"<section><text>" + b"<b>" * levels + b"</b>" * levels
    around = b"<a>" * levels + start
    for body in (deep, inside + b"</text></section>" + end, around):
        assert "unparseable" == only(body).reason
    many = start + b"<a b='' c=''/>" * (MOST_NODES // 3 + 1) + end
    assert "oversize" == only(many[:LARGEST] if len(many) > LARGEST else many).reason
