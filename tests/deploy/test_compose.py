"""The production-shaped stack, checked without Docker: what can be known from the files alone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from hub.cli import app
from hub.ops.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
REQUIRED_VARIABLE = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|PRIVATE", re.IGNORECASE)


def hub_services() -> dict[str, dict[str, Any]]:
    """The services that run our own image."""
    return {name: each for name, each in SERVICES.items() if "build" in each}


def test_every_role_of_the_house_has_a_service() -> None:
    """Five roles make the hub; one forgotten in compose would leave a duty undone in silence."""
    commands = sorted({each["command"][1] for each in hub_services().values()} - {"topics"})
    assert ["deliver", "gateway", "mllp", "project", "worker"] == commands


def test_two_workers_differ_by_id_and_by_data() -> None:
    """Two workers that shared a name or a store would be one worker twice: a split brain."""
    workers = [each for each in hub_services().values() if each["command"][1] == "worker"]
    ids = {each["environment"]["HUB_WORKER_ID"] for each in workers}
    volumes = {each["volumes"][0] for each in workers}
    assert (2, 2, 2) == (len(workers), len(ids), len(volumes))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_dependency_says_when_it_is_ready(name: str) -> None:
    """`depends_on` without a condition waits for nothing: each one is healthy or completed."""
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "test" in SERVICES[other].get("healthcheck", {}), f"{other} proves no health"
        else:
            assert "service_completed_successfully" == how["condition"]
            assert "on-failure" == SERVICES[other]["restart"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned(name: str) -> None:
    """A floating tag would make two starts of one commit two different hubs."""
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert tag not in {"", "latest"}


def test_the_base_image_is_pinned_and_the_hub_is_not_root() -> None:
    """The Dockerfile names a full version, and ends as a user without rights."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-\S+", base) for base in bases)
    assert ["hub"] == re.findall(r"^USER (\S+)", text, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_has_a_default(name: str) -> None:
    """Every secret comes from outside, and compose refuses to start without it."""
    settings = SERVICES[name].get("environment", {})
    secret = {key: text for key, text in settings.items() if SECRET_NAME.search(key)}
    inside = {key: text for key, text in settings.items() if "://" in text and "@" in text}
    for key, text in (secret | inside).items():
        assert REQUIRED_VARIABLE.search(text), f"{key} has a value of its own"


def test_the_example_environment_names_every_required_variable_and_fills_none() -> None:
    """`deploy/env.example` lists exactly what compose demands, empty."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    needed = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    example = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert dict.fromkeys(needed, "") == given


@pytest.mark.parametrize("name", sorted(hub_services()))
def test_every_command_is_one_the_hub_has(name: str) -> None:
    """Each service's command line is understood by the real command, options included."""
    _, command, *options = SERVICES[name]["command"]
    commands = getattr(get_command(app), "commands", {})
    assert command in commands
    known = {option for each in commands[command].params for option in each.opts}
    assert set() == {word for word in options if word.startswith("--")} - known


@pytest.mark.parametrize("name", sorted(hub_services()))
def test_every_setting_is_one_the_hub_reads(name: str) -> None:
    """A mistyped `HUB_` variable would be ignored in silence, and the default used."""
    known = {f"HUB_{field.upper()}" for field in Settings.model_fields}
    assert set() == set(SERVICES[name]["environment"]) - known


def test_every_volume_and_mounted_file_exists() -> None:
    """A missing bind source would be created by Docker as an empty folder."""
    mounts = [volume for each in SERVICES.values() for volume in each.get("volumes", [])]
    for source in (mount.partition(":")[0] for mount in mounts):
        known = (
            (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]
        )
        assert known, source


def test_ports_are_published_on_this_machine_only() -> None:
    """Nothing here has TLS yet, so nothing may be reached from another machine."""
    ports = [port for each in SERVICES.values() for port in each.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_confirmed_write_is_on_two_brokers() -> None:
    """Three copies, two of them in step: what acks=all means depends on these numbers."""
    brokers = [each["environment"] for name, each in SERVICES.items() if name.startswith("kafka-")]
    copies = {
        (each["KAFKA_DEFAULT_REPLICATION_FACTOR"], each["KAFKA_MIN_INSYNC_REPLICAS"])
        for each in brokers
    }
    asked = {each["environment"]["HUB_REPLICATION"] for each in hub_services().values()}
    assert (3, {("3", "2")}, {"3"}) == (len(brokers), copies, asked)


def test_prometheus_scrapes_every_role_where_it_listens() -> None:
    """Each running hub service is a target, on its metrics port, with its role as label."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
    scraped = {
        (target, group["labels"]["role"])
        for group in config["scrape_configs"][0]["static_configs"]
        for target in group["targets"]
    }
    running = {
        (f"{name}:{each['environment']['HUB_METRICS_PORT']}", each["command"][1])
        for name, each in hub_services().items()
        if each["environment"]["HUB_METRICS_PORT"] != "0"
    }
    assert running == scraped
