"""The command for whoever keeps the brokers: `hub kafka-rules`."""

import importlib
from typing import Any

import typer

from hub.cli_words import give_up, settings_or_words


def add_to(app: typer.Typer) -> None:
    """Give the hub's command this one too."""
    app.command("kafka-rules")(kafka_rules)


_GIVING = typer.Option(
    False, "--giving", help="And what lets the hub give and take the rules of subscriptions itself."
)


def kafka_rules(*, giving: bool = _GIVING) -> None:
    """Print who may do what on the brokers, one `kafka-acls` command a line."""
    access: Any = importlib.import_module("hub.ops.kafka_access")
    up: Any = importlib.import_module("hub.up")
    settings = settings_or_words()
    try:
        subscribers = up.subscribers_of(settings)
    except up.CannotStartError as unfit:
        give_up(str(unfit))
    theirs = [rule for each in subscribers for rule in access.subscriber_rules(each)]
    login = settings.kafka_login or "hub"
    more = access.giving_rules(login) if giving else ()
    for line in access.commands([*access.hub_rules(login), *more, *theirs]):
        typer.echo(line)
