"""Everything up on one machine: Kafka, topics, tables, roles.  Used by `hub up` and `hub demo`.

This is the composition root of the one-machine hub; it decides nothing and knows no clinical
word.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub.ops.kafka_embedded import EmbeddedKafka, free_ports
from hub.ops.settings import Settings, make_secret
from hub.ops.steps import Steps
from hub.ops.supervisor import ROLES, Supervisor
from hub.ops.topics import create_topics

if TYPE_CHECKING:
    from hub.edges.directory import Directory


class CannotStartError(Exception):
    """Something outside the hub is in the way.

    Operator action: the sentence says what to set or to stop.
    """


@dataclass(slots=True)
class Running:
    """A hub that runs.  `settings` are the ones in force, Kafka's address included."""

    settings: Settings
    supervisor: Supervisor
    kafka: EmbeddedKafka | None
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when Kafka ended by itself: nothing can go on, and nothing is lost."""
    kafka_ready_seconds: float = 0.0

    def wait(self) -> None:
        """Until somebody stops the hub, or Kafka ends."""
        while not self.ended.wait(0.2):
            pass

    def page(self) -> str:
        """The address of the pages, as a browser wants it."""
        return f"http://{self.settings.gateway_host}:{self.settings.gateway_port}"

    def addresses(self) -> dict[str, str]:
        """Every address a person or a machine may want."""
        own = {
            "pages and API": self.page(),
            "HL7 v2 (MLLP)": f"{self.settings.mllp_host}:{self.settings.mllp_port}",
            "Kafka": self.settings.kafka,
        }
        metrics = self.supervisor.metrics_addresses()
        return own | {f"metrics of {role}": f"http://{at}/metrics" for role, at in metrics.items()}


@contextmanager
def running_hub(
    settings: Settings,
    steps: Steps,
    *,
    roles: Sequence[str] = ROLES,
    subscribers: Sequence[str] | None = None,
) -> Iterator[Running]:
    """A hub that is up inside the `with`, and stopped in order after it.

    A gateway or MLLP port of 0 is replaced by a free one.  `subscribers` are the organisations
    that get a Kafka topic for their notices; by default those of the directory.  Raises
    CannotStartError, LockedError, JarsUnfitError, KafkaFailedError, TopicsUnfitError or
    RoleFailedError, each in words.
    """
    if subscribers is None:
        subscribers = subscribers_of(settings)
    settings = _with_ports(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    ready_seconds = 0.0
    with ExitStack() as stack:
        kafka: EmbeddedKafka | None = None
        if settings.embedded:
            # Made here: a child sees an address of Kafka, and would refuse to make its own.
            if not settings.secret_key.get_secret_value():
                make_secret(settings.secret_file())
            began = time.monotonic()
            kafka = _start_kafka(settings, steps, ended)
            ready_seconds = time.monotonic() - began
            stack.callback(_stop_kafka, kafka, steps)
            settings = settings.model_copy(update={"kafka": kafka.bootstrap})
        with steps.step("topics") as step:
            made = asyncio.run(create_topics(settings.kafka, settings, subscribers=subscribers))
            step.now(f"topics ({len(made)} new)")
        with steps.step("tables"):
            _migrate(settings)
        supervisor = Supervisor(settings, steps, roles=roles)
        stack.callback(_stop_roles, supervisor, steps)
        supervisor.start()
        yield Running(settings, supervisor, kafka, ended, ready_seconds)


def subscribers_of(settings: Settings) -> tuple[str, ...]:
    """The organisations of the directory that read notices from Kafka.

    Raises CannotStartError for a directory that cannot be read, before anything is started.
    """
    return _directory(settings).kafka_subscribers()


def who_can_enter(settings: Settings) -> str:
    """Who can sign in, in words, where it is not plain: everybody, or nobody yet.

    Raises CannotStartError for a directory that cannot be read.
    """
    directory = _directory(settings)
    if settings.demo_logins:
        return "everybody listed on the sign-in page, and keys such as demo-RXX: HUB_DEMO_LOGINS"
    if directory.publishers or any(each.password_hash for each in directory.staff_members.values()):
        return ""
    return (
        f"nobody yet: {settings.directory.name} has no password and no key; to look around on this "
        "machine set HUB_DEMO_LOGINS=true, for your own people set HUB_DIRECTORY"
    )


def _directory(settings: Settings) -> "Directory":
    from hub.edges.directory import load_directory  # noqa: PLC0415  most commands need none

    try:
        return load_directory(settings.directory)
    except (OSError, ValueError) as error:
        raise CannotStartError(
            f"the directory {settings.directory} cannot be used: {error}; mend it, or set "
            f"HUB_DIRECTORY"
        ) from error


def _start_kafka(settings: Settings, steps: Steps, ended: threading.Event) -> EmbeddedKafka:
    """Kafka with its progress.  Its own death later is said aloud and ends the hub."""

    def died(code: int) -> None:
        steps.say(f"! Kafka ended with {code}; see {settings.data_dir / 'kafka.log'}")
        ended.set()

    with steps.step("Kafka") as step:
        kafka = EmbeddedKafka(
            settings.data_dir,
            on_death=died,
            on_jar=lambda done, all_, name: step.now(f"Kafka: fetched {done} of {all_}, {name}"),
        )
        kafka.start()
        step.now(f"Kafka answers at {kafka.bootstrap}")
    return kafka


def _stop_kafka(kafka: EmbeddedKafka, steps: Steps) -> None:
    with steps.step("Kafka stopped"):
        kafka.stop()


def _stop_roles(supervisor: Supervisor, steps: Steps) -> None:
    with steps.step("roles stopped"):
        supervisor.stop()


def _migrate(settings: Settings) -> None:
    """Bring the tables up to date."""
    from hub.store.engine import migrate  # noqa: PLC0415  SQLAlchemy costs 0.3 s to load

    migrate(settings.real_database_url())


def _with_ports(settings: Settings) -> Settings:
    """The doors on ports that are really free.  Raises CannotStartError for a taken one."""
    chosen: dict[str, int] = {}
    for name, wanted in (
        ("gateway_port", settings.gateway_port),
        ("mllp_port", settings.mllp_port),
    ):
        (got,) = free_ports(wanted)
        if wanted not in (0, got):
            raise CannotStartError(
                f"port {wanted} is taken; set HUB_{name.upper()} to another one, or to 0 for any"
            )
        chosen[name] = got
    return settings.model_copy(update=chosen)
