"""A family that an event about a matter names hears it, by the reference of the same publisher."""

from msgspec.structs import replace

from agents.episodes import absorb
from agents.intake import took
from agents.kept import Kept
from agents.outputs import Output
from hub.core.model import Event, Input, InputKind
from hub.edges.avro import encode_event
from hub.ops.topics import MATTERS, PERSONS
from tests.agents.people_stage import START, Place, event
from tests.simulation.broker import Record

TOPIC = "perinatal.workforce"
HELD = {
    "staff_ref": "st-1",
    "nq": "n",
    "case_refs": ["own-1", "MAT-1"],
    "complex_refs": ["MAT-1", "MAT-2"],
    "in_depth_count": 2,
    "minutes": {"compliance": 10, "reflective": 30, "restorative": 10},
    "learning_tags": [],
    "considered_tags": [],
    "final": "y",
}


def supervision() -> Event:
    """Supervision at which two cases were discussed."""
    return replace(event("supervision.held", 3, reference="st-1"), body=HELD)


def record(topic: str, key: bytes, value: bytes) -> Record:
    """As the broker hands it out."""
    return Record(topic, 0, 0, key, value, round(START.timestamp() * 1000))


def named_by(place: Place, told: Event) -> list[Output]:
    """What goes to people, from the public topic by way of the matter."""
    place.clock.true = told.occurred_at
    value = encode_event(told)
    given = took(place.context, TOPIC, record(TOPIC, b"k", value)).output
    assert MATTERS == given.topic
    kept = absorb(place.context, record(MATTERS, given.key, given.value), Kept(), 0)
    return [output for output in kept.again(0) or () if output.topic == PERSONS]


def heard(place: Place, told: Event) -> list[Input]:
    """The inputs of families that come of it."""
    before = len(place.inputs)
    place.waiting += named_by(place, told)
    place.settle()
    return place.inputs[before:]


def test_a_family_hears_of_supervision_and_asks_nothing_of_it() -> None:
    """Known by a reference and a number; what else was discussed is not in her copy."""
    place = Place()
    (booked,) = place.hear(event("pregnancy.booked", 0, number="9990000018"))
    (input_,) = heard(place, supervision())
    assert (InputKind.FOLLOWED, booked.episode_id) == (input_.kind, input_.episode_id)
    assert input_.event is not None
    assert ["MAT-1"] == input_.event.body["case_refs"] == input_.event.body["complex_refs"]
    assert [] == place.refused


def test_a_reference_of_the_supervisors_own_is_no_fault() -> None:
    """Nobody is known by it, and nothing waits in quarantine."""
    place = Place()
    assert [] == heard(place, supervision())
    assert [] == place.refused


def test_another_publishers_reference_is_another_persons() -> None:
    """The same words from another system name nobody here."""
    place = Place()
    place.hear(event("pregnancy.booked", 0, number="9990000018"))
    assert [] == heard(place, replace(supervision(), source="RXA:OTHER"))
