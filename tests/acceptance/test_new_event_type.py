"""An event type is three files: schema, policy, worked scenario.  No Python knows of it."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.check import check
from hub.demo.simulate import simulate
from hub.edges.schemas import Schemas, packaged_folder
from hub.governance.catalogue import OWN_RECORDS
from hub.ops.settings import PACKAGE, Settings
from hub.policy.loader import load_policy
from tests.acceptance.people import booking, iso, now, subject
from tests.acceptance.upped import Up, soon
from tests.patience import PATIENCE_SECONDS

FILES = Path(__file__).parent / "new_event_type"
NAME = "contact.weighed"
NUMBER = """
[[schema]]
id = 1900
file = "events/contact.weighed.avsc"
subject = "perinatal.contact-perinatal.ContactWeighed"
version = 1
"""
WOMAN = 47


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub's own copies of schemas and policy, with the new files in their places."""
    there = tmp_path_factory.mktemp("grown")
    shutil.copytree(packaged_folder(), there / "schemas")
    shutil.copytree(PACKAGE / "policy", there / "policy")
    shutil.copy(FILES / "schema" / f"{NAME}.avsc", there / "schemas" / "events")
    shutil.copy(FILES / "policy" / f"{NAME}.toml", there / "policy" / "events")
    with (there / "schemas" / "ids.toml").open("a", encoding="utf-8") as numbers:
        numbers.write(NUMBER)
    return there


def test_the_name_stands_in_no_program() -> None:
    """The proof would be worth nothing if the code already knew the type."""
    for folder in ("hub", "agents"):
        for file in (PACKAGE.parent / folder).rglob("*.py"):
            assert NAME not in file.read_text(encoding="utf-8"), file


def test_three_files_are_enough_on_the_core(tmp_path: Path) -> None:
    """Tried beside the packaged ones, before it has a number: the scenario goes as told."""
    shutil.copytree(PACKAGE / "policy", tmp_path / "policy")
    shutil.copy(FILES / "policy" / f"{NAME}.toml", tmp_path / "policy" / "events")
    schemas = Schemas.load(extra=FILES / "schema")
    policy = load_policy(tmp_path / "policy", [packaged_folder() / "events", FILES / "schema"])
    found = simulate(FILES / "scenario" / f"{NAME}.toml", policy, schemas)
    assert ([], []) == (found["missing"], found["unexpected"])


def test_the_check_counts_it(folders: Path) -> None:
    """A released type needs its number frozen, and the check says so; policy and schema fit."""
    settings = Settings(
        data_dir=folders / "data", schemas_dir=folders / "schemas", policy_dir=folders / "policy"
    )
    found = check(settings, FILES / "scenario")
    files = len(list((folders / "policy" / "events").glob("*.toml")))
    assert files + len(OWN_RECORDS) == found.counts["event_types"]
    assert [f"{NAME}.avsc"] == [Path(fault.file).name for fault in found.faults]
    assert "is not frozen" in found.faults[0].message
    assert not any(NAME in warning for warning in found.warnings)


class Grown(Up):
    """A hub with one event type more."""

    grown: Path

    def settings(self) -> dict[str, str]:
        """The settings of any hub, with schemas and policy in folders of its own."""
        own = {name: str(self.grown / name) for name in ("schemas", "policy")}
        return {
            **super().settings(),
            "HUB_SCHEMAS_DIR": own["schemas"],
            "HUB_POLICY_DIR": own["policy"],
        }


@pytest.fixture(scope="module")
def hub(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    """A running one."""
    running = Grown(tmp_path_factory.mktemp("up"))
    running.grown = folders
    running.start()
    yield running
    assert 0 == running.stop()


def weighed(loss_percent: int) -> dict[str, object]:
    """A weight, as a publisher sends it who has read the schema in the registry."""
    return {
        "specversion": "1.0",
        "id": f"acc-{WOMAN}-weighed-{loss_percent}",
        "type": NAME,
        "source": "RXX:MATERNITY",
        "time": iso(now()),
        "subject": subject(WOMAN),
        "data": {
            "baby_id": "MAT70047/1",
            "grams": 2975,
            "loss_percent": loss_percent,
            "clothing": "naked",
        },
    }


@pytest.mark.stack
def test_three_files_are_enough_on_the_whole_hub(hub: Grown) -> None:
    """Sent over HTTPS it is taken, and the health visitors see the notice on their worklist."""
    booked = booking(WOMAN)
    assert httpx.codes.ACCEPTED == hub.post(booked).status_code
    # Two families are two topics, and nothing orders them: who holds her must be known first.
    assert soon(lambda: hub.coverage(str(booked["id"])))
    event = weighed(12)
    assert httpx.codes.ACCEPTED == hub.post(event).status_code
    line = soon(lambda: hub.coverage(str(event["id"])).get("HV_TEAM"))
    assert "RYX" == line["organisation"]
    with hub.browser("health-visitor") as browser:
        assert "A baby has lost more than a tenth" in browser.get("/worklist").text


@pytest.mark.stack
def test_the_door_and_the_registry_know_it(hub: Grown) -> None:
    """A wrong field is named, and the registry hands out the schema, as for any other type."""
    event = weighed(9)
    answer = hub.post({**event, "data": {**dict(event["data"]), "clothing": "hat"}})  # type: ignore[call-overload]  # a body is a dict
    assert httpx.codes.UNPROCESSABLE_ENTITY == answer.status_code
    assert "data.clothing" in answer.text
    names = httpx.get(f"{hub.page}/registry/subjects", timeout=PATIENCE_SECONDS).json()
    assert [name for name in names if re.search(r"ContactWeighed$", name)]
