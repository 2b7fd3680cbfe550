"""The gateway on a scratch database, with a publisher that keeps what it is given."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from hub.core.faults import SenderFault
from hub.core.model import Event, Input, Numbered
from hub.edges.directory import Directory
from hub.edges.publish import Original, Unavailable
from hub.edges.schemas import default_schemas
from hub.ops.clock import HeldClock
from hub.ops.settings import Settings
from hub.roles.sandbox import foretell
from hub.store.engine import make_engine, migrate_engine, writing
from hub.web.app import make_app
from hub.web.auth import DEMO_PASSWORD
from tests.core.stage import policy
from tests.web import scene


@dataclass
class Recording:
    """Stands where Kafka would: keeps everything, or is away."""

    events: list[tuple[Event, str | None]] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    kept: list[tuple[SenderFault, Original]] = field(default_factory=list)
    numbers: list[tuple[str, Numbered]] = field(default_factory=list)
    away: bool = False
    meanwhile: Callable[[], None] | None = None
    """What others do between Kafka's confirmation and what we write after it."""

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def publish_event(self, event: Event, *, topic: str | None = None) -> None:
        """Keep an event."""
        self._refuse_when_away()
        self.events.append((event, topic))

    async def publish_input(self, given: Input) -> None:
        """Keep an input."""
        self._refuse_when_away()
        self.inputs.append(given)
        if self.meanwhile is not None:
            self.meanwhile()

    async def note_number(self, source: str, told: Numbered | None, at: datetime) -> None:
        """Keep a number, if there is one."""
        del at
        if told is not None:
            self._refuse_when_away()
            self.numbers.append((source, told))

    async def quarantine(self, fault: SenderFault, original: Original) -> str:
        """Keep a faulty original."""
        self._refuse_when_away()
        self.kept.append((fault, original))
        return f"q-{len(self.kept)}"

    def _refuse_when_away(self) -> None:
        if self.away:
            raise Unavailable("Kafka did not confirm in time")

    def signals(self) -> list[tuple[str, str]]:
        """Notice and signal of every receipt so far, in order."""
        receipts = [given.receipt for given in self.inputs if given.receipt is not None]
        return [(receipt.notice_id, receipt.signal.value) for receipt in receipts]


@dataclass
class Gateway:
    """A running gateway and everything around it."""

    browse: Callable[[], TestClient]
    publisher: Recording
    engine: Engine
    clock: HeldClock
    settings: Settings

    def sign_in(self, login: str) -> TestClient:
        """A browser of its own in which somebody has signed in."""
        browser = self.browse()
        answer = browser.post("/login", data={"login": login, "password": DEMO_PASSWORD})
        assert answer.status_code == 303, "the demonstration's people can sign in"
        return browser


@pytest.fixture(scope="session")
def family_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with every table and the scene's family, made once and copied."""
    file = tmp_path_factory.mktemp("web") / "hub.db"
    made = make_engine(f"sqlite:///{file}")
    migrate_engine(made)
    with writing(made) as conn:
        scene.play(conn)
    made.dispose()
    return file


@pytest.fixture
def engine(tmp_path: Path, family_file: Path) -> Iterator[Engine]:
    """A scratch database of one test."""
    made = make_engine(f"sqlite:///{shutil.copy(family_file, tmp_path / 'hub.db')}")
    yield made
    made.dispose()


@pytest.fixture
def people() -> Directory:
    """The directory of the scene."""
    return scene.directory()


@pytest.fixture
def gateway(tmp_path: Path, engine: Engine, people: Directory) -> Iterator[Gateway]:
    """The whole gateway over the scene's family."""
    settings = Settings(
        data_dir=tmp_path,
        secret_key="s" * 32,
        demo_logins=True,
        allow_loopback_webhooks=True,
    )
    clock = HeldClock(tmp_path / "clock")
    clock.move(scene.NOW)
    publisher = Recording()
    app = make_app(
        settings,
        publisher=publisher,
        engine=engine,
        directory=people,
        clock=clock,
        foretell=lambda event, at: foretell(event, at, policy(), default_schemas(), people),
    )
    with ExitStack() as opened:

        def browse() -> TestClient:
            return opened.enter_context(
                TestClient(app, base_url="http://127.0.0.1:8080", follow_redirects=False)
            )

        yield Gateway(browse, publisher, engine, clock, settings)


class HasText(Protocol):
    """A page that came back."""

    @property
    def text(self) -> str:
        """Its HTML."""
        ...


def token_in(page: HasText) -> str:
    """The form token on a page."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found is not None, "every form of a signed-in page has a token"
    return found[1]


def key(ods: str) -> dict[str, str]:
    """The credential of an organisation of the demonstration."""
    return {"Authorization": f"Bearer demo-{ods}"}
