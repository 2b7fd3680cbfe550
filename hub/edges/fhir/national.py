"""The national events of NEMS (STU3 messages), and what a Patient restates.

    pds-birth-notification-1            birth.notified, and the weight as measurement.infant
    pds-change-of-gp-1, -address-1      demographics.changed
    pds-death-notification-1            demographics.changed (death); its removal takes it back
    nipe-outcome-1, newborn-hearing-1,
    blood-spot-test-outcome-1           screening.newborn
    professional-contacts-1             assignment.changed

A removal of a death becomes event.retracted: of the one death that the episode knows of whoever it
is about.  So do other deletions, where person, kind and what they repeat name one event alone
(`hub.edges.fhir.deletions`); what names none is kept in quarantine, and whoever mends it sends
event.retracted with the id of that event.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.core.corrections import latest
from hub.edges.fhir.codes import codes_of, meaning
from hub.edges.fhir.deletions import taken_back
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.measurements import observation
from hub.edges.fhir.merges import is_replaced, merged
from hub.edges.fhir.people import (
    identify,
    moved_on,
    people_of,
    postcode_of,
    whom_it_is_routed_by,
)
from hub.edges.fhir.screening import screened
from hub.edges.fhir.teams import episode_of_care
from hub.edges.fhir.times import day
from hub.edges.fhir.tree import Node, missing, wrong
from hub.edges.hl7v2_people import People
from hub.edges.mapped import Ignored

_REMOVED: Final = "U"
_TESTS: Final = frozenset({"NIPE", "hearing", "NBS"})


def national(letter: Letter) -> type_of_found | None:
    """What a NEMS message says; None when it is none of those that have a way of their own."""
    kind = meaning("nems").get(letter.event_code)
    return None if kind is None else by_kind(letter, kind)


def by_kind(letter: Letter, kind: str) -> type_of_found:
    """What a message of this kind says.  Raises SenderFault."""
    if letter.change == "delete" and kind not in {"team", "death", "nothing"}:
        patient, whom = _taken_back_of(letter, kind)
        if isinstance(whom, Ignored):
            return whom
        return taken_back(letter, kind, patient, whom)
    return _KINDS[kind](letter)


def _taken_back_of(letter: Letter, kind: str) -> tuple[Node, People | Ignored]:
    """Whom a deletion is about: the published ones of tests enclose nobody at all."""
    if kind == "birth":
        return _infant(letter)
    routed = whom_it_is_routed_by(letter) if kind in _TESTS else None
    return routed if routed and not letter.of_kind("Patient") else _only_patient(letter)


def restated(letter: Letter, patient: Node) -> type_of_found:
    """What a record says of practice, address and death; whoever knows her sees what is new."""
    whom = people_of(letter, patient)
    if isinstance(whom, Ignored):
        return whom
    merge = merged(letter, patient, whom.subject) if not whom.baby_id else None
    if merge is not None and is_replaced(patient):
        return [merge]
    drafts: list[Draft] = [] if merge is None else [merge]
    practice = letter.ods(patient.first("generalPractitioner"))
    if practice:
        drafts.append(_changed(letter, patient, whom, "gp", to=practice))
    postcode = postcode_of(patient)
    if postcode:
        drafts.append(_moved(letter, patient, whom, postcode))
    if _is_dead(patient):
        drafts.append(_died(letter, patient, whom))
    return drafts or Ignored.NOTHING_TO_ROUTE


def _birth(letter: Letter) -> type_of_found:
    baby, whom = _infant(letter)
    number = identify(letter, baby).number
    if number is None:
        raise missing(baby.place("identifier"), "the baby's NHS number")
    body = {
        "baby_id": whom.baby_id,
        "baby_nhs": number,
        "mother_nhs": None if whom.subject.nhs_number == number else whom.subject.nhs_number,
        "notified_at": letter.sent_at,
        "child_health_org": _child_health(letter),
    }
    drafts = [Draft("birth.notified", body, whom.subject, letter.sent_at, baby.path)]
    for each in letter.of_kind("Observation"):
        weighed = observation(letter, each)
        drafts += weighed if isinstance(weighed, list) else []
    if _is_dead(baby):
        drafts.append(_died(letter, baby, whom))
    return drafts


def _infant(letter: Letter) -> tuple[Node, People]:
    """The baby of a birth: the patient whom a related person is the mother of.

    Raises SenderFault, that of the first infant when nobody says who its mother is.
    """
    for patient in letter.of_kind("Patient"):
        related = (one.first("patient") for one in letter.of_kind("RelatedPerson"))
        if not any(letter.find(each) is patient for each in related):
            continue
        whom = people_of(letter, patient)
        if isinstance(whom, People) and whom.baby_id:
            return patient, whom
    patient, whom_or = _only_patient(letter)
    if isinstance(whom_or, People) and whom_or.baby_id:
        return patient, whom_or
    raise wrong(
        letter.root.path, "tells of a birth, and no baby is in it", "send the baby's Patient"
    )


def _child_health(letter: Letter) -> str:
    for wanted in ("responsible", "partner"):
        for episode in letter.of_kind("EpisodeOfCare"):
            if any(code.startswith(wanted) for code in codes_of(episode.all("type"))):
                found = letter.ods(episode.first("managingOrganization"))
                if found:
                    return found
    return letter.organisation


def _only_patient(letter: Letter) -> tuple[Node, People | Ignored]:
    """The patient whom the message is about.  Raises SenderFault."""
    for communication in letter.of_kind("Communication"):
        found = letter.find(communication.first("subject"))
        if found is not None and found.kind == "Patient":
            return found, people_of(letter, found)
    patients = letter.of_kind("Patient")
    if not patients:
        raise missing(f"{letter.root.path}.entry", "the Patient")
    return patients[0], people_of(letter, patients[0])


def _practice(letter: Letter) -> type_of_found:
    patient, whom = _only_patient(letter)
    if isinstance(whom, Ignored):
        return whom
    now = letter.ods(patient.first("generalPractitioner"))
    ended = [one for one in letter.of_kind("EpisodeOfCare") if one.text("status") == "finished"]
    before = next((letter.ods(one.first("managingOrganization")) for one in ended), "")
    kind = "gp" if now else "gp_deducted"
    return [_changed(letter, patient, whom, kind, was=before or None, to=now or None)]


def _address(letter: Letter) -> type_of_found:
    patient, whom = _only_patient(letter)
    if isinstance(whom, Ignored):
        return whom
    postcode = postcode_of(patient)
    if not postcode:
        raise missing(patient.place("address"), "the present home address with its postcode")
    return [_moved(letter, patient, whom, postcode)]


def _death(letter: Letter) -> type_of_found:
    patient, whom = _only_patient(letter)
    if isinstance(whom, Ignored):
        return whom
    if _REMOVED in _death_codes(patient) or letter.change == "delete":
        return [_alive(letter, patient, whom)]
    if not _death_codes(patient) and not patient.text("deceasedDateTime"):
        raise missing(patient.place("deceasedDateTime"), "the time of the death or its status")
    return [_died(letter, patient, whom)]


def _record(letter: Letter) -> type_of_found:
    return restated(letter, _only_patient(letter)[0])


def _team(letter: Letter) -> type_of_found:
    drafts: list[Draft] = []
    reason = Ignored.NO_EVENT_TYPE
    for episode in letter.of_kind("EpisodeOfCare"):
        found = episode_of_care(letter, episode)
        if isinstance(found, Ignored):
            reason = found
        else:
            drafts += found
    return drafts or reason


def _screening(test: str) -> Callable[[Letter], type_of_found]:
    return lambda letter: screened(letter, test, *_only_patient(letter))


def _death_codes(patient: Node) -> list[str]:
    extensions = [*patient.all("extension"), *patient.all("extension", "extension")]
    return [
        code
        for extension in extensions
        if extension.text("url") == "deathNotificationStatus"
        for code in codes_of(extension.all("valueCodeableConcept"))
    ]


def _is_dead(patient: Node) -> bool:
    """By the time of the death, or by the status of its notice; unless the death was removed."""
    codes = _death_codes(patient)
    said = patient.text("deceasedDateTime") or patient.text("deceasedBoolean") == "true"
    return _REMOVED not in codes and bool(said or codes)


def _died(letter: Letter, patient: Node, whom: People) -> Draft:
    died = patient.first("deceasedDateTime")
    on = day(died.value, died.path) if died is not None else None
    return _changed(letter, patient, whom, "death", effective=on)


def _alive(letter: Letter, patient: Node, whom: People) -> Draft:
    """The removal of a death: it was reported of the wrong person, or by mistake."""
    body: dict[str, Any] = {
        "target_id": latest("death", baby_id=whom.baby_id),
        "target_type": "demographics.changed",
        "reason": "wrong_person",
    }
    return Draft("event.retracted", body, whom.subject, letter.sent_at, patient.path)


def _moved(letter: Letter, patient: Node, whom: People, postcode: str) -> Draft:
    before = postcode_of(patient, old=True)
    return _changed(
        letter,
        patient,
        whom,
        "address",
        was=f"{before}|" if before else None,
        to=f"{postcode}|",
        effective=moved_on(patient),
    )


def _changed(
    letter: Letter,
    patient: Node,
    whom: People,
    kind: str,
    *,
    was: str | None = None,
    to: str | None = None,
    effective: str | None = None,
) -> Draft:
    body: dict[str, Any] = {
        "kind": kind,
        "baby_id": whom.baby_id,
        "from": was,
        "to": to,
        "effective": effective or day(letter.sent_at.isoformat(), ""),
    }
    return Draft("demographics.changed", body, whom.subject, letter.sent_at, patient.path)


_KINDS: Final[Mapping[str, Callable[[Letter], type_of_found]]] = {
    "birth": _birth,
    "practice": _practice,
    "address": _address,
    "death": _death,
    "record": _record,
    "team": _team,
    "NIPE": _screening("NIPE"),
    "hearing": _screening("hearing"),
    "NBS": _screening("NBS"),
    "nothing": lambda _: Ignored.NO_EVENT_TYPE,
}
