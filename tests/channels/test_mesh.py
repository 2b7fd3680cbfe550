"""MESH keeps the contract of every channel, against the sandbox of the national service."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from hub.core.model import NoticeReason, Signal
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed
from hub.edges.channels.mesh import MeshChannel
from hub.edges.directory import Endpoint
from hub.edges.fhir.notice import bundle_id, message_of
from hub.edges.fhir.reader import open_fhir
from hub.edges.formats import Format
from hub.edges.mesh import Account, Mailbox
from hub.store import mesh_book
from hub.store.engine import make_engine, migrate, reading
from tests.channels.contract import Arrival, Contract, Peer, Trouble
from tests.channels.tools import send
from tests.mesh.stage import now
from tests.patience import PATIENCE_SECONDS, wait_until
from tests.ports import reserved_port
from tests.servers.mesh import KEY, OURS, PASSWORD, PRACTICE, Mesh, running_mesh
from tests.store.records import GP, notice_record

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One sandbox for this file; each test finds it empty."""
    with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh


@pytest.fixture
def mesh(sandbox: Mesh) -> Mesh:
    """The sandbox, emptied."""
    sandbox.reset()
    return sandbox


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with the book."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    made = make_engine(url)
    yield made
    made.dispose()


def at(
    mailbox: str = PRACTICE, workflow: str = "TEST_WORKFLOW", organisation: str = GP
) -> Endpoint:
    """The endpoint of a mailbox."""
    address = f"mesh://{mailbox}?workflow_id={workflow}"
    return Endpoint(organisation=organisation, channel="mesh", address=address)


class _Post(Peer):
    """The practice's mailbox at the sandbox."""

    proves = Signal.SENT

    def __init__(self, mesh: Mesh, engine: Engine) -> None:
        self._mesh, self._engine = mesh, engine

    def make(self) -> tuple[Channel, Endpoint]:
        return self._through(self._mesh.account()), at()

    def _through(self, account: Account) -> Channel:
        mailbox = Mailbox(account, total_seconds=self.seconds)
        return MeshChannel(mailbox, self._engine, now, total_seconds=self.seconds)

    def arrivals(self) -> list[Arrival]:
        return [
            Arrival(headers["localid"], repr(headers).encode() + body)
            for headers, body in self._mesh.waiting()
        ]

    def troubles(self) -> list[Trouble]:
        closed = f"http://127.0.0.1:{reserved_port()}"
        dead = Account(url=closed, mailbox=OURS, password=PASSWORD, shared_key=KEY)
        locked = self._mesh.account(password="wrong")
        return [
            self._answered("refused", at("NOBODY1"), DeliveryReason.NO_SUCH_MAILBOX, retry=False),
            self._answered("refused", at("", "WF"), DeliveryReason.NO_SUCH_MAILBOX, retry=False),
            Trouble(
                "refused", lambda: (self._through(locked), at()), DeliveryReason.OUR_CREDENTIALS
            ),
            Trouble(
                "later",
                lambda: (self.make()[0], at(workflow="FAULT_LATER")),
                DeliveryReason.THEIR_ERROR,
                wait=timedelta(seconds=7),
            ),
            Trouble("dead", lambda: (self._through(dead), at()), DeliveryReason.UNREACHABLE),
            self._answered("hanging", at(workflow="FAULT_HANG"), DeliveryReason.TIMED_OUT),
        ]

    def _answered(
        self, way: str, endpoint: Endpoint, reason: DeliveryReason, *, retry: bool = True
    ) -> Trouble:
        return Trouble(way, lambda: (self.make()[0], endpoint), reason, retry=retry)


class TestMesh(Contract):
    """The whole contract, against the sandbox."""

    @pytest.fixture
    def peer(self, mesh: Mesh, engine: Engine) -> Peer:
        """The practice's mailbox."""
        return _Post(mesh, engine)


def post(mesh: Mesh, engine: Engine, endpoint: Endpoint, notice_id: str = "n-1") -> object:
    """Send one notice over MESH."""
    channel = MeshChannel(mesh.mailbox(), engine, now)
    (result,) = send(
        channel, endpoint, notice_record(notice_id, organisation=endpoint.organisation)
    )
    return result


def test_the_message_is_a_fhir_message_for_the_mailbox(mesh: Mesh, engine: Engine) -> None:
    """Workflow and local id in the headers; header, receiver and the lines of the notice inside."""
    assert Delivered(Signal.SENT) == post(mesh, engine, at())
    ((headers, body),) = mesh.waiting()
    assert ("TEST_WORKFLOW", "n-1", "DATA", OURS, PRACTICE) == tuple(
        headers[name] for name in ("workflowid", "localid", "messagetype", "from", "to")
    )
    _, bundle = open_fhir(body, Format.FHIR_JSON)
    header, told = bundle.all("entry", "resource")
    assert ("message", bundle_id("n-1")) == (bundle.text("type"), bundle.text("id"))
    assert f"urn:nhs-uk:addressing:mesh:{PRACTICE}" == header.text("destination", "endpoint")
    assert GP == told.text("recipient", "identifier", "value")
    assert "Due date: 2027-05-01" == told.text("payload", "contentString")


def test_a_withdrawn_notice_says_so_and_names_the_first() -> None:
    """What stands in the recipient's system can be found and taken back."""
    notice = notice_record("n-2", reason=NoticeReason.WITHDRAWN, in_reply_to="n-1")
    bundle = msgspec.json.decode(message_of(notice, OURS, PRACTICE))
    told = bundle["entry"][1]["resource"]
    assert "entered-in-error" == told["status"]
    assert "n-1" == told["inResponseTo"][0]["identifier"]["value"]


def test_a_mailbox_is_looked_up_by_organisation_and_workflow(mesh: Mesh, engine: Engine) -> None:
    """The directory need not know the mailbox when the organisation has one for the workflow."""
    assert Delivered(Signal.SENT) == post(mesh, engine, at("", "TEST_WORKFLOW", "X26"))
    assert ["n-1"] == [headers["localid"] for headers, _ in mesh.waiting(PRACTICE)]


def test_two_mailboxes_are_no_address(mesh: Mesh, engine: Engine) -> None:
    """Which of them would be right is for people to say (EPL-150)."""
    result = post(mesh, engine, at("", "TEST_WORKFLOW2", "X26"))
    assert Failed(DeliveryReason.TWO_MAILBOXES, retry=False) == result


def noted(engine: Engine) -> bool:
    """Whether the book knows of the notice."""
    with reading(engine) as conn:
        return mesh_book.standing_of(conn, "n-late") is not None


def test_what_mesh_took_after_the_deadline_is_not_sent_again(mesh: Mesh, engine: Engine) -> None:
    """The attempt counts as timed out, the book knows better, and the retry sends nothing."""
    slow = MeshChannel(mesh.mailbox(total_seconds=PATIENCE_SECONDS), engine, now, total_seconds=0.5)
    (first,) = send(slow, at(workflow="FAULT_HANG"), notice_record("n-late"))
    assert Failed(DeliveryReason.TIMED_OUT) == first
    wait_until(lambda: noted(engine), "the note of what MESH took")
    assert Delivered(Signal.SENT) == post(mesh, engine, at(), "n-late")
    arrived = [headers["localid"] for headers, _ in mesh.waiting()]
    assert 1 == arrived.count("n-late")


def test_an_address_of_another_form_is_refused_at_once(mesh: Mesh, engine: Engine) -> None:
    """`hub check` names it as well."""
    wrong = msgspec.structs.replace(at(), address="https://mesh.example/")
    assert Failed(DeliveryReason.BAD_ADDRESS, retry=False) == post(mesh, engine, wrong)
