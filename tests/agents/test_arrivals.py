"""From a record on Kafka to the feeds agent, without Kafka: what numbers travel beside."""

from msgspec.structs import replace

from agents.feeds import follow
from agents.intake import Taken, noted, of_feeds, took
from agents.kept import Kept, close_kept, open_kept
from hub.core.draft import unpack_fields
from hub.core.faults import FaultReason, SenderFault
from hub.core.feeds import arrivals_of
from hub.core.model import Event, InputKind
from hub.edges.avro import decode_input, encode_event, encode_input, encode_quarantine
from hub.edges.numbered import headers_of, numbered
from hub.edges.publish import Original, Publisher
from hub.ops.topics import FEEDS, MATTERS, QUARANTINE
from tests.agents.people_stage import START, Place, event
from tests.simulation.broker import Record

TOPIC = "perinatal.pregnancy"
FEED = "RXA:PAS"
HEARTBEAT = {"source": FEED, "seq": 4, "expected_every": 60}


def record(
    value: bytes, *headers: tuple[str, bytes], topic: str = TOPIC, offset: int = 0
) -> Record:
    """As the broker hands it out."""
    return Record(topic, 0, offset, b"k", value, round(START.timestamp() * 1000), headers)


def taken(told: Event, *headers: tuple[str, bytes]) -> Taken:
    """What the intake agent makes of an event."""
    return took(Place().context, TOPIC, record(encode_event(told), *headers))


def test_the_number_of_a_door_counts_for_every_event_of_its_message() -> None:
    """Both events of one message say the same number of the same message."""
    booked = event("pregnancy.booked", 0, number="9990000018")
    headers = headers_of(numbered(17, "RXA:M1"))
    one, two = (taken(each, *headers).arrivals for each in (booked, replace(booked, id="x:2")))
    assert one == two
    assert one is not None
    assert (FEED, 1, (17,)) == (one.source, one.events, tuple(n for n, _ in one.numbers))


def test_the_number_of_a_publisher_on_kafka_is_of_its_event() -> None:
    """Its header alone will do; a copy is known by the event."""
    booked = event("pregnancy.booked", 0, number="9990000018")
    header = ("ce_sequence", b"17")
    first, copy = taken(booked, header).arrivals, taken(booked, header).arrivals
    other = taken(replace(booked, id="other"), header).arrivals
    assert first == copy != other
    assert first is not None
    assert taken(booked, ("ce_sequence", b"x")).arrivals == replace(first, numbers=())


def test_a_heartbeat_is_no_event_and_may_say_what_carried_nothing() -> None:
    """A feed that only says that it is alive brings nothing."""
    beat = event("feed.heartbeat", 0, reference=FEED)
    beat = replace(beat, body={**HEARTBEAT, "nothing_from": 3, "nothing_to": 5})
    arrivals = taken(beat).arrivals
    assert arrivals is not None
    assert (0, ((3, 5),)) == (arrivals.events, arrivals.nothing)


def test_what_is_refused_is_here() -> None:
    """A stranger is not followed; whoever is known has sent this number."""
    wrong = event("pregnancy.booked", 0, number="9990000019")
    header = ("ce_sequence", b"17")
    found = taken(wrong, header)
    assert QUARANTINE == found.output.topic
    assert found.arrivals is not None
    assert (0, 17) == (found.arrivals.events, found.arrivals.numbers[0][0])
    assert taken(replace(wrong, source="ZZZ:PAS"), header).arrivals is None


def test_what_a_door_keeps_in_quarantine_is_here() -> None:
    """The number stands beside the record of it."""
    publisher = Publisher("127.0.0.1:1", b"of the test")
    original = Original(
        body=b"x", door="mllp", content_type="text/plain", received_at=START, source=FEED
    )
    fault = SenderFault(FaultReason.UNPARSEABLE, "no", remedy="none")
    kept = publisher._record("q-1", fault, original)
    headers = headers_of(numbered(9, "m"))
    found = noted(record(encode_quarantine(kept), *headers, topic=QUARANTINE)).arrivals
    assert found is not None
    assert (FEED, 0, 9) == (found.source, found.events, found.numbers[0][0])
    assert noted(record(encode_quarantine(kept), topic=QUARANTINE)).arrivals is None


def test_the_feeds_agent_tells_the_matter_of_a_hole_once() -> None:
    """By a wake after the grace; a redelivered record says the same again."""
    place = Place()
    booked = event("pregnancy.booked", 0, number="9990000018")
    kept, said = Kept(), []
    for offset, number in enumerate((1, 2, 5)):
        told = replace(booked, id=f"b{number}")
        headers = headers_of(numbered(number, told.id))
        arrivals = took(place.context, TOPIC, record(encode_event(told), *headers)).arrivals
        assert arrivals is not None
        (output,) = of_feeds(place.context, [arrivals])
        assert FEEDS == output.topic
        note = decode_input(output.value).counted
        assert note is not None
        assert arrivals == arrivals_of(note)
        kept = follow(place.context, record(output.value, topic=FEEDS, offset=offset), kept, 0)
        said += kept.again(offset) or ()
    assert [] == said
    assert kept.next_wake is not None
    place.clock.true = kept.next_wake
    wake = replace(decode_input(output.value), kind=InputKind.WAKE, counted=None, at=kept.next_wake)
    woken = record(encode_input(wake), topic=FEEDS, offset=3)
    kept = follow(place.context, woken, open_kept(close_kept(kept)), 0)
    (gap,) = kept.again(3) or ()
    assert MATTERS == gap.topic
    told_matter = decode_input(gap.value).counted
    assert told_matter is not None
    assert 2 == unpack_fields(told_matter.fields)["missing"]


def test_what_is_no_arrival_is_kept_back() -> None:
    """Garbage on the inner topic goes to quarantine; the feed stays what it was."""
    kept = follow(Place().context, record(b"garbage", topic=FEEDS), Kept(), 0)
    assert [QUARANTINE] == [output.topic for output in kept.again(0) or ()]
