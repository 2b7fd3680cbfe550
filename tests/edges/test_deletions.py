"""NEMS messages of type delete, and bundles that delete resources: what they take back."""

import re
from typing import Any

import pytest

from hub.core.corrections import latest
from hub.edges.anything import Outcome, Part, read_anything
from tests.edges.fhir_documents import read, reader, stay
from tests.house.tree import ROOT

EXAMPLES = ROOT / "docs/publish/examples"


def deleted(name: str) -> Part:
    """An example, as the message that takes it back."""
    body = (EXAMPLES / name).read_text(encoding="utf-8")
    changed, found = re.subn(r'<code value="new"/>', '<code value="delete"/>', body)
    assert found, "the example says that it is new"
    (part,) = read_anything(changed.encode(), reader())
    return part


@pytest.mark.parametrize(
    ("name", "event_type", "starts"),
    [
        ("nems-birth.xml", "birth.notified", "latest::baby:baby_id="),
        ("nems-nipe.xml", "screening.newborn", "latest::baby:test="),
        ("nems-hearing.xml", "screening.newborn", "latest::baby:test="),
        ("nems-blood-spot.xml", "screening.newborn", "latest::baby:test="),
        ("nems-change-of-gp.xml", "demographics.changed", "latest:gp:mother:to="),
        ("nems-change-of-address.xml", "demographics.changed", "latest:address:mother:to="),
        ("nems-death.xml", "demographics.changed", "latest:death:"),
    ],
)
def test_a_deletion_names_the_one_event_it_can_mean(
    name: str, event_type: str, starts: str
) -> None:
    """Of the person whom the message is about, and with what it repeats."""
    part = deleted(name)
    (event,) = part.events
    assert ("event.retracted", event_type) == (event.type, event.body["target_type"])
    assert event.body["target_id"].startswith(starts)
    (first, *_) = read_anything((EXAMPLES / name).read_bytes(), reader())[0].events
    assert first.subject.nhs_number == event.subject.nhs_number


def test_the_target_fits_what_the_first_message_became() -> None:
    """As the episode compares them."""
    (first,) = read_anything((EXAMPLES / "nems-nipe.xml").read_bytes(), reader())[0].events
    (event,) = deleted("nems-nipe.xml").events
    told = latest("", baby_id=first.body["baby_id"], fields=(("test", first.body["test"]),))
    assert told == event.body["target_id"]


def test_a_deleted_contact_ends_the_assignment() -> None:
    """Whoever is responsible no longer is, whatever the resource still says of itself."""
    (event,) = deleted("nems-professional-contacts.xml").events
    assert "assignment.changed" == event.type
    assert event.body["to"] is not None


def test_a_bundle_that_deletes_is_not_passed_over_in_silence() -> None:
    """Without the memory of a hub nothing can be taken back, and that is said."""
    part = read(removal("Encounter/e1"))
    assert (Outcome.QUARANTINED, "unknown_target") == (part.outcome, part.reason)


@pytest.mark.parametrize("url", ["Encounter?status=finished", "Encounter", "", "nonsense/x/y z"])
def test_a_deletion_that_names_no_resource_is_refused(url: str) -> None:
    """A search could mean anybody's."""
    part = read(removal(url))
    assert ("schema_violation", "Bundle.entry[0].request.url") == (part.reason, part.field)


def removal(*urls: str, kind: str = "transaction") -> dict[str, Any]:
    """A bundle that deletes these."""
    entries = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def test_a_deleted_resource_that_comes_along_is_not_read_as_new() -> None:
    """Some systems send it with the deletion."""
    document = removal("Encounter/e1")
    document["entry"][0]["resource"] = stay()
    assert "unknown_target" == read(document).reason
