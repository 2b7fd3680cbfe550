"""The rules for brokers as an operator is told them; tests/channels gives them to a real broker."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.ops.kafka_access import hub_rules, receipt_rules, subscriber_rules
from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.ops.settings import Settings


def test_the_command_prints_the_rules_of_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """One command a line, for the login that is set and for each subscriber that reads Kafka."""
    monkeypatch.setenv("HUB_KAFKA_LOGIN", "our-hub")
    answer = CliRunner().invoke(app, ["kafka-rules"])
    lines = answer.stdout.splitlines()
    expected = [rule.command() for rule in (*hub_rules("our-hub"), *subscriber_rules("RYX"))]
    assert (0, expected) == (answer.exit_code, lines)
    assert all(re.fullmatch(r"kafka-acls --add [\w .:-]+", line) for line in lines)
    assert (
        "kafka-acls --add --allow-principal User:RYX --operation Read --topic notices.RYX" in lines
    )
    assert any(
        line.endswith("--operation DescribeConfigs --topic hub. --resource-pattern-type prefixed")
        for line in lines
    )


def test_a_subscriber_gets_its_own_topic_and_groups_only() -> None:
    """A group of `RYX1` does not begin with `RYX-`; receipts are a rule of their own."""
    rules = subscriber_rules("RYX", "their-login")
    assert {("topic", "notices.RYX", False), ("group", "RYX-", True)} == {
        (rule.kind, rule.name, rule.prefix) for rule in rules
    }
    assert {"read", "describe"} == {rule.operation for rule in rules}
    assert {"their-login"} == {rule.who for rule in rules}
    assert {"hub.receipts"} == {rule.name for rule in receipt_rules("RYX")}


@pytest.mark.parametrize("given", [{}, {"kafka_login": "hub"}, {"kafka_password": "x"}])
def test_a_login_by_name_needs_a_name_and_a_password(tmp_path: Path, given: dict[str, str]) -> None:
    """Said when the settings are read, not when the first connection fails."""
    with pytest.raises(ValueError, match="HUB_KAFKA_LOGIN and HUB_KAFKA_PASSWORD"):
        Settings(data_dir=tmp_path, kafka_security="sasl_ssl", **given)  # type: ignore[arg-type]  # texts for texts and secrets


def test_what_a_client_is_made_with(tmp_path: Path) -> None:
    """Nothing for an open broker; else the words of the client, and the password in no repr."""
    assert {} == OPEN.options()
    shown = Settings(
        data_dir=tmp_path,
        kafka_security="sasl_plaintext",
        kafka_login="hub",
        kafka_password="made-up",
    ).shown_to_kafka()
    assert {
        "security_protocol": "SASL_PLAINTEXT",
        "ssl_context": None,
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "hub",
        "sasl_plain_password": "made-up",
    } == shown.options()
    assert "made-up" not in repr(shown)
    assert KafkaLogin("ssl").options()["ssl_context"].check_hostname
