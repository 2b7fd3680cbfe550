"""The round of MESH against the sandbox: collected, come back, answered, and not understood."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import Signal
from hub.edges.channels.base import Delivered, DeliveryReason, Failed
from hub.edges.fhir.notice import bundle_id
from hub.edges.mesh import Mailbox, MeshFault
from hub.edges.mesh_codes import ACKNOWLEDGEMENTS
from hub.ops.clock import HeldClock
from hub.store import mesh_book, outbox
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.projector import apply_decision
from tests.channels.tools import send
from tests.mesh.stage import Stage, acknowledgement
from tests.servers.mesh import OTHER, OURS, PRACTICE, Mesh, running_mesh
from tests.store.records import GP, decision, every_outcome, notice_record
from tests.store.test_delivery import HUB_TIME

pytestmark = pytest.mark.stack

SENT = ("n-1", Signal.SENT, None)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One sandbox for this file."""
    with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh


@pytest.fixture
def stage(sandbox: Mesh, tmp_path: Path) -> Iterator[Stage]:
    """An empty sandbox and an empty outbox; a notice has been handed over."""
    sandbox.reset()
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    engine = make_engine(url)
    clock = HeldClock(tmp_path / "clock")
    clock.move(HUB_TIME)
    made = Stage(sandbox, engine, clock)
    made.send("n-1")
    assert [SENT] == made.signals()
    yield made
    engine.dispose()


def standing(engine: Engine) -> mesh_book.Standing | None:
    """Where the message of the notice stands in the book."""
    with reading(engine) as conn:
        return mesh_book.standing_of(conn, "n-1")


def message_id(stage: Stage) -> str:
    """The id that MESH gave the message."""
    with reading(stage.engine) as conn:
        handed = mesh_book.by_notice(conn, "n-1")
    assert handed is not None
    return handed.message_id


def test_delivered_is_when_the_recipient_has_collected(stage: Stage) -> None:
    """Until then it stays *sent*, round after round; after it nothing is asked any more."""
    stage.round()
    assert [SENT] == stage.signals()
    stage.mesh.collect()
    stage.round()
    stage.round()
    assert [SENT, ("n-1", Signal.DELIVERED, None)] == stage.signals()
    assert mesh_book.Standing.ACKNOWLEDGED is standing(stage.engine)


@pytest.mark.parametrize(
    ("code", "signal"),
    [("41001", Signal.ACCEPTED), ("41002", Signal.NOT_OURS), ("41022", Signal.REFUSED)],
)
def test_what_the_organisation_answers_is_a_receipt(
    stage: Stage, code: str, signal: Signal
) -> None:
    """By the organisation the notice is for, with the code; it proves delivery as well."""
    stage.mesh.answer(acknowledgement(code, "n-1"))
    stage.round()
    told = set(stage.signals())
    assert {SENT, ("n-1", Signal.DELIVERED, None), ("n-1", signal, f"itk3_{code}")} == told
    receipt = next(g.receipt for g in stage.kafka.told if g.receipt and g.receipt.signal is signal)
    assert (GP, "GP_PRACTICE", "mesh", None) == (
        receipt.organisation,
        receipt.role,
        receipt.channel,
        receipt.person,
    )
    assert [] == stage.mesh.waiting(OURS)


class Killed(Mailbox):
    """The process ends between the yes of MESH and the book."""

    async def send(
        self,
        recipient: str,
        workflow: str,
        local_id: str,
        body: bytes,
        taken: Callable[[str], None],  # noqa: ARG002  that it is not called is the point
    ) -> None:
        """MESH has it, and nobody here hears of it."""
        await super().send(recipient, workflow, local_id, body, lambda _: None)
        raise MeshFault(DeliveryReason.UNREACHABLE)


def test_an_answer_to_what_we_do_not_know_to_have_sent_counts(stage: Stage) -> None:
    """It is known by the ids of the document; and what was answered is not sent again."""
    means = stage.means(Killed)
    record = notice_record("n-9")
    endpoint = means.directory.endpoint(GP, record.role)
    with writing(stage.engine) as conn:
        outbox.queue_notice(conn, record, endpoint, means.now())
    (failed,) = send(means.channels["mesh"], endpoint, record)
    assert failed == Failed(DeliveryReason.UNREACHABLE)
    stage.mesh.answer(acknowledgement("41001", "n-9"))
    stage.round()
    assert ("n-9", Signal.ACCEPTED, "itk3_41001") in stage.signals()
    assert [] == stage.quarantine.kept
    (again,) = send(stage.means().channels["mesh"], endpoint, record)
    assert again == Delivered(Signal.DELIVERED)


def test_not_ours_brings_the_present_team(stage: Stage) -> None:
    """So that the duty turns to the right holder in the same decision, as from the pages."""
    with writing(stage.engine) as conn:
        apply_decision(conn, decision(1, *every_outcome()))
    stage.mesh.answer(acknowledgement("41002", "n-1"))
    stage.round()
    (given,) = [g for g in stage.kafka.told if g.receipt and g.receipt.signal is Signal.NOT_OURS]
    assert stage.means().directory.organisations == {}
    assert given.team == ()
    assert given.at == HUB_TIME


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("12", "no_such_mailbox"),
        ("14", "not_collected"),
        ("17", "not_for_workflow"),
        ("06", "malformed"),
        ("EPL-154", "person_unknown"),
        ("77", "rejected"),
    ],
)
def test_a_report_of_mesh_is_a_reason_of_the_list(stage: Stage, code: str, reason: str) -> None:
    """The core hears that it bounced and why; the report is taken out of the mailbox."""
    stage.mesh.report(code, linked_message_id=message_id(stage), status="error")
    stage.round()
    assert [SENT, ("n-1", Signal.BOUNCED, reason)] == stage.signals()
    assert [] == stage.mesh.waiting(OURS)


@pytest.mark.parametrize(
    ("stands", "reason"), [("undeliverable", "not_collected"), ("error", "rejected")]
)
def test_tracking_alone_tells_that_it_came_back(stage: Stage, stands: str, reason: str) -> None:
    """Also when the report is late or lost."""
    stage.mesh.event(message_id(stage), stands)
    stage.round()
    assert [SENT, ("n-1", Signal.BOUNCED, reason)] == stage.signals()


@pytest.mark.parametrize("code", ["51001", "51002", "51006", "51010"])
def test_what_their_system_answers(stage: Stage, code: str) -> None:
    """Taken in, or there already, is delivered; refused is bounced."""
    stage.mesh.answer(acknowledgement(code, "n-1"))
    stage.round()
    meaning = ACKNOWLEDGEMENTS[code]
    reason = meaning.reason.value if meaning.reason else None
    assert [SENT, ("n-1", meaning.signal, reason)] == stage.signals()


def test_their_failure_is_sent_once_more_after_a_wait(stage: Stage) -> None:
    """A second message with the same local id; the core hears nothing of it."""
    stage.mesh.answer(acknowledgement("51012", "n-1"))
    stage.round()
    assert 1 == len(stage.mesh.waiting())
    assert mesh_book.Standing.FAILED is standing(stage.engine)
    with writing(stage.engine) as conn:
        conn.execute(sa.update(t.outbox).values(next_try_at=HUB_TIME - HUB_TIME.resolution))
    stage.deliver()
    assert ["n-1", "n-1"] == [headers["localid"] for headers, _ in stage.mesh.waiting()]
    assert {SENT} == set(stage.signals())


def test_an_answer_that_is_read_twice_is_one_receipt(stage: Stage) -> None:
    """Kafka away: MESH keeps the answer, and the next round tells the same input."""
    stage.mesh.answer(acknowledgement("41001", "n-1"))
    stage.kafka.refusals = 1
    stage.round()
    stage.round()
    accepted = [g for g in stage.kafka.told if g.receipt and g.receipt.signal is Signal.ACCEPTED]
    assert 1 == len({given.input_id for given in accepted})
    assert [] == stage.mesh.waiting(OURS)


@pytest.mark.parametrize(
    ("body", "sender", "reason"),
    [
        pytest.param(b"no FHIR", PRACTICE, "unparseable", id="no document"),
        pytest.param(b'{"resourceType": "Patient"}', PRACTICE, "schema_violation", id="no message"),
        pytest.param(
            acknowledgement("41001", "n-unknown"), PRACTICE, "unknown_notice", id="of another"
        ),
        pytest.param(
            acknowledgement("41001", "n-1"), OTHER, "unknown_notice", id="by somebody else"
        ),
        pytest.param(
            acknowledgement("99999", "n-1"), PRACTICE, "unsupported_message", id="no known code"
        ),
        pytest.param(b"x" * 300_000, PRACTICE, "oversize", id="too large"),
    ],
)
def test_what_cannot_be_used_is_kept_whole(
    stage: Stage, body: bytes, sender: str, reason: str
) -> None:
    """In quarantine, with an owner, and out of the mailbox; nobody is said to have been told."""
    stage.mesh.answer(body, sender)
    stage.round()
    assert [reason] == [kept for kept, _ in stage.quarantine.kept]
    assert body.startswith(stage.quarantine.kept[0][1])
    assert [SENT] == stage.signals()
    assert [] == stage.mesh.waiting(OURS)


def test_mesh_away_ends_a_round_and_nothing_else(stage: Stage) -> None:
    """What it has for us waits there."""
    url, stage.mesh.url = stage.mesh.url, "http://127.0.0.1:9"
    stage.round()
    stage.mesh.url = url
    stage.mesh.collect()
    stage.round()
    assert [SENT, ("n-1", Signal.DELIVERED, None)] == stage.signals()


class _WithAHole(Mailbox):
    """One in which a listed message is gone before it is read, as when two roles collect."""

    async def inbox(self) -> list[str]:
        """The list, and before all others one that MESH does not have."""
        return ["20260101000000000_ABCDEF", *await super().inbox()]


def test_a_message_that_cannot_be_read_holds_up_no_other(stage: Stage) -> None:
    """The next answer is taken in the same round, and tracking goes on."""
    stage.mesh.answer(acknowledgement("41001", "n-1"))
    stage.round(_WithAHole)
    assert ("n-1", Signal.ACCEPTED, "itk3_41001") in stage.signals()
    assert [] == stage.mesh.waiting(OURS)


def test_an_answer_in_xml_of_stu3_is_read_as_well(stage: Stage) -> None:
    """The form in which ITK3 is spoken today."""
    stage.mesh.answer(
        f"""<Bundle xmlns="http://hl7.org/fhir"><type value="message"/>
        <entry><resource><MessageHeader><id value="m"/>
          <response><identifier value="{bundle_id("n-1").upper()}"/><code value="ok"/></response>
        </MessageHeader></resource></entry>
        <entry><resource><OperationOutcome><issue><severity value="information"/>
          <code value="informational"/>
          <details><coding><code value="41001"/></coding></details>
        </issue></OperationOutcome></resource></entry></Bundle>""".encode()
    )
    stage.round()
    assert ("n-1", Signal.ACCEPTED, "itk3_41001") in stage.signals()


@pytest.mark.parametrize("code", ["41001", "41022", "51001", "51003", "51012"])
def test_an_answer_to_a_test_of_a_subscription_changes_nothing(stage: Stage, code: str) -> None:
    """It stands in no outbox; the round goes on, and the core hears nothing of it."""
    channel = stage.means().channels["mesh"]
    endpoint = stage.means().directory.endpoint(GP, "GP_PRACTICE")
    (sent,) = send(channel, endpoint, notice_record("test-1"))
    assert Delivered(Signal.SENT) == sent
    stage.mesh.answer(acknowledgement(code, "test-1"))
    stage.mesh.answer(acknowledgement("41001", "n-1"))
    stage.round()
    answered = {("n-1", Signal.DELIVERED, None), ("n-1", Signal.ACCEPTED, "itk3_41001")}
    assert {SENT} | answered == set(stage.signals())
    assert [] == stage.quarantine.kept
